"""Checks of notebook 05."""

from __future__ import annotations

from itertools import permutations
from typing import Any

from agents import Agent, Runner, function_tool

from scripted_providers.replies import Call, Reply, Usage

from ...providers import PROVIDERS
from ...usage import cost_of
from .engine import NotYet, check, require, require_function, result_of, stage

REPLIES = (
    Reply(calls=(Call("look"),), usage=Usage(30, 5, cached=4)),
    Reply(text="Nothing.", usage=Usage(50, 7, reasoning=3)),
    Reply(text="Fine.", usage=Usage(11, 2)),
    Reply(text="Fine.", usage=Usage(11, 2)),  # as many as before: two runs all the same
)
SUMS = (102, 16)
MISTAKEN = {
    (16, 102): "the two numbers are there, the other way round: sent first.",
    (72, 11): "a run with two calls was counted with its last one only: take the run's sum.",
    (11, 2): "only the last run was counted: add up all of them.",
    (91, 14): "two runs that used the same are two runs: count both.",
    (98, 16): "tokens that the provider had cached were sent, too: leave them in.",
    (102, 13): "tokens of hidden reasoning were received, too: leave them in.",
    (98, 13): "cached tokens were sent and hidden ones received, too: leave them in.",
}


@check
async def bill(given: Any) -> str:
    """A function that adds up the tokens of several runs."""
    require_function(given)

    @function_tool
    def look() -> str:
        """Look."""
        return "nothing new"

    agent: Agent[None] = Agent("Assistant", tools=[look])
    with stage(*REPLIES) as (_, config):
        results = [await Runner.run(agent, prompt, run_config=config) for prompt in ("Look.", "And you?", "And you?")]
    handed = list(results)
    got = await result_of(given, handed)
    require(got is not None, "the function returns nothing: return the pair.")
    require(isinstance(got, tuple | list) and len(got) == 2, f"return two numbers, (sent, received); I got {got!r}.")
    for wrong, change in MISTAKEN.items():
        require(tuple(got) != wrong, change)
    require(
        tuple(got) == SUMS,
        f"the three runs sent {SUMS[0]} tokens and received {SUMS[1]}; you say {tuple(got)}. Add up all of them.",
    )
    require(list(map(id, handed)) == list(map(id, results)), "the list that came in was changed: leave it as it was.")
    again = await result_of(given, handed)
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
    require_function(given)
    openai, anthropic, gemini, mistral, ollama = (
        PROVIDERS[name].model for name in ("openai", "anthropic", "gemini", "mistral", "ollama")
    )
    unknown, gone = "azure/my-deployment", "cohere/command-r-plus"

    async def asked(*models: str, sent: int = 1000, received: int = 1000) -> Any:
        handed = list(models)
        answer = await result_of(given, handed, sent, received)
        require(handed == list(models), "the list that came in was changed: leave it as it was.")
        return answer

    got = await asked(anthropic, openai)
    require(got is not None, "the function returns nothing: return the model's id.")
    require(isinstance(got, str), f"return the model's id; I got a {type(got).__name__}.")
    require(got == openai, f"of {anthropic} and {openai} the second is cheaper, and you say {got!r}.")
    leave_out = f"a model whose price is unknown ({unknown}, {gone}) is not free: leave it out."
    try:
        require(await asked(unknown, openai) == openai and await asked(openai, gone) == openai, leave_out)
    except TypeError:  # None, compared with a number
        raise NotYet(leave_out) from None
    free = f"{ollama} runs on your machine and costs 0, which is a price."
    require(await asked(openai, ollama) == ollama and await asked(ollama, openai) == ollama, free)
    try:
        require(await asked(unknown, gone) is None and await asked() is None, "where no price is known, return None.")
    except (IndexError, ValueError):  # the first of none, the least of none
        raise NotYet("where no price is known, there may be no model left to choose from: return None.") from None

    async def right(models: tuple[str, ...], change: str, sent: int = 1000, received: int = 1000) -> None:
        costs = {model: cost_of(model, sent, received) or 0.0 for model in models}
        wanted, got = min(models, key=lambda model: costs[model]), await asked(*models, sent=sent, received=received)
        amounts = f"for {sent} tokens in and {received} out"
        require(got == wanted, f"of {', '.join(models)} {amounts} it is {wanted}, and you say {got!r}: {change}.")

    # One of these is cheaper to ask, the other cheaper to listen to.
    for sent, received in ((1_000_000, 1), (1, 1_000_000)):
        await right((mistral, openai), "use both numbers", sent, received)
    for three in permutations((anthropic, openai, gemini)):
        await right(three, "compare each with the cheapest so far")
    # Text puts "$1125.00" before "$560.00".
    numbers = "compare amounts as numbers, not as text, however large they are"
    await right((openai, gemini), numbers, 1_000_000_000, 100_000_000)
    return "unknown is no price, zero is one, and both directions count."
