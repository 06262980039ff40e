"""Checks of notebook 00."""

from __future__ import annotations

from typing import Any

from agents import Agent, function_tool
from agents.extensions.models.litellm_model import LitellmModel

from scripted_providers.replies import reply_from

from .engine import NotYet, check, play, require, require_agent, stage


@check
async def own_agent(given: Any) -> str:
    """An agent with a name, instructions and a `LitellmModel` of a provider's."""
    agent = require_agent(given)
    require(agent.name.strip() not in ("", "Assistant"), "give the agent a name of your own: name=…")
    require(agent.instructions, "tell the agent how to behave: instructions=…")
    model = agent.model
    if not isinstance(model, LitellmModel):
        raise NotYet("this agent does not go through LiteLLM: use course.make_agent(…) or model=LitellmModel(…).")
    require("/" in str(model.model), f"{model.model!r} has no provider in front: write provider/model.")
    with stage("Here I am.") as (server, config):
        result = await play(agent, "Are you there?", config)
        heard = server.log[-1].ask
    require(result.final_output is not None, "the run ended without an answer.")
    require(heard and heard.instructions, "the model saw no instructions: give them as text.")
    return f"{agent.name} runs on {model.model}, and the model was told how to behave."


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
        await play(agent, "Where is it warmer, in Oslo or in Rome?", config)
        answered_by = [exchange.answered_by for exchange in server.log]
        left = server.waiting
    named = {name for reply in map(reply_from, replies or ()) for one in reply.calls for name in one.arguments}
    require(
        not named - {"city"}, f"the tool's argument is called city, and the script says {', '.join(sorted(named))}."
    )
    require(looked_up, 'the tool was never called: let the model say call("get_temperature", city=…) first.')
    missing = {"Oslo", "Rome"} - set(looked_up)
    require(not missing, f"nobody asked for {' and '.join(sorted(missing))}; the tool got {', '.join(looked_up)}.")
    require("mirror" not in answered_by, "the script was over before the model had answered: let it end with a text.")
    require(
        len(answered_by) == 2,
        f"that took {len(answered_by)} answers of the model. Two calls in one answer stand in a list of their own: "
        "[call(…), call(…)].",
    )
    require(left == 0, f"the run was over with {left} of your entries unused: the first plain text ends it.")
    return "two calls in one answer, then a text: two model calls, one run."
