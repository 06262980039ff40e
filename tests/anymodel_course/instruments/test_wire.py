"""What was sent is shown whole, in rows that mean the same, and no key with it."""

import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from typing import Any
from urllib.parse import quote

import httpx
import litellm
import pytest
from agents import Agent, ModelSettings, Runner, function_tool
from agents.extensions.models.litellm_model import LitellmModel
from pydantic import BaseModel

from anymodel_course import session
from anymodel_course.instruments.wire import Wire, wire
from anymodel_course.instruments.wire_parts import OTHER, PARTS, Piece, parts_of
from anymodel_course.precall import KEPT, Reports
from anymodel_course.providers import PROVIDERS
from anymodel_course.sent import from_hook, scrubbed
from scripted_providers import DUMMY_KEY, ENDPOINTS, call, fails
from scripted_providers.server import Server

MODELS = {name: row.model for name, row in PROVIDERS.items()} | {
    "generate": "ollama/llama3.1",
    "forced": "anthropic/claude-opus-4-1",
    "responses": "",
}
NO_FORMAT = {"cohere"}  # LiteLLM refuses `output_type` there


class City(BaseModel):
    name: str


@function_tool
def get_weather(city: str) -> str:
    """Tell the weather."""
    return f"Sunny in {city}."


async def run(name: str, prompt: str = "Hello!", *, streamed: bool = False, **options: Any) -> None:
    model = {"model": LitellmModel(model=MODELS[name])} if MODELS[name] else {}
    agent: Agent[Any] = Agent(name="Plain", **{"instructions": "Be brief."} | model | options)
    if not streamed:
        await Runner.run(agent, prompt)
        return
    async for _ in Runner.run_streamed(agent, prompt).stream_events():
        pass


def cell(shown: Wire, part: str, number: int = 0) -> str:
    """What the text says of one part of one request."""
    names = [sent.provider for sent in shown.requests]
    section = re.split(r"^(?=\S)", str(shown), flags=re.MULTILINE)
    lines = next(s for s in section if s.startswith(f"{part}\n")).splitlines()[1:]
    if len(names) == 1:
        return "\n".join(line[2:] for line in lines)
    starts = [next(n for n, line in enumerate(lines) if line.startswith(f"  {name} ")) for name in names]
    own = lines[starts[number] : [*starts, None][number + 1]]
    return "\n".join(line[4 + max(map(len, names)) :] for line in own)


# --- one request ---


@pytest.mark.parametrize(
    ("name", "line", "header", "system"),
    [
        ("openai", "POST /v1/chat/completions", "authorization", "messages[0]"),
        ("anthropic", "POST /v1/messages", "x-api-key", "system"),
        ("gemini", "POST /v1beta/models/gemini-3.8-flash:generateContent", "x-goog-api-key", "system_instruction"),
        ("mistral", "POST /v1/chat/completions", "authorization", "messages[0]"),
        ("cohere", "POST /v2/chat", "authorization", "messages[0]"),
        ("bedrock", "POST /model/us.anthropic.claude-sonnet-4-6/converse", "authorization", "system"),
        (
            "azure",
            "POST /openai/deployments/gpt-4.1-mini/chat/completions?api-version=2024-10-22",
            "api-key",
            "messages[0]",
        ),
        ("ollama", "POST /api/chat", None, "messages[0]"),
        ("together", "POST /v1/chat/completions", "authorization", "messages[0]"),
        ("responses", "POST /v1/responses", "authorization", "instructions"),
    ],
)
async def test_a_request_is_shown_as_its_provider_got_it(
    name: str, line: str, header: str | None, system: str, started: Server
) -> None:
    session.model_says("Hello from the script.")
    await run(name)
    shown = wire()
    assert str(shown).splitlines()[0] == ("openai" if name == "responses" else name)
    assert cell(shown, "request") == line
    assert (f"{header}: [redacted]" in cell(shown, "headers")) is (header is not None)
    assert "stainless" not in str(shown)
    assert cell(shown, "system prompt").startswith(f"{system}: ")
    assert "Be brief." in cell(shown, "system prompt")
    assert "Be brief." not in cell(shown, "messages")
    assert "Hello!" in cell(shown, "messages")
    assert cell(shown, "answer").startswith("200 OK\n")
    assert "Hello from the script." in cell(shown, "answer")


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list) and value:
        for item in value:
            yield from leaves(item)
    else:
        yield json.dumps(value)


def with_a_tool() -> dict[str, Any]:
    return {"tools": [get_weather], "model_settings": ModelSettings(max_tokens=55, tool_choice="auto")}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("kind", ["tools", "output_type", "streamed"])
async def test_nothing_of_a_body_is_lost(kind: str, name: str, started: Server) -> None:
    if kind == "output_type":
        if name in NO_FORMAT:
            return
        session.model_says({"name": "Oslo"})
        await run(name, output_type=City)
    elif kind == "tools":
        session.model_says(call("get_weather", city="Oslo"), "Sunny.")
        await run(name, **with_a_tool())
    else:
        session.model_says("One two.")
        await run(name, streamed=True)
    sent = wire().requests[0]
    assert sent.body == started.log[-1].request
    found = parts_of(sent.provider, sent.body)
    pieces = [p for part in (*PARTS, OTHER) for p in found[part] if isinstance(p, Piece)]
    assert sorted(leaf for p in pieces for leaf in leaves(p.value)) == sorted(leaves(sent.body))
    want = {"tools": "tools", "output_type": "output format", "streamed": "streaming"}[kind]
    assert found[want]
    if kind == "tools":
        assert found[OTHER]
        assert "55" in json.dumps([p.value for p in found[OTHER] if isinstance(p, Piece)])


@pytest.mark.parametrize(
    ("name", "format_"),
    [
        ("openai", "response_format: "),
        ("anthropic", "output_format: "),
        ("gemini", 'generationConfig.response_mime_type: "application/json"\ngenerationConfig.response_json_schema: '),
        ("bedrock", "outputConfig.textFormat: "),
        ("ollama", "format: "),
        ("responses", "text.format: "),
        ("forced", "as a tool that has to be called: json_tool_call"),
    ],
)
async def test_the_output_format_is_found_where_each_provider_has_it(name: str, format_: str, started: Server) -> None:
    session.model_says({"name": "Oslo"})
    await run(name, output_type=City)
    assert cell(wire(), "output format").startswith(format_)


@pytest.mark.parametrize("name", PROVIDERS)
async def test_a_stream_is_shown_frame_by_frame(name: str, started: Server) -> None:
    session.model_says("One two.")
    await run(name, streamed=True)
    shown = wire()
    frames = cell(shown, "answer").splitlines()
    assert any("One" in line for line in frames)
    assert not any("One" in line and "two" in line for line in frames)
    assert isinstance(shown.requests[0].answer, list)


async def test_a_tool_call_that_is_forced_shows_as_the_choice(started: Server) -> None:
    session.model_says(call("get_weather", city="Oslo"))
    agent: Agent[Any] = Agent(
        name="Plain",
        model=LitellmModel(model=MODELS["gemini"]),
        tools=[get_weather],
        model_settings=ModelSettings(tool_choice="required"),
        tool_use_behavior="stop_on_first_tool",
    )
    await Runner.run(agent, "Hello!")
    assert '"ANY"' in cell(wire(), "tool choice")


async def test_what_litellm_asks_ollama_on_the_side_is_not_the_last_request(started: Server) -> None:
    session.model_says("Hello.")
    await run("openai")
    httpx.post(f"{started.base}/ollama/api/show", json={"name": "m"})
    assert started.log[-1].path == "/api/show"
    assert wire().requests[0].provider == "openai"


async def test_a_refused_key_and_a_refused_body_are_shown_too(started: Server) -> None:
    os.environ["ANTHROPIC_API_KEY"] = KEY
    with pytest.raises(litellm.AuthenticationError):
        await run("anthropic")
    shown = wire()
    assert cell(shown, "request") == "POST /v1/messages"
    assert cell(shown, "answer").startswith("401 Unauthorized\n")
    assert "you are offline, and this looks like a real key" in cell(shown, "answer")
    assert "0123456789" not in everything(shown)
    session.model_says(fails("rate_limit"), provider="gemini")
    with pytest.raises(litellm.RateLimitError):
        await run("gemini")
    assert cell(wire(), "answer").startswith("429 Too Many Requests\n")
    assert "Hello!" in cell(wire(), "messages")


@pytest.mark.parametrize(
    ("kind", "first"),
    [
        ("disconnect", "none: the connection was closed"),
        ("cut_stream", "200 OK, but the connection was closed before all of this was through"),
    ],
)
async def test_an_answer_that_never_arrived_whole_is_not_shown_as_one(kind: str, first: str, started: Server) -> None:
    session.model_says(fails(kind), provider="anthropic")
    with pytest.raises(litellm.InternalServerError):
        await run("anthropic")
    assert cell(wire(), "answer").splitlines()[0] == first


# --- side by side ---

THREE = ["openai", "anthropic", "gemini"]
SIDE_BY_SIDE = """\
request
  openai     POST /v1/chat/completions
  anthropic  POST /v1/messages
  gemini     POST /v1beta/models/gemini-3.8-flash:generateContent
headers
  openai     authorization: [redacted]
             content-type: application/json
  anthropic  anthropic-version: 2023-06-01
             content-type: application/json
             x-api-key: [redacted]
  gemini     content-type: application/json
             x-goog-api-key: [redacted]
model
  openai     model: "gpt-4.1-mini"
  anthropic  model: "claude-sonnet-5-5"
  gemini     in the path
system prompt
  openai     messages[0]: {"content": "Be brief.", "role": "system"}
  anthropic  system: [{"type": "text", "text": "Be brief."}]
  gemini     system_instruction: {"parts": [{"text": "Be brief."}]}
messages
  openai     messages: [{"role": "user", "content": "Hello!"}]
  anthropic  messages: [{"role": "user", "content": [{"type": "text", "text": "Hello!"}]}]
  gemini     contents: [{"role": "user", "parts": [{"text": "Hello!"}]}]
streaming
  openai     —
  anthropic  —
  gemini     in the path
other settings
  openai     —
  anthropic  max_tokens: 128000
  gemini     generationConfig: {"temperature": 1.0}
Received by the server on this machine; keys are redacted."""


async def test_a_comparison_puts_what_means_the_same_into_one_row(started: Server) -> None:
    for name in THREE:
        await run(name)
    shown = wire(compare=THREE)
    assert str(shown) == repr(shown) == SIDE_BY_SIDE
    page = shown._repr_html_()
    assert re.findall(r'<th scope="col"[^>]*>([^<]+)', page) == ["part", *THREE]
    row = re.search(r'<tr><th scope="row"[^>]*>system prompt</th>(.*?)</tr>', page, re.DOTALL)
    assert row
    assert re.findall(r"<pre[^>]*>(\w+)", row[1]) == ["messages", "system", "system_instruction"]
    assert page.count("<td") == 3 * page.count('<th scope="row"')


async def test_a_comparison_is_the_same_on_another_port_and_in_another_order_of_runs(started: Server) -> None:
    shown = []
    for order in (THREE, THREE[::-1]):
        for name in order:
            session.model_says("Hello.")
            await run(name)
        again = wire(compare=THREE)
        shown.append(str(again) + again._repr_html_())
        assert session.stand_in().base.rpartition(":")[2] not in shown[-1]
        session.stand_in().stop()
        with redirect_stdout(StringIO()):
            session.start()
    assert shown[0] == shown[1]


async def test_the_last_request_of_each_counts(started: Server) -> None:
    for prompt in ("First.", "Second."):
        for name in ("openai", "anthropic"):
            await run(name, prompt)
    await run("openai", "Third.")
    shown = wire(compare=["anthropic", "openai"])
    assert [sent.provider for sent in shown.requests] == ["anthropic", "openai"]
    assert "Second." in cell(shown, "messages", 0)
    assert "Third." in cell(shown, "messages", 1)
    assert "First." not in str(shown)
    assert [sent.provider for sent in wire().requests] == ["openai"]


async def test_one_name_shows_that_providers_last_request_with_its_answer(started: Server) -> None:
    session.model_says("From Claude.", "From OpenAI.")
    await run("anthropic")
    await run("openai")
    for one in ("anthropic", ["anthropic"], ["anthropic", "anthropic"], "anthropic/claude-sonnet-5-5"):
        assert "From Claude." in cell(wire(compare=one), "answer")


async def test_nine_providers_fit_one_comparison(started: Server) -> None:
    for name in PROVIDERS:
        await run(name, **with_a_tool())
    shown = wire(compare=PROVIDERS)
    assert [sent.provider for sent in shown.requests] == list(PROVIDERS)
    assert all("get_weather" in cell(shown, "tools", n) for n in range(9))
    assert all("Hello!" in cell(shown, "messages", n) for n in range(9))


async def test_single_parts_are_shown_alone_as_text_and_as_html(started: Server) -> None:
    await run("openai", tools=[get_weather])
    shown = wire(compare=["openai"], parts="tools")
    assert "get_weather" in cell(shown, "tools")
    assert re.findall(r"^(?!openai$)\S.*", str(shown), flags=re.MULTILINE) == ["tools", shown.note]
    assert re.findall(r'<th scope="row"[^>]*>([^<]+)', shown._repr_html_()) == ["tools"]
    assert shown.requests[0].body["messages"], "the request itself stays whole"
    assert wire(parts=["tools", "messages"]).parts == ("tools", "messages")


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize("parts", ["tool", ["tools", "tool"], [7]])
def test_a_part_that_no_request_has_is_refused(parts: Any) -> None:
    with pytest.raises(ValueError, match=r"A request has no part (7|'tool'\. Did you mean .*'tools')"):
        wire(parts=parts)


@pytest.mark.usefixtures("started")
def test_no_part_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match=r"parts=\[\]: name at least one of request, headers"):
        wire(parts=[])


async def test_a_row_says_who_has_nothing_there(started: Server) -> None:
    session.model_says({"name": "Oslo"})
    await run("openai", output_type=City)
    await run("cohere")
    assert cell(wire(compare=["openai", "cohere"]), "output format", 1) == "—"
    page = wire(compare=["openai", "cohere"])._repr_html_()
    assert re.search(r">output format</th><td[^>]*><pre[^>]*>.*?</td><td[^>]*>—</td>", page, re.DOTALL)


# --- what cannot be shown ---


async def test_before_anything_was_sent_it_says_what_to_do(started: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for compare in (None, ["openai"]):
        with pytest.raises(RuntimeError, match=r"Nothing was sent since course\.start\(\)\. Run an agent"):
            wire(compare)
    await run("openai")
    with pytest.raises(RuntimeError, match=r"Nothing was sent to gemini and cohere .*only to openai\. Run the agent"):
        wire(["openai", "gemini", "cohere"])
    with redirect_stdout(StringIO()):
        session.start()
    with pytest.raises(RuntimeError, match="Nothing was sent"):
        wire()
    monkeypatch.setattr(session, "_server", None)
    with pytest.raises(RuntimeError, match=r"call course\.start\(\) first"):
        wire()


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize(
    ("compare", "kind", "message"),
    [
        (["openai", "antropic"], ValueError, "'antropic'. Did you mean 'anthropic'"),
        ("opnai", ValueError, "Did you mean 'openai'"),
        ([], ValueError, "compare is empty: name providers. There are: openai"),
        (7, TypeError, r'compare=7: name providers, as in compare=\["openai", "anthropic"\]'),
        (["openai", None], TypeError, "name providers"),
        (True, TypeError, "name providers"),
    ],
)
def test_a_comparison_that_cannot_be_is_refused(compare: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        wire(compare)


@pytest.mark.usefixtures("learner")
def test_asking_for_it_before_start_imports_no_litellm() -> None:
    code = "import sys, anymodel_course as course; course.wire; print({'litellm', 'agents'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=180)
    assert done.stdout == "set()\n", done.stderr


# --- whatever stands in it ---


async def test_text_of_any_kind_comes_through_and_breaks_nothing(started: Server) -> None:
    odd = "Grüße 👩‍💻 日本語 </pre><script>alert(1)</script> \x1b[31m \u2028 \ud800 'x' \"y\""
    session.model_says("Fine: <b>ü</b>.")
    await run("openai", instructions=odd.replace("\ud800", ""))
    body = {"model": "m", "messages": [{"role": "user", "content": odd}]}
    httpx.post(
        f"{started.base}/anthropic/v1/messages",
        content=json.dumps(body | {"max_tokens": 9}),
        headers={"x-api-key": DUMMY_KEY},
    )
    for name in ("openai", "anthropic"):
        shown = wire(name)
        for view in (str(shown), shown._repr_html_()):
            view.encode()
            assert "Grüße 👩‍💻 日本語" in view
            assert "\x1b" not in view
            assert "\u2028" not in view
        assert "<script>" not in shown._repr_html_()
        assert "<b>" not in shown._repr_html_()
    assert r"\ud800" in str(wire("anthropic"))


async def test_long_bodies_fold_and_stay_whole_underneath(started: Server) -> None:
    prompt = "word " * 20_000
    await run("openai", prompt, instructions="x" * 50_000, tools=[get_weather])
    shown = wire()
    assert len(str(shown)) < 15_000
    assert len(shown._repr_html_()) < 15_000
    assert "more characters]" in cell(shown, "messages")
    assert shown.requests[0].body["messages"][1]["content"] == prompt
    agent: Agent[Any] = Agent(name="Plain", model=LitellmModel(model=MODELS["openai"]))
    turns = [{"role": ("user", "assistant")[n % 2], "content": f"message {n}"} for n in range(101)]
    await Runner.run(agent, turns)  # type: ignore[arg-type]
    shown = wire()
    assert cell(shown, "messages").endswith("… 63 more lines")
    assert re.search(r"<details><summary>103 lines</summary><pre[^>]*>messages: \[", shown._repr_html_())
    assert "message 100" in shown._repr_html_()


def test_a_body_in_no_known_format_is_shown_whole() -> None:
    for body in ([1, {"a": 2}], "text", 7, {"unknown": [1]}, {"messages": {"not": "a list"}}, {"messages": [None, 3]}):
        for name in (*PROVIDERS, "groq"):
            found = parts_of(name, body)
            pieces = [p for part in found.values() for p in part if isinstance(p, Piece)]
            assert [p.value for p in pieces] == (list(body.values()) if isinstance(body, dict) else [body])
    deep: Any = "end"
    for _ in range(900):
        deep = [deep]
    sent = from_hook("openai", "https://host.example", {}, {"messages": deep}, [], 0.0)
    assert "messages: " in str(Wire((sent,)))


# --- keys ---

KEY = "sk-real-0123456789abcd4f2a"


def everything(shown: Wire) -> str:
    """All that a learner, a notebook or a pickle can get out of it."""
    return (
        f"{shown!s}{shown!r}{shown._repr_html_()}{shown.requests!r}{shown.requests[0].body}"
        + pickle.dumps(shown).decode("latin-1")
        + repr(session.reported())
        + pickle.dumps(session.reported()).decode("latin-1")
    )


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
async def test_no_key_of_any_alias_is_shown_offline(streamed: bool, started: Server) -> None:
    for endpoint in ENDPOINTS.values():
        os.environ.update({variable: f"{KEY}-{variable}" for variable in endpoint.variables})
    with redirect_stdout(StringIO()):
        session.start()
    for name in PROVIDERS:
        await run(name, f"Is {KEY}-ANTHROPIC_API_KEY a good key?", streamed=streamed)
        assert "0123456789" not in everything(wire())
        assert "Is [redacted] a good key?" in str(wire())
    assert "0123456789" not in everything(wire(PROVIDERS))


PATHLESS = {"openai": "/v1", "azure": ""}


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("name", PROVIDERS)
async def test_live_it_is_what_litellm_reports_and_no_key(
    name: str, streamed: bool, started: Server, vendor: Any
) -> None:
    row = PROVIDERS[name]
    aliases = [v for v in row.endpoint.variables if any(word in v for word in ("KEY", "TOKEN", "SECRET"))]
    planted = {v: f"plain-{n}-0123456789-4f2a" for n, v in enumerate(aliases) if "ID_TOKEN" not in v}
    if name == "bedrock":  # a bearer token and a signature exclude each other, and botocore reads the others
        planted = {k: v for k, v in planted.items() if k in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    if name == "azure":
        planted.pop("AZURE_AD_TOKEN", None)
    os.environ.update(vendor.own(name) | planted)
    with redirect_stdout(StringIO()):
        session.start(live=[name])
    vendor.server.says("From the vendor.", times=9)
    await run(name, f"Is {' or '.join(planted.values())} good?", streamed=streamed, **with_a_tool())
    shown = wire()
    sent, received = shown.requests[0], vendor.server.log[-1]
    assert sent.reported
    assert sent.provider == name
    base = f"{vendor.server.base}/{name}"
    assert sent.line.rstrip("/") == base + PATHLESS.get(name, received.path)
    differences = {k for k in {*sent.body, *received.request} if sent.body.get(k) != received.request.get(k)}
    allowed = {"messages", "contents"} if planted else set()  # there the planted keys stand
    assert differences <= allowed | ({"stream"} if streamed and name == "anthropic" else set())
    assert "0123456789" not in everything(shown)
    assert "Reported by LiteLLM before it sent it" in str(shown)
    assert (f"no path for {row.title}" in str(shown)) is (name in PATHLESS)
    assert "answer" not in str(shown).replace("no answer", "")
    if not (name == "openai" and streamed) and row.key_sets:
        assert "[redacted]" in cell(shown, "headers")


async def test_live_and_offline_stand_side_by_side(started: Server, vendor: Any) -> None:
    os.environ.update(vendor.own("anthropic"))
    with redirect_stdout(StringIO()):
        session.start(live=["anthropic"])
    vendor.server.says("From the vendor.")
    await run("anthropic")
    await run("openai")
    shown = wire(["anthropic", "openai"])
    assert [sent.reported for sent in shown.requests] == [True, False]
    assert shown.note.startswith("Received by the server on this machine (openai); keys are redacted. Reported by")
    assert wire().requests[0].provider == "openai"
    assert wire().requests == wire("openai").requests
    with redirect_stdout(StringIO()):
        session.start()
    with pytest.raises(RuntimeError, match="Nothing was sent"):
        wire()
    assert session.reported() == []


async def test_an_address_of_the_learners_own_is_shown_offline_too(started: Server, vendor: Any) -> None:
    vendor.server.says("From the gateway.")
    gateway = LitellmModel(
        model="openai/house-model", base_url=f"{vendor.server.base}/openai/v1", api_key="gate-0123456789"
    )
    await Runner.run(Agent(name="Plain", model=gateway), "My key is gate-0123456789.")
    shown = wire()
    assert '"house-model"' in cell(shown, "model")
    assert cell(shown, "request").startswith(f"{vendor.server.base}/openai/v1")
    assert "0123456789" not in everything(shown)


@pytest.mark.parametrize(
    "text",
    [
        "sk-" + "a1" * 12,
        "sk-ant-api03-" + "b2" * 12,
        "AIza" + "c3" * 17,
        "AKIA" + "Z9" * 8,
        "gsk_" + "d4" * 12,
        "Bearer " + "e5" * 12,
        "house secret/with+signs=",
    ],
)
def test_a_key_is_taken_out_of_wherever_it_stands(text: str) -> None:
    secrets = ["house secret/with+signs=", "house"]
    body = {"messages": [{"content": f"It is {text}, yes."}], text: 1, "more": {"n": [text, None, 1.5, True]}}
    shown = scrubbed(body, secrets)
    assert shown == {
        "messages": [{"content": "It is [redacted], yes."}],
        "[redacted]": 1,
        "more": {"n": ["[redacted]", None, 1.5, True]},
    }
    headers = {"Authorization": f"Bearer {text}", "X-Team": text, "Content-Type": "application/json", "none": None}
    address = f"https://me:{quote(text, safe='')}@host.example/v1/x?alt=sse&key={text}"
    sent = from_hook("gemini", address, headers, {"contents": text}, [text], 0.0)
    assert text not in repr(sent)
    assert sent.line == "https://host.example/v1/x?alt=sse&key=[redacted]"
    assert sent.headers == {"authorization": "[redacted]", "x-team": "[redacted]", "content-type": "application/json"}


def test_a_key_of_no_known_look_is_known_from_its_header_from_the_call_and_in_an_address() -> None:
    carried, given = "from the-header-77", "from/the-call-88"
    body = {"text": "the-header-77 or from/the-call-88"}
    headers = {"Authorization": f"Bearer {carried}", "X-Team": "harmless, as far as anybody knows"}
    sent = from_hook("openai", f"https://host.example/{quote(given, safe='')}/v1", headers, body, [given], 0.0)
    assert sent.body == {"text": "[redacted] or [redacted]"}
    assert sent.line == "https://host.example/[redacted]/v1"
    assert sent.headers == {"authorization": "[redacted]", "x-team": "[redacted]"}


def test_a_key_that_begins_with_another_leaves_no_end() -> None:
    secrets = {"house-key-1", "house-key-1-and-more", "house-key-1-and-more-still"}
    for order in (sorted(secrets), sorted(secrets)[::-1]):
        assert scrubbed("house-key-1-and-more-still", order) == "[redacted]"


def test_what_only_sounds_like_a_key_stays() -> None:
    body = {
        "max_tokens": 55,
        "prompt_cache_key": "lesson",
        "key": "C major",
        "tools": [{"parameters": {"properties": {"api_key": {"type": "string"}, "password": {"type": "string"}}}}],
        "text": "A tokenizer counts tokens; sk-8 is a road, and call_scripted_1_1 an id.",
    }
    assert scrubbed(body, []) == body
    assert scrubbed({"api_key": "x", "x-api-key": "y", "aws_secret_access_key": "z"}, []) == {
        "api_key": "[redacted]",
        "x-api-key": "[redacted]",
        "aws_secret_access_key": "[redacted]",
    }


# --- the hook ---


def reported(**more: Any) -> dict[str, Any]:
    told = {"api_base": "https://host.example/v1", "headers": {}, "complete_input_dict": {"messages": []}}
    return {"additional_args": told | more, "custom_llm_provider": "openai"}


def test_the_hook_keeps_the_last_calls_only_and_none_of_the_stand_ins() -> None:
    hook = Reports()
    hook.watch("http://127.0.0.1:4120")
    for n in range(KEPT + 7):
        hook.log_pre_api_call("m", [], reported(complete_input_dict={"messages": [], "n": n}))
        hook.log_pre_api_call("m", [], reported(api_base="http://127.0.0.1:4120/openai/v1"))
    assert [sent.body["n"] for sent in hook.calls] == list(range(7, KEPT + 7))
    hook.log_pre_api_call("m", [], reported(api_base="http://127.0.0.1:41209/openai/v1"))
    assert hook.calls[-1].line == "http://127.0.0.1:41209/openai/v1"


def test_what_was_reported_does_not_change_with_the_call() -> None:
    hook = Reports()
    hook.watch("http://127.0.0.1:4120")
    body = {"messages": [{"role": "user", "content": "before"}], "extra_body": {"top_k": 3}, "odd": object()}
    hook.log_pre_api_call("m", [], reported(complete_input_dict=body))
    body["messages"][0]["content"] = "after"  # type: ignore[index]
    assert hook.calls[0].body == {
        "messages": [{"role": "user", "content": "before"}],
        "top_k": 3,
        "odd": "(not JSON)",
    }
    assert "extra_body" in body


@pytest.mark.parametrize(
    "kwargs",
    [{}, {"additional_args": None}, reported(headers=7), reported(complete_input_dict={1: {2: 3}}, api_base=None)],
)
async def test_nothing_that_the_hook_is_told_breaks_a_run(
    kwargs: dict[str, Any], started: Server, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    hook = session._reports
    assert hook
    hook.log_pre_api_call("m", [], kwargs)
    monkeypatch.setattr("anymodel_course.precall._sent", lambda *_: 1 / 0)
    monkeypatch.setattr(hook, "_stand_in", "http://elsewhere/")
    session.model_says("Hello.")
    await run("openai")
    assert started.log[-1].status == 200
    assert capfd.readouterr().err == ""


async def test_starting_again_installs_the_hook_once(started: Server) -> None:
    with redirect_stdout(StringIO()):
        session.start()
    assert [c for c in litellm.input_callback if isinstance(c, Reports)] == [session._reports]
