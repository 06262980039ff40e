"""The Agents SDK with `LitellmModel`, unmodified, on all nine providers, and its own route to OpenAI ("native").

What LiteLLM itself gets wrong has a case of its own at the end, which asserts that exactly: it fails when it is mended.
What is mended on the newest stack (tests/setup/stack_b.txt) has to work there like everything else.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from packaging.version import Version

from anymodel_course.providers import PROVIDERS
from anymodel_course.stacks import installed
from scripted_providers import ENDPOINTS, Server, call, fails
from scripted_providers.replies import Reply, Usage

EVERY = [*PROVIDERS, "native"]
STACK_B = Version(installed("litellm") or "0") >= Version("1.109")
COHERE_LOSES_CALLS = () if STACK_B else ("cohere stream",)
GEMINI_WAITS_FOR_EVER = () if STACK_B else ("gemini stream",)
GENERATE = "ollama/llama3.1"  # not ollama_chat/: LiteLLM writes the tools into the prompt


def runs(*left_out: str) -> pytest.MarkDecorator:
    """Run a test on every provider, plain and streamed; leave out "cohere", or "cohere stream" only."""
    cases = [(provider, stream) for provider in EVERY for stream in (False, True)]
    names = [f"{provider} {'stream' if stream else 'plain'}" for provider, stream in cases]
    kept = [pytest.param(*case, id=n) for case, n in zip(cases, names, strict=True) if not {n, case[0]} & {*left_out}]
    return pytest.mark.parametrize(("provider", "stream"), kept)


def results(server: Server) -> list[tuple[str | None, str]]:
    """What the last request says that the tools returned."""
    return [(m.tool, m.text) for m in server.log[-1].ask.results]


# --- what an agent does ------------------------------------------------------------------------------------------


@runs()
async def test_text_comes_back_and_instructions_and_prompt_arrive(
    server: Server, sdk: Any, provider: str, stream: bool
) -> None:
    said = "Tōkyō 東京 🗼 is “nice” \\ \n\n so.\u2028New\x85line\u2029s "
    server.says(said)
    result, pieces = await sdk.run(sdk.agent(provider, instructions="Sei kurz. Größe!"), "Wie groß?\n🙂", stream)
    assert result.final_output == said
    assert "".join(pieces) == (said if stream else "")
    assert len(pieces) > 3 or not stream
    (exchange,) = server.log
    assert (exchange.ask.instructions, exchange.ask.user, exchange.ask.stream) == (
        "Sei kurz. Größe!",
        "Wie groß?\n🙂",
        stream,
    )
    assert exchange.provider == ("openai" if provider == "native" else provider)
    if provider in PROVIDERS:
        assert PROVIDERS[provider].model.endswith("/" + exchange.ask.model)


@runs()
async def test_a_conversation_goes_on(server: Server, sdk: Any, provider: str, stream: bool) -> None:
    server.says("Hello Ada.", "Ada.")
    first, _ = await sdk.run(sdk.agent(provider), "I am Ada.", stream)
    second, _ = await sdk.run(
        sdk.agent(provider), first.to_input_list() + [{"role": "user", "content": "Who?"}], stream
    )
    assert second.final_output == "Ada."
    said = [(m.role, m.text) for m in server.log[-1].ask.messages]
    assert said == [("user", "I am Ada."), ("assistant", "Hello Ada."), ("user", "Who?")]


@runs(*COHERE_LOSES_CALLS)
async def test_a_tool_is_offered_called_and_answered(server: Server, sdk: Any, provider: str, stream: bool) -> None:
    city = "São\u2028Paulo"  # LiteLLM splits streams there
    server.says(call("get_weather", city=city), "It rains.")
    result, _ = await sdk.run(sdk.agent(provider, tools=[sdk.get_weather]), "Weather?", stream)
    assert result.final_output == "It rains."
    first, second = (exchange.ask for exchange in server.log)
    (tool,) = first.tools
    assert (tool.name, tool.description, list(tool.parameters["properties"])) == (
        "get_weather",
        "Look up the weather.",
        ["city"],
    )
    assert (first.forced, first.turn, second.turn) == (None, 1, 2)
    assert results(server) == [("get_weather", f"rain in {city}")]
    assert [dict(c.arguments) for m in second.messages for c in m.calls] == [{"city": city}]


@runs(*COHERE_LOSES_CALLS, "ollama stream")
async def test_parallel_calls_are_all_made_and_answered_in_order(
    server: Server, sdk: Any, provider: str, stream: bool
) -> None:
    calls = [call("get_weather", city="a"), call("get_time", zone="b"), call("get_time", zone="c")]
    server.says(["I will look.", *calls], "Done.")
    result, _ = await sdk.run(sdk.agent(provider, tools=[sdk.get_weather, sdk.get_time]), "Both?", stream)
    assert result.final_output == "Done."
    assert results(server) == [("get_weather", "rain in a"), ("get_time", "12:00 b"), ("get_time", "12:00 c")]
    assert server.log[-1].ask.turn == 2


@runs("anthropic", "cohere", "ollama")
async def test_a_tool_is_called_where_one_is_required(server: Server, sdk: Any, provider: str, stream: bool) -> None:
    made = sdk.agent(provider, {"tool_choice": "required"}, tools=[sdk.get_time, sdk.get_weather])
    result, _ = await sdk.run(made, stream=stream)
    assert [exchange.ask.forced for exchange in server.log] == ["*", None]
    assert results(server) == [("get_time", "12:00 ")]
    assert result.final_output.startswith("[scripted]")


@runs("anthropic", "cohere", "ollama", "mistral")
async def test_the_tool_is_called_that_is_named(server: Server, sdk: Any, provider: str, stream: bool) -> None:
    made = sdk.agent(provider, {"tool_choice": "get_time"}, tools=[sdk.get_weather, sdk.get_time])
    await sdk.run(made, stream=stream)
    assert [exchange.ask.forced for exchange in server.log] == ["get_time", None]
    assert results(server) == [("get_time", "12:00 ")]


@runs("cohere")
async def test_an_output_type_is_demanded_and_filled(server: Server, sdk: Any, provider: str, stream: bool) -> None:
    server.says({"city": "Zürich", "people": 3})
    result, pieces = await sdk.run(sdk.agent(provider, output_type=sdk.City), stream=stream)
    assert result.final_output == sdk.City(city="Zürich", people=3)
    assert "".join(pieces) == ('{"city": "Zürich", "people": 3}' if stream else "")
    assert set(server.log[-1].ask.schema["properties"]) == {"city", "people"}
    mirrored, _ = await sdk.run(sdk.agent(provider, output_type=sdk.City), stream=stream)
    assert mirrored.final_output == sdk.City(city="", people=0)


@runs("cohere")
async def test_a_tool_comes_before_an_output_type(server: Server, sdk: Any, provider: str, stream: bool) -> None:
    server.says(call("get_weather", city="Oslo"), {"city": "Oslo", "people": 1})
    made = sdk.agent(provider, output_type=sdk.City, tools=[sdk.get_weather])
    result, _ = await sdk.run(made, stream=stream)
    assert result.final_output == sdk.City(city="Oslo", people=1)
    assert results(server) == [("get_weather", "rain in Oslo")]


OLDER_CLAUDE = "anthropic/claude-opus-4-1"  # structured output by a forced tool; newer ones have a format for it


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_an_older_claude_can_be_forced_and_is_for_an_output_type(server: Server, sdk: Any, stream: bool) -> None:
    server.says({"city": "Zürich", "people": 3})
    made = sdk.agent(OLDER_CLAUDE, output_type=sdk.City)
    assert (await sdk.run(made, stream=stream))[0].final_output == sdk.City(city="Zürich", people=3)
    assert server.log[-1].ask.forced == "json_tool_call"
    await sdk.run(sdk.agent(OLDER_CLAUDE, {"tool_choice": "required"}, tools=[sdk.get_time]), stream=stream)
    assert (server.log[-2].ask.forced, results(server)) == ("*", [("get_time", "12:00 ")])


# What each provider's format counts, and LiteLLM reads, beside input and output: cached and reasoning tokens.
COUNTED = {"": (20, 5), "cohere": (0, 0), "ollama": (0, 0), "bedrock": (20, 0)}


@runs("cohere stream")
async def test_usage_is_what_was_scripted(server: Server, sdk: Any, provider: str, stream: bool) -> None:
    server.says(Reply(text="Hi there.", usage=Usage(input=120, output=45, cached=20, reasoning=5)))
    result, _ = await sdk.run(sdk.agent(provider), stream=stream)
    used = result.context_wrapper.usage
    assert (used.requests, used.input_tokens, used.output_tokens, used.total_tokens) == (1, 120, 45, 165)
    details = (used.input_tokens_details.cached_tokens, used.output_tokens_details.reasoning_tokens)
    assert details == COUNTED.get(provider, COUNTED[""])


@runs()
async def test_usage_of_a_stream_is_reported_only_where_asked_for(
    server: Server, sdk: Any, provider: str, stream: bool
) -> None:
    server.says(Reply(text="Hi there.", usage=Usage(input=120, output=45)))
    result, _ = await sdk.run(sdk.agent(provider, {"include_usage": None}), stream=stream)
    used = result.context_wrapper.usage
    assert (used.input_tokens, used.output_tokens) == ((0, 0) if stream and provider != "native" else (120, 45))


# --- what goes wrong ---------------------------------------------------------------------------------------------

# What is raised: class and status_code. Of "provider stream", "stream", "provider" and "", the first that is there.
RAISED: dict[str, dict[str, str]] = {
    "wrong_key": {
        "": "AuthenticationError 401",
        "bedrock": "AuthenticationError 403",
        "together": "BadRequestError 401",
    },
    "unknown_model": {
        "": "NotFoundError 404",
        "mistral": "BadRequestError 400",
        "bedrock": "BadRequestError 400",
        "together": "BadRequestError 404",
    },
    "rate_limit": {"": "RateLimitError 429", "gemini stream": "MidStreamFallbackError 429"},
    "overloaded": {
        "": "ServiceUnavailableError 503",
        "anthropic": "InternalServerError 500",
        "gemini stream": "MidStreamFallbackError 503",
        "mistral": "RateLimitError 429",  # for its sentence, which speaks of a capacity exceeded
        "native": "InternalServerError 503",
    },
    "tools_unsupported": {"": "BadRequestError 400"},
    "bad_request": {"": "BadRequestError 400"},
    "context_too_long": {
        "": "ContextWindowExceededError 400",
        "mistral": "BadRequestError 400",
        "ollama": "BadRequestError 400",
        "native": "BadRequestError 400",
    },
    "timeout": {"": "Timeout 408", "native": "APITimeoutError None"},
    "disconnect": {
        "": "InternalServerError 500",
        "gemini": "APIConnectionError 500",
        "gemini stream": "MidStreamFallbackError 500",
        "bedrock": "APIConnectionError 500",
        "bedrock stream": "ServiceUnavailableError 503",
        "azure": "APIConnectionError 500",
        "ollama": "APIConnectionError 500",
        "native": "APIConnectionError None",
    },
    "cut_stream": {
        "": "InternalServerError 500",
        "stream": "MidStreamFallbackError 500",
        "gemini": "APIConnectionError 500",
        "bedrock": "APIConnectionError 500",
        "azure": "APIConnectionError 500",
        "ollama": "APIConnectionError 500",
        "native": "APIConnectionError None",
        "native stream": "RemoteProtocolError None",  # httpx's own
    },
    "not_json": {
        "": "APIConnectionError 500",
        "openai": "InternalServerError 500",
        "gemini": "BadRequestError 422",
        "bedrock": "BadRequestError 422",
        "azure": "APIError 500",
        "together": "APIError 200",
        "native": "AttributeError None",
    },
}
if STACK_B:
    del RAISED["wrong_key"]["together"], RAISED["unknown_model"]["together"]
    RAISED["cut_stream"]["native stream"] = "APIConnectionError None"


def expected(kind: str, case: str) -> str:
    provider, _, stream = case.partition(" ")
    table = RAISED[kind]
    return next(table[key] for key in (case, stream, provider, "") if key in table)


async def raised(sdk: Any, case: str, seconds: float = 10) -> str:
    """Run an agent that fails; return the error's class and status, or what came instead."""
    provider, _, stream = case.partition(" ")
    made = sdk.agent(provider, {"extra_args": {"timeout": seconds}}, tools=[sdk.get_weather])
    try:
        result, _ = await sdk.run(made, stream=bool(stream))
    except Exception as error:
        if provider != "native" and not isinstance(error, sdk.OpenAIError):  # LiteLLM's are the openai package's too
            raise
        return f"{type(error).__name__} {getattr(error, 'status_code', None)}"
    return f"nothing, but {result.final_output!r}"


def failing(*left_out: str) -> list[str]:
    return [case for provider in EVERY for case in (provider, f"{provider} stream") if case not in left_out]


@pytest.mark.parametrize("kind", [kind for kind in RAISED if kind != "timeout"])
async def test_each_failure_raises_its_class_and_status(server: Server, sdk: Any, kind: str) -> None:
    cases = failing() if kind != "not_json" else EVERY  # streams that are not JSON: see below
    server.says(fails(kind, retry_after=0.01), times=100)
    found = await asyncio.gather(*(raised(sdk, case) for case in cases))
    assert dict(zip(cases, found, strict=True)) == {case: expected(kind, case) for case in cases}


async def test_an_answer_that_never_comes_is_a_timeout(server: Server, sdk: Any) -> None:
    cases = failing(*GEMINI_WAITS_FOR_EVER)
    server.says(fails("timeout"), times=100)
    found = await asyncio.gather(*(raised(sdk, case, 0.3) for case in cases))
    assert dict(zip(cases, found, strict=True)) == {case: expected("timeout", case) for case in cases}


@runs()
async def test_only_openais_client_tries_again_by_itself(server: Server, sdk: Any, provider: str, stream: bool) -> None:
    server.says(*[fails("rate_limit", retry_after=0.01)] * 2, "Third time lucky.")
    if provider in ("openai", "azure", "native"):
        assert (await sdk.run(sdk.agent(provider), stream=stream))[0].final_output == "Third time lucky."
    else:
        with pytest.raises(sdk.OpenAIError):
            await sdk.run(sdk.agent(provider), stream=stream)
        assert len(server.log) == 1


@runs("ollama")
async def test_a_refused_key_raises_what_a_wrong_one_does_and_brings_the_note(
    server: Server, sdk: Any, provider: str, stream: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "sk-real-0123456789abcdef"
    monkeypatch.setenv(ENDPOINTS["openai" if provider == "native" else provider].keys[0], key)
    with pytest.raises(sdk.OpenAIError, match="You are offline") as caught:
        await sdk.run(sdk.agent(provider), stream=stream)
    found = f"{type(caught.value).__name__} {caught.value.status_code}"
    assert found == expected("wrong_key", f"{provider} stream" if stream else provider)
    assert key not in repr(list(server.log))


# --- what LiteLLM 1.106 gets wrong -------------------------------------------------------------------------------


@pytest.mark.skipif(STACK_B, reason="mended")
async def test_known_limit_cohere_loses_streamed_tool_calls_without_a_word(server: Server, sdk: Any) -> None:
    server.says(call("get_weather", city="Oslo"), "It rains.")
    result, _ = await sdk.run(sdk.agent("cohere", tools=[sdk.get_weather]), stream=True)
    assert (result.final_output, len(server.log), server.waiting) == ("", 1, 1)


async def test_known_limit_cohere_counts_a_streams_tokens_by_itself(server: Server, sdk: Any) -> None:
    server.says(Reply(text="Hi there.", usage=Usage(input=120, output=45)))
    result, _ = await sdk.run(sdk.agent("cohere"), stream=True)
    used = result.context_wrapper.usage
    assert 0 < used.input_tokens < 120
    assert 0 < used.output_tokens < 45


async def test_known_limit_cohere_drops_what_was_said_before_a_tool_call(server: Server, sdk: Any) -> None:
    server.says(["I will look.", call("get_weather", city="Oslo")], "It rains.")
    await sdk.run(sdk.agent("cohere", tools=[sdk.get_weather]))
    assert [m.text for m in server.log[-1].ask.messages if m.role == "assistant"] == [""]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_known_limit_cohere_refuses_an_output_type(server: Server, sdk: Any, stream: bool) -> None:
    with pytest.raises(sdk.OpenAIError, match="does not support parameters: .'response_format'.") as caught:
        await sdk.run(sdk.agent("cohere", output_type=sdk.City), stream=stream)
    assert (type(caught.value).__name__, len(server.log)) == ("UnsupportedParamsError", 0)


@pytest.mark.parametrize("choice", ["required", "get_weather"])
@pytest.mark.parametrize("provider", ["cohere", "ollama", "mistral"])
async def test_known_limit_a_forced_tool_is_not_passed_on(server: Server, sdk: Any, provider: str, choice: str) -> None:
    if (provider, choice) == ("mistral", "required"):
        pytest.skip("this it does pass on")
    result, _ = await sdk.run(sdk.agent(provider, {"tool_choice": choice}, tools=[sdk.get_weather]))
    assert (server.log[0].ask.forced, len(server.log)) == (None, 1)
    assert result.final_output.startswith("[scripted]")


@pytest.mark.parametrize("choice", ["required", "get_weather"])
async def test_known_limit_newer_claude_models_refuse_a_forced_tool(server: Server, sdk: Any, choice: str) -> None:
    with pytest.raises(sdk.OpenAIError, match="does not support forced tool use") as caught:
        await sdk.run(sdk.agent("anthropic", {"tool_choice": choice}, tools=[sdk.get_weather]))
    assert (type(caught.value).__name__, len(server.log)) == ("UnsupportedParamsError", 0)


async def test_known_limit_ollama_runs_streamed_parallel_calls_together(server: Server, sdk: Any) -> None:
    server.says([call("get_weather", city="a"), call("get_weather", city="b")], "Done.")
    with pytest.raises(sdk.OpenAIError, match="Extra data"):
        await sdk.run(sdk.agent("ollama", tools=[sdk.get_weather]), stream=True)


@pytest.mark.skipif(STACK_B, reason="mended")
async def test_known_limit_gemini_streams_ignore_the_timeout(server: Server, sdk: Any) -> None:
    server.says(fails("timeout"))
    begun = time.monotonic()
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(raised(sdk, "gemini stream", seconds=0.2), 1)
    assert time.monotonic() - begun >= 0.9


async def test_known_limit_most_streams_that_are_no_json_are_an_empty_answer(server: Server, sdk: Any) -> None:
    server.says(fails("not_json"), times=100)
    found = await asyncio.gather(*(raised(sdk, f"{provider} stream") for provider in EVERY))
    told = {"cohere": "MidStreamFallbackError 500", "bedrock": "MidStreamFallbackError 500"}
    told["native"] = "ModelBehaviorError None"
    assert dict(zip(EVERY, found, strict=True)) == {p: told.get(p, "nothing, but ''") for p in EVERY}


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_known_limit_ollamas_generate_has_one_tool_call_and_pasted_instructions(
    server: Server, sdk: Any, stream: bool
) -> None:
    made = sdk.agent(GENERATE, instructions="Be brief.", tools=[sdk.get_weather])
    server.says(call("get_weather", city="Oslo"), "It rains.")
    assert (await sdk.run(made, stream=stream))[0].final_output == "It rains."
    ask = server.log[0].ask
    assert (ask.instructions, ask.tools, server.log[0].path) == ("", (), "/api/generate")
    assert "### System:\nBe brief." in ask.user
    assert "get_weather" in ask.user
    server.says([call("get_weather", city="a"), call("get_weather", city="b")])
    both, _ = await sdk.run(made, stream=stream)
    assert both.final_output.count('{"name":"get_weather"') == 2  # as text; nothing was called
