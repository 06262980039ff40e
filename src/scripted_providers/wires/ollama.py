"""Ollama: POST /api/chat, and POST /api/generate, which LiteLLM's `ollama/` prefix calls. Streams are JSON, one a line.

Taken from: the ollama package 0.6 (_types.py and _client.py, whose client parses what is written here), Ollama's
docs/api.md and its server's source (server/routes.go: ChatHandler, GenerateHandler, handleScheduleError) as stored
copies have them, and requests recorded from LiteLLM 1.106.
What is its own: it streams unless told not to; arguments are objects; an error is a bare string; results answer calls
in order, since LiteLLM sends calls without ids; nothing can force a tool. Durations are the scripted pace.
Unverified: 401 and 429, which only ollama.com gives (words from bug reports), and context_too_long, since a local
Ollama cuts the conversation unless told not to. Newer servers leave out ", try pulling it first".
Left out: thinking, images, logprobs, raw mode, `context`, loading a model by an empty request, every other endpoint.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field

from ..replies import Ask, Call, Failure, Message, Reply, Tool, pieces
from .base import Body, Refusal, Wire, checked, compact, dumps


class _Function(Body):
    name: str
    arguments: dict[str, Any] = {}


class _ToolCall(Body):
    function: _Function


class _Message(Body):
    role: Literal["system", "user", "assistant", "tool"]
    content: str | None = None
    tool_calls: list[_ToolCall] | None = None
    tool_name: str | None = None


class _Definition(Body):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class _Tool(Body):
    function: _Definition


class _Request(Body):
    model: Annotated[str, Field(min_length=1)]
    format: Literal["", "json"] | dict[str, Any] | None = None
    stream: bool | None = None

    @property
    def demanded(self) -> dict[str, Any]:
        """What every request can say: model, output format, streaming."""
        schema = self.format if isinstance(self.format, dict) else {} if self.format == "json" else None
        return {"model": self.model, "schema": schema, "stream": self.stream is not False}


class _ChatRequest(_Request):
    messages: list[_Message] | None = None
    tools: list[_Tool] | None = None


class _GenerateRequest(_Request):
    prompt: str | None = None
    system: str | None = None


CREATED_AT = "2026-01-01T00:00:00Z"  # SCRIPTED_AT as Ollama writes it

REFUSALS = {
    # kind: status, message
    "wrong_key": (401, "unauthorized"),
    "unknown_model": (404, 'model "{model}" not found, try pulling it first'),
    "rate_limit": (429, "you've reached your hourly usage limit, please wait or upgrade to continue"),
    "overloaded": (503, "server busy, please try again.  maximum pending requests exceeded"),
    "tools_unsupported": (400, "registry.ollama.ai/library/{tagged} does not support tools"),
    "bad_request": (
        400,
        "json: cannot unmarshal string into Go struct field ChatRequest.messages of type []api.Message",
    ),
    "context_too_long": (400, "the input length exceeds the context length"),
}


class _Ollama(Wire):
    """What chat and generate share: all but how the request is read and where the answer's text stands."""

    provider = "ollama"
    stream_type = "application/x-ndjson"
    keyless = True

    @abstractmethod
    def said(self, text: str, calls: list[dict[str, Any]]) -> dict[str, Any]:
        """Put a piece of the answer where this endpoint has it."""

    def write(self, ask: Ask, reply: Reply, serial: int) -> Any:
        """See `Wire.write`."""
        return _envelope(ask) | self.said(reply.text, _tool_calls(reply, serial)) | _end(reply)

    def stream(self, ask: Ask, reply: Reply, serial: int) -> Iterator[bytes]:
        """See `Wire.stream`."""
        for piece in pieces(reply.text):
            yield _line(_envelope(ask) | self.said(piece, []) | {"done": False})
        for call in _tool_calls(reply, serial):  # a line each, which LiteLLM 1.106 runs together (its issue 33678)
            yield _line(_envelope(ask) | self.said("", [call]) | {"done": False})
        yield _line(_envelope(ask) | self.said("", []) | _end(reply))

    def refuse(self, failure: Failure, model: str) -> Refusal:
        """See `Wire.refuse`."""
        status, words = REFUSALS[failure.kind]
        tagged = model if ":" in model else f"{model}:latest"
        return Refusal(status, {"error": failure.says(words.format(model=model, tagged=tagged))})


class OllamaChat(_Ollama):
    """Chat, with tools of its own."""

    route = re.compile(r"/api/chat")

    def read(self, body: Any, path: Mapping[str, str], headers: Mapping[str, str]) -> Ask:
        """See `Wire.read`."""
        request = checked(_ChatRequest, body)
        messages: list[Message] = []
        waiting: list[str] = []  # names of calls that no result has answered yet
        for given in request.messages or ():
            text = given.content or ""
            if given.role == "system":
                continue
            if given.role == "tool":
                name = given.tool_name or next(iter(waiting), None)
                if name in waiting:
                    waiting.remove(name)
                messages.append(Message("tool", text, tool=name))
                continue
            calls = tuple(Call(c.function.name, c.function.arguments) for c in given.tool_calls or ())
            waiting = [call.name for call in calls]
            messages.append(Message(given.role, text, calls))
        return Ask(
            provider=self.provider,
            messages=tuple(messages),
            instructions="\n".join(m.content or "" for m in request.messages or () if m.role == "system"),
            tools=tuple(
                Tool(t.function.name, t.function.parameters or {}, t.function.description or "")
                for t in request.tools or ()
            ),
            **request.demanded,
        )

    def said(self, text: str, calls: list[dict[str, Any]]) -> dict[str, Any]:
        """See `_Ollama.said`."""
        return {"message": {"role": "assistant", "content": text} | ({"tool_calls": calls} if calls else {})}


class OllamaGenerate(_Ollama):
    """Completion of one text, without tools: a call is JSON in the text, which is what LiteLLM asks for and reads."""

    route = re.compile(r"/api/generate")

    def read(self, body: Any, path: Mapping[str, str], headers: Mapping[str, str]) -> Ask:
        """See `Wire.read`."""
        request = checked(_GenerateRequest, body)
        return Ask(
            provider=self.provider,
            messages=(Message("user", request.prompt or ""),),
            instructions=request.system or "",
            **request.demanded,
        )

    def write(self, ask: Ask, reply: Reply, serial: int) -> Any:
        """See `Wire.write`."""
        return super().write(ask, _calls_as_text(reply), serial)

    def stream(self, ask: Ask, reply: Reply, serial: int) -> Iterator[bytes]:
        """See `Wire.stream`."""
        return super().stream(ask, _calls_as_text(reply), serial)

    def said(self, text: str, calls: list[dict[str, Any]]) -> dict[str, Any]:
        """See `_Ollama.said`."""
        return {"response": text}


def _calls_as_text(reply: Reply) -> Reply:
    """Write calls as the JSON that LiteLLM's prompt asks for. It reads one; no prose can stand beside JSON."""
    if not reply.calls:
        return reply
    written = [compact({"name": call.name, "arguments": dict(call.arguments)}) for call in reply.calls]
    return replace(reply, text="\n".join(written), calls=())


def _envelope(ask: Ask) -> dict[str, Any]:
    return {"model": ask.model, "created_at": CREATED_AT}


def _tool_calls(reply: Reply, serial: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"call_scripted_{serial}_{number}",  # servers before 0.12 send none
            "function": {"index": number - 1, "name": call.name, "arguments": dict(call.arguments)},
        }
        for number, call in enumerate(reply.calls, 1)
    ]


def _end(reply: Reply) -> dict[str, Any]:
    counts = {}
    if reply.usage:
        counts = {"prompt_eval_count": reply.usage.input, "eval_count": reply.usage.output}
    first, total = (round(seconds * 1e9) for seconds in (reply.pace.first, reply.pace.total))
    return {
        "done": True,
        "done_reason": "stop",
        "total_duration": total,
        "load_duration": 0,
        "prompt_eval_duration": first,
        "eval_duration": max(0, total - first),
    } | counts


def _line(value: Any) -> bytes:
    return dumps(value) + b"\n"


WIRES = (OllamaChat(), OllamaGenerate())
