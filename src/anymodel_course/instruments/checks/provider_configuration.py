"""Checks of notebook 04."""

from __future__ import annotations

from typing import Any

from agents import RunConfig, Runner
from agents.extensions.models.litellm_model import LitellmModel

from scripted_providers.server import Server

from .engine import NotYet, check, require, require_agent, result_of

KEY = "a-key-of-the-check"


@check
async def connect(given: Any) -> str:
    """A function from a gateway's address and key to an agent that talks to it."""
    require(callable(given), f"give me the function itself, not its result (this is a {type(given).__name__}).")
    got: list[str] = []

    def judge(key: str) -> str | None:
        got.append(key)
        return None if key == KEY else ""

    with Server(judge=judge) as gateway:
        gateway.says("Welcome.", times=3)
        agent = require_agent(await result_of(given, f"{gateway.base}/openai/v1", f" \t{KEY} \n"))
        if not isinstance(agent.model, LitellmModel):
            raise NotYet("the agent's model is no LitellmModel: model=LitellmModel(…).")
        require(
            str(agent.model.model).startswith("openai/"),
            "the gateway speaks OpenAI's format: the id starts with openai/.",
        )
        require(agent.model.base_url, "the model knows no address: base_url=address.")
        require(str(agent.model.base_url).startswith(gateway.base), "the model goes to another address.")
        require(agent.model.api_key, "the model has no key of its own: api_key=….")
        key = str(agent.model.api_key)
        require(key == key.strip(), "the key still has white space at an end.")
        try:
            bare = agent.clone(hooks=None, output_type=None)
            await Runner.run(bare, "Hello?", run_config=RunConfig(tracing_disabled=True))
        except Exception as error:
            if got and got[-1] != KEY:
                raise NotYet("the gateway refused the key: it is not the one that was given.") from None
            what = f"the gateway could not be reached that way ({type(error).__name__})"
            raise NotYet(f"{what}: keep the address as it is.") from None
        asked = gateway.log[-1]
    require(asked.ask and asked.ask.model == "house-model", "the gateway was asked for another model than house-model.")
    return "right address, right key, right format, right model."
