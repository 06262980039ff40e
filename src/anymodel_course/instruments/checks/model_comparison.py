"""Checks of notebook 10."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from agents import Agent, trace
from agents.extensions.models.litellm_model import LitellmModel
from pydantic import BaseModel

from scripted_providers.environment import DUMMY_KEY
from scripted_providers.replies import Pace, Reply, Usage, fails
from scripted_providers.server import Server

from ...local_ollama import Ollama
from ...providers import PROVIDERS
from .engine import NotYet, check, require, result_of

KEYS = ("provider", "answer", "length", "tokens", "seconds", "error")
PACE, LONGER = Pace(0.1, 0.3), Pace(0.1, 0.5)
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
        yield server, {name: Agent(name, model=model) for name, model in models.items()}


async def _answered(server: Server) -> None:
    """Wait a moment for calls that the learner's code has left behind: the stand-in is about to go."""
    for _ in range(PATIENCE):
        if all(exchange.seconds is not None for exchange in server.log):
            return
        await asyncio.sleep(0.01)


@check
async def side_by_side(given: Any) -> str:
    """A function that asks several agents at once and returns a row for each."""
    require(callable(given), f"give me the function itself, not its result (this is a {type(given).__name__}).")
    with _agents("gemini", "openai", "anthropic") as (server, agents):
        server.says(Reply(text="One two.", usage=Usage(10, 5), pace=PACE), provider="openai")
        server.says(Reply(text="Three.", usage=Usage(20, 7), pace=LONGER), provider="anthropic")
        server.says(fails("bad_request"), provider="gemini")
        try:
            got = await result_of(given, dict(agents), "Well?")
        except Exception as error:
            require(
                type(error).__name__ != "BadRequestError",
                "one of the three models failed, and the others were lost with it: catch the exception in each run.",
            )
            raise
        finally:
            await _answered(server)
        asked = {exchange.provider: exchange for exchange in server.log}
    require(got is not None, "the function returns nothing: return the list of rows.")
    require(isinstance(got, list | tuple) and len(got) == 3, f"return a list with a row for each agent, not {got!r}.")
    require(all(isinstance(row, Mapping) for row in got), "each row has to be a dict.")
    for key in KEYS:
        require(all(key in row for row in got), f"a row has no {key!r}. Each needs: {', '.join(KEYS)}.")
    order = [row["provider"] for row in got]
    require(order == list(agents), f"the rows stand in the order {order}; keep that of the agents, {list(agents)}.")
    require({"openai", "anthropic"} <= asked.keys(), "not every agent was asked: run each of them with the prompt.")
    failed, first, second = got
    require(failed["error"], "gemini failed, and its row does not say so: put the exception's class name in 'error'.")
    require(failed["error"] == "BadRequestError", f"in 'error' I want the class's name; you have {failed['error']!r}.")
    empty = (failed["answer"], failed["length"], failed["tokens"]) == ("", 0, 0)
    require(empty, "in the row of a failure 'answer' is an empty text, and 'length' and 'tokens' are 0.")
    require(first["error"] == second["error"] == "", "a row without an error has an empty text in 'error'.")
    require(first["answer"] == "One two." and second["answer"] == "Three.", "'answer' is the run's final_output.")
    require((first["length"], second["length"]) == (8, 6), "'length' is the number of characters, len(answer).")
    require((first["tokens"], second["tokens"]) == (15, 27), "'tokens' is what was sent and received together.")
    require(
        all(isinstance(row["seconds"], int | float) for row in got)
        and failed["seconds"] > 0
        and min(first["seconds"], second["seconds"]) > 0.2,
        "'seconds' has to be the time around the run: take time.perf_counter() before it and after it.",
    )
    one, other = asked["openai"], asked["anthropic"]
    ends = [exchange.started + (exchange.seconds or 0.0) for exchange in (one, other)]
    require(
        max(one.started, other.started) < min(ends),
        "the agents were asked one after the other: start all runs first, with asyncio.gather.",
    )
    require(first["seconds"] < second["seconds"], "anthropic took longer, and its row does not say so: time each run.")
    return "all at once, in order, and one failure is one row."


class Person(BaseModel):
    """What the check asks for."""

    name: str
    age: int


@check
async def structured(given: Any) -> str:
    """A function that tells who returns a valid object."""
    require(callable(given), f"give me the function itself, not its result (this is a {type(given).__name__}).")
    wanted = {"openai": "valid", "gemini": "invalid", "cohere": "refused", "anthropic": "failed"}
    with _agents(*wanted) as (server, agents):
        server.says({"name": "Ada", "age": 36}, provider="openai")
        server.says("Ada is 36.", provider="gemini")
        server.says("Ada is 36.", provider="cohere")
        server.says(fails("bad_request"), provider="anthropic")
        try:
            got = await result_of(given, dict(agents), "Who?", Person)
        except Exception as error:
            require(
                False, f"{type(error).__name__} got out of your function: each outcome is a word, none an exception."
            )
        schemas = {exchange.provider: exchange.ask.schema for exchange in server.log if exchange.ask}
    require(isinstance(got, Mapping), f"return a dict, a word for each agent; I got {got!r}.")
    require(got.keys() == wanted.keys(), f"I gave you {', '.join(wanted)}; your dict has {', '.join(map(str, got))}.")
    require(
        schemas.get("openai") is not None,
        "the agents were asked without an output type: run agent.clone(output_type=kind).",
    )
    require(
        got["anthropic"] != "refused",
        "anthropic answered that the request was bad, which says nothing about objects: 'refused' is for "
        "UnsupportedParamsError only, which is one of several kinds of BadRequestError.",
    )
    for name, word in wanted.items():
        require(got[name] == word, f"{name} should be {word!r}; you say {got[name]!r}.")
    return "valid, invalid, refused and failed are four different things."


OSLO, ROME = ("get_weather", {"city": "Oslo"}), ("get_weather", {"city": "Rome"})
YEN = ("convert", {"amount": 100, "currency": "yen"})
NUMBER, WORD = ("find", {"table": 7}), ("find", {"table": "by the window"})


@check
async def accuracy(given: Any) -> str:
    """A function that scores tool calls over a list of cases."""
    require(callable(given), f"give me the function itself, not its result (this is a {type(given).__name__}).")

    async def scored(*cases: tuple[list[Any], list[Any]]) -> Any:
        lists = [(list(needed), list(made)) for needed, made in cases]
        got = await result_of(given, lists)
        require(got is not None, "the function returns nothing: return the share of right cases.")
        require(isinstance(got, int | float), f"return one number, from 0 to 1; I got {got!r}.")
        require(lists == [tuple(case) for case in cases], "the cases were changed: work on copies of their lists.")
        return got

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
        await scored(([YEN], [(YEN[0], dict(reversed(YEN[1].items())))])) == 1,
        "arguments have no order: sort their names.",
    )
    require(await scored(([OSLO], [("get_weather", {"town": "Oslo"})])) == 0, "the value under another name is wrong.")
    share = await scored(([OSLO], [OSLO]), ([ROME], [OSLO]), ([], []), ([YEN], []))
    require(share != 2, "return the share, from 0 to 1, and not the number of right cases.")
    require(abs(share - 0.5) < 1e-9, f"two of four cases are right, so 0.5; you say {share}.")
    try:
        none = await scored()
    except ZeroDivisionError:
        none = None
    require(none == 0, "without a case the share is 0.")
    return "right tool, right arguments, no needless call."


@check
async def with_local(given: Any) -> str:
    """A function that adds a local model to a list."""
    require(callable(given), f"give me the function itself, not its result (this is a {type(given).__name__}).")
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
