"""Checks of notebook 02."""

from __future__ import annotations

from typing import Any

from agents import Agent, Runner, function_tool

from scripted_providers.replies import call

from ...providers import PROVIDERS
from .engine import check, play, require, require_agent, result_of, stage, through_litellm

FOUR = ("openai", "anthropic", "gemini", "ollama")


@check
async def any_model(given: Any) -> str:
    """A function from a model id to an agent that is the same in everything else."""
    require(callable(given), f"give me the function itself, not its result (this is a {type(given).__name__}).")
    agents: list[Agent[Any]] = []
    for name in FOUR:
        wanted = PROVIDERS[name].model
        agent = require_agent(await result_of(given, wanted))
        require(all(agent is not a for a in agents), "one and the same agent came twice: make a new one each time.")
        got = through_litellm(agent)
        require(got == wanted, f"I asked for {wanted} and got {got}: use the argument, not a fixed id.")
        agents.append(agent)
    require(len({a.name for a in agents}) == 1, "the name differs from model to model; only the model may.")
    with stage(*["Hello."] * len(agents)) as (server, config):
        for agent in agents:
            await play(agent, "Hello?", config)
        heard = {exchange.ask.instructions for exchange in server.log if exchange.ask}
    require(heard != {""}, "the agent has no instructions.")
    require(len(heard) == 1, "the instructions differ from model to model; only the model may.")
    return "one function, four models, and nothing else differs."


@check
async def collected_text(given: Any) -> str:
    """A function that reads a streamed run to its end and returns the text that arrived."""
    require(callable(given), f"give me the function itself, not its result (this is a {type(given).__name__}).")
    first, last = "I look it up. ", "Grüße  aus Oslo:\n it rains."
    text = first + last

    @function_tool
    def get_weather(city: str) -> str:
        """Look up the weather."""
        return f"rain in {city}"

    agent: Agent[None] = Agent("Assistant", tools=[get_weather])
    # Words before the call: `final_output` lacks them, the deltas have them.
    with stage([first, call("get_weather", city="Oslo")], last) as (_, config):
        streamed = Runner.run_streamed(agent, "Weather in Oslo?", run_config=config)
        try:
            got = await result_of(given, streamed)
            complete = streamed.is_complete
        finally:
            streamed.cancel()  # what was not read would fail when the stage is gone, and complain in a later cell
    require(got is not None, "the function returns nothing: return the text.")
    require(isinstance(got, str), f"the function returned a {type(got).__name__}; join the pieces into one text.")
    require(got, "the text is empty. Text arrives in events whose data.type is 'response.output_text.delta'.")
    require(complete, "the run was not read to its end: leave the loop only when the events are over.")
    require(
        "get_weather" not in got and 'Oslo"}' not in got,
        "the tool's arguments are in there: keep the text deltas only.",
    )
    require(got != last, "that is only the last answer; text came before the tool call, too. Collect the deltas.")
    require(got == text, f"something was lost or changed on the way: expected {text!r}, got {got!r}.")
    return "every piece of text, nothing else, and the run is complete."
