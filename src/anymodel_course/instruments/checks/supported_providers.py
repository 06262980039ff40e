"""Checks of notebook 03."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import litellm

from ...models import listed
from ...price_list import last_day
from ...providers import PROVIDERS
from .engine import NotYet, check, require, require_function, result_of

LONG_AGO = date(2020, 1, 1)  # before any date in the list
MISSING = {
    "cohere/command-r-plus": "it is retired",
    "openai/no-such-model": "nobody ever made it",
    "anthropic/gpt-4.1-mini": "the list has the rest of this id, but as another provider's model",
    "gemini/": "there is no model in it",
}


@check
async def is_served(given: Any) -> str:
    """A function that tells whether the price list has a model of this provider which is not switched off yet."""
    require_function(given)
    with price_list_put_back():
        return await _told_apart(given)


async def _told_apart(given: Callable[..., Any]) -> str:
    served = [row.model for row in PROVIDERS.values() if row.name not in ("ollama", "azure")]
    answers = {model: await result_of(given, model, LONG_AGO) for model in served}
    require(None not in answers.values(), "the function returns nothing: return True or False.")
    ends = first_to_go()
    if not any(answers.values()) and any([await result_of(given, model, LONG_AGO) for model, _ in ends]):
        raise NotYet("an entry without a deprecation_date has no last day: its model is served, and you say it is not.")
    for model, answer in answers.items():
        require(answer, f"{model} is in the list, and you say it is not. {_where(model)}")
    for model, why in MISSING.items():
        try:
            answer = await result_of(given, model, LONG_AGO)
        except Exception as error:
            what = f"{model!r} makes your function raise {type(error).__name__}, and {why}: say False"
            raise NotYet(f"{what}. Use litellm.model_cost, not course.model_facts.") from None
        require(not answer, f"you say that {model!r} is served, and {why}.")
    for model, off in ends:
        end = f"its deprecation_date is {off}"
        require(await result_of(given, model, off - timedelta(1)), f"{model}: {end}, so the day before it is served.")
        for day in (off, off + timedelta(100)):
            require(not await result_of(given, model, day), f"you say that {model} is served on {day}, and {end}.")
    kinds = {type(await result_of(given, model, LONG_AGO)) for model in (served[0], "openai/no-such-model")}
    require(kinds == {bool}, "return True or False, rather than the entry that you found.")
    return "full ids, bare ids, retired ids, last days, and other providers' ids are told apart."


def _where(model: str) -> str:
    """Tell how the list has a model."""
    if model in litellm.model_cost:
        return "It stands there with its prefix."
    prefix, _, name = model.partition("/")
    maker = (listed(model) or {}).get("litellm_provider")
    return (
        f"It stands there without its prefix, as {name!r}, and its litellm_provider, {maker!r}, begins with {prefix!r}."
    )


@contextmanager
def price_list_put_back() -> Iterator[None]:
    """Put LiteLLM's list back as it was, whatever a learner's function did to it, and say that it did."""
    prices, entries = litellm.model_cost, dict(litellm.model_cost)
    before = {name: dict(entry) for name, entry in entries.items()}

    def changed() -> bool:
        return litellm.model_cost is not prices or prices != before

    try:
        yield
    except Exception:  # what followed from a change is not worth telling
        if not changed():
            raise
    finally:
        if harmed := changed():
            for name, entry in entries.items():
                entry.clear()
                entry.update(before[name])
            prices.clear()
            prices.update(entries)
            litellm.model_cost = prices
    require(not harmed, "your function changes litellm.model_cost: only look things up there. I put it back.")


def first_to_go() -> list[tuple[str, date]]:
    """Return the first id to go of those that the list has in full, and of those that it has without the provider."""
    full, bare = [], []
    for name, entry in litellm.model_cost.items():
        provider = entry.get("litellm_provider")
        if provider in PROVIDERS and (off := last_day(entry)):
            if name.startswith(f"{provider}/"):
                full.append((name, off))
            elif "/" not in name and f"{provider}/{name}" not in litellm.model_cost:
                bare.append((f"{provider}/{name}", off))
    return [min(ids, key=lambda one: one[1]) for ids in (full, bare) if ids]
