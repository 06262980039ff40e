"""What Cohere does that the shared cases of test_vendor_clients.py can't say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from scripted_providers import Server, call

HELLO: dict[str, Any] = {"model": "command-a-03-2025", "messages": [{"role": "user", "content": "Hi."}], "stream": True}
ORDER = ["message-start", "tool-plan-delta", "tool-call-start", "tool-call-delta", "tool-call-end", "message-end"]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def ask(server: Server, accept: str = "*/*", **more: Any) -> httpx.Response:
    headers = {"authorization": "Bearer any-key", "accept": accept}
    return httpx.post(f"{server.base}/cohere/v2/chat", headers=headers, json=HELLO | more)


@pytest.mark.parametrize("accept", ["*/*", "text/event-stream", "application/json, text/event-stream"])
def test_a_stream_is_server_sent_events(server: Server, accept: str) -> None:
    server.says(["Look.", call("get_weather", city="Oslo")])
    answer = ask(server, accept)
    assert answer.headers["content-type"] == "text/event-stream"
    *events, done = answer.text.removesuffix("\n\n").split("\n\n")
    assert [event.splitlines()[0].removeprefix("event: ") for event in events] == ORDER
    assert done == "data: [DONE]"


def test_who_accepts_json_alone_gets_the_same_objects_line_by_line(server: Server) -> None:
    server.says(["Look.", call("get_weather", city="Oslo")])
    answer = ask(server, "application/json")
    assert answer.headers["content-type"] == "application/stream+json"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["type"] for line in lines] == ORDER
    assert lines[-1]["delta"]["finish_reason"] == "TOOL_CALL"


def test_documents_and_single_parts_are_read(server: Server) -> None:
    calls = [{"id": "1", "type": "function", "function": {"name": "look"}}]
    messages = [
        {"role": "user", "content": {"type": "text", "text": "Hi."}},
        {"role": "assistant", "tool_plan": "I will look.", "tool_calls": calls},
        {
            "role": "tool",
            "tool_call_id": "1",
            "content": [{"type": "document", "document": {"data": {"city": "Oslo"}}}],
        },
    ]
    assert ask(server, messages=messages).status_code == 200
    understood = server.log[-1].ask
    assert understood is not None
    assert [message.text for message in understood.messages] == ["Hi.", "I will look.", '{"city":"Oslo"}']


def test_the_schema_may_stand_under_its_older_name(server: Server) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    answer = ask(server, stream=False, response_format={"type": "json_object", "schema": schema}).json()
    assert answer["message"]["content"] == [{"type": "text", "text": '{"n": 0}'}]
