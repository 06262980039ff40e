"""Checks of notebook 03."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import litellm

from ...price_list import last_day
from ...providers import PROVIDERS
from .engine import check, require, result_of

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
    require(callable(given), f"give me the function itself, not its result (this is a {type(given).__name__}).")
    listed = [row.model for row in PROVIDERS.values() if row.name not in ("ollama", "azure")]
    for model in listed:
        answer = await result_of(given, model, LONG_AGO)
        require(answer is not None, "the function returns nothing: return True or False.")
        require(answer, f"{model} is in the list, and you say it is not. Some ids stand there without their prefix.")
    for model, why in MISSING.items():
        require(not await result_of(given, model, LONG_AGO), f"you say that {model!r} is served, and {why}.")
    for model, off in first_to_go():
        end = f"its deprecation_date is {off}"
        require(await result_of(given, model, off - timedelta(1)), f"{model}: {end}, so the day before it is served.")
        for day in (off, off + timedelta(100)):
            require(not await result_of(given, model, day), f"you say that {model} is served on {day}, and {end}.")
    answers = {type(await result_of(given, model, LONG_AGO)) for model in (listed[0], "openai/no-such-model")}
    require(answers == {bool}, "return True or False, rather than the entry that you found.")
    return "full ids, bare ids, retired ids, last days, and other providers' ids are told apart."


def first_to_go() -> list[tuple[str, date]]:
    """Return the first id to go of those that the list has in full, and of those that it has without the provider."""
    full, bare = [], []
    for name, entry in litellm.model_cost.items():
        provider = entry.get("litellm_provider")
        if provider in PROVIDERS and (off := last_day(entry)):
            if name.startswith(f"{provider}/"):
                full.append((name, off))
            elif "/" not in name:
                bare.append((f"{provider}/{name}", off))
    return [min(ids, key=lambda one: one[1]) for ids in (full, bare) if ids]
