"""Whatever a request's body is, it gets an answer or the provider's own refusal: no 500, no exception, no hang."""

from __future__ import annotations

import json
from collections.abc import Iterator, MutableMapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripted_providers import Server, call, fails
from scripted_providers.replies import ERRORS, Failure
from scripted_providers.wires import Wire
from wire_requests import OBJECT, WIRES, WireRequest, name, request

quick = settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def server() -> Server:
    return Server()  # never started: its application is called, and nothing is sent anywhere


# --- asking without a network ------------------------------------------------------------------------------------


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def asked(server: Server, sent: WireRequest, body: bytes) -> Answer:
    """Call the server's application. It may not wait for anything: what it awaits is there."""
    headers = {"content-type": "application/json", **sent.headers}
    scope = {
        "type": "http",
        "method": "POST",
        "path": sent.url,
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    events: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(event: MutableMapping[str, Any]) -> None:
        events.append(event)

    running = server.app(scope, receive, send)
    try:
        running.send(None)
    except StopIteration:
        pass
    else:
        raise AssertionError("it waits for something")
    start, *parts = events
    assert parts[-1]["more_body"] is False
    return Answer(
        start["status"],
        {name.decode(): value.decode() for name, value in start["headers"]},
        b"".join(part["body"] for part in parts),
    )


def shape(value: Any) -> Any:
    """Return a JSON value's keys, without what stands there."""
    return {key: shape(inner) for key, inner in value.items()} if isinstance(value, dict) else None


def judge(wire: Wire, answer: Answer) -> None:
    """Hold an answer to what any answer of this provider is."""
    if answer.status == 200:
        assert answer.body
        if answer.headers["content-type"] == "application/json":
            json.loads(answer.body, parse_constant=pytest.fail)
        return
    refused = json.loads(answer.body)
    assert 400 <= answer.status < 500, answer
    assert shape(refused) in [shape(wire.refuse(Failure(kind), "").body) for kind in ERRORS], answer


# --- bodies ------------------------------------------------------------------------------------------------------

WORDS = [
    *("", "type", "text", "role", "user", "assistant", "tool", "system", "name", "content", "function", "id"),
    *("$ref", "$defs", "enum", "anyOf", "required", "properties", "items", "minItems", "object", "array", "string"),
]
NASTY: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        -1,
        2**63,
        10**400,
        0.1,
        1e308,
        "",
        " ",
        "\x00",
        "\ud800",
        "\u2028",
        "é" * 300,
        "{",
        "%s{}",
    ),
    *([], [[]], [None], [{}], {}, {"": None}, {"type": None}, {"type": "object", "required": ["a"]}),
    *("any", "auto", "none", "required", "REQUIRED", "ANY", "json", "json_object", {"any": {}}, {"$ref": "#/$defs/a"}),
    *({"type": "tool", "name": "get_weather"}, {"type": "array", "minItems": 10**9, "items": {"type": "string"}}),
]
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(WORDS)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS) | st.text(), inner, max_size=4),
    max_leaves=12,
)
changes = st.lists(
    st.tuples(
        st.integers(0, 10_000),
        st.sampled_from(["replace", "remove", "repeat", "rename", "wrap"]),
        st.sampled_from(NASTY) | anything,
    ),
    min_size=1,
    max_size=3,
)
replies = st.sampled_from(
    [
        None,
        "Hello there,\n world. ",
        ["I will look.", call("get_weather", city="Oslo"), call("ping")],
        {"city": "Zürich"},
        fails("rate_limit", retry_after=0),
        fails("context_too_long"),
    ]
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Walk a JSON value: each container with each of its keys or indices."""
    inner = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    for key, below in inner:
        yield value, key
        yield from places(below)


def changed(body: Any, made: list[tuple[int, str, Any]]) -> Any:
    """Make changes to a request that is as it should be."""
    for number, what, value in made:
        found = list(places(body))
        if not found:
            break
        holder, key = found[number % len(found)]
        if what == "replace":
            holder[key] = deepcopy(value)
        elif what == "remove":
            del holder[key]
        elif what == "wrap":
            holder[key] = [holder[key]]
        elif isinstance(holder, list):
            holder.insert(key, deepcopy(holder[key]))
        elif isinstance(value, str):
            holder[value] = holder.pop(key) if what == "rename" else deepcopy(holder[key])
    return body


def told(server: Server, reply: Any) -> None:
    server.reset()
    if reply is not None:
        server.says(reply)


# --- the tests ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
def test_every_wire_takes_the_request_that_is_changed_here(server: Server, stream: bool) -> None:
    for wire in WIRES:
        sent = request(wire, stream=stream)
        answer = asked(server, sent, json.dumps(sent.body).encode())
        assert answer.status == 200, (name(wire), answer)
        assert server.log[-1].ask is not None


@settings(quick, max_examples=200)
@given(body=st.binary(max_size=60) | st.text(max_size=60).map(lambda t: t.encode("utf-8", "replace")))
def test_bytes(server: Server, body: bytes) -> None:
    for wire in WIRES:
        judge(wire, asked(server, request(wire), body))


@settings(quick, max_examples=400)
@given(body=anything, reply=replies, stream=st.booleans())
def test_json(server: Server, body: Any, reply: Any, stream: bool) -> None:
    for wire in WIRES:
        told(server, reply)
        judge(wire, asked(server, request(wire, stream=stream), json.dumps(body).encode()))


@settings(quick, max_examples=1000)
@given(made=changes, reply=replies, stream=st.booleans())
def test_requests_with_something_wrong(server: Server, made: list[Any], reply: Any, stream: bool) -> None:
    for wire in WIRES:
        told(server, reply)
        sent = request(wire, stream=stream)
        judge(wire, asked(server, sent, json.dumps(changed(sent.body, made)).encode()))


@pytest.mark.parametrize("depth", [50, 100, 200, 330, 480, 490, 500, 900, 1000, 5_000, 100_000])
def test_nesting_to_any_depth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, depth: int) -> None:
    monkeypatch.setenv("SCRIPTED_PROVIDERS_LOG", str(tmp_path))
    server = Server(record=True)
    for wire in WIRES:
        sent = request(wire)
        for place in ("tools", "messages", "schema", "anything"):
            deep = '{"a":[' * (depth // 2) + "1" + "]}" * (depth // 2)
            at = {"properties": "deep"} if place == "schema" else "deep"
            body = json.dumps(changed_at(sent.body, place, at)).replace('"deep"', deep)
            judge(wire, asked(server, sent, body.encode()))
    (log,) = tmp_path.iterdir()
    assert len(log.read_text().splitlines()) == 4 * len(WIRES)


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_numbers_that_could_not_be_written_back_are_no_json(server: Server, number: str) -> None:
    for wire in WIRES:
        sent = request(wire)
        body = json.dumps(changed_at(sent.body, "schema", {"default": "odd"})).replace('"odd"', number)
        answer = asked(server, sent, body.replace('\\"odd\\"', number).encode())
        judge(wire, answer)
        assert answer.status == 400 or wire.provider == "bedrock", answer  # its schema is JSON inside JSON


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_half_a_character_in_what_is_said_back_becomes_a_question_mark(server: Server, stream: bool) -> None:
    half = {"type": "object", "properties": {"half": {"const": "\ud800"}}, "required": ["half"]}
    for wire in WIRES:
        told(server, ["\ud800", call("get_weather", city="\ud800")])
        sent = request(wire, stream=stream)
        body = json.dumps(changed_at(sent.body, "schema", half)).encode()
        for _ in ("as told", "mirrored"):
            answer = asked(server, sent, body)
            judge(wire, answer)
            assert (answer.status, b"?" in answer.body) == (200, True), answer


GREEDY = {
    "arrays in arrays": {"type": "array", "minItems": 10**9, "items": {"$ref": "#/$defs/a"}},
    "itself": {"$ref": "#/$defs/a"},
    "twice itself": {
        "type": "object",
        "required": ["l", "r"],
        "properties": dict.fromkeys("lr", {"$ref": "#/$defs/a"}),
    },
    "a long text": {"type": "string", "minLength": 10**12},
    "a long number": {"type": "integer", "minimum": 10**4000},
    "many names": {"type": "object", "required": [str(n) for n in range(1_000)]},
}


@pytest.mark.parametrize("greedy", GREEDY.values(), ids=GREEDY)
def test_a_schema_that_asks_for_too_much_gets_an_answer_of_some_size(server: Server, greedy: Any) -> None:
    schema = {"$defs": {"a": greedy}, **greedy}
    for wire in WIRES:
        sent = request(wire, stream=True)
        answer = asked(server, sent, json.dumps(changed_at(sent.body, "schema", schema)).encode())
        judge(wire, answer)
        assert len(answer.body) < 10_000_000


def changed_at(body: Any, place: str, value: Any) -> Any:
    """Put a value at a place of a request: where its schemas stand, or under a key."""
    if place == "schema":
        text = json.dumps(body).replace(json.dumps(json.dumps(OBJECT)), json.dumps(json.dumps(value)))
        return json.loads(text.replace(json.dumps(OBJECT), json.dumps(value)))
    return body | {place: value}


def test_some_of_it_over_http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRIPTED_PROVIDERS_LOG", str(tmp_path))
    with Server(record=True) as server, httpx.Client(base_url=server.base, timeout=5) as client:

        @settings(quick, max_examples=15)
        @given(made=changes, reply=replies, stream=st.booleans(), raw=st.none() | st.binary())
        def requests(made: list[Any], reply: Any, stream: bool, raw: bytes | None) -> None:
            for wire in WIRES:
                told(server, reply)
                sent = request(wire, stream=stream)
                body = json.dumps(changed(sent.body, made)).encode() if raw is None else raw
                got = client.post(sent.url, headers=sent.headers, content=body)
                judge(wire, Answer(got.status_code, dict(got.headers), got.content))
                assert got.headers["x-scripted"] == "true"

        requests()
    (log,) = tmp_path.iterdir()
    assert all(json.loads(line)["status"] for line in log.read_text().splitlines())
