"""What Responses does that the shared cases of test_vendor_clients.py can't say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scripted_providers import call
from scripted_providers.replies import Call, Message, Reply, reply_from, settle
from scripted_providers.wires import BadRequest
from scripted_providers.wires.openai_responses import OpenAIResponses

WIRE = OpenAIResponses()
CALL = {"type": "function_call", "call_id": "c1", "name": "get_weather", "arguments": '{"city": "Oslo"}'}
RESULT = {"type": "function_call_output", "call_id": "c1", "output": "rain"}


def read(items: Any, **asked: Any) -> Any:
    return WIRE.read({"model": "gpt-4.1-mini", "input": items} | asked, {}, {})


def kinds(reply: Reply) -> list[str]:
    ask = read("Hi.", stream=True)
    frames = [frame.decode().splitlines() for frame in WIRE.stream(ask, settle(ask, reply), 7)]
    events = [json.loads(data.removeprefix("data: ")) for _, data, *_ in frames]
    assert [name.removeprefix("event: ") for name, *_ in frames] == [event["type"] for event in events]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert events[-1]["response"] == WIRE.write(ask, settle(ask, reply), 7)
    return [event["type"].removeprefix("response.") for event in events]


def test_a_text_is_input_too() -> None:
    assert read("Hi.").messages == (Message("user", "Hi."),)


def test_calls_belong_to_the_message_before_them_and_reasoning_is_passed_over() -> None:
    said = {"role": "assistant", "content": [{"type": "output_text", "text": "I look."}]}
    thought = {"type": "reasoning", "id": "rs_1", "summary": []}
    second = CALL | {"call_id": "c2"}
    ask = read([{"role": "user", "content": "Hi."}, thought, said, CALL, second, RESULT, RESULT | {"call_id": "c2"}])
    oslo = Call("get_weather", {"city": "Oslo"})
    assert ask.messages[1] == Message("assistant", "I look.", (oslo, oslo))
    assert (ask.turn, [m.tool for m in ask.results]) == (2, ["get_weather", "get_weather"])


def test_instructions_come_from_three_places() -> None:
    items = [{"role": "system", "content": "two"}, {"role": "developer", "content": "three"}]
    assert read(items, instructions="one").instructions == "one\ntwo\nthree"


def test_hosted_tools_are_accepted_and_not_offered() -> None:
    tools = [{"type": "web_search"}, {"type": "function", "name": "get_weather", "parameters": None}]
    assert [tool.name for tool in read("Hi.", tools=tools, tool_choice={"type": "web_search"}).tools] == ["get_weather"]


@pytest.mark.parametrize(
    ("items", "asked", "words"),
    [
        ("Hi.", {"previous_response_id": "resp_1"}, "Previous response with id 'resp_1' not found."),
        ([{"type": "item_reference", "id": "msg_1"}], {}, "Item with id 'msg_1' not found."),
        ([CALL], {}, "No tool output found for function call c1."),
        ([RESULT], {}, "No tool call found for function call output with call_id c1."),
        ([{"role": "king", "content": "Hi."}], {}, "input.0.message.role"),
        ("Hi.", {"tools": [{"type": "web_search"}, {"type": "function"}]}, "tools[1].name"),
    ],
)
def test_what_does_not_fit_is_refused_in_openais_words(items: Any, asked: dict[str, Any], words: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read(items, **asked)
    assert words in str(caught.value)


def test_events_come_in_the_documented_order() -> None:
    start, item = ["created", "in_progress"], ["output_item.added"]
    text = ["content_part.added", "output_text.delta", "output_text.delta", "output_text.done", "content_part.done"]
    called = ["function_call_arguments.delta", "function_call_arguments.done"]
    end = ["output_item.done"]
    both = reply_from(["I look.", call("get_weather", city="Oslo")])
    assert kinds(both) == [*start, *item, *text, *end, *item, *called, *end, "completed"]
    assert kinds(Reply()) == [*start, *item, *(k for k in text if "delta" not in k), *end, "completed"]
