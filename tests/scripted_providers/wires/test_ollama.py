"""What Ollama does that the shared cases of test_vendor_clients.py can't say."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import ollama
import pytest

from scripted_providers import Server, call, fails
from scripted_providers.replies import Ask, Message, Reply, Usage
from scripted_providers.wires.ollama import OllamaChat

ASK = Ask("ollama", "llama3.1", (Message("user", "Hi."),), stream=True)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture(autouse=True)
def fresh(server: Server) -> None:
    server.reset()


def generated(server: Server, stream: bool, **asked: object) -> list[ollama.GenerateResponse]:
    with ollama.Client(f"{server.base}/ollama", timeout=5) as client:
        answer = client.generate("llama3.1", "Say hello.", stream=stream, **asked)
        return list(answer) if stream else [answer]


@pytest.mark.parametrize("stream", [False, True])
def test_generate_answers_one_prompt(server: Server, stream: bool) -> None:
    server.says(Reply(text="Hello there.", usage=Usage(12, 4)))
    parts = generated(server, stream, system="Be brief.")
    assert "".join(part.response for part in parts) == "Hello there."
    assert (parts[-1].done, parts[-1].prompt_eval_count, parts[-1].eval_count) == (True, 12, 4)
    ask = server.log[-1].ask
    assert (ask.user, ask.instructions, ask.stream) == ("Say hello.", "Be brief.", stream)


@pytest.mark.parametrize("stream", [False, True])
def test_generate_writes_a_call_as_nothing_but_json(server: Server, stream: bool) -> None:
    server.says(["I will look.", call("get_weather", city="Oslo")])
    text = "".join(part.response for part in generated(server, stream, format="json"))
    assert json.loads(text) == {"name": "get_weather", "arguments": {"city": "Oslo"}}
    assert server.log[-1].ask.schema == {}


def test_it_streams_unless_told_not_to(server: Server) -> None:
    url, body = f"{server.base}/ollama/api/chat", {"model": "llama3.1", "messages": [{"role": "user", "content": "Hi"}]}
    streamed = httpx.post(url, json=body)
    assert streamed.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line)["done"] for line in streamed.text.splitlines()][-1] is True
    assert httpx.post(url, json=body | {"stream": False}).json()["done"] is True


def test_a_line_has_no_line_end_inside() -> None:
    said = "a\x85b\u2028c\u2029d"
    lines = list(OllamaChat().stream(ASK, Reply(text=said), 1))
    assert all(line.decode().splitlines() == [line.decode().removesuffix("\n")] for line in lines)
    assert "".join(json.loads(line)["message"]["content"] for line in lines) == said


def test_results_without_names_answer_calls_in_order() -> None:
    calls = [{"function": {"name": name, "arguments": {}}} for name in ("one", "two")]
    asked = {
        "model": "m",
        "messages": [{"role": "assistant", "tool_calls": calls}] + [{"role": "tool", "content": "r"}] * 3,
    }
    ask = OllamaChat().read(asked, {}, {})
    assert [message.tool for message in ask.results] == ["one", "two", None]


def test_a_named_result_leaves_the_other_call_waiting() -> None:
    calls = [{"function": {"name": name, "arguments": {}}} for name in ("one", "two")]
    results = [{"role": "tool", "tool_name": "two"}, {"role": "tool"}]
    ask = OllamaChat().read({"model": "m", "messages": [{"role": "assistant", "tool_calls": calls}, *results]}, {}, {})
    assert [message.tool for message in ask.results] == ["two", "one"]


def test_a_model_that_was_not_pulled_is_said_in_a_bare_string(server: Server) -> None:
    server.says(fails("unknown_model"))
    with pytest.raises(ollama.ResponseError) as caught, ollama.Client(f"{server.base}/ollama") as client:
        client.chat("mistral", [{"role": "user", "content": "Hi"}])
    assert (caught.value.status_code, caught.value.error) == (404, 'model "mistral" not found, try pulling it first')
