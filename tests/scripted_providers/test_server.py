"""The stand-in server over HTTP: who answers, what is refused and logged, how long it takes, and how it ends."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from scripted_providers import ENDPOINTS, Server, call, fails
from scripted_providers import server as module
from scripted_providers.log import Log
from scripted_providers.replies import Call, Failure, Pace, Reply, Usage
from scripted_providers.scenario import Scenario, parse
from scripted_providers.wires import Wire
from wire_requests import KEY, WIRES, name, request

CHAT = next(wire for wire in WIRES if name(wire) == "openai/v1/chat/completions")
every_wire = pytest.mark.parametrize("wire", WIRES, ids=name)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(hint="Add a rule.") as running:
        yield running


@pytest.fixture(autouse=True)
def fresh(server: Server) -> None:
    server.reset()


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=10, trust_env=False) as client:
        yield client


@pytest.fixture
def post(server: Server, http: httpx.Client) -> Callable[..., httpx.Response]:
    def send(wire: Wire = CHAT, to: Server = server, stream: bool = False, **more: Any) -> httpx.Response:
        sent = request(wire, stream=stream, plain=True)
        return http.post(to.base + sent.url, **{"headers": sent.headers, "json": sent.body} | more)

    return send


def text(answer: httpx.Response) -> str:
    """What OpenAI's chat said."""
    assert answer.status_code == 200, answer.text
    return answer.json()["choices"][0]["message"]["content"]


def soon(true: Callable[[], Any], seconds: float = 5.0) -> bool:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.005)
    return bool(true())


def raw(server: Server, sent: bytes = b"") -> socket.socket:
    """Open a connection and send these bytes."""
    host, port = server.base.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=5)
    connection.sendall(sent)
    return connection


def to_the_end(connection: socket.socket) -> bytes:
    """Read until the server closes."""
    with connection:
        return b"".join(iter(lambda: connection.recv(65536), b""))


def head(wire: Wire, length: int, version: str = "1.1", stream: bool = False) -> bytes:
    sent = request(wire, stream=stream)
    lines = [f"POST {sent.url} HTTP/{version}", "host: here", f"content-length: {length}"]
    return "\r\n".join([*lines, *(f"{n}: {v}" for n, v in sent.headers.items()), "", ""]).encode()


# --- who answers -------------------------------------------------------------------------------------------------


def test_the_queue_answers_before_the_scenario_and_the_scenario_before_the_mirror(post: Any) -> None:
    rules = Scenario(parse("# one\n- {when: {user: now}, text: Scenario.}", "some.yaml"))
    with Server(rules) as server:
        server.says("Queue.")
        assert server.waiting == 1
        assert [text(post(to=server)) for _ in range(2)] == ["Queue.", "Scenario."]
        server.scenario = Scenario()
        assert text(post(to=server)).startswith("[scripted] No script for this. I received: ")
        assert [e.answered_by for e in server.log] == ["queue", "some.yaml:2", "mirror"]
        assert server.waiting == 0


def test_a_queued_reply_for_one_provider_waits_for_it_and_lets_others_pass(server: Server, post: Any) -> None:
    mistral = next(wire for wire in WIRES if wire.provider == "mistral")
    server.says("For Mistral.", provider="mistral")
    server.says("For anyone.", "And again.")
    assert text(post()) == "For anyone."
    assert text(post(mistral)) == "For Mistral."
    assert text(post(mistral)) == "And again."


def test_times_queues_the_whole_sequence_again(server: Server, post: Any) -> None:
    server.says("One.", "Two.", times=2)
    assert [text(post()) for _ in range(4)] == ["One.", "Two.", "One.", "Two."]
    assert server.waiting == 0


@pytest.mark.parametrize(
    ("given", "more", "error", "told"),
    [
        ([], {}, TypeError, "Nothing to say. Give a string"),
        ([None], {}, TypeError, "A model cannot say None"),
        (["Fine.", 3], {}, TypeError, "A model cannot say 3"),
        (["Fine."], {"provider": "antropic"}, ValueError, "'antropic'. Did you mean 'anthropic'"),
        (["Fine."], {"provider": ["openai"]}, ValueError, "No provider .* There are: openai, "),
        (["Fine."], {"times": 0}, ValueError, "times=0: expected how often, a whole number from 1"),
        (["Fine."], {"times": True}, ValueError, "times=True: expected how often"),
        (["Fine."], {"times": 1.5}, ValueError, "times=1.5: expected how often"),
        (["Fine."], {"times": "2"}, ValueError, "times='2': expected how often"),
    ],
)
def test_wrong_arguments_are_told_and_queue_nothing(
    server: Server, given: list[Any], more: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        server.says(*given, **more)
    assert server.waiting == 0


def test_the_mirror_says_what_arrived_and_its_hint(server: Server, http: httpx.Client) -> None:
    sent = request(CHAT)
    del sent.body["response_format"]
    assert text(http.post(server.base + sent.url, headers=sent.headers, json=sent.body)) == (
        "[scripted] No script for this. I received: instructions (2 words), 4 messages, tools get_weather(city, days), "
        "no output_type. Add a rule."
    )


@every_wire
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_the_mirror_gives_json_where_a_format_is_demanded(
    server: Server, http: httpx.Client, wire: Wire, stream: bool
) -> None:
    sent = request(wire, stream=stream)
    answer = http.post(server.base + sent.url, headers=sent.headers, json=sent.body)
    assert answer.status_code == 200
    assert "city" in answer.text
    assert "No script" not in answer.text
    assert server.log[-1].answered_by == "mirror"


def test_reset_empties_the_queue_starts_sequences_again_and_forgets_the_log(post: Any) -> None:
    rules = Scenario(parse("- {when: {user: now}, replies: [{text: One.}, {text: Two.}]}", "some.yaml"))
    with Server(rules) as server:
        assert [text(post(to=server)) for _ in range(2)] == ["One.", "Two."]
        server.says("Queued.")
        server.reset()
        assert (server.waiting, len(server.log)) == (0, 0)
        assert text(post(to=server)) == "One."
        assert len(server.log) == 1
        assert server.log[-1].number == 3, "ids that somebody kept are not given again"


def test_two_threads_fill_and_empty_the_queue_and_nothing_is_lost_or_given_twice(server: Server) -> None:
    said = [f"Number {n}." for n in range(100)]
    heard: list[str] = []
    sent = request(CHAT, plain=True)

    def fill() -> None:
        for one in said:
            server.says(one, provider="openai")

    def empty() -> None:
        with httpx.Client(timeout=10, trust_env=False) as client:
            while len(heard) < len(said):
                got = text(client.post(server.base + sent.url, headers=sent.headers, json=sent.body))
                if not got.startswith("[scripted]"):  # or the queue was empty
                    heard.append(got)

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(work) for work in (empty, fill, empty)]:
            done.result(20)
    assert sorted(heard) == sorted(said)


# --- what is logged ----------------------------------------------------------------------------------------------


def test_an_exchange_holds_what_was_sent_and_answered(server: Server, post: Any) -> None:
    server.says(Reply(text="Hi there.", usage=Usage(12, 3)))
    answer = post(stream=True, params={"api-version": "1", "secret": "x"})
    exchange = server.log[-1]
    assert exchange.path == "/v1/chat/completions?api-version=1&secret=[redacted]"
    assert (exchange.provider, exchange.method, exchange.status) == ("openai", "POST", 200)
    assert exchange.request["messages"] == [{"role": "user", "content": "And now?"}]
    assert exchange.ask is not None
    assert exchange.ask.user == "And now?"
    assert "".join(exchange.response) == answer.text
    assert exchange.response_headers["content-type"] == answer.headers["content-type"] == "text/event-stream"
    assert exchange.usage == Usage(12, 3)
    assert soon(lambda: exchange.seconds is not None)


def test_exchanges_are_written_to_a_folder_only_where_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, post: Any
) -> None:
    for folder in ("asked", "not"):
        monkeypatch.setenv("SCRIPTED_PROVIDERS_LOG", str(tmp_path / folder / "deep"))
        with Server(record=folder == "asked") as server:
            for said in ("Größe.", "Again."):
                server.says(said)
                post(to=server)
            assert soon(lambda server=server: server.log[-1].seconds is not None)
    (file,) = (tmp_path / "asked" / "deep").iterdir()
    assert not (tmp_path / "not").exists()
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [(line["number"], line["answered_by"], line["ask"]["model"]) for line in lines] == [
        (1, "queue", "some-model"),
        (2, "queue", "some-model"),
    ]


def test_the_log_keeps_a_thousand_and_counts_them_all() -> None:
    log = Log()
    for _ in range(1200):
        log.close(log.open(provider="openai", method="POST", path="/", request_headers={}))
    assert (len(log), log.count, log[0].number, log[-1].number) == (1000, 1200, 201, 1200)


@every_wire
@pytest.mark.parametrize("accepted", [True, False], ids=["accepted", "refused"])
def test_a_key_is_in_no_log_and_no_answer_wherever_it_was_put(
    wire: Wire, accepted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPTED_PROVIDERS_LOG", str(tmp_path))
    echo = Scenario(parse("- {when: {user: '(?P<said>.+)', turn: 1}, text: 'You said {said} to {model}.'}", "s.yaml"))
    heard = b""
    server = Server(echo, judge=lambda key: None if accepted else "No.", record=True)
    with server, httpx.Client(trust_env=False) as client:
        for stream in (False, True):
            sent = request(wire, stream=stream)
            plain = request(wire, stream=stream, plain=True)
            hidden = {"x-other": KEY, "user-agent": f"me {KEY}", "x-api-key": KEY, "content-type": "application/json"}
            query = {"key": KEY, "api-version": KEY, "alt": KEY, KEY: "1"}
            for body in (
                json.dumps(plain.body).replace("And now?", f"My key is {KEY}, {KEY}!"),
                json.dumps(plain.body).replace('"user"', f'"{KEY}"'),
                *(
                    json.dumps(sent.body).replace(word, KEY)
                    for word in ("get_weather", "some-model", "call00001", "auto")
                ),
                json.dumps({KEY: KEY}),
                KEY,
            ):
                for path in (sent.url, sent.url.replace("some-model", KEY), sent.url + KEY):
                    url = server.base + path
                    answer = client.post(url, headers=hidden | sent.headers, params=query, content=body)
                    heard += answer.content + repr(answer.headers).encode()
        assert len(server.log) == 2 * 8 * 3
        kept = repr(list(server.log))
    (file,) = tmp_path.iterdir()
    assert (b"You said My key is [redacted], [redacted]!" in heard) == accepted
    assert KEY not in kept
    assert KEY not in file.read_text(encoding="utf-8")
    assert KEY.encode() not in heard


# --- what is refused ---------------------------------------------------------------------------------------------


def test_an_unknown_prefix_gets_the_known_ones(server: Server, http: httpx.Client) -> None:
    for path in ("", "/", "/v1/chat/completions", "/opena", "//openai/v1/chat/completions"):
        answer = http.post(server.base + path, json={})
        assert answer.status_code == 404
        for provider in ENDPOINTS:
            assert f"/{provider}" in answer.json()["error"]
    assert len(server.log) == 0


@every_wire
def test_an_unknown_path_or_method_is_refused_in_the_providers_words(
    server: Server, http: httpx.Client, wire: Wire
) -> None:
    sent = request(wire)
    for path in (f"/{wire.provider}", f"/{wire.provider}/v9/nothing", sent.url + "/more", sent.url.upper()):
        answer = http.post(
            server.base + "/" + wire.provider + path.removeprefix(f"/{wire.provider}"), headers=sent.headers
        )
        if path.startswith(f"/{wire.provider}"):
            usual = wire.refuse(Failure("unknown_model"), "")
            assert (answer.status_code, answer.json().keys()) == (usual.status, usual.body.keys())
            assert "Unknown request URL: POST /" in answer.text
    for method in ("GET", "PUT", "DELETE", "OPTIONS", "PATCH"):
        answer = http.request(method, server.base + sent.url, headers=sent.headers)
        usual = wire.refuse(Failure("bad_request"), "")
        assert (answer.status_code, answer.json().keys()) == (usual.status, usual.body.keys())
        assert f"Method {method} is not allowed here; use POST." in answer.text
    empty = http.head(server.base + sent.url, headers=sent.headers)
    assert (empty.status_code, empty.content) == (wire.refuse(Failure("bad_request"), "").status, b"")
    assert http.post(server.base + sent.url, headers=sent.headers, json=sent.body).status_code == 200


@every_wire
def test_a_key_is_needed_and_any_but_bad_key_will_do(server: Server, http: httpx.Client, wire: Wire) -> None:
    def status(key: str | None) -> int:
        sent = request(wire, key=key or "")
        return http.post(server.base + sent.url, headers=sent.headers if key else {}, json=sent.body).status_code

    wrong = wire.refuse(Failure("wrong_key"), "").status
    assert status("whatever") == 200
    assert status("bad-key") == wrong
    assert status(None) == (200 if wire.keyless else wrong)
    assert [e.ask is None for e in server.log] == [False, True, not wire.keyless]


@every_wire
def test_what_the_judge_says_stands_after_the_providers_own_words(http: httpx.Client, wire: Wire) -> None:
    seen = []

    def judge(key: str) -> str | None:
        seen.append(key)
        return None if key == "good-key" else "You are offline."

    with Server(judge=judge) as server:
        for key in ("good-key", "other-key"):
            sent = request(wire, key=key)
            answer = http.post(server.base + sent.url, headers=sent.headers, json=sent.body)
    usual = wire.refuse(Failure("wrong_key"), "")
    assert (answer.status_code, seen) == (usual.status, ["good-key", "other-key"])
    assert answer.text.count(" You are offline.") == 1
    assert json.loads(answer.text.replace(" You are offline.", "")) == usual.body


def test_every_answer_says_that_it_is_scripted(server: Server, http: httpx.Client, post: Any) -> None:
    server.says("Hi.", "Hi.", fails("overloaded"), fails("not_json"))
    answers = [post(), post(stream=True), post(), post(), post(content=b"{"), http.get(server.base), post(headers={})]
    assert [a.status_code for a in answers] == [200, 200, 503, 200, 400, 404, 401]
    assert {a.headers["x-scripted"] for a in answers} == {"true"}


# --- below HTTP --------------------------------------------------------------------------------------------------


def test_a_connection_is_kept_after_errors(server: Server) -> None:
    sent = json.dumps(request(CHAT, plain=True).body).encode()
    with raw(server) as connection, connection.makefile("rb") as answers:
        for body, status in [(b"{", 400), (sent, 200), (b"[]", 400), (b"", 400), (sent, 200)]:
            connection.sendall(head(CHAT, len(body)) + body)
            lines = list(iter(answers.readline, b"\r\n"))
            assert int(lines[0].split()[1]) == status
            answers.read(next(int(v) for n, _, v in (line.partition(b":") for line in lines) if n == b"content-length"))


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_http_1_0_gets_the_whole_answer_and_an_end(server: Server, stream: bool) -> None:
    server.says("Hello from the past.")
    body = json.dumps(request(CHAT, stream=stream, plain=True).body).encode()
    answer = to_the_end(raw(server, head(CHAT, len(body), version="1.0") + body))
    assert b" 200 OK" in answer.splitlines()[0]
    assert b"past." in answer
    assert b"transfer-encoding" not in answer


def test_a_slow_body_is_waited_for_and_does_not_keep_others_waiting(server: Server, post: Any) -> None:
    body = json.dumps(request(CHAT, plain=True).body).encode()
    with raw(server, head(CHAT, len(body)) + body[:10]) as slow:
        server.says("First.", "Second.")
        assert text(post()) == "First."
        for place in range(10, len(body), 40):
            slow.sendall(body[place : place + 40])
            time.sleep(0.001)
        assert b" 200 OK" in slow.recv(65536)
    assert [e.answered_by for e in server.log] == ["queue", "queue"]


def test_a_large_body_is_read_and_one_beyond_the_limit_hung_up_on(
    server: Server, post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = request(CHAT, plain=True).body
    body["messages"][0]["content"] = "x" * 5_000_000
    assert text(post(json=body)).startswith("[scripted]")
    monkeypatch.setattr(module, "LARGEST_BODY", 1_000_000)
    with pytest.raises(httpx.TransportError):
        post(json=body)
    assert soon(lambda: server.log[-1].seconds is not None)
    assert server.log[-1].status is None


def test_what_is_not_http_gets_an_answer_and_an_end(server: Server, post: Any) -> None:
    for garbage in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST / HTTP/1.1\r\n \r\n\r\n",
    ):
        assert to_the_end(raw(server, garbage)).startswith(b"HTTP/1.1 400")
    raw(server, b"POST /openai").close()
    raw(server, head(CHAT, 100) + b"{").close()
    assert text(post()).startswith("[scripted]")


def test_nothing_is_printed_or_logged_whatever_happens(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with Server() as server, httpx.Client(base_url=server.base, trust_env=False, timeout=0.2) as client:
        sent = request(CHAT, plain=True)
        server.says(*map(fails, ("disconnect", "cut_stream", "timeout")))
        for _ in range(3):
            with pytest.raises(httpx.TransportError):
                client.post(sent.url, headers=sent.headers, json=sent.body)
        to_the_end(raw(server, b"nonsense\r\n\r\n"))
        raw(server, head(CHAT, 100)).close()
        left = raw(server, head(CHAT, 100))
        server.says(fails("timeout"))
        with pytest.raises(httpx.TransportError):
            client.post(sent.url, headers=sent.headers, json=sent.body)
    left.close()
    assert capfd.readouterr() == ("", "")
    assert [record for record in caplog.records if record.name.startswith(("uvicorn", "asyncio"))] == []


def test_kept_connections_with_idle_gaps_lose_no_call_and_delay_none(server: Server) -> None:
    config = server._config()
    assert config.timeout_keep_alive >= 3600  # what closes an idle connection under a client that is about to use it
    with module.Server()._listen() as listening:
        assert listening.proto == socket.IPPROTO_TCP  # or asyncio leaves Nagle's algorithm on
    sent = request(CHAT, plain=True)

    def calls(number: int) -> list[int]:
        with httpx.Client(trust_env=False, timeout=10) as client:
            got = []
            for n in range(100):
                time.sleep(0.002 * (n % 3))
                got.append(client.post(server.base + sent.url, headers=sent.headers, json=sent.body).status_code)
            return got

    with ThreadPoolExecutor(5) as pool:
        assert [s for got in pool.map(calls, range(5)) for s in got] == [200] * 500
    assert server.log.count == 500


# --- time --------------------------------------------------------------------------------------------------------


def test_a_stream_takes_its_pace_from_the_first_piece_to_the_last(server: Server) -> None:
    server.says(Reply(text="One two three four five.", pace=Pace(first=0.2, total=0.5)))
    sent = request(CHAT, stream=True, plain=True)
    begun = time.monotonic()
    with httpx.stream("POST", server.base + sent.url, headers=sent.headers, json=sent.body, trust_env=False) as answer:
        arrived = [time.monotonic() - begun for _ in answer.iter_raw()]
    assert arrived[0] >= 0.19
    assert arrived[-1] >= 0.45
    assert len(arrived) >= 4  # not in one go at the end
    gaps = [later - earlier for earlier, later in zip(arrived, arrived[1:], strict=False)]
    assert max(gaps) < (arrived[-1] - arrived[0]) * 0.9


@pytest.mark.parametrize(
    "reply", [Reply(text="Soon and late."), Reply(calls=(Call("soon", {"what": "late"}),))], ids=["text", "call"]
)
@every_wire
def test_the_first_piece_of_the_reply_is_the_first_that_is_paced(server: Server, wire: Wire, reply: Reply) -> None:
    server.says(replace(reply, pace=Pace(first=0, total=1000)))  # a pause before it would outlast the client
    sent, arrived = request(wire, stream=True, plain=True), b""
    with httpx.stream(
        "POST", server.base + sent.url, headers=sent.headers, json=sent.body, timeout=5, trust_env=False
    ) as answer:
        for part in answer.iter_raw():
            arrived += part
            if b"oon" in arrived:
                break
    assert b"oon" in arrived


@pytest.mark.parametrize("pace", [Pace(total=0.3), Pace(first=0.3), Pace(first=0.1, total=0.3)])
def test_a_whole_answer_comes_at_the_end_of_its_pace_and_a_refusal_too(server: Server, post: Any, pace: Pace) -> None:
    for failure in (None, Failure("overloaded")):
        server.says(Reply(text="" if failure else "Late.", failure=failure, pace=pace))
        begun = time.monotonic()
        assert post().status_code == (503 if failure else 200)
        assert time.monotonic() - begun >= 0.29


def test_one_slow_answer_keeps_no_other_waiting(server: Server, post: Any) -> None:
    server.says(Reply(text="Slow.", pace=Pace(total=5)))
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(post, timeout=0.5)
        assert soon(lambda: len(server.log) == 1 and server.waiting == 0)
        server.says("Fast.")
        assert text(post()) == "Fast."
        assert server.log[0].seconds is None
        with pytest.raises(httpx.TimeoutException):
            slow.result(5)


@pytest.mark.parametrize(
    ("reply", "stream"),
    [
        (fails("timeout"), False),
        (fails("timeout"), True),
        (Reply(text="Slow.", pace=Pace(total=300)), False),
        (Reply(text="Slow and slower.", pace=Pace(total=300)), True),
        (Reply(text="Slow.", pace=Pace(first=300)), True),
    ],
)
def test_a_client_that_goes_away_frees_its_request(server: Server, reply: Reply, stream: bool) -> None:
    server.says(reply)
    body = json.dumps(request(CHAT, stream=stream, plain=True).body).encode()
    connection = raw(server, head(CHAT, len(body)) + body)
    assert soon(lambda: server.waiting == 0)
    time.sleep(0.02)
    assert server.log[-1].seconds is None
    connection.close()
    assert soon(lambda: server.log[-1].seconds is not None)


def test_nobody_leaves_a_connection_or_a_task_behind(server: Server) -> None:
    with Server() as own:
        body = json.dumps(request(CHAT, stream=True, plain=True).body).encode()
        for reply in (
            fails("timeout"),
            fails("disconnect"),
            fails("cut_stream"),
            Reply(text="a b", pace=Pace(9, 99)),
            "Hi.",
        ):
            own.says(reply)
            connection = raw(own, head(CHAT, len(body)) + body)
            assert soon(lambda: own.waiting == 0)
            connection.close()
        assert own._uvicorn is not None
        state = own._uvicorn.server_state
        assert soon(lambda: not state.connections and not state.tasks)
        assert all(e.seconds is not None for e in own.log)


# --- start and stop ----------------------------------------------------------------------------------------------


def test_it_says_what_is_missing_before_it_runs_and_after() -> None:
    server = Server()
    for _ in range(2):
        assert not server.running
        for use in (lambda: server.base, server.env):
            with pytest.raises(RuntimeError, match=r"The stand-in server is not running: call start\(\)\."):
                use()
        with server:
            assert server.running
            base = server.base
            assert server.start().base == base  # a second start changes nothing
        server.stop()  # a second stop neither


def test_it_can_be_started_again_and_remembers(post: Any) -> None:
    with Server() as server:
        server.says("One.", "Two.")
        assert text(post(to=server)) == "One."
    with server:
        assert text(post(to=server)) == "Two."
        assert server.log.count == 2


def test_stop_is_quick_with_connections_open_and_their_clients_hear_of_it() -> None:
    server = Server().start()
    body = json.dumps(request(CHAT, plain=True).body).encode()
    server.says(fails("timeout"), Reply(text="a", pace=Pace(total=300)))
    hanging = [raw(server, head(CHAT, len(body)) + body) for _ in range(2)]
    idle, half = raw(server), raw(server, head(CHAT, len(body)) + body[:5])
    assert soon(lambda: server.waiting == 0 and len(server.log) == 3)
    base, begun = server.base, time.monotonic()
    server.stop()
    assert time.monotonic() - begun < 3
    for connection in (*hanging, idle, half):
        with connection, suppress(ConnectionError):
            assert connection.recv(100) == b""
    with pytest.raises(httpx.ConnectError):
        httpx.get(base, trust_env=False)


def test_who_has_just_been_accepted_hears_of_the_end_too() -> None:
    for _ in range(20):
        server = Server().start()
        clients = [raw(server) for _ in range(3)]
        server.stop()
        for client in clients:
            with client, suppress(ConnectionError):
                assert client.recv(1) == b""


def test_many_threads_may_start_and_stop_it() -> None:
    threads = threading.active_count()
    server = Server()
    for turn in (server.start, server.stop):
        with ThreadPoolExecutor(8) as pool:
            for done in [pool.submit(turn) for _ in range(32)]:
                done.result()
    assert not server.running
    assert soon(lambda: threading.active_count() <= threads)


def test_a_client_that_leaves_in_the_middle_of_a_stream_is_noted_and_complained_of_to_nobody(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    body = json.dumps(request(CHAT, plain=True).body | {"stream": True}).encode()
    server.says("w " * 4000, times=5)
    for _ in range(5):
        raw(server, head(CHAT, len(body)) + body).close()
    assert soon(lambda: len(server.log) == 5 and all(exchange.seconds is not None for exchange in server.log))
    assert any(exchange.cut for exchange in server.log)
    assert caplog.records == []


@pytest.mark.parametrize(("error", "logged"), [(ConnectionResetError, 0), (BrokenPipeError, 0), (ValueError, 1)])
def test_what_windows_raises_when_a_client_leaves_is_complained_of_to_nobody(
    server: Server, caplog: pytest.LogCaptureFixture, error: type[Exception], logged: int
) -> None:
    def lost() -> None:  # as its event loop's callback does
        raise error(10054, "forcibly closed")

    done = threading.Event()
    for callback in (lost, done.set):
        server._uvicorn._loop.call_soon_threadsafe(callback)
    assert done.wait(5)
    assert [record.name for record in caplog.records] == ["asyncio"] * logged


def test_two_servers_at_once_know_nothing_of_each_other(server: Server, post: Any) -> None:
    with Server() as other:
        assert other.base != server.base
        other.says("Other.")
        assert text(post()).startswith("[scripted]")
        assert text(post(to=other)) == "Other."
        assert (len(server.log), len(other.log)) == (1, 1)


def test_a_port_that_is_taken_or_none_is_told_in_a_sentence(server: Server) -> None:
    port = int(server.base.rpartition(":")[2])
    with pytest.raises(OSError, match=f"Port {port} of this machine is taken or not allowed; choose another or 0."):
        Server(port=port).start()
    for wrong in (-1, 65536, "80", None, True):
        with pytest.raises(ValueError, match="port=.*: a port is a whole number from 0 to 65535"):
            Server(port=wrong)  # type: ignore[arg-type]


def test_what_is_no_scenario_and_no_judge_is_refused_before_the_first_call() -> None:
    with pytest.raises(TypeError, match=r"scenario='rules.yaml': give what `read\('rules.yaml'\)` returns"):
        Server("rules.yaml")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="judge=3: give a function of a key"):
        Server(judge=3)  # type: ignore[arg-type]


def test_it_listens_on_this_machine_only(server: Server) -> None:
    with Server._listen(Server()) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"
    assert server.base.startswith("http://127.0.0.1:")


def test_json_may_be_cut_in_the_middle_as_a_text_may(server: Server, post: Any) -> None:
    server.says(Reply(json={"city": "a name that is long enough " * 4}, failure=Failure("cut_stream")))
    with pytest.raises(httpx.RemoteProtocolError):
        post()
    assert "long enough" in str(server.log[-1].response)


def test_a_long_wait_is_written_in_digits(server: Server, post: Any) -> None:
    server.says(fails("rate_limit", retry_after=1500))
    sent = post()
    assert sent.headers["retry-after-ms"] == "1500000"
    assert "1500000ms" in sent.text


def test_a_tool_call_goes_out_as_one(server: Server, post: Any) -> None:
    server.says(call("get_weather", city="Oslo"))
    (made,) = post().json()["choices"][0]["message"]["tool_calls"]
    assert made["function"] == {"name": "get_weather", "arguments": '{"city":"Oslo"}'}
