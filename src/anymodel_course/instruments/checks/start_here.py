"""Checks of notebook 00."""

from __future__ import annotations

from typing import Any

from agents import Agent, function_tool

from scripted_providers.replies import reply_from

from ...models import litellm_serves
from .engine import check, play, require, require_agent, stage, through_litellm


@check
async def own_agent(given: Any) -> str:
    """An agent with a name, instructions and a `LitellmModel` of a provider's."""
    agent = require_agent(given)
    require(agent.name.strip() not in ("", "Assistant"), "give the agent a name of your own: name=…")
    require(agent.instructions, "tell the agent how to behave: instructions=…")
    model = through_litellm(agent)
    require("/" in model, f"{model!r} has no provider in front: write provider/model.")
    prefix = model.partition("/")[0]
    require(litellm_serves(prefix), f"LiteLLM knows no provider {prefix!r}: begin with one that course.PROVIDERS has.")
    with stage("Here I am.") as (server, config):
        result = await play(agent, "Are you there?", config)
        heard = server.log[-1].ask
    require(result.final_output is not None, "the run ended without an answer.")
    require(heard and heard.instructions.strip(), "the model saw no instructions: give them as text.")
    return f"{agent.name} runs on {model}, and the model was told how to behave."


@check
async def two_cities(given: Any) -> str:
    """A script in which the model asks for two cities in one answer, then says something."""
    replies = given if isinstance(given, list | tuple) else None
    require(replies is not None, "give me a list: one entry for each answer of the model.")
    looked_up: list[str] = []

    @function_tool
    def get_temperature(city: str) -> str:
        """Look up a city's temperature."""
        looked_up.append(city)
        return "20 °C"

    agent: Agent[None] = Agent("Assistant", instructions="Compare cities.", tools=[get_temperature])
    with stage(*(replies or ())) as (server, config):
        result = await play(agent, "Where is it warmer, in Oslo or in Rome?", config)
        answered_by = [exchange.answered_by for exchange in server.log]
        left = server.waiting
    named = {name for reply in map(reply_from, replies or ()) for one in reply.calls for name in one.arguments}
    require(
        not named - {"city"}, f"the tool's argument is called city, and the script says {', '.join(sorted(named))}."
    )
    require(looked_up, 'the tool was never called: let the model say call("get_temperature", city=…) first.')
    missing = {"Oslo", "Rome"} - set(looked_up)
    require(not missing, f"nobody asked for {' and '.join(sorted(missing))}; the tool got {', '.join(looked_up)}.")
    require(len(looked_up) == 2, f"two cities are enough; the tool got {', '.join(looked_up)}.")
    require("mirror" not in answered_by, "the script was over before the model had answered: let it end with a text.")
    require(
        len(answered_by) == 2,
        f"that took {len(answered_by)} answers of the model. Two calls in one answer stand in a list of their own: "
        "[call(…), call(…)].",
    )
    require(left == 0, f"the run was over with {left} of your entries unused: the first plain text ends it.")
    require(str(result.final_output).strip(), "the model's last words are empty: let it say which city is warmer.")
    return "two calls in one answer, then a text: two model calls, one run."
