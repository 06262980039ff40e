"""What the dialects of chat completions do that the shared cases of test_vendor_clients.py can't say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scripted_providers.replies import Ask, Call, Failure, Message, Reply, Usage
from scripted_providers.wires import BadRequest
from scripted_providers.wires.openai_chat import DIALECTS, OpenAIChat

OPENAI, MISTRAL, AZURE, TOGETHER = map(OpenAIChat, DIALECTS)
CALLS = Reply(text="Look.", calls=(Call("a", {"x": "1 2"}), Call("b")), usage=Usage(7, 3))
HELLO: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hi."}]}
TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]


def chunks(wire: OpenAIChat, reply: Reply = CALLS, **asked: Any) -> list[Any]:
    ask = Ask(wire.provider, "m", (Message("user", "Hi."),), stream=True, **asked)
    frames = [frame.decode() for frame in wire.stream(ask, reply, 1)]
    assert frames.pop() == "data: [DONE]\n\n"
    return [json.loads(frame.removeprefix("data: ")) for frame in frames]


def test_openai_streams_usage_only_when_asked_and_arguments_in_pieces() -> None:
    assert not any("usage" in chunk for chunk in chunks(OPENAI, stream_usage=False))
    asked = chunks(OPENAI)
    assert (asked[-1]["choices"], asked[-1]["usage"]["total_tokens"]) == ([], 10)
    arguments = [c["choices"][0]["delta"].get("tool_calls", [{}])[0].get("function") for c in asked[:-1]]
    assert [f["arguments"] for f in arguments if f] == ["", '{"x":"1', ' 2"}', "", "{}"]


def test_mistral_streams_calls_whole_and_usage_unasked_in_the_last_chunk() -> None:
    *earlier, last = chunks(MISTRAL, stream_usage=False)
    assert not any("tool_calls" in c["choices"][0]["delta"] or "usage" in c for c in earlier)
    calls = last["choices"][0]["delta"]["tool_calls"]
    assert [(c["index"], c["function"]["arguments"]) for c in calls] == [(0, '{"x":"1 2"}'), (1, "{}")]
    assert (last["choices"][0]["finish_reason"], last["usage"]["total_tokens"]) == ("tool_calls", 10)


def test_mistral_takes_back_the_ids_that_it_gives_and_no_other_providers() -> None:
    said = MISTRAL.write(Ask("mistral", "m", ()), CALLS, 12)["choices"][0]["message"]
    MISTRAL.read(HELLO | {"messages": [said]}, {}, {})
    said = OPENAI.write(Ask("openai", "m", ()), CALLS, 12)["choices"][0]["message"]
    OPENAI.read(HELLO | {"messages": [said]}, {}, {})
    with pytest.raises(BadRequest, match="Tool call id was call_scripted_12_1 but must be"):
        MISTRAL.read(HELLO | {"messages": [said]}, {}, {})


def test_any_is_mistrals_word_alone() -> None:
    assert MISTRAL.read(HELLO | {"tools": TOOLS, "tool_choice": "any"}, {}, {}).forced == "*"
    with pytest.raises(BadRequest, match="'none', 'auto', 'required' or a function"):
        OPENAI.read(HELLO | {"tools": TOOLS, "tool_choice": "any"}, {}, {})


def test_a_tool_is_forced_only_where_it_is_offered() -> None:
    named = {"type": "function", "function": {"name": "look"}}
    assert OPENAI.read(HELLO | {"tools": TOOLS, "tool_choice": named}, {}, {}).forced == "look"
    with pytest.raises(BadRequest, match="No tools are specified"):
        OPENAI.read(HELLO | {"tool_choice": named}, {}, {})
    other = {"type": "function", "function": {"name": "jump"}}
    with pytest.raises(BadRequest, match="Tool 'jump' not found in provided tools"):
        OPENAI.read(HELLO | {"tools": TOOLS, "tool_choice": other}, {}, {})


def test_azures_first_chunk_has_no_choices_and_its_deployment_is_the_model() -> None:
    first, *others = chunks(AZURE, stream_usage=False)
    assert first["choices"] == []
    assert "prompt_filter_results" in first
    assert all(len(chunk["choices"]) == 1 for chunk in others)
    for path, model in [("deployments/mine", "mine"), ("v1", "m")]:
        found = AZURE.route.fullmatch(f"/openai/{path}/chat/completions")
        assert found is not None
        assert AZURE.read(HELLO, found.groupdict(), {}).model == model


def test_azure_takes_its_own_key_header_or_a_bearers() -> None:
    assert AZURE.key({"api-key": "k"}, {}) == "k"
    assert AZURE.key({"authorization": "Bearer k"}, {}) == "k"
    assert OPENAI.key({"api-key": "k"}, {}) is None


def test_together_names_the_role_in_every_delta() -> None:
    assert {chunk["choices"][0]["delta"]["role"] for chunk in chunks(TOGETHER)} == {"assistant"}


def test_each_refuses_in_its_own_shape() -> None:
    wrong = Failure("wrong_key", message="No.")
    bodies = [wire.refuse(wrong, "m").body for wire in (OPENAI, MISTRAL, AZURE, TOGETHER)]
    assert [set(body) for body in bodies] == [{"error"}, {"detail"}, {"error"}, {"id", "error"}]
    assert bodies[2]["error"] == {"code": "401", "message": "No."}
    limits = [wire.refuse(Failure("rate_limit", 0.05), "m").headers for wire in (OPENAI, MISTRAL, AZURE, TOGETHER)]
    hints = {"retry-after": "0.05", "retry-after-ms": "50"}
    assert limits == [hints, {"retry-after": "0.05"}, hints, {"x-ratelimit-reset": "0.05"}]
