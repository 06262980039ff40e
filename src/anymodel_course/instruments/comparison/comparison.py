"""A comparison: planned when it is made, run when it is awaited, and there to be looked at whatever happens."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self

from agents import Agent, AgentOutputSchema

from ... import session
from ...factory import make_agent, provider_of, resolve
from ..budget import Budget
from .estimate import Estimate, estimate_of
from .one_run import run_once
from .progress import Progress
from .prompts import Prompt, prompts_of
from .records import NOT_RUN, Record, frame_of
from .summary import Summary, summary_of
from .warm_up import warm_up

if TYPE_CHECKING:
    from pandas import DataFrame

    from .chart import Chart

_last: Comparison | None = None


class Comparison:
    """What `compare` returns; see there for the arguments.

    Await it to run it. It shows as a table, one row a model; `records` and `frame` hold every single run.
    """

    def __init__(
        self,
        prompts: str | Prompt | Iterable[str | Prompt],
        models: Iterable[str],
        *,
        repeats: int,
        output_type: Any,
        tools: Iterable[Any] | None,
        instructions: str | None,
        max_concurrency: int,
        timeout: float,
        budget: Budget | None,
    ) -> None:
        global _last
        session.stand_in()
        self.prompts = prompts_of(prompts)
        self.models = _models_of(models)
        self.repeats = _whole("repeats", repeats)
        self._at_once = _whole("max_concurrency", max_concurrency)
        self._timeout = _seconds(timeout)
        self._budget = budget
        if budget is not None and not isinstance(budget, Budget):
            raise TypeError(f"budget={budget!r}: make one with course.budget(usd=…) or course.budget(tokens=…).")
        _check_output_type(output_type)
        options = {"instructions": instructions, "tools": _tools_of(tools), "output_type": output_type}
        self._agents = {model: make_agent(model, budget=budget, **options) for model in self.models}
        self._asked = [(m, p, n) for m in self.models for p in self.prompts for n in range(1, self.repeats + 1)]
        self._found: dict[int, Record] = {}
        self._running = False
        _last = self

    # --- running -----------------------------------------------------------------------------------------------

    def __await__(self) -> Generator[Any, None, Self]:
        return self._run().__await__()

    async def _run(self) -> Self:
        missing = [n for n in range(len(self._asked)) if self._record(n).status == NOT_RUN]
        if self._running:
            raise RuntimeError("This comparison is running already; wait for it, or interrupt it first.")
        if not missing:
            return self
        self._running = True
        try:
            await warm_up(provider_of(agent) for agent in self._agents.values())
            there = [record for record in self.records if record.status != NOT_RUN]
            with Progress(self.models, len(self.prompts) * self.repeats, there) as progress:
                await self._all(missing, progress)
        except BaseException:
            done = len(self._asked) - sum(record.status == NOT_RUN for record in self.records)
            print(
                f"Stopped: {done} of {len(self._asked)} runs are there, in course.last_comparison(). "
                "Await that to make the missing ones."
            )
            raise
        finally:
            self._running = False
        return self

    async def _all(self, missing: list[int], progress: Progress) -> None:
        """Make the missing runs: a lane for each model, so that a slow one holds up nobody else."""
        lanes = {model: asyncio.Semaphore(self._at_once) for model in self.models}

        async def one(number: int) -> None:
            model, prompt, repeat = self._asked[number]
            async with lanes[model]:
                try:
                    self._found[number] = await run_once(
                        self._agents[model], prompt, repeat, self._timeout, self._budget
                    )
                except (KeyboardInterrupt, SystemExit) as interrupt:
                    raise _Interrupted(interrupt) from None  # in a task, these two would end the event loop itself
                progress.step(model, failed=self._found[number].status != "ok")

        try:
            for numbers in self._rounds(missing):
                async with asyncio.TaskGroup() as group:  # whatever ends it cancels the rest, and waits for that
                    for number in numbers:
                        group.create_task(one(number))
        except BaseExceptionGroup as several:
            first = several.exceptions[0]
            raise (first.interrupt if isinstance(first, _Interrupted) else first) from None

    def _rounds(self, missing: list[int]) -> Iterable[list[int]]:
        """Return what goes at once: all of it, or with a budget as much as the lanes hold.

        A budget that ends early has then paid for the same prompts on every model, not for more on a fast one.
        """
        of_each = len(self.prompts) * self.repeats
        at_once = of_each if self._budget is None else self._at_once
        for first in range(0, of_each, at_once):
            yield [number for number in missing if first <= number % of_each < first + at_once]

    def estimate(self, output_tokens: int = 300) -> Estimate:
        """Tell what the missing runs would send and cost, before anything is sent.

        Args:
            output_tokens: How long you expect an answer to be.

        Raises:
            TypeError, ValueError: It is no whole number from 1.
        """
        _whole("output_tokens", output_tokens)
        missing = [self._asked[n] for n in range(len(self._asked)) if self._record(n).status == NOT_RUN]
        return estimate_of(self._agents, [(model, prompt) for model, prompt, _ in missing], output_tokens)

    # --- looking -----------------------------------------------------------------------------------------------

    def _record(self, number: int) -> Record:
        model, prompt, repeat = self._asked[number]
        return self._found.get(number) or Record(model, prompt.text, repeat)

    @property
    def records(self) -> list[Record]:
        """One record for each model, prompt and repeat, in this order; what has not been run is "not run"."""
        return [self._record(number) for number in range(len(self._asked))]

    @property
    def frame(self) -> DataFrame:
        """The records as a pandas data frame, a row each. `comparison.frame.to_csv("comparison.csv")` saves it."""
        return frame_of(self.records)

    @property
    def summary(self) -> Summary:
        """A row for each model: medians with minimum and maximum, sums, verdicts, agreement. Prints as text."""
        return summary_of(self.records)

    @property
    def by_prompt(self) -> Summary:
        """The same, with a row for each prompt and model."""
        return summary_of(self.records, by_prompt=True)

    def chart(self) -> Chart:
        """Draw latency, cost and tokens of each model; the numbers stand under it as text."""
        from .chart import Chart

        return Chart(self.summary)

    def __str__(self) -> str:
        """Return the table as text."""
        return str(self.summary)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.summary._repr_html_()


class _Interrupted(Exception):
    """Carries an interrupt out of a task."""

    def __init__(self, interrupt: BaseException) -> None:
        super().__init__()
        self.interrupt = interrupt


def last_comparison() -> Comparison:
    """Return the comparison that was made last: after an interrupt, with what is there.

    Raises:
        RuntimeError: None has been made.
    """
    if _last is None:
        raise RuntimeError("No comparison has been made yet: await course.compare(prompts, models).")
    return _last


def _models_of(given: Any) -> tuple[str, ...]:
    listed = [given] if isinstance(given, str) else given
    if not isinstance(listed, Iterable) or isinstance(listed, bytes):
        raise TypeError(f'models={given!r}: give a list, such as ["openai", "anthropic"].')
    models = tuple(resolve(_without_agents(model))[1] for model in listed)
    if not models:
        raise ValueError("There is no model to compare: give at least one.")
    if twice := next((model for model in models if models.count(model) > 1), None):
        raise ValueError(f"{twice} stands there twice; to ask it more than once, say repeats=2.")
    return models


def _without_agents(model: Any) -> Any:
    if isinstance(model, Agent):
        raise TypeError("models are names or ids, not agents; compare makes an agent for each of them.")
    return model


def _tools_of(given: Any) -> list[Any]:
    if given is None:
        return []
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        raise TypeError(f"tools={given!r}: give a list of tools.")
    tools = list(given)
    for tool in tools:
        if not hasattr(tool, "name"):
            raise TypeError(f"{getattr(tool, '__name__', tool)!r} is no tool yet: put @function_tool above it.")
    return tools


def _check_output_type(given: Any) -> None:
    if given is None or given is str:
        return
    try:
        AgentOutputSchema(given)
    except Exception as error:
        raise TypeError(f"output_type={given!r}: give a class, such as a Pydantic model ({error}).") from None


def _whole(name: str, number: Any) -> int:
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"{name}={number!r}: give a whole number.")
    if number < 1:
        raise ValueError(f"{name}={number!r}: give a number from 1.")
    return number


def _seconds(number: Any) -> float:
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise TypeError(f"timeout={number!r}: give seconds.")
    if not 0 < number < math.inf:
        raise ValueError(f"timeout={number!r}: give seconds, more than 0.")
    return float(number)
