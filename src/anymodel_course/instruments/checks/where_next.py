"""Checks of notebook 11."""

from __future__ import annotations

import asyncio
from typing import Any

from ...providers import PROVIDERS
from .engine import NotYet, awaited, check, require, require_function

MODELS = [PROVIDERS[name].model for name in ("ollama", "anthropic", "gemini")]  # not in the order of the alphabet


class _Refused(Exception):
    """What a model that fails raises here."""


@check
async def first_answer(given: Any) -> str:
    """A coroutine function that asks one model after the other until one answers."""
    require_function(given)
    asked: list[str] = []
    raised: list[BaseException] = []

    async def outcome(
        *failing: str,
        how: type[BaseException] = _Refused,
        says: str = "the answer of {}",
        order: list[str] = MODELS,
    ) -> Any:
        asked.clear()

        async def ask(model: str) -> str:
            asked.append(model)
            if model in failing:
                raised.append(how(f"{model} is out of order"))
                raise raised[-1]
            return says.format(model)

        models = list(order)
        answer = await awaited(given, ask, models)
        require(models == order, "the list that came in was changed: leave it as it was.")
        return answer

    first, second, last = MODELS
    got = await outcome()
    require(got is not None, "the function returns nothing: return the pair.")
    require(isinstance(got, tuple | list) and len(got) == 2, f"return two things, (model, answer); I got {got!r}.")
    require(asked, "no model was asked: call `await ask(model)`.")
    require(asked[0] == first, f"{asked[0]} was asked first, and the list begins with {first}.")
    require(len(asked) == 1, f"the first model answered, and {len(asked)} were asked: return as soon as there is one.")
    wanted = (first, f"the answer of {first}")
    require(tuple(got) == wanted, f"of (model, answer) I expected {wanted}, and you return {tuple(got)}.")
    got = await outcome(says="")
    require(got == (first, "") or got == [first, ""], f"an empty answer is an answer, too; I got {got!r}.")
    await outcome(order=MODELS[::-1])
    require(asked == [last], f"{asked[0]} was asked first, and the list began with {last}: keep the list's order.")
    try:
        got = await outcome(first)
    except _Refused:
        raise NotYet("the first model fails, and so does your function: catch that and ask the next.") from None
    require(
        isinstance(got, tuple | list) and tuple(got) == (second, f"the answer of {second}"),
        f"where the first fails, return the second's (model, answer); I got {got!r}.",
    )
    require(asked == [first, second], f"where the first fails, ask the second; yours asked {', '.join(asked)}.")
    try:
        got = await outcome(first, second)
    except _Refused:
        raise NotYet("where two fail, your function fails with the second: go on to the third.") from None
    require(tuple(got) == (last, f"the answer of {last}"), f"where two fail, ask the third, too; I got {got!r}.")
    try:
        got = await outcome(*MODELS)
    except NotYet:
        raise
    except Exception as error:
        require(error is raised[-1], "where all fail, raise what the last one raised: that exception, no other.")
    else:
        raise NotYet(f"all three fail, and your function returns {got!r}, as if nothing had happened: raise.")
    try:
        await outcome(first, how=asyncio.CancelledError)  # what an interrupted cell raises where it awaits
    except asyncio.CancelledError:
        return "the first that answers, in order, and a failure where nobody does."
    raise NotYet("a person interrupts, and your program goes on: catch Exception, not everything.")
