"""Cohere's chat, version 2: POST /v2/chat, plain and streamed.

A stream comes as server-sent events, or as one JSON object a line to a client that accepts JSON only, as LiteLLM says
it does. The objects are the same.

Taken from: the cohere package 7.3 (ClientV2, whose client parses what is written here), Cohere's API reference and its
guides ("Streaming", "Streaming for tool use", "Structured outputs", "Errors") as stored copies have them; a published
recording of the real service that answers `accept: application/json` with lines; refusals that bug reports quote; and
requests recorded from LiteLLM 1.106.
Unverified: the sentences of the 503 and of "bad request"; the media type of the lines (version 1's documents say
application/stream+json); which of the two an Accept header that names both gets. No header says when to try again.
Left out: documents and citations, thinking, logprobs, version 1.

What LiteLLM makes of it: 1.106 looks for a streamed call where version 2 has none, so the call is lost without a word
(mended in 1.109); it reads neither usage nor finish reason from a stream (1.109 neither) and counts tokens itself; it
drops `tool_choice` and the text before a tool call.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from ..replies import Ask, Call, Failure, Message, Reply, Tool, pieces
from .base import BadRequest, Body, Opening, Refusal, Wire, arguments_of, checked, compact, dumps, sse

LINES = "application/stream+json"


class _Part(Body):
    type: str
    text: str = ""
    document: Any = None

    def __str__(self) -> str:
        if self.document is None:
            return self.text or f"[{self.type}]"
        data = self.document.get("data", self.document) if isinstance(self.document, dict) else self.document
        return data if isinstance(data, str) else compact(data)


class _Function(Body):
    name: str
    arguments: str | None = None


class _ToolCall(Body):
    id: str
    function: _Function


class _Message(Body):
    role: Literal["system", "user", "assistant", "tool"]
    content: str | list[_Part] | _Part | None = None
    tool_plan: str | None = None
    tool_calls: list[_ToolCall] | None = None
    tool_call_id: str | None = None

    @property
    def text(self) -> str:
        content = [self.content] if isinstance(self.content, _Part) else self.content
        return ("".join(map(str, content or ()))) or self.tool_plan or ""


class _Definition(Body):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class _Tool(Body):
    type: Literal["function"] = "function"
    function: _Definition


class _Format(Body):
    type: Literal["text", "json_object"]
    json_schema: dict[str, Any] | None = None
    older: dict[str, Any] | None = Field(None, alias="schema")


class _Request(Body):
    model: str
    messages: list[_Message]
    tools: list[_Tool] | None = None
    tool_choice: Literal["REQUIRED", "NONE"] | None = None
    response_format: _Format | None = None
    stream: bool | None = None


REFUSALS: dict[str, tuple[int, str]] = {
    "wrong_key": (401, "invalid api token"),
    "unknown_model": (
        404,
        "model '{model}' not found, make sure the correct model ID was used and that you have access to the model.",
    ),
    "rate_limit": (429, "You are past the per minute request limit, please wait and try again later."),
    "overloaded": (503, "the service is currently overloaded, please try again later."),
    "tools_unsupported": (400, "invalid request: tool use is not supported by the provided model: {model}"),
    "bad_request": (400, "invalid request: invalid json syntax"),
    "context_too_long": (
        400,
        "too many tokens: total number of tokens in the prompt cannot exceed 256000 - received 300000. "
        "Try using a shorter prompt, or enabling prompt truncating.",
    ),
}


class Cohere(Wire):
    """Chat, version 2."""

    provider = "cohere"
    route = re.compile(r"/v2/chat")

    def headers(self, serial: int) -> Mapping[str, str]:
        """See `Wire.headers`."""
        return {"x-debug-trace-id": f"scripted-{serial}"}

    def read(self, body: Any, path: Mapping[str, str], headers: Mapping[str, str]) -> Ask:
        """See `Wire.read`."""
        request = checked(_Request, body, "invalid request: {spot}: {problem}.")
        names: dict[str, str] = {}  # a tool's result carries only the call's id
        messages = []
        for given in request.messages:
            if given.role == "system":
                continue
            if given.role == "tool":
                if given.tool_call_id not in names:
                    raise BadRequest("invalid request: tool message without a preceding tool call of its tool_call_id.")
                messages.append(Message("tool", given.text, tool=names[given.tool_call_id]))
                continue
            calls = given.tool_calls or []
            names |= {call.id: call.function.name for call in calls}
            told = tuple(Call(call.function.name, arguments_of(call.function.arguments or "")) for call in calls)
            messages.append(Message(given.role, given.text, told))
        tools = tuple(
            Tool(t.function.name, t.function.parameters or {}, t.function.description or "")
            for t in request.tools or ()
        )
        accept = headers.get("accept", "")
        lines = "application/json" in accept and "text/event-stream" not in accept
        return Ask(
            provider=self.provider,
            model=request.model,
            messages=tuple(messages),
            instructions="\n".join(m.text for m in request.messages if m.role == "system"),
            tools=() if request.tool_choice == "NONE" else tools,
            forced="*" if request.tool_choice == "REQUIRED" else None,
            schema=_schema(request.response_format),
            stream=bool(request.stream),
            stream_type=LINES if lines else None,
        )

    def write(self, ask: Ask, reply: Reply, serial: int) -> Any:
        """See `Wire.write`."""
        message: dict[str, Any] = {"role": "assistant"}
        if reply.calls:
            calls = [_tool_call(call, serial, index, whole=True) for index, call in enumerate(reply.calls)]
            message |= {"tool_plan": reply.text, "tool_calls": calls}
        else:
            message["content"] = [{"type": "text", "text": reply.text}]
        return {"id": _id(serial), "finish_reason": _finish(reply), "message": message, "usage": _usage(reply)}

    def stream(self, ask: Ask, reply: Reply, serial: int) -> Iterator[bytes]:
        """See `Wire.stream`."""

        def event(kind: str, message: Mapping[str, Any] | None = None, **more: Any) -> bytes:
            what = {"type": kind, **more}
            if message is not None:
                what["delta"] = {"message": message}
            return dumps(what) + b"\n" if ask.stream_type == LINES else sse(what, kind)

        empty = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
        yield Opening(event("message-start", empty, id=_id(serial)))
        if reply.calls:
            for piece in pieces(reply.text):
                yield event("tool-plan-delta", {"tool_plan": piece})
            for index, call in enumerate(reply.calls):
                yield event("tool-call-start", {"tool_calls": _tool_call(call, serial, index)}, index=index)
                for piece in pieces(compact(dict(call.arguments))):
                    yield event("tool-call-delta", {"tool_calls": {"function": {"arguments": piece}}}, index=index)
                yield event("tool-call-end", index=index)
        else:
            yield Opening(event("content-start", {"content": {"type": "text", "text": ""}}, index=0))
            for piece in pieces(reply.text):
                yield event("content-delta", {"content": {"text": piece}}, index=0)
            yield event("content-end", index=0)
        yield event("message-end", delta={"finish_reason": _finish(reply), "usage": _usage(reply)})
        if ask.stream_type != LINES:
            yield sse("[DONE]")

    def refuse(self, failure: Failure, model: str) -> Refusal:
        """See `Wire.refuse`."""
        status, words = REFUSALS[failure.kind]
        return Refusal(status, {"id": "scripted", "message": failure.says(words.format(model=model))})


def _schema(wanted: _Format | None) -> Mapping[str, Any] | None:
    if wanted is None or wanted.type == "text":
        return None
    return wanted.json_schema or wanted.older or {}


def _id(serial: int) -> str:
    return f"scripted-{serial}"


def _finish(reply: Reply) -> str:
    return "TOOL_CALL" if reply.calls else "COMPLETE"


def _tool_call(call: Call, serial: int, index: int, whole: bool = False) -> dict[str, Any]:
    arguments = compact(dict(call.arguments)) if whole else ""
    function = {"name": call.name, "arguments": arguments}
    return {"id": f"{call.name}_scripted_{serial}_{index + 1}", "type": "function", "function": function}


def _usage(reply: Reply) -> dict[str, Any] | None:
    if reply.usage is None:
        return None
    tokens = {"input_tokens": reply.usage.input, "output_tokens": reply.usage.output}
    return {"billed_units": tokens, "tokens": tokens, "cached_tokens": reply.usage.cached}


WIRES = (Cohere(),)
