"""Checks of notebook 08."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
from agents import Agent, ModelRetrySettings, ModelSettings, RunConfig, Runner
from agents.extensions.models.litellm_model import LitellmModel
from litellm.exceptions import (
    APIConnectionError,
    APIError,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    MidStreamFallbackError,
    NotFoundError,
    RateLimitError,
    ServiceUnavailableError,
    Timeout,
    UnprocessableEntityError,
)
from openai import OpenAIError

from scripted_providers.environment import DUMMY_KEY
from scripted_providers.replies import Reply, fails, reply_from
from scripted_providers.server import Server

from ...providers import PROVIDERS
from .engine import NotYet, check, line, require, require_function, result_of

RESPONSE = httpx.Response(422, request=httpx.Request("POST", "https://api.mistral.ai"))
UNPROCESSABLE = UnprocessableEntityError("Input should be a valid list.", "m", "mistral", RESPONSE)
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
    ("a request that Mistral cannot process (status 422)", UNPROCESSABLE),
    ("a request that is too large (status 413)", APIError(413, "Request too large.", "openai", "m")),
    ("an account without money (status 402)", APIError(402, "Insufficient balance.", "openai", "m")),
    ("a model that does not exist", NotFoundError("not found", "m", "openai")),
    ("a bug of your own (a ValueError, which has no status)", ValueError("42")),
    ("a bug of your own whose text has a timeout in it", ValueError("timeout must be a number, such as 503")),
    ("a bug of your own (a KeyError)", KeyError("rate limit")),
    ("a bug of your own (a TypeError)", TypeError("'NoneType' object is not subscriptable")),
    ("a missing key at OpenAI (status 500)", InternalServerError("Missing credentials.", "openai", "m")),
    ("a missing key at Gemini", APIConnectionError("Missing Gemini API key.", "gemini", "m")),
)


@check
async def worth_retrying(given: Any) -> str:
    """A function that tells errors that may pass from those that stay."""
    require_function(given, plain=True)
    for expected, errors in ((True, PASSING), (False, LASTING)):
        for what, error in errors:
            try:
                got = await result_of(given, error)
            except Exception as raised:
                require(False, f"for {what} it should say {expected}, and it raises {line(raised)}")
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
    given = replace(given, retry=replace(given.retry, policy=_watched(given.retry)))
    limit, key = fails("rate_limit", retry_after=0.01), fails("wrong_key")
    tries, answered = await _tries(given, limit, limit, reply_from("At last."))
    require(answered, f"after two refusals the run should succeed; yours gave up after {_requests(tries)}.")
    tries, _ = await _tries(given, *[limit] * 9)
    require(tries == 3, f"where refusals never end, three requests are enough: one and two retries. Yours: {tries}.")
    tries, _ = await _tries(given, *[key] * 9)
    require(tries == 1, f"a wrong key was tried {tries} times. It stays wrong: let the policy name status 429.")
    return "two refusals survived, the third ends it, and a wrong key is tried once."


def _watched(retry: ModelRetrySettings) -> Callable[[Any], Awaitable[Any]]:
    """Wrap a policy: where it decides to try again for the first time, look how long that waits."""
    assert retry.policy
    policy = retry.policy
    limits = [getattr(retry.backoff, name, None) for name in ("initial_delay", "max_delay")]
    usual = min((limit for limit in limits if limit is not None), default=None)

    @functools.wraps(policy)
    async def asked(context: Any) -> Any:
        decision: Any = policy(context)
        if inspect.isawaitable(decision):
            decision = await decision
        if context.attempt == 1 and getattr(decision, "retry", decision):
            own = getattr(decision, "delay", None)
            first = usual if own is None else own
            if first is None:
                raise NotYet('say how long the first wait is: backoff={"initial_delay": 0.1}.')
            require(first <= 0.1, f"the first wait is {first:g} seconds: let it be a tenth (`backoff`).")
        return decision

    return asked


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
        except OpenAIError as error:  # LiteLLM's are its children; what a policy raises goes on
            if not len(server.log):
                raise NotYet(f"nothing was even sent ({type(error).__name__}): set `retry` and nothing else.") from None
            return len(server.log), False
        return len(server.log), True


def _requests(number: int) -> str:
    return f"{number} request{'' if number == 1 else 's'}"
