"""Checks of notebook 05."""

from __future__ import annotations

import math
from typing import Any

from agents import Agent, Runner, function_tool

from scripted_providers.replies import Call, Reply, Usage

from ...providers import PROVIDERS
from ...usage import cost_of
from .engine import NotYet, check, require, result_of, stage


@check
async def bill(given: Any) -> str:
    """A function that adds up the tokens of several runs."""
    require(callable(given), f"give me the function itself, not its result (this is a {type(given).__name__}).")

    @function_tool
    def look() -> str:
        """Look."""
        return "nothing new"

    agent: Agent[None] = Agent("Assistant", tools=[look])
    replies = (
        Reply(calls=(Call("look"),), usage=Usage(30, 5)),
        Reply(text="Nothing.", usage=Usage(50, 7)),
        Reply(text="Fine.", usage=Usage(11, 2)),
    )
    with stage(*replies) as (_, config):
        results = [await Runner.run(agent, prompt, run_config=config) for prompt in ("Look.", "How are you?")]
    got = await result_of(given, list(results))
    require(got is not None, "the function returns nothing: return the pair.")
    require(isinstance(got, tuple | list) and len(got) == 2, f"return two numbers, (sent, received); I got {got!r}.")
    require(tuple(got) != (14, 91), "the two numbers are there, the other way round: sent first.")
    require(tuple(got) != (61, 9), "a run with two calls was counted with its last one only: take the run's sum.")
    require(tuple(got) != (11, 2), "only the last run was counted: add up all of them.")
    require(tuple(got) == (91, 14), f"the runs sent 91 tokens and received 14; you say {tuple(got)}.")
    again = await result_of(given, list(results))
    require(tuple(again) == tuple(got), f"the second time, the same runs give {again!r}: your function changes them.")
    try:
        none = await result_of(given, [])
    except Exception as error:
        require(False, f"with no run at all it fails ({type(error).__name__}); the bill of nothing is (0, 0).")
    require(tuple(none or ()) == (0, 0), "with no run at all the bill is (0, 0).")
    return "every call of every run, sent and received."


@check
async def cheapest(given: Any) -> str:
    """A function that names the cheapest model of those whose price is known."""
    require(callable(given), f"give me the function itself, not its result (this is a {type(given).__name__}).")
    openai, anthropic, ollama = (PROVIDERS[name].model for name in ("openai", "anthropic", "ollama"))
    unknown, gone = "azure/my-deployment", "cohere/command-r-plus"

    async def asked(*models: str, sent: int = 1000, received: int = 1000) -> Any:
        return await result_of(given, list(models), sent, received)

    got = await asked(anthropic, openai)
    require(got is not None, "the function returns nothing: return the model's id.")
    require(isinstance(got, str), f"return the model's id; I got a {type(got).__name__}.")
    require(got == openai, f"of {anthropic} and {openai} the second is cheaper, and you say {got!r}.")
    leave_out = f"a model whose price is unknown ({unknown}, {gone}) is not free: leave it out."
    try:
        require(await asked(unknown, openai) == openai and await asked(openai, gone) == openai, leave_out)
    except TypeError:  # None, compared with a number
        raise NotYet(leave_out) from None
    require(await asked(openai, ollama) == ollama, f"{ollama} runs on your machine and costs 0, which is a price.")
    try:
        require(await asked(unknown, gone) is None and await asked() is None, "where no price is known, return None.")
    except (IndexError, ValueError):  # the first of none, the least of none
        raise NotYet("where no price is known, there may be no model left to choose from: return None.") from None
    # One of these is cheaper to ask, the other cheaper to listen to.
    pair = [PROVIDERS["mistral"].model, openai]
    for sent, received in ((1_000_000, 1), (1, 1_000_000)):
        costs = {model: cost_of(model, sent, received) or math.inf for model in pair}
        wanted = min(costs, key=lambda model: costs[model])
        require(
            await asked(*pair, sent=sent, received=received) == wanted,
            f"for {sent} tokens in and {received} out it is {wanted}: use both numbers.",
        )
    return "unknown is no price, zero is one, and both directions count."
