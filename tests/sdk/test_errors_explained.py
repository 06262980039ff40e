"""Every error and fault at each of nine providers, plain and streamed: raised by the real libraries, then explained.

Which class and status each raises stands in test_agents_on_every_provider.py; here stands what `explain` makes of it.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from packaging.version import Version

from anymodel_course import explain
from anymodel_course.instruments.explain import Explanation
from anymodel_course.providers import PROVIDERS
from anymodel_course.stacks import installed
from scripted_providers import ENDPOINTS, Server, fails
from scripted_providers.replies import ERRORS, FAULTS

STACK_B = Version(installed("litellm") or "0") >= Version("1.109")
CASES = [case for provider in PROVIDERS for case in (provider, f"{provider} stream")]
NOBODY = "Nobody listens at the address. Nothing was sent."
NO_KEY = "There is no key at all. Nothing was sent."
REFUSED = "The provider refused the key."

# The explanation by kind: of "provider stream", "provider" and "", the first that is there.
EXPLAINED: dict[str, dict[str, str]] = {
    "wrong_key": {"": REFUSED},
    "unknown_model": {
        "": "{title} serves no model of this name to this key.",
        "ollama": "Ollama runs, and does not have this model.",
    },
    "rate_limit": {"": "The provider takes no more requests from this key for now."},
    "overloaded": {"": "The provider has no capacity right now."},
    "tools_unsupported": {"": "This model cannot call tools."},
    "bad_request": {"": "The provider says that the request is not in order."},
    "context_too_long": {"": "The conversation is longer than the model's context window."},
    "timeout": {"": "No answer came in time."},
    "disconnect": {"": "The connection was closed before an answer came."},
    "cut_stream": {"": "The connection was closed in the middle of the answer."},
    "not_json": {"": "An answer came that is not in the provider's format."},
}

# Nothing is raised: LiteLLM takes such a stream for an empty answer, and nobody can explain what is not raised.
SILENT = {f"{p} stream" for p in PROVIDERS} - {"cohere stream", "bedrock stream"}
ENDLESS = () if STACK_B else ("gemini stream",)  # ignores the timeout: see test_agents_on_every_provider.py


def test_the_table_has_every_kind_of_error_and_fault() -> None:
    assert list(EXPLAINED) == [*ERRORS, *FAULTS]


async def raised(sdk: Any, case: str, seconds: float = 10, **more: Any) -> Exception | None:
    provider, _, stream = case.partition(" ")
    settings = {"extra_args": {"timeout": seconds, "max_retries": 0}}  # OpenAI's client waits seconds between its tries
    made = sdk.agent(provider, settings, **more)
    try:
        await sdk.run(made, stream=bool(stream))
    except Exception as error:
        return error
    return None


async def explained(sdk: Any, cases: list[str], **more: Any) -> dict[str, Explanation | None]:
    errors = await asyncio.gather(*(raised(sdk, case, **more) for case in cases))
    return {case: explain(error) if error else None for case, error in zip(cases, errors, strict=True)}


def expected(kind: str, case: str) -> str:
    provider = case.split()[0]
    table = EXPLAINED[kind]
    what = next(table[key] for key in (case, provider, "") if key in table)
    return what.format(title=PROVIDERS[provider].title)


def whats(found: dict[str, Explanation | None]) -> dict[str, str | None]:
    return {case: one and one.what for case, one in found.items()}


def title(case: str) -> str:
    return PROVIDERS[case.split()[0]].title


@pytest.mark.parametrize("kind", [kind for kind in EXPLAINED if kind != "timeout"])
async def test_each_failure_is_explained_at_each_provider(server: Server, sdk: Any, kind: str) -> None:
    server.says(fails(kind, retry_after=0.01), times=100)
    found = await explained(sdk, CASES, tools=[sdk.get_weather])
    silent = SILENT if kind == "not_json" else set()
    assert whats(found) == {case: None if case in silent else expected(kind, case) for case in CASES}
    assert {case: one.where for case, one in found.items() if one} == {c: title(c) for c in CASES if c not in silent}


async def test_a_timeout_is_explained_at_each_provider(server: Server, sdk: Any) -> None:
    cases = [case for case in CASES if case not in ENDLESS]
    server.says(fails("timeout"), times=100)
    found = await explained(sdk, cases, seconds=0.3)
    assert whats(found) == {case: expected("timeout", case) for case in cases}
    for case, one in found.items():
        assert one
        assert one.where in (title(case), ""), "LiteLLM forgets whose some timeouts are; a wrong name is never told"


@pytest.fixture
def nobody(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every provider's address is one where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        for name, endpoint in ENDPOINTS.items():
            monkeypatch.setenv(endpoint.redirect, f"http://127.0.0.1:{taken.getsockname()[1]}{endpoint.path}")
            assert name in PROVIDERS
        yield


@pytest.mark.usefixtures("nobody")
async def test_nobody_listening_is_explained_at_each_provider(server: Server, sdk: Any) -> None:
    found = await explained(sdk, CASES)
    ollamas = "Nobody listens where Ollama should be. Nothing was sent."
    assert whats(found) == {case: ollamas if case.startswith("ollama") else NOBODY for case in CASES}
    assert all("127.0.0.1" not in str(one) and "0x" not in str(one) for one in found.values()), "the same every time"
    assert len(server.log) == 0


@pytest.fixture
def keyless(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for endpoint in ENDPOINTS.values():
        for name in endpoint.keys:
            monkeypatch.delenv(name)


@pytest.mark.usefixtures("keyless")
async def test_a_missing_key_is_explained_at_each_provider(server: Server, sdk: Any) -> None:
    found = await explained(sdk, [case for case in CASES if not case.startswith("ollama")])
    sent = ("mistral", "cohere", "together")  # whose requests LiteLLM sends without a key
    assert whats(found) == {case: REFUSED if case.startswith(sent) else NO_KEY for case in found}
    assert {exchange.provider for exchange in server.log} == {*sent}


# --- what nobody can tell apart -----------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", ["mistral", "cohere", "together"])
async def test_a_missing_key_that_looks_like_a_wrong_one_says_that_it_may_be_either(
    server: Server, sdk: Any, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.says(fails("wrong_key"))
    wrong = explain(await raised(sdk, provider) or AssertionError())
    for name in ENDPOINTS[provider].keys:
        monkeypatch.delenv(name)
    missing = explain(await raised(sdk, provider) or AssertionError())
    assert wrong == missing
    assert wrong.causes[0].startswith("The key is mistyped")
    assert wrong.causes[-1].endswith(f"if {PROVIDERS[provider].key_sets[0][0]} is not set.")


@pytest.mark.parametrize("provider", ["openai", "azure"])
async def test_one_text_for_every_broken_connection_is_told_apart_by_what_lies_underneath(
    server: Server, sdk: Any, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenAI's client says "Connection error." of all of them; without the exceptions below, all causes are listed."""
    errors = []
    for kind in ("disconnect", "cut_stream"):
        server.reset()
        server.says(fails(kind), times=3)
        errors.append(await raised(sdk, provider))
    monkeypatch.setenv(ENDPOINTS[provider].keys[0], "offline-dummy\n")
    errors.append(await raised(sdk, provider))
    monkeypatch.setenv(ENDPOINTS[provider].redirect, f"http://127.0.0.1:9{ENDPOINTS[provider].path}")
    monkeypatch.setenv(ENDPOINTS[provider].keys[0], "offline-dummy")
    errors.append(await raised(sdk, provider))
    found = [explain(error) for error in errors if error]
    assert [one.what.partition(".")[0] for one in found] == [
        "The connection was closed before an answer came",
        "The connection was closed in the middle of the answer",
        "The key cannot stand in an HTTP header",
        "Nobody listens at the address",
    ]
    alike = [error for error in errors if error and not (STACK_B and error is errors[2])]  # there it names the header
    for error in alike:
        assert str(error).endswith("Connection error.")
        error.__context__ = error.__cause__ = None
    (bare,) = {str(explain(error)) for error in alike}
    assert "this text does not tell how" in bare
    for cause in ("Nobody listens", "was closed before", "holds a line end"):
        assert cause in bare


async def test_mistrals_lack_of_capacity_may_be_the_models_or_the_tiers(server: Server, sdk: Any) -> None:
    server.says(fails("overloaded"))
    found = explain(await raised(sdk, "mistral") or AssertionError())
    assert found.error == "RateLimitError (status 429)"
    assert any("either" in trap for trap in found.traps)


# --- class and status mislead, and it says so ---------------------------------------------------------------------


MISLEADING = {
    ("together", "wrong_key"): "Most providers' is AuthenticationError (status 401)",
    ("together", "unknown_model"): "Most providers' is NotFoundError (status 404)",
    ("mistral", "unknown_model"): "Most providers' is NotFoundError (status 404)",
    ("anthropic", "overloaded"): "Anthropic's own status for this is 529",
    ("gemini stream", "rate_limit"): "Most providers' is RateLimitError (status 429)",
    ("ollama", "context_too_long"): "Most providers' is ContextWindowExceededError (status 400)",
    ("together", "not_json"): "The status tells nothing",
    ("openai", "disconnect"): "No server gave this status",
}


@pytest.mark.parametrize(("case", "kind"), MISLEADING, ids=lambda part: part.replace(" ", "-"))
async def test_where_class_or_status_mislead_it_says_so(server: Server, sdk: Any, case: str, kind: str) -> None:
    if STACK_B and case == "together" and kind != "not_json":
        pytest.skip("mended")
    server.says(fails(kind, retry_after=0.01), times=3)
    found = explain(await raised(sdk, case) or AssertionError())
    assert found.traps[0].startswith(MISLEADING[case, kind])
    assert f"Mind: {found.traps[0]}" in str(found)


@pytest.mark.parametrize("kind", ["wrong_key", "unknown_model", "rate_limit", "overloaded", "context_too_long"])
async def test_where_they_are_as_usual_nothing_is_said(server: Server, sdk: Any, kind: str) -> None:
    server.says(fails(kind, retry_after=0.01), times=3)
    assert explain(await raised(sdk, "openai") or AssertionError()).traps == ()


async def test_no_key_shows_whatever_the_failure(server: Server, sdk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys that were sent, and one that slipped into the model's name."""
    key = "sk-proj-" + "0123456789abcdef" * 2
    for endpoint in ENDPOINTS.values():
        for name in endpoint.keys:
            monkeypatch.setenv(name, f"{key}\n" if os.environ[name] == "offline-dummy" else os.environ[name])
    found = [one for one in (await explained(sdk, CASES)).values() if one]
    found += [explain(await raised(sdk, model) or AssertionError()) for model in (f"nobody/{key}", f"anthropic/{key}")]
    server.says(fails("unknown_model"))
    found.append(explain(await raised(sdk, f"ollama_chat/{key}") or AssertionError()))
    assert len(found) > 15
    assert not any(key[8:20] in str(one) + one._repr_html_() for one in found)
