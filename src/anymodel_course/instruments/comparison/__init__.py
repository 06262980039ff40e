"""`compare`: the same prompts on several models at once, and a tidy record of every run.

prompts.py says what an answer has to hold, one_run.py makes a record of one run, comparison.py makes them all,
summary.py and chart.py show them, estimate.py tells the price beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..budget import Budget
from .comparison import Comparison, last_comparison
from .prompts import Prompt

__all__ = ["Comparison", "Prompt", "compare", "last_comparison"]


def compare(
    prompts: str | Prompt | Iterable[str | Prompt],
    models: Iterable[str],
    repeats: int = 1,
    output_type: Any = None,
    tools: Iterable[Any] | None = None,
    *,
    instructions: str | None = None,
    max_concurrency: int = 4,
    timeout: float = 60.0,
    budget: Budget | None = None,
) -> Comparison:
    """Compare models: every prompt on every model, all models at once.

    Nothing is sent before the result is awaited: `estimate()` on it tells first what it would cost. One failure never
    stops the rest. After an interrupt, what is there stays there, and awaiting again makes the missing runs.

    Args:
        prompts: A text, a `Prompt` (a text with constraints and the tool calls it needs), or a list of these.
        models: Names of providers ("anthropic": its model in this course) or full model ids, in the order to show.
        repeats: How often each prompt is put to each model.
        output_type: What each answer has to be: a Pydantic model, for example.
        tools: Tools for every agent.
        instructions: The instructions of every agent. None: the prompt alone.
        max_concurrency: How many runs of one model go at once. Each takes some hundredths of a second of this machine's
            processor, so a high number makes fast models look slower.
        timeout: Seconds that one run may take, its tools and a provider's own retries included.
        budget: What all runs together may spend: `course.budget(usd=…)`. Those that come after are not run. Calls in
            flight come to their end, so it can be exceeded by one call of each run that goes at once:
            `max_concurrency=1` leaves one of each model. With a budget, all models go through the prompts in step, so
            that it pays for the same ones on each.

    Returns:
        What to await; then it holds the records. It shows as a table.

    Raises:
        TypeError: An argument is of the wrong kind.
        ValueError: A list is empty or names one twice, a model is unknown, or a number is out of range.
        RuntimeError: `start` has not been called.

    Example:
        >>> comparison = compare("Say hello.", ["openai", "anthropic"], repeats=3)  # doctest: +SKIP
        >>> print(comparison.estimate())  # doctest: +SKIP
        >>> await comparison  # doctest: +SKIP
    """
    return Comparison(
        prompts,
        models,
        repeats=repeats,
        output_type=output_type,
        tools=tools,
        instructions=instructions,
        max_concurrency=max_concurrency,
        timeout=timeout,
        budget=budget,
    )
