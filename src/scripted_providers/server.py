"""The stand-in server: nine path prefixes, one port, this machine only.

It reads a request through its wire, finds a reply (the queue first, then the scenario, then the mirror) and sends it
in the provider's own bytes, at the pace and with the faults that the reply asks for.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from . import environment
from .log import SHOWN_QUERY, Exchange, Log, shown, without
from .mirror import mirror
from .naming import nearest
from .replies import ERRORS, Ask, Failure, Pace, Reply, reply_from, settle
from .scenario import Scenario
from .wires import BadRequest, Opening, Refusal, Wire, dumps, wires_of

LONGEST_WAIT = 600.0  # seconds that a "timeout" holds a connection whose client never gives up
LARGEST_BODY = 32 * 2**20  # bytes
DEEPEST = 200  # levels of JSON
AT_ONCE = Pace()


def any_key_but_bad(key: str) -> str | None:
    """Accept every key except "bad-key"; see `Server`."""
    return "" if key == "bad-key" else None


@dataclass
class _Queued:
    provider: str | None
    reply: Reply


class Server:
    """A stand-in for nine providers.

    Args:
        scenario: The rules that answer.
        judge: Says what is wrong with a key: None accepts it, a text stands after the provider's own words.
        hint: What the mirror adds: how to script an answer.
        port: A free one where 0.
        record: Whether its log is also written where SCRIPTED_PROVIDERS_LOG says; see `Log`.

    Example:
        >>> with Server() as server:  # doctest: +SKIP
        ...     server.says("Paris.")
        ...     httpx.post(server.base + "/openai/v1/chat/completions", ...)
    """

    def __init__(
        self,
        scenario: Scenario | None = None,
        *,
        judge: Callable[[str], str | None] = any_key_but_bad,
        hint: str = "",
        port: int = 0,
        record: bool = False,
    ) -> None:
        if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port <= 65535:
            raise ValueError(f"port={port!r}: a port is a whole number from 0 to 65535.")
        if not isinstance(scenario, Scenario | None):
            raise TypeError(f"scenario={scenario!r}: give what `read('rules.yaml')` returns, or nothing.")
        if not callable(judge):
            raise TypeError(f"judge={judge!r}: give a function of a key that returns why it is refused, or None.")
        self.scenario = scenario or Scenario()
        self.log = Log(record=record)
        self._judge = judge
        self._hint = hint
        self._port = port
        self._queue: list[_Queued] = []
        self._lock = threading.Lock()  # the queue is filled by one thread and emptied by another
        self._switch = threading.Lock()  # two threads may start or stop it
        self._uvicorn: _Threaded | None = None
        self._thread: threading.Thread | None = None
        self._base: str | None = None

    # --- running -----------------------------------------------------------------------------------------------

    def start(self) -> Server:
        """Serve from a thread of this process; returns when requests are answered."""
        with self._switch:
            if self.running:
                return self
            listening = self._listen()
            server = self._uvicorn = _Threaded(self._config())
            name = "scripted-providers"
            self._thread = threading.Thread(target=server.run, args=([listening],), name=name, daemon=True)
            self._thread.start()
            if not server.ready.wait(10):
                raise RuntimeError("The stand-in server did not start within ten seconds.")
            return self

    def stop(self) -> None:
        """Stop serving; connections still open are closed."""
        with self._switch:
            if self._uvicorn and self._thread:
                self._uvicorn.end()
                if self._thread is not threading.current_thread():
                    self._thread.join(10)
            self._uvicorn = self._thread = self._base = None

    def serve_forever(self) -> None:
        """Serve in this thread until interrupted, after one line that says where."""
        listening = self._listen()
        print(f"listening on {self.base}", flush=True)
        with suppress(KeyboardInterrupt):
            uvicorn.Server(self._config()).run([listening])

    @property
    def base(self) -> str:
        """Where it listens, such as "http://127.0.0.1:8123"."""
        if self._base is None:
            raise RuntimeError("The stand-in server is not running: call start().")
        return self._base

    @property
    def running(self) -> bool:
        """Whether requests are answered."""
        return bool(self._thread and self._thread.is_alive())

    def env(self, environ: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the environment variables that lead a program here; see `environment.env`."""
        return environment.env(self.base, environ)

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _listen(self) -> socket.socket:
        # Without IPPROTO_TCP asyncio leaves Nagle's algorithm on, and a request takes 48 ms instead of 3.
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            if os.name == "posix":  # elsewhere it lets two servers share a port
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # What is accepted inherits this. Windows' event loop makes those sockets without the protocol's number.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            listening.bind(("127.0.0.1", self._port))
            listening.listen(128)  # who reads the address may connect at once, and waits until uvicorn accepts
        except OSError as error:
            listening.close()
            raise OSError(
                error.errno, f"Port {self._port} of this machine is taken or not allowed; choose another or 0."
            ) from None
        self._base = f"http://127.0.0.1:{listening.getsockname()[1]}"
        return listening

    def _config(self) -> uvicorn.Config:
        return uvicorn.Config(
            self.app,
            interface="asgi3",
            http="h11",
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            timeout_keep_alive=3600,  # clients keep connections; with uvicorn's 5 s they meet a closed one
            timeout_graceful_shutdown=1,
            headers=[("x-scripted", "true")],
        )

    # --- the script --------------------------------------------------------------------------------------------

    def says(self, *replies: Any, provider: str | None = None, times: int = 1) -> None:
        """Put replies into the queue, which answers before the scenario does.

        Args:
            replies: One for each coming call; see `replies.reply_from` for what each may be.
            provider: Only calls to this provider take them. None: any call does.
            times: How often the whole sequence is queued.

        Raises:
            TypeError: A reply is nothing that a model can say, or there is none.
            ValueError: The provider is unknown, or `times` is no number from 1.
        """
        if not replies:
            raise TypeError("Nothing to say. Give a string, call('tool', …), fails('rate_limit') or the like.")
        if provider is not None and provider not in [*environment.ENDPOINTS]:
            raise ValueError(f"No provider is called {provider!r}. {nearest(str(provider), environment.ENDPOINTS)}")
        if not isinstance(times, int) or isinstance(times, bool) or times < 1:
            raise ValueError(f"times={times!r}: expected how often, a whole number from 1.")
        queued = [_Queued(provider, reply_from(reply)) for reply in replies]
        with self._lock:
            self._queue += queued * times

    @property
    def waiting(self) -> int:
        """How many queued replies have not been given yet."""
        return len(self._queue)

    def reset(self) -> None:
        """Empty the queue, start the scenario's sequences again, and forget the log."""
        with self._lock:
            self._queue.clear()
            self.scenario.reset()
            self.log.clear()

    def _choose(self, ask: Ask) -> tuple[str, Reply]:
        with self._lock:
            for index, queued in enumerate(self._queue):
                if queued.provider in (None, ask.provider):
                    return "queue", self._queue.pop(index).reply
            found = self.scenario.find(ask)
        if found:
            rule, reply = found
            return rule.where, reply
        return "mirror", mirror(ask, self._hint)

    # --- one request -------------------------------------------------------------------------------------------

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        request = Request(scope, receive)
        prefix, _, rest = scope["path"].removeprefix("/").partition("/")
        wires = wires_of(prefix)
        if not wires:
            known = ", ".join(f"/{provider}" for provider in environment.ENDPOINTS)
            await JSONResponse({"error": f"Nothing here. Paths start with one of {known}."}, 404)(scope, receive, send)
            return
        wire, path = next(((w, m.groupdict()) for w in wires if (m := w.route.fullmatch("/" + rest))), (wires[0], None))
        key = wire.key(request.headers, request.query_params)
        shown_query = "&".join(f"{n}={v}" for n, v in shown(request.query_params, SHOWN_QUERY).items())
        query = f"?{shown_query}" if shown_query else ""
        exchange = self.log.open(
            provider=prefix,
            method=request.method,
            path=without(key, f"/{rest}{query}"),
            request_headers=without(key, shown(request.headers)),
        )
        try:
            answer = await self._answer(request, wire, without(key, path), key, exchange)
            if answer.fault not in _UNANSWERED:
                exchange.status, exchange.response_headers = answer.status, dict(answer.headers)
                exchange.response = [without(key, wire.readable(frame)) for frame in answer.frames]
            await _deliver(answer, receive, send)
        except (_HangUp, ClientDisconnect):
            exchange.cut = True
            _hang_up(send)
            while (await receive())["type"] != "http.disconnect":
                pass
        except asyncio.CancelledError:  # the server stops; uvicorn would send a 500 to whoever still waits
            _hang_up(send)
            raise
        finally:
            self.log.close(exchange)

    async def _answer(
        self, request: Request, wire: Wire, path: Mapping[str, str] | None, key: str | None, exchange: Exchange
    ) -> _Answer:
        def refuse(kind: str, message: str | None = None, note: str = "") -> _Answer:
            return _refusal(wire.refuse(Failure(kind, message=message, note=note), ""))

        body = await _body(request)
        if key or not wire.keyless:
            problem = self._judge(key) if key else ""
            if problem is not None:
                return refuse("wrong_key", note=problem)
        if path is None:
            return refuse("unknown_model", f"Unknown request URL: {request.method} {exchange.path}.")
        if request.method != "POST":
            return refuse("bad_request", f"Method {request.method} is not allowed here; use POST.")
        try:
            parsed = json.loads(body, parse_constant=_finite, parse_float=_finite)
            _refuse_deep(parsed)
            exchange.request = without(key, parsed)
            ask = exchange.ask = wire.read(exchange.request, path, request.headers)
        except BadRequest as error:
            return refuse("bad_request", str(error))
        except (ValueError, RecursionError):  # not JSON, not UTF-8, or nested too deeply
            return refuse("bad_request", "We could not parse the JSON body of your request.")
        exchange.answered_by, reply = self._choose(ask)
        headers = wire.headers(exchange.number)
        streaming = {"content-type": ask.stream_type or wire.stream_type, **headers}
        fault = None
        says_something = bool(reply.text or reply.calls) or reply.json is not None
        if reply.failure:
            if reply.failure.kind in ERRORS:
                last = wire.interrupt(reply.failure) if ask.stream and says_something else None
                if last is None:
                    return _refusal(wire.refuse(reply.failure, ask.model), reply.pace)
                frames = tuple(wire.stream(ask, settle(ask, reply), exchange.number))
                frames = (*frames[: len(frames) // 2], last)
                return _Answer(200, streaming, frames, reply.pace, streamed=True)
            fault = reply.failure.kind
            if not says_something:
                reply = replace(mirror(ask, self._hint), pace=reply.pace)  # something that can be cut in the middle
        reply = settle(ask, reply)
        exchange.usage, exchange.source = reply.usage, reply.source
        if fault == "not_json":
            return _Answer(200, {"content-type": "text/html"}, (b"<html>502 Bad Gateway</html>",), reply.pace)
        if ask.stream:
            frames = tuple(wire.stream(ask, reply, exchange.number))
            return _Answer(200, streaming, frames, reply.pace, fault, streamed=True)
        return _Answer(200, {**JSON, **headers}, (dumps(wire.write(ask, reply, exchange.number)),), reply.pace, fault)


JSON = {"content-type": "application/json"}
_UNANSWERED = ("timeout", "disconnect")


@dataclass(frozen=True)
class _Answer:
    """What goes back: one frame, or a stream's frames."""

    status: int
    headers: Mapping[str, str]
    frames: tuple[bytes, ...]
    pace: Pace = Pace()
    fault: str | None = None
    streamed: bool = False


class _HangUp(Exception):
    """The connection is to be closed as it is."""


class _Threaded(uvicorn.Server):
    """Uvicorn that says when it answers and ends when it is told to: its own end takes two waits of 0.1 s or more."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    def end(self) -> None:
        """Have it stop; from another thread."""
        with suppress(RuntimeError):  # its loop is closed: it has ended
            self._loop.call_soon_threadsafe(self._over.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(_complain)
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        while not self._over.is_set():
            await self.on_tick(0)  # sets the header with the date
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._over.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        loop = asyncio.get_running_loop()
        for listening in sockets or ():
            with suppress(NotImplementedError):  # Windows' event loop has no readers
                loop.remove_reader(listening)  # accept nobody else,
        for _ in range(3):
            await asyncio.sleep(0)  # and let those who were accepted come to be `connections`
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # whoever answers learns of it; `asyncio.run` cancels who still waits


def _refusal(refusal: Refusal, pace: Pace = AT_ONCE) -> _Answer:
    return _Answer(refusal.status, {**JSON, **refusal.headers}, (dumps(refusal.body),), pace)


def _finite(number: str) -> float:
    """Read a number; NaN, Infinity and what overflows to it could not be written back as JSON."""
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{number} is no JSON number")
    return value


def _refuse_deep(value: Any) -> None:
    """Refuse what is nested deeper than anybody nests on purpose: further on, recursion would meet Python's limit."""
    level = [value]
    for _ in range(DEEPEST):
        level = [c for v in level if isinstance(v, dict | list) for c in (v.values() if isinstance(v, dict) else v)]
        if not level:
            return
    raise ValueError("nested too deeply")


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BODY:
            raise _HangUp
    return bytes(body)


async def _deliver(answer: _Answer, receive: Receive, send: Send) -> None:
    if answer.fault == "timeout":
        await _pause(LONGEST_WAIT, receive)
    if answer.fault in _UNANSWERED:
        raise _HangUp
    await _pause(answer.pace.first if answer.streamed else max(answer.pace.first, answer.pace.total), receive)
    headers = dict(answer.headers)
    if not answer.streamed:
        headers["content-length"] = str(len(answer.frames[0]))
    _notice_hang_up(send)
    coded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": coded})
    frames = answer.frames
    if answer.fault == "cut_stream":
        half = len(frames) // 2
        frames = frames[:half] if answer.streamed else (frames[0][: len(frames[0]) // 2],)
    steps = sum(not isinstance(frame, Opening) for frame in frames) - 1
    step = max(0.0, answer.pace.total - answer.pace.first) / max(1, steps) if answer.streamed else 0.0
    wait = 0.0
    for frame in frames:
        await _pause(wait, receive)
        wait = 0.0 if isinstance(frame, Opening) else step
        _notice_hang_up(send)
        await send({"type": "http.response.body", "body": frame, "more_body": True})
    if answer.fault:
        await asyncio.sleep(0.01)  # let the half go out before the line goes dead
        raise _HangUp
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _pause(seconds: float, receive: Receive) -> None:
    """Wait, but not longer than the client does."""
    if seconds > 0:
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(receive(), seconds)
            raise _HangUp  # nothing but a disconnect arrives after the body


def _complain(loop: asyncio.AbstractEventLoop, told: dict[str, Any]) -> None:
    """Pass over clients that left, which the log notes: Windows' event loop would print a traceback about each."""
    if not isinstance(told.get("exception"), ConnectionError):
        loop.default_exception_handler(told)


def _notice_hang_up(send: Send) -> None:
    """End the answer if its client is gone: asyncio would complain on stderr about each frame that still goes out."""
    transport = _transport(send)
    if transport and transport.is_closing():
        raise _HangUp


def _hang_up(send: Send) -> None:
    """Close the connection without another word. ASGI has no message for that, so uvicorn's transport does it."""
    transport = _transport(send)
    if transport:
        transport.abort()


def _transport(send: Send) -> Any:
    """Return uvicorn's connection, or None where somebody calls `app` without one."""
    return getattr(getattr(send, "__self__", None), "transport", None)
