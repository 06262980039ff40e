"""Checks of notebook 02."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from agents import Agent, Runner, function_tool

from scripted_providers.replies import call

from ...providers import PROVIDERS
from .engine import (
    NotYet,
    awaited,
    check,
    play,
    require,
    require_agent,
    require_function,
    result_of,
    stage,
    through_litellm,
)

IDS = (
    *(PROVIDERS[name].model for name in ("openai", "anthropic", "gemini", "ollama")),
    "together_ai/openai/gpt-oss-120b",  # only the first slash divides
    "azure/My-Deployment",  # names may have capitals
)


@check
async def any_model(given: Any) -> str:
    """A function from a model id to an agent that is the same in everything else."""
    require_function(given)
    agents: list[Agent[Any]] = []
    for wanted in IDS:
        try:
            agent = require_agent(await result_of(given, wanted))
        except RuntimeError as error:  # what starts a run finds no loop in the thread where a plain function is called
            require(
                "event loop" not in str(error), "I need an Agent, and your function starts a run: return the agent."
            )
            raise
        except ValueError:
            require(wanted.count("/") < 2, f"{wanted} has two slashes, and your function fails: hand it on as it came.")
            raise
        require(all(agent is not a for a in agents), "one and the same agent came twice: make a new one each time.")
        got = through_litellm(agent)
        what = f"I asked for {wanted} and got {got}"
        require(not _altered(got, wanted), f"{what}: the id was altered on the way; hand it on as it came.")
        require(got == wanted, f"{what}: use the argument, not a fixed id.")
        agents.append(agent)
    require(len({a.name for a in agents}) == 1, "the name differs from model to model; only the model may.")
    with stage(*["Hello."] * len(agents)) as (server, config):
        for agent in agents:
            await play(agent, "Hello?", config)
        heard = {exchange.ask.instructions for exchange in server.log if exchange.ask}
    require(heard != {""}, "the agent has no instructions.")
    require(len(heard) == 1, "the instructions differ from model to model; only the model may.")
    return "one function, six models, and nothing else differs."


def _altered(got: str, wanted: str) -> bool:
    """Tell whether an id was made of another: by more in front of it, less of it, or other letters."""
    one, other = got.casefold(), wanted.casefold()
    return got != wanted and (one in other or other in one)


@check
async def collected_text(given: Any) -> str:
    """A function that reads a streamed run to its end and returns the text that arrived."""
    require_function(given)
    require(not inspect.isasyncgenfunction(given), "a function with `yield` returns no text: collect, then `return`.")
    first, blank, last = "I look it up. ", " \n", "Grüße  aus Oslo:\n it rains and it rains. \n"
    text = first + blank + last

    @function_tool
    def get_weather(city: str) -> str:
        """Look up the weather."""
        return f"rain in {city}"

    agent: Agent[None] = Agent("Assistant", tools=[get_weather])
    # Words before the calls: `final_output` lacks them, the deltas have them.
    asks = call("get_weather", city="Oslo")
    with stage([first, asks], [blank, asks], last) as (_, config):
        streamed = Runner.run_streamed(agent, "Weather in Oslo?", run_config=config)
        try:
            got = await awaited(_as_in_a_cell(given), streamed)
            complete = streamed.is_complete
        finally:
            streamed.cancel()  # what was not read would fail when the stage is gone, and complain in a later cell
    if inspect.iscoroutine(got):
        got.close()
        raise NotYet("the function returned a coroutine: put `await` in front of the function that you call in it.")
    require(complete, "the run was not read to its end: return when the loop is over, and not in it or without it.")
    require(got is not None, "the function returns nothing: return the text.")
    require(isinstance(got, str), f"the function returned a {type(got).__name__}; join the pieces into one text.")
    require(got, "the text is empty. Text arrives in events whose data.type is 'response.output_text.delta'.")
    require(
        "get_weather" not in got and 'Oslo"}' not in got,
        "the tool's arguments are in there: keep the text deltas only.",
    )
    require(got != last, "that is only the last answer; text came before the tool call, too. Collect the deltas.")
    require(got == text, f"something was lost or changed on the way: expected {text!r}, got {got!r}.")
    return "every piece of text, nothing else, and the run is complete."


def _as_in_a_cell(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a plain function find a running loop, as it does in a notebook: there `asyncio.run` fails, and at once."""
    if inspect.iscoroutinefunction(function):
        return function
    loop = asyncio.get_running_loop()

    def called(*arguments: Any) -> Any:
        asyncio._set_running_loop(loop)  # of this thread alone, in which nothing else is done
        return function(*arguments)

    return called
