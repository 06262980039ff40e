"""What LiteLLM knows about a model id: price, context, abilities, retirement. From its own list; nothing is fetched.

A model that is not in the list may be retired, new, or misspelt; one that is in it may be retired too, for some ids
stay with a last day that has passed. So being in the list is asked first, then the day, and what is not known is None,
never 0 or False.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

import litellm

from .price_list import entry_of, last_day
from .providers import course_name


@dataclass(frozen=True)
class ModelFacts:
    """What the list says of one model; None where it says nothing.

    Attributes:
        model: The full id that was asked for.
        listed: Whether the list has it. Where not, all else is None but what LiteLLM's code knows of the provider.
        context: How many tokens go in.
        input_price: US dollars for a million tokens in.
        output_price: US dollars for a million tokens out.
        tools: Whether LiteLLM passes tools on.
        structured_output: Whether LiteLLM passes an output type on.
        retires: The day from which the provider no longer serves it.
    """

    model: str
    listed: bool
    context: int | None
    input_price: float | None
    output_price: float | None
    tools: bool | None
    structured_output: bool | None
    retires: date | None


def model_facts(model: str) -> ModelFacts:
    """Look a full model id up.

    Args:
        model: Such as "anthropic/claude-sonnet-5-5".

    Raises:
        TypeError: It is no string.
        ValueError: It has no provider in front.

    Example:
        >>> model_facts("openai/gpt-4.1-mini").input_price  # doctest: +SKIP
        0.4
    """
    if not isinstance(model, str):
        raise TypeError(f"A model id is a string such as 'provider/model', not {model!r}.")
    prefix, slash, name = model.partition("/")
    if not (prefix and slash and name):
        raise ValueError(f"{model!r} has no provider in front: write provider/model.")
    entry = listed(model) or {}
    # What LiteLLM will refuse is better told by the parameters it passes on than by the list's own flags, which are
    # False for whatever it does not know.
    passed_on = litellm.get_supported_openai_params(model=name, custom_llm_provider=prefix)
    return ModelFacts(
        model=model,
        listed=bool(entry),
        context=entry.get("max_input_tokens"),
        input_price=_per_million(entry.get("input_cost_per_token")),
        output_price=_per_million(entry.get("output_cost_per_token")),
        tools=None if passed_on is None else "tools" in passed_on,
        structured_output=None if passed_on is None else "response_format" in passed_on,
        retires=last_day(entry),
    )


def listed(model: str) -> Mapping[str, Any] | None:
    """Return the list's entry for a full id, or None. See `price_list.entry_of`."""
    return entry_of(model, litellm.model_cost)


def goes_to(model: str) -> str:
    """Return the provider that LiteLLM sends a model id to, by the course's name: a guess of its own for a bare id.

    Example:
        >>> goes_to("cohere_chat/command-a-03-2025"), goes_to("gpt-4.1-mini")
        ('cohere', 'openai')
    """
    prefix, slash, _ = model.partition("/")
    if not slash:
        with suppress(Exception):  # it cannot guess, and will refuse the call
            prefix = litellm.get_llm_provider(model)[1]
    return course_name(prefix)


def litellm_serves(provider: str) -> bool:
    """Say whether LiteLLM has a provider of this name, one of the course's nine or not.

    Example:
        >>> litellm_serves("groq")
        True
    """
    return provider in {str(getattr(p, "value", p)) for p in litellm.provider_list}


def _per_million(price: float | None) -> float | None:
    return None if price is None else round(price * 1_000_000, 6)
