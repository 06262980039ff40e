"""Checks of notebook 10."""

from __future__ import annotations

import asyncio
import numbers
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

from agents import Agent, Runner, trace
from agents.exceptions import AgentsException, MaxTurnsExceeded
from agents.extensions.models.litellm_model import LitellmModel
from agents.items import ModelResponse
from agents.models.interface import Model
from litellm.exceptions import BadRequestError
from pydantic import BaseModel

from scripted_providers.environment import DUMMY_KEY
from scripted_providers.log import Exchange
from scripted_providers.replies import Pace, Reply, Usage, fails
from scripted_providers.server import Server

from ...local_ollama import Ollama
from ...providers import PROVIDERS
from .engine import NotYet, awaited, check, line, require, require_function, result_of

KEYS = ("provider", "answer", "length", "tokens", "seconds", "error")
PACES = {"anthropic": 0.7, "openai": 0.45, "gemini": 0.2}  # seconds; the first agent is the slowest
SLACK = 0.1
PATIENCE = 100  # looks, a hundredth of a second apart


@contextmanager
def _agents(*names: str) -> Iterator[tuple[Server, dict[str, Agent[Any]]]]:
    """Set up a stand-in for one check, and agents of several providers that lead to it; their runs leave no trace."""
    with Server() as server, trace("check", disabled=True):
        models = {
            name: LitellmModel(
                PROVIDERS[name].model,
                base_url=f"{server.base}/{name}{PROVIDERS[name].endpoint.path}",
                api_key=DUMMY_KEY,
            )
            for name in names
        }
        # One name for all: an agent's name in the dict is another matter.
        yield server, {name: Agent("Assistant", model=model) for name, model in models.items()}


async def _answered(server: Server) -> None:
    """Wait a moment for calls that the learner's code has left behind: the stand-in is about to go."""
    for _ in range(PATIENCE):
        if all(exchange.seconds is not None for exchange in server.log):
            return
        await asyncio.sleep(0.01)


@check
async def side_by_side(given: Any) -> str:
    """A function that asks several agents at once and returns a row for each."""
    require_function(given)
    prompt = "Well?"
    with _agents(*PACES) as (server, agents):
        await asyncio.gather(*(Runner.run(agent, "Warm up.") for agent in agents.values()))  # a first call imports
        server.reset()
        for name, reply in (
            ("anthropic", Reply(text="Three.", usage=Usage(20, 7))),
            ("openai", Reply(text="One two.", usage=Usage(10, 5))),
            ("gemini", fails("bad_request")),
        ):
            server.says(replace(reply, pace=Pace(0.1, PACES[name])), provider=name)
        began = time.perf_counter()
        try:
            got = await awaited(given, dict(agents), prompt)
        except BadRequestError:
            raise NotYet(
                "one of the three models failed, and the others were lost with it: catch the exception in each run."
            ) from None
        finally:
            whole = time.perf_counter() - began
            await _answered(server)
        asked = {exchange.provider: exchange for exchange in server.log}
    require(got is not None, "the function returns nothing: return the list of rows.")
    require(isinstance(got, list | tuple) and len(got) == 3, f"return a list with a row for each agent, not {got!r}.")
    require(all(isinstance(row, Mapping) for row in got), "each row has to be a dict.")
    for key in KEYS:
        require(all(key in row for row in got), f"a row has no {key!r}. Each needs: {', '.join(KEYS)}.")
    order = [row["provider"] for row in got]
    require(
        order != [agent.name for agent in agents.values()],
        f"'provider' is {order[0]!r} in each row, which is agent.name: take the name in the dict.",
    )
    require(order == list(agents), f"the rows stand in the order {order}; keep that of the agents, {list(agents)}.")
    require(asked.keys() == agents.keys(), "not every agent was asked: run each of them with the prompt.")
    _require_prompt(prompt, asked.values())
    first, second, failed = got
    require(failed["error"], "gemini failed, and its row does not say so: put the exception's class name in 'error'.")
    require(failed["error"] == "BadRequestError", f"in 'error' I want the class's name; you have {failed['error']!r}.")
    empty = (failed["answer"], failed["length"], failed["tokens"]) == ("", 0, 0)
    require(empty, "in the row of a failure 'answer' is an empty text, and 'length' and 'tokens' are 0.")
    require(first["error"] == second["error"] == "", "a row without an error has an empty text in 'error'.")
    require(first["answer"] == "Three." and second["answer"] == "One two.", "'answer' is the run's final_output.")
    require((first["length"], second["length"]) == (6, 8), "'length' is the number of characters, len(answer).")
    require((first["tokens"], second["tokens"]) == (27, 15), "'tokens' is what was sent and received together.")
    ends = [asked[name].started + (asked[name].seconds or 0.0) for name in ("anthropic", "openai")]
    require(
        max(exchange.started for exchange in asked.values()) < min(ends),
        "the agents were asked one after the other: start all runs first, with asyncio.gather.",
    )
    for row in got:
        _require_seconds(row["seconds"], row["provider"], whole)
    alike = first["seconds"] - failed["seconds"] < SLACK
    busy = whole > max(PACES.values()) + 3 * SLACK  # this machine is, and may have held up the quick one
    require(
        busy or not alike,
        f"gemini took about {PACES['gemini']} seconds, and its row says {failed['seconds']:.2g}: time each run, "
        "not all together.",
    )
    return "all at once, in order, and one failure is one row."


def _require_seconds(seconds: Any, name: str, whole: float) -> None:
    """Raise `NotYet` unless these can be the seconds of one run, of runs that took `whole` seconds together."""
    right = "take time.perf_counter() before the run and after it, and subtract."
    require(isinstance(seconds, numbers.Real), f"'seconds' has to be a number, and {name}'s is {seconds!r}: {right}")
    require(
        seconds > PACES[name] - SLACK, f"{name} took {PACES[name]} seconds, and its row says {seconds:.3g}: {right}"
    )
    require(
        seconds < whole + SLACK,
        f"{name}'s row says {seconds:.6g} seconds, and all runs together took {whole:.2g}: {right}",
    )


def _require_prompt(prompt: str, asked: Iterable[Exchange]) -> None:
    """Raise `NotYet` unless each request has the prompt that the function was given."""
    for exchange in asked:
        said = exchange.ask.user if exchange.ask else ""
        require(prompt in said, f"I gave you the prompt {prompt!r}, and {exchange.provider} was asked {said!r}.")


class Person(BaseModel):
    """What the check asks for."""

    name: str
    age: int


class _NoSuchPort(ValueError):
    """What is neither the SDK's nor LiteLLM's exception."""


class _Broken(Model):
    """A model that raises."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def get_response(self, *_: Any, **__: Any) -> ModelResponse:
        """See `Model.get_response`."""
        raise self.error

    async def stream_response(self, *_: Any, **__: Any) -> AsyncIterator[Any]:
        """See `Model.stream_response`."""
        raise self.error
        yield  # what makes this an iterator


@check
async def structured(given: Any) -> str:
    """A function that tells who returns a valid object."""
    require_function(given)
    wanted = {
        "openai": "valid",
        "gemini": "invalid",
        "anthropic": "failed",
        "mistral": "failed",
        "together": "failed",
        "cohere": "refused",
    }
    broken = {"mistral": MaxTurnsExceeded("Max turns (10) exceeded"), "together": _NoSuchPort("no such port")}
    prompt = "Who?"
    with _agents(*wanted) as (server, agents):
        for name, error in broken.items():
            agents[name].model = _Broken(error)
        server.says({"name": "Ada", "age": 36}, provider="openai")
        server.says("Ada is 36.", provider="gemini")
        server.says("Ada is 36.", provider="cohere")
        server.says(fails("bad_request"), provider="anthropic")
        handed = dict(agents)
        try:
            got = await awaited(given, handed, prompt, Person)
        except (AgentsException, BadRequestError, _NoSuchPort) as error:
            raise NotYet(f"each outcome is a word, and an exception got out of your function: {line(error)}") from None
        asked = {exchange.provider: exchange for exchange in server.log}
    require(isinstance(got, Mapping), f"return a dict, a word for each agent; I got {got!r}.")
    unchanged = handed == agents and all(agent.output_type is None for agent in agents.values())
    require(unchanged, "the agents that came in were changed: run agent.clone(output_type=kind), and keep the dict.")
    require(
        got.keys() == wanted.keys(),
        f"I gave you {', '.join(wanted)}; your dict has {', '.join(map(str, got)) or 'nothing'}. "
        "It needs a word for each name in the dict, also after a failure.",
    )
    require(
        "openai" in asked,
        "no model was asked at all, so an `await` is missing, or your `except` hides an error of your own code.",
    )
    _require_prompt(prompt, asked.values())
    ask = asked["openai"].ask
    require(
        ask and ask.schema is not None,
        "the agents were asked without an output type: run agent.clone(output_type=kind).",
    )
    require(
        got["anthropic"] != "refused",
        "anthropic answered that the request was bad, which says nothing about objects: 'refused' is for "
        "UnsupportedParamsError only, which is one of several kinds of BadRequestError.",
    )
    for name, word in wanted.items():
        why = f" (it raised {type(broken[name]).__name__}, which is neither of the two)" if name in broken else ""
        require(got[name] == word, f"{name} should be {word!r}{why}; you say {got[name]!r}.")
    return "valid, invalid, refused and failed are four different things."


OSLO, ROME = ("get_weather", {"city": "Oslo"}), ("get_weather", {"city": "Rome"})
YEN = ("convert", {"amount": 100, "currency": "yen"})
NUMBER, WORD = ("find", {"table": 7}), ("find", {"table": "by the window"})
SEATS, TURNED = ("book", {"seats": [1, 2]}), ("book", {"seats": [2, 1]})
INNER, INNER_TURNED = ("book", {"at": {"row": 1, "seat": 2}}), ("book", {"at": {"seat": 2, "row": 1}})
# As texts, the first of these two comes first; with the arguments turned round it comes second.
CHEAP, DEAR = ("convert", {"amount": 1, "currency": "yen"}), ("convert", {"amount": 2, "currency": "euro"})


def _turned(call: tuple[str, dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    """Return the same call, its arguments the other way round."""
    return call[0], dict(reversed(call[1].items()))


@check
async def accuracy(given: Any) -> str:
    """A function that scores tool calls over a list of cases."""
    require_function(given, plain=True)

    async def scored(*cases: tuple[list[Any], list[Any]]) -> Any:
        lists = [(list(needed), list(made)) for needed, made in cases]
        got = await result_of(given, lists)
        require(got is not None, "the function returns nothing: return the share of right cases.")
        require(isinstance(got, numbers.Real | Decimal), f"return one number, from 0 to 1; I got {got!r}.")
        require(lists == [tuple(case) for case in cases], "the cases were changed: work on copies of their lists.")
        return float(got)

    require(await scored(([OSLO], [OSLO])) == 1, "the needed call was made and nothing else: that is 1.")
    require(await scored(([OSLO], [ROME])) == 0, "right tool, wrong city: compare the arguments, too.")
    require(await scored(([OSLO], [])) == 0, "a call was needed and none was made: that is 0.")
    require(await scored(([], [OSLO])) == 0, "no call was needed and one was made: a needless call is wrong.")
    require(await scored(([OSLO], [OSLO, YEN])) == 0, "the second call was needless: a superset is wrong.")
    require(await scored(([OSLO], [OSLO, OSLO])) == 0, "the same call twice, where one was needed, is one too many.")
    require(await scored(([], [])) == 1, "no call was needed and none was made: that is right.")
    require(await scored(([OSLO, YEN], [YEN, OSLO])) == 1, "two calls of one answer have no order: compare without it.")
    try:
        reordered = await scored(([OSLO, ROME], [ROME, OSLO]))
    except TypeError:  # sorting compares the arguments where the names are equal, and dicts have no order
        raise NotYet(
            "two calls of one tool break it: dicts cannot be sorted. Write each call as a text first."
        ) from None
    require(reordered == 1, "two calls of one tool have no order, either.")
    try:
        mixed = await scored(([NUMBER, WORD], [WORD, NUMBER]))
    except TypeError:
        raise NotYet(
            f"{NUMBER[1]} and {WORD[1]} break it: a number and a text cannot be compared. Sort texts."
        ) from None
    require(mixed == 1, f"{NUMBER[1]} and {WORD[1]} are two calls of one tool: they have no order, either.")
    require(
        await scored(([OSLO, OSLO], [OSLO, ROME])) == 0, "one call was needed twice; another one in its place is wrong."
    )
    require(
        await scored(([YEN], [_turned(YEN)])) == 1,
        "arguments have no order: sort their names.",
    )
    require(
        await scored(([CHEAP, DEAR], [_turned(DEAR), _turned(CHEAP)])) == 1,
        f"{[CHEAP, DEAR]} and {[_turned(DEAR), _turned(CHEAP)]} are the same: sort the arguments, then the calls.",
    )
    require(await scored(([OSLO], [("get_weather", {"town": "Oslo"})])) == 0, "the value under another name is wrong.")
    require(await scored(([NUMBER], [("find", {"table": "7"})])) == 0, "7 is no text, and '7' is one: that is wrong.")
    try:
        require(await scored(([SEATS], [SEATS])) == 1, f"{SEATS} was needed and made: that is right.")
        require(await scored(([SEATS], [TURNED])) == 0, "[1, 2] and [2, 1] are two lists: a list's order counts.")
        require(
            await scored(([INNER], [INNER_TURNED])) == 1, f"{INNER[1]} and {INNER_TURNED[1]} are equal: compare dicts."
        )
    except TypeError as error:
        raise NotYet(f"an argument that is a list or a dict breaks it: {line(error)}") from None
    share = await scored(([OSLO], [OSLO]), ([ROME], [OSLO]), ([], []), ([YEN], []))
    require(share != 2, "return the share, from 0 to 1, and not the number of right cases.")
    require(abs(share - 0.5) < 1e-9, f"two of four cases are right, so 0.5; you say {share}.")
    third = await scored(([OSLO], [OSLO]), ([ROME], [OSLO]), ([YEN], []))
    require(abs(third - 1 / 3) < 0.01, f"one of three cases is right, so 0.333…; you say {third:g}.")
    try:
        none = await scored()
    except ZeroDivisionError:
        none = None
    require(none == 0, "without a case the share is 0.")
    return "right tool, right arguments, no needless call."


@check
async def with_local(given: Any) -> str:
    """A function that adds a local model to a list."""
    require_function(given, plain=True)
    openai, scripted = PROVIDERS["openai"].model, PROVIDERS["ollama"].model
    models = [openai]

    async def added(found: Ollama) -> list[Any]:
        try:
            got = await result_of(given, models, found)
        except IndexError:
            raise NotYet("Ollama may run and have no model: look whether found.models has a first one.") from None
        require(got is not None, "the function returns nothing: return the new list.")
        require(isinstance(got, list | tuple) and len(got) > 1, f"return a list with one model more; I got {got!r}.")
        require(models == [openai], "the list that came in was changed: return a new one, [*models, …].")
        require(list(got[:-1]) == models, f"the other models come first, as they were; I got {list(got)}.")
        return list(got)

    *_, local = await added(Ollama(running=True, models=("qwen3:8b", "llama3.1:latest")))
    require(
        local != "ollama/qwen3:8b",
        "ollama/ pastes tools into the prompt; the route with native tools is ollama_chat/ (notebook 04).",
    )
    require(local != "qwen3:8b", "the model's name alone is no id: put ollama_chat/ in front.")
    require(local == "ollama_chat/qwen3:8b", f"Ollama runs and has qwen3:8b first; I got {local!r}.")
    for found in (Ollama(), Ollama(running=True), Ollama(taken=True)):
        *_, local = await added(found)
        require(local == scripted, f"{found.what} Then it is {scripted}, which is scripted; I got {local!r}.")
    return "what runs here is used, and else the stand-in."
