"""Checks of notebook 08."""

from __future__ import annotations

from typing import Any

from agents import Agent, ModelSettings, RunConfig, Runner
from agents.extensions.models.litellm_model import LitellmModel
from litellm.exceptions import (
    APIConnectionError,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    MidStreamFallbackError,
    NotFoundError,
    RateLimitError,
    ServiceUnavailableError,
    Timeout,
)

from scripted_providers.environment import DUMMY_KEY
from scripted_providers.replies import Reply, fails, reply_from
from scripted_providers.server import Server

from ...providers import PROVIDERS
from .engine import NotYet, check, require, result_of

# As LiteLLM raises them: tests/sdk/test_errors_explained.py has the real ones.
PASSING = (
    ("too many requests", RateLimitError("Rate limit reached.", "openai", "m")),
    (
        "too many requests, in a stream of Gemini's",
        MidStreamFallbackError(
            "Quota exceeded.",
            "m",
            "gemini",
            original_exception=RateLimitError("Quota exceeded.", "gemini", "m"),
        ),
    ),
    ("an overload that Anthropic reports", InternalServerError("Overloaded", "anthropic", "m")),
    ("an overload", ServiceUnavailableError("The engine is overloaded.", "openai", "m")),
    ("an answer that never came", Timeout("Connection timed out.", "m", "cohere")),
    ("a broken connection", APIConnectionError("Server disconnected", "gemini", "m")),
)
LASTING = (
    ("a wrong key", AuthenticationError("invalid x-api-key", "anthropic", "m")),
    ("a bad request", BadRequestError("Invalid JSON in the request body.", "m", "together_ai")),
    ("a model that does not exist", NotFoundError("not found", "m", "openai")),
    ("a bug of your own (a ValueError, which has no status)", ValueError("42")),
    ("a missing key at OpenAI (status 500)", InternalServerError("Missing credentials.", "openai", "m")),
    ("a missing key at Gemini", APIConnectionError("Missing Gemini API key.", "gemini", "m")),
)


@check
async def worth_retrying(given: Any) -> str:
    """A function that tells errors that may pass from those that stay."""
    require(callable(given), f"give me the function itself, not its result (this is a {type(given).__name__}).")
    for expected, errors in ((True, PASSING), (False, LASTING)):
        for what, error in errors:
            try:
                got = await result_of(given, error)
            except Exception as raised:
                require(False, f"{what} makes your function raise {type(raised).__name__}; it should say {expected}.")
            require(got is not None, f"for {what} the function returns nothing: return True or False.")
            require(bool(got) is expected, f"{what}: you say {bool(got)}, and it {_why(expected)}.")
    return "what passes is tried again, what stays is not, whatever its class."


def _why(passes: bool) -> str:
    return "may pass, so it is worth a try" if passes else "fails again the same way, so it is not"


@check
async def stubborn(given: Any) -> str:
    """Model settings with which two refusals are survived, and a wrong key is not tried twice."""
    require(
        isinstance(given, ModelSettings),
        f"I need a ModelSettings, with the retries in its `retry`; this is a {type(given).__name__}.",
    )
    require(given.retry is not None, "these settings have no `retry`, and without it nothing is tried again.")
    require(given.retry.policy is not None, "without a `policy` nothing is tried again, whatever max_retries says.")
    backoff = given.retry.backoff
    limits = [getattr(backoff, name, None) for name in ("initial_delay", "max_delay")]
    first = min((limit for limit in limits if limit is not None), default=None)
    if first is None:
        raise NotYet('say how long the first wait is: backoff={"initial_delay": 0.1}.')
    require(first <= 0.1, f"the first wait is {first:g} seconds: let it be a tenth (`backoff`).")
    limit, key = fails("rate_limit", retry_after=0.01), fails("wrong_key")
    tries, answered = await _tries(given, limit, limit, reply_from("At last."))
    require(answered, f"after two refusals the run should succeed; yours gave up after {_requests(tries)}.")
    tries, _ = await _tries(given, *[limit] * 9)
    require(tries == 3, f"where refusals never end, three requests are enough: one and two retries. Yours: {tries}.")
    tries, _ = await _tries(given, *[key] * 9)
    require(tries == 1, f"a wrong key was tried {tries} times. It stays wrong: let the policy name status 429.")
    return "two refusals survived, the third ends it, and a wrong key is tried once."


async def _tries(settings: ModelSettings, *replies: Reply) -> tuple[int, bool]:
    """Run against these replies; return the requests made, and whether an answer came.

    At Anthropic, for the clients of others try again by themselves.
    """
    with Server() as server:
        server.says(*replies)
        model = LitellmModel(PROVIDERS["anthropic"].model, base_url=f"{server.base}/anthropic", api_key=DUMMY_KEY)
        agent: Agent[None] = Agent("Assistant", model=model, model_settings=settings)
        try:
            await Runner.run(agent, "Say hello.", run_config=RunConfig(tracing_disabled=True))
        except Exception as error:
            if not len(server.log):
                raise NotYet(f"nothing was even sent ({type(error).__name__}): set `retry` and nothing else.") from None
            return len(server.log), False
        return len(server.log), True


def _requests(number: int) -> str:
    return f"{number} request{'' if number == 1 else 's'}"
