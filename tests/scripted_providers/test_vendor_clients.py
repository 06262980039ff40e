"""Every wire, judged by a client that we did not write: the vendor's own.

The client builds the request and parses the answer; what the server understood of the request has to be what was meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripted_providers import Server, call, fails
from scripted_providers.__main__ import main
from scripted_providers.replies import Call, Message, Reply, Tool, Usage
from vendor_clients import VENDORS
from vendor_clients.base import Refused, Vendor

WEATHER = Tool(
    "get_weather",
    {
        "type": "object",
        "properties": {"city": {"type": "string", "description": "The city."}},
        "required": ["city"],
    },
    "Look up the weather.",
)
CLOCK = Tool("get_time", {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]}, "Time.")
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"type": "integer"}},
    "required": ["city", "people"],
    "additionalProperties": False,
}
HELLO = [Message("user", "Say hello.")]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture(autouse=True)
def fresh(server: Server) -> None:
    server.reset()


@pytest.fixture(params=VENDORS, ids=lambda v: type(v).__name__)
def vendor(request: pytest.FixtureRequest) -> Vendor:
    return request.param


@pytest.fixture(params=[False, True], ids=["plain", "stream"])
def stream(request: pytest.FixtureRequest) -> bool:
    return request.param


def test_text_arrives_as_said(server: Server, vendor: Vendor, stream: bool) -> None:
    server.says("Hello there, \n\n  world. ")
    answer = vendor.ask(server.base, HELLO, stream=stream)
    assert answer.text == "Hello there, \n\n  world. "
    assert (answer.calls, answer.finish) == ((), "stop")
    assert server.log[-1].ask.stream is stream
    assert server.log[-1].ask.model == vendor.model


def test_unicode_survives_both_ways(server: Server, vendor: Vendor, stream: bool) -> None:
    server.says("Tōkyō 東京 🗼 “quoted” \\back\\slash \u2028 end")
    answer = vendor.ask(server.base, [Message("user", 'Größe? 🙂\t"x"')], instructions="Señor 漢字", stream=stream)
    assert answer.text == "Tōkyō 東京 🗼 “quoted” \\back\\slash \u2028 end"
    assert server.log[-1].ask.user == 'Größe? 🙂\t"x"'
    assert server.log[-1].ask.instructions == "Señor 漢字"


def test_a_conversation_is_understood_message_by_message(server: Server, vendor: Vendor) -> None:
    said = [
        Message("user", "My name is Ada."),
        Message("assistant", "Hello Ada."),
        Message("user", "What is my name?"),
    ]
    server.says("Ada.")
    assert vendor.ask(server.base, said, instructions="Be brief.").text == "Ada."
    assert list(server.log[-1].ask.messages) == said
    assert server.log[-1].ask.instructions == "Be brief."
    assert server.log[-1].ask.turn == 1


def test_one_tool_call_arrives_with_its_arguments(server: Server, vendor: Vendor, stream: bool) -> None:
    server.says(call("get_weather", city="São Paulo"))
    answer = vendor.ask(server.base, HELLO, tools=[WEATHER], stream=stream)
    assert answer.calls == (Call("get_weather", {"city": "São Paulo"}),)
    assert answer.finish == "tools"
    (tool,) = server.log[-1].ask.tools
    assert (tool.name, tool.description) == ("get_weather", "Look up the weather.")
    assert list(tool.parameters["properties"]) == ["city"]
    assert tool.parameters["required"] == ["city"]
    assert server.log[-1].ask.forced is None


def test_parallel_calls_arrive_in_order_after_the_text(server: Server, vendor: Vendor, stream: bool) -> None:
    said = [call("get_weather", city="Oslo"), call("get_time", zone="CET"), call("get_time", zone="EST")]
    server.says(["I will look.", *said])
    answer = vendor.ask(server.base, HELLO, tools=[WEATHER, CLOCK], stream=stream)
    assert answer.text == "I will look."
    assert [(c.name, dict(c.arguments)) for c in answer.calls] == [
        ("get_weather", {"city": "Oslo"}),
        ("get_time", {"zone": "CET"}),
        ("get_time", {"zone": "EST"}),
    ]


def test_a_call_without_arguments_has_none(server: Server, vendor: Vendor, stream: bool) -> None:
    server.says(call("ping"))
    ping = Tool("ping", {"type": "object", "properties": {}}, "Ping.")
    answer = vendor.ask(server.base, HELLO, tools=[ping], stream=stream)
    assert answer.calls == (Call("ping", {}),)


def test_tool_results_come_back_under_their_tools_names(server: Server, vendor: Vendor, stream: bool) -> None:
    said = [
        Message("user", "Weather and time?"),
        Message("assistant", "", (Call("get_weather", {"city": "Oslo"}), Call("get_time", {"zone": "CET"}))),
        Message("tool", "rain", tool="get_weather"),
        Message("tool", "12:00", tool="get_time"),
    ]
    server.says("It rains at noon.")
    assert vendor.ask(server.base, said, tools=[WEATHER, CLOCK], stream=stream).text == "It rains at noon."
    ask = server.log[-1].ask
    assert [(m.tool, m.text) for m in ask.results] == [("get_weather", "rain"), ("get_time", "12:00")]
    assert ask.messages[1].calls == said[1].calls
    assert (ask.turn, ask.user) == (2, "Weather and time?")


@pytest.mark.parametrize("forced", ["get_time", "*"])
def test_a_forced_tool_is_seen_and_called(server: Server, vendor: Vendor, forced: str, stream: bool) -> None:
    if getattr(vendor, "cannot_force", False):
        pytest.skip("nothing in this vendor's format can force a tool")
    if forced == "get_time" and getattr(vendor, "cannot_force_by_name", False):
        forced = "*"  # the vendor's format has no way to name one
    answer = vendor.ask(server.base, HELLO, tools=[CLOCK, WEATHER], forced=forced, stream=stream)
    assert server.log[-1].ask.forced in (forced, "get_time")
    assert answer.calls == (Call("get_time", {"zone": ""}),)  # the mirror calls the tool with the smallest arguments


def test_structured_output_is_demanded_and_fits(server: Server, vendor: Vendor, stream: bool) -> None:
    server.says({"city": "Zürich", "people": 3})
    answer = vendor.ask(server.base, HELLO, schema=CITY, stream=stream)
    assert answer.text == '{"city": "Zürich", "people": 3}'
    schema = server.log[-1].ask.schema
    assert schema is not None
    assert list(schema["properties"]) == ["city", "people"]
    mirrored = vendor.ask(server.base, HELLO, schema=CITY, stream=stream)
    assert mirrored.text == '{"city": "", "people": 0}'


def test_usage_is_what_was_scripted(server: Server, vendor: Vendor, stream: bool) -> None:
    server.says(Reply(text="Hi.", usage=Usage(input=120, output=45, cached=20, reasoning=5)))
    answer = vendor.ask(server.base, HELLO, stream=stream)
    assert (answer.input_tokens, answer.output_tokens) == (120, 45)


STATUS: dict[str, dict[str, int]] = {
    "wrong_key": {"gemini": 400, "bedrock": 403},
    "unknown_model": {"mistral": 400, "bedrock": 400},
    "rate_limit": {},
    "overloaded": {"anthropic": 529},
    "tools_unsupported": {},
    "bad_request": {},
    "context_too_long": {},
}
USUAL = {"wrong_key": 401, "unknown_model": 404, "rate_limit": 429, "overloaded": 503}


@pytest.mark.parametrize("kind", list(STATUS))
def test_errors_reach_the_client_as_its_own(server: Server, vendor: Vendor, kind: str, stream: bool) -> None:
    server.says(fails(kind, retry_after=0.01))
    with pytest.raises(Refused) as caught:
        vendor.ask(server.base, HELLO, tools=[WEATHER], stream=stream)
    assert caught.value.status == STATUS[kind].get(vendor.provider, USUAL.get(kind, 400))
    assert caught.value.error.__class__.__module__.split(".")[0] != "vendor_clients"


def test_a_bad_key_is_refused_before_anything_else(server: Server, vendor: Vendor) -> None:
    if vendor.provider == "ollama":
        pytest.skip("Ollama asks for no key")
    with pytest.raises(Refused) as caught:
        vendor.ask(server.base, HELLO, key="bad-key")
    assert caught.value.status == STATUS["wrong_key"].get(vendor.provider, 401)
    assert server.log[-1].ask is None
    assert "bad-key" not in repr(list(server.log))


@pytest.mark.parametrize("kind", ["timeout", "disconnect", "cut_stream"])
def test_faults_below_http_raise_and_never_hang(server: Server, vendor: Vendor, kind: str, stream: bool) -> None:
    server.says(fails(kind))
    with pytest.raises(Refused) as caught:
        vendor.ask(server.base, HELLO, stream=stream, timeout=0.25)
    assert caught.value.status is None


def test_an_answer_that_is_no_json_is_no_answer(server: Server, vendor: Vendor) -> None:
    server.says(fails("not_json"))
    with pytest.raises((Refused, AssertionError, AttributeError)):
        vendor.ask(server.base, HELLO)


def test_ids_say_that_they_are_scripted(server: Server, vendor: Vendor) -> None:
    if vendor.provider == "ollama":
        pytest.skip("Ollama's format has no ids")
    vendor.ask(server.base, HELLO)
    assert any("scripted" in str(frame) for frame in server.log[-1].response)
    assert server.log[-1].status == 200


# Each client as its vendor's first page makes it. Two want a key by a name that LiteLLM would prefer to its own;
# Mistral's is missing, for it takes its address in code only.
FIRST_STEPS = """
import anthropic, boto3, cohere, ollama, openai, together
from google import genai

said = [{"role": "user", "content": "Hello!"}]
chat = {"model": "some-model", "messages": said}
print(openai.OpenAI().chat.completions.create(**chat).choices[0].message.content)
print(openai.AzureOpenAI(api_key="any").chat.completions.create(**chat).choices[0].message.content)
print(together.Together(api_key="any").chat.completions.create(**chat).choices[0].message.content)
print(anthropic.Anthropic().messages.create(**chat, max_tokens=9).content[0].text)
google = genai.Client()  # it closes when nothing holds it
print(google.models.generate_content(model="some-model", contents="Hello!").text)
print(cohere.ClientV2().chat(**chat).message.content[0].text)
print(ollama.chat(**chat).message.content)
asked = {"modelId": "some-model", "messages": [{"role": "user", "content": [{"text": "Hello!"}]}]}
print(boto3.client("bedrock-runtime").converse(**asked)["output"]["message"]["content"][0]["text"])
"""


def test_clients_made_without_an_argument_come_here_where_a_program_is_run(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "first_steps.py").write_text(FIRST_STEPS, encoding="utf-8")
    (tmp_path / "rules.yaml").write_text("- when: {user: hello}\n  text: From the script.", encoding="utf-8")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://gateway.invalid")  # of the learner's own; it is not to be asked
    status = main(["run", "--scenario", str(tmp_path / "rules.yaml"), str(tmp_path / "first_steps.py")])
    told = capfd.readouterr()
    assert (status, told.out.split("\n")[:-1]) == (0, ["From the script."] * 8), told.err
