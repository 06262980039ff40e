"""Checks of notebook 00."""

from __future__ import annotations

from typing import Any

from agents import Agent, function_tool

from scripted_providers.replies import Call, Reply

from ...models import goes_to
from ...providers import PROVIDERS
from .engine import check, play, require, require_agent, stage, through_litellm

DOTS = ("…", "...")  # as the hint has them


@check
async def own_agent(given: Any) -> str:
    """An agent with a name, instructions and a model of one of the course's providers."""
    agent = require_agent(given)
    require(agent.name.strip() not in ("", "Assistant", *DOTS), "give the agent a name of your own: name=…")
    require(agent.instructions and agent.instructions not in DOTS, "tell the agent how to behave: instructions=…")
    require(
        (agent.name, agent.instructions) != ("Weather", "Use the tool."),
        "this is the page's agent, Weather: make one with a name and instructions of your own.",
    )
    model = through_litellm(agent)
    prefix, _, name = model.partition("/")
    require(prefix and name, f"{model!r} has no provider in front: write provider/model.")
    prefixes = ", ".join(row.prefix for row in PROVIDERS.values())
    require(goes_to(model) in PROVIDERS, f"{prefix!r} is none of the course's providers; they are {prefixes}.")
    require(
        not getattr(agent.model, "base_url", None),
        "the model has an address of its own, and whoever listens there answers: leave base_url out.",
    )
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
    entries = [entry if isinstance(entry, list | tuple) else [entry] for entry in replies or ()]
    for arguments in (call.arguments for entry in entries for one in entry for call in _calls(one)):
        other = ", ".join(sorted(arguments.keys() - {"city"}))
        require(not other, f"the tool's argument is called city, and the script says {other}.")
        require("city" in arguments, 'a call says no city: call("get_temperature", city=…).')
        city = arguments["city"]
        require(isinstance(city, str), f'city is one city\'s name, a text such as "Oslo"; a call says city={city!r}.')
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
    require(looked_up, 'the tool was never called: let the model say call("get_temperature", city=…) first.')
    missing = {"Oslo", "Rome"} - set(looked_up)
    require(not missing, f"nobody asked for {' and '.join(sorted(missing))}; the tool got {', '.join(looked_up)}.")
    require(len(set(looked_up)) == 2, f"two cities are enough; the tool got {', '.join(looked_up)}.")
    require(len(looked_up) == 2, f"ask for each city once; the tool got {', '.join(looked_up)}.")
    mixed = len(entries) == 1 and any(isinstance(one, str) for one in entries[0])
    require(
        not mixed, "the last words stand in the list with the calls: let the text be an entry of its own, after it."
    )
    require("mirror" not in answered_by, "the script was over before the model had answered: let it end with a text.")
    require(
        len(answered_by) == 2,
        f"that took {len(answered_by)} answers of the model. Two calls in one answer stand in a list of their own: "
        "[call(…), call(…)].",
    )
    require(left == 0, f"the run was over with {left} of your entries unused: the first plain text ends it.")
    require(str(result.final_output).strip(), "the model's last words are empty: let it say which city is warmer.")
    return "two calls in one answer, then a text: two model calls, one run."


def _calls(said: Any) -> tuple[Call, ...]:
    return said.calls if isinstance(said, Reply) else ()
