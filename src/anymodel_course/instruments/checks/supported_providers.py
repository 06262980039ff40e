"""Checks of notebook 03."""

from __future__ import annotations

from typing import Any

from ...providers import PROVIDERS
from .engine import check, require, result_of

DEAD = {
    "cohere/command-r-plus": "it is retired",
    "openai/no-such-model": "nobody ever made it",
    "anthropic/gpt-4.1-mini": "the list has the rest of this id, but as another provider's model",
    "gemini/": "there is no model in it",
}


@check
async def lives(given: Any) -> str:
    """A function that tells whether the price list has a model of this provider."""
    require(callable(given), f"give me the function itself, not its result (this is a {type(given).__name__}).")
    listed = [row.model for row in PROVIDERS.values() if row.name not in ("ollama", "azure")]
    for model in listed:
        answer = await result_of(given, model)
        require(answer is not None, "the function returns nothing: return True or False.")
        require(answer, f"{model} is in the list, and you say it is not. Some ids stand there without their prefix.")
    for model, why in DEAD.items():
        require(not await result_of(given, model), f"you say that {model!r} lives, and {why}.")
    answers = {type(await result_of(given, model)) for model in (listed[0], "openai/no-such-model")}
    require(answers == {bool}, "return True or False, rather than the entry that you found.")
    return "full ids, bare ids, retired ids, and other providers' ids are told apart."
