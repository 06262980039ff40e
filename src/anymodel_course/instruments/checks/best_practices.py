"""Checks of notebook 09."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from agents import Agent, RunConfig, Runner
from agents.extensions.models.litellm_model import LitellmModel
from litellm.exceptions import RateLimitError
from openai import OpenAIError

from scripted_providers.environment import DUMMY_KEY
from scripted_providers.server import Server

from ...providers import PROVIDERS
from .engine import NotYet, check, require, require_function, result_of

# The mistakes of the program on the page: the lines that may be named for one, and what to ask oneself about it.
HIDDEN = {
    (1,): "what may an installer choose, given the first line?",
    (7,): "what does the patch mend, and when would it have to be set?",
    (8,): "what would everybody know who reads this file in its repository?",
    (9,): "what goes to OpenAI from now on, and whose words are they?",
    (10,): "which provider does each of the three ids name?",
    (11,): "what is LitellmModel's own word for an address?",
    (12,): "which of Ollama's two routes has tools of its own?",
    (21, 22, 25): "line 25 prints a number of tokens. Who asked the stream to count?",
}
RIGHT = {
    4: "it imports what the lines below use",
    15: "a tool needs no more than this",
    17: "a tool may do whatever Python can",
    20: "one agent a model is the plain way to do it",
    23: "a stream has to be read to its end",
    24: "a stream has to be read to its end",
    26: "in a program, `asyncio.run` is right",
}
LAST = 26


@check
async def review(given: Any) -> str:
    """The numbers of the lines that hold the eight mistakes."""
    several = isinstance(given, set | frozenset | list | tuple)
    require(several, f"give me line numbers in a set, such as {{2, 3}}; this is a {type(given).__name__}.")
    plain = all(type(line) is int for line in given)
    require(plain, "line numbers are whole numbers and stand there without quotes, such as {2, 3}.")
    outside = sorted(line for line in given if not 1 <= line <= LAST)
    require(not outside, f"the program has lines 1 to {LAST}; you name {', '.join(map(str, outside[:5]))}.")
    found = [lines for lines in HIDDEN if set(lines) & set(given)]
    innocent = sorted(set(given) - {line for lines in HIDDEN for line in lines})
    if innocent:
        why = RIGHT.get(innocent[0], "nothing is wrong there")
        raise NotYet(f"line {innocent[0]} can stay as it is: {why}. Of the mistakes you have {len(found)} of 8.")
    missing = [question for lines, question in HIDDEN.items() if lines not in found]
    require(not missing, f"{len(found)} of 8. One that is still hidden: {next(iter(missing), '')}")
    return "all eight, and nobody accused who was innocent."


SORRY = "Try again later."
NOTHING_SCRIPTED = (
    "the model was asked before anything was scripted for it: begin with `scripted_providers.says(…)`, the test's own "
    "stand-in (course.model_says belongs to the notebook's)."
)


@check
async def guard(given: Any) -> str:
    """A test of a program's answer to a rate limit: it passes with the right program and fails with four others."""
    require_function(given)
    require(
        not inspect.iscoroutinefunction(given), "this is an `async def`, which plain pytest cannot run: write `def`."
    )
    require(
        not inspect.isgeneratorfunction(given), "there is a `yield` in it, so calling it runs nothing: leave it out."
    )
    try:
        await _try(given, _sorry_when_limited)
    except OpenAIError as error:  # LiteLLM's are its children
        raise NotYet(
            f"the program is to answer a rate limit, and you scripted {type(error).__name__}: "
            'use course.fails("rate_limit").'
        ) from None
    except (AssertionError, _failed()) as error:
        said = f" ({str(error).splitlines()[0]})" if str(error) else ""
        raise NotYet(
            f"it fails with the program that does everything right{said}. Assert what that one does."
        ) from None
    for program, what in (
        (_lets_it_through, "lets the error through"),
        (_silent_when_limited, "answers a rate limit with an empty text"),
        (_always_sorry, f"says {SORRY!r} whatever the model answers: test an ordinary answer, too"),
        (_says_something_else, "answers something else than the model: compare with what you scripted"),
    ):
        try:
            await _try(given, program)
        except (Exception, _failed()):
            continue
        raise NotYet(f"it passes with a program that {what}.")
    return "it passes with the right program, and four wrong ones do not get by."


def _failed() -> type[BaseException]:
    """Return what `pytest.fail` and `pytest.raises` raise; it is no `Exception`."""
    import pytest  # here: nothing else of the course needs it

    return pytest.fail.Exception


async def _try(test: Callable[..., Any], program: Callable[..., Any]) -> None:
    """Call the learner's test, in a thread, with a stand-in of its own and a program."""
    loop = asyncio.get_running_loop()
    with Server() as server:
        model = LitellmModel(PROVIDERS["anthropic"].model, base_url=f"{server.base}/anthropic", api_key=DUMMY_KEY)
        config = RunConfig(model=model, tracing_disabled=True)

        async def ask(question: str) -> str:
            return str((await Runner.run(Agent[None]("Desk"), question, run_config=config)).final_output)

        def answer(question: str) -> str:
            # On the notebook's loop: LiteLLM's clients belong to one.
            text: str = asyncio.run_coroutine_threadsafe(program(ask, question), loop).result()
            return text

        try:
            await result_of(test, server, answer)
        except (AssertionError, _failed()):
            _require_scripted(program, server)
            raise
        _require_scripted(program, server)


def _require_scripted(program: Callable[..., Any], server: Server) -> None:
    """Raise `NotYet` if the right program asked for something that the test had not scripted."""
    answered = [sent.answered_by for sent in server.log]
    if program is _sorry_when_limited and "mirror" in answered:
        require("queue" in answered, NOTHING_SCRIPTED)
        raise NotYet("the model was asked more often than you said replies: one reply for each call.")


async def _sorry_when_limited(ask: Callable[..., Any], question: str) -> Any:
    try:
        return await ask(question)
    except RateLimitError:
        return SORRY


async def _lets_it_through(ask: Callable[..., Any], question: str) -> Any:
    return await ask(question)


async def _silent_when_limited(ask: Callable[..., Any], question: str) -> Any:
    try:
        return await ask(question)
    except RateLimitError:
        return ""


async def _says_something_else(ask: Callable[..., Any], question: str) -> Any:
    return SORRY if await _sorry_when_limited(ask, question) == SORRY else "I do not know."


async def _always_sorry(ask: Callable[..., Any], question: str) -> Any:
    return SORRY
