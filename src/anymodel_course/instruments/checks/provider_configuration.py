"""Checks of notebook 04."""

from __future__ import annotations

from typing import Any

from agents import RunConfig, Runner
from agents.extensions.models.litellm_model import LitellmModel

from scripted_providers.server import Server

from .engine import NotYet, check, copied, require, require_agent, require_function, result_of

KEYS = ("-a-key-of-the-check-", "'another-one'")  # whatever stands at an end, only white space is none of the key


@check
async def connect(given: Any) -> str:
    """A function from a gateway's address and key to an agent that talks to it."""
    require_function(given)
    expected, got = "", ""

    def judge(key: str) -> str | None:
        nonlocal got
        got = key
        return None if key == expected else ""

    with Server(judge=judge) as here, Server(judge=judge) as there:
        for number, (gateway, expected) in enumerate([(here, KEYS[0]), (there, KEYS[0]), (there, KEYS[1])]):
            gateway.says("Welcome.", times=3)
            agent = require_agent(await result_of(given, f"{gateway.base}/openai/v1", f" \t{expected} \n"))
            model = _model_of(agent)
            again = ": make a new agent each time" if number else ""
            require(str(model.base_url).startswith(gateway.base), f"the model goes to another address{again}.")
            try:
                bare = copied(agent)
                await Runner.run(bare, "Hello?", run_config=RunConfig(tracing_disabled=True))
            except Exception as error:
                refused = f"the gateway refused the key: it is not the one that was given{again}."
                require(not got or got == expected, refused)
                what = f"the gateway could not be reached that way ({type(error).__name__})"
                raise NotYet(f"{what}: keep the address as it is.") from None
            asked = gateway.log[-1].ask
            require(asked and asked.model == "house-model", "the gateway was asked for another model than house-model.")
    return "right address, right key, right format, right model, and a new agent for each gateway and key."


def _model_of(agent: Any) -> LitellmModel:
    """Return the agent's model if it has what a gateway needs, or say what is missing."""
    model = agent.model
    if not isinstance(model, LitellmModel):
        raise NotYet("the agent's model is no LitellmModel: model=LitellmModel(…).")
    require(str(model.model).startswith("openai/"), "the gateway speaks OpenAI's format: the id starts with openai/.")
    require(model.base_url, "the model knows no address: base_url=address.")
    require(model.api_key, "the model has no key of its own: api_key=….")
    key = str(model.api_key)
    require(key == key.strip(), "the key still has white space at an end.")
    return model
