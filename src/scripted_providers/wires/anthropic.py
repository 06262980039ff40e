"""Anthropic's messages: POST /v1/messages, plain and as server-sent events.

Taken from: the anthropic package 2.12 (types/*.py, whose client parses what is written here), Anthropic's API reference
("Messages", "Streaming messages", "Errors", "Rate limits", "Structured outputs") as stored copies have it, error bodies
quoted in public bug reports, and requests recorded from LiteLLM 1.106.
Unverified: the sentence of "tools unsupported" (made after the one for single kinds of tools), x-should-retry's values.
Left out: thinking blocks, citations, tools that run at the provider (let through, never called), the
anthropic-ratelimit-* headers. More lenient than the real API, which refuses fields that it does not know, empty texts,
schemas with constraints, a request without an anthropic-version header, and on some models a forced tool or a prefill.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from ..replies import Ask, Call, Failure, Message, Reply, Tool, Usage, pieces
from .base import BadRequest, Body, Opening, Refusal, Wire, checked, compact, rejoined, sse


def _by_type(*known: str, missing: str = "other") -> Discriminator:
    """Tell the `known` types apart; whatever else arrives is "other"."""

    def kind(block: Any) -> str:
        given = block.get("type", missing) if isinstance(block, dict) else missing
        return given if given in known else "other"

    return Discriminator(kind)


def _as_blocks(content: Any) -> Any:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


class _Other(Body):
    """A block or a tool of a kind that has no part in a script."""

    type: str


class _Text(Body):
    text: str


_Part = Annotated[Annotated[_Text, Tag("text")] | Annotated[_Other, Tag("other")], _by_type("text")]
_Parts = Annotated[list[_Part], BeforeValidator(_as_blocks)]


class _ToolUse(Body):
    id: str
    name: str
    input: dict[str, Any]


class _ToolResult(Body):
    tool_use_id: str
    content: _Parts = Field(default_factory=list)


_Block = Annotated[
    Annotated[_Text, Tag("text")]
    | Annotated[_ToolUse, Tag("tool_use")]
    | Annotated[_ToolResult, Tag("tool_result")]
    | Annotated[_Other, Tag("other")],
    _by_type("text", "tool_use", "tool_result"),
]


class _Message(Body):
    role: Literal["user", "assistant", "system"]
    content: Annotated[list[_Block], BeforeValidator(_as_blocks)]


class _Custom(Body):
    name: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,128}$")
    description: str | None = None
    input_schema: dict[str, Any]


_Tool = Annotated[
    Annotated[_Custom, Tag("custom")] | Annotated[_Other, Tag("other")], _by_type("custom", missing="custom")
]


class _Choice(Body):
    type: Literal["auto", "any", "tool", "none"]
    name: str = ""


class _Format(Body):
    type: Literal["json_schema"]
    json_schema: dict[str, Any] = Field(alias="schema")


class _OutputConfig(Body):
    format: _Format | None = None


class _Request(Body):
    model: str
    max_tokens: int = Field(ge=0)
    messages: list[_Message]
    system: _Parts = Field(default_factory=list)
    tools: list[_Tool] = Field(default_factory=list)
    tool_choice: _Choice = _Choice(type="auto")
    output_config: _OutputConfig | None = None
    output_format: _Format | None = None  # where output_config.format stood while it was in beta
    stream: bool = False


REFUSALS: dict[str, tuple[int, str, str]] = {
    # kind: status, type, message
    "wrong_key": (401, "authentication_error", "invalid x-api-key"),
    "unknown_model": (404, "not_found_error", "model: {model}"),
    "rate_limit": (
        429,
        "rate_limit_error",
        "This request would exceed the rate limit for your organization of 30,000 input tokens per minute. For "
        "details, refer to: https://docs.anthropic.com/en/api/rate-limits. You can see the response headers for "
        "current usage. Please reduce the prompt length or the maximum tokens requested, or try again later.",
    ),
    "overloaded": (529, "overloaded_error", "Overloaded"),
    "tools_unsupported": (400, "invalid_request_error", "'{model}' does not support tool types: custom."),
    "bad_request": (400, "invalid_request_error", "The request body is not valid JSON."),
    "context_too_long": (400, "invalid_request_error", "prompt is too long: 1000001 tokens > 1000000 maximum"),
}


class Anthropic(Wire):
    """Messages."""

    provider = "anthropic"
    route = re.compile(r"/v1/messages")

    def key(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """See `Wire.key`."""
        return headers.get("x-api-key") or super().key(headers, query)

    def headers(self, serial: int) -> Mapping[str, str]:
        """See `Wire.headers`."""
        return {"request-id": f"req_scripted_{serial}"}

    def read(self, body: Any, path: Mapping[str, str], headers: Mapping[str, str]) -> Ask:
        """See `Wire.read`."""
        request = checked(_Request, body, "{spot}: {problem}")
        if not request.messages:
            raise BadRequest("messages: at least one message is required")
        offered = [tool for tool in request.tools if isinstance(tool, _Custom)]
        choice = request.tool_choice
        if choice.type in ("any", "tool") and not request.tools:
            raise BadRequest("tool_choice: tool_choice may only be specified while providing tools")
        if choice.type == "tool" and choice.name not in [tool.name for tool in offered]:
            raise BadRequest(f"tool_choice: Tool '{choice.name}' not found in provided tools")
        wanted = (request.output_config.format if request.output_config else None) or request.output_format
        systems = [_text(request.system), *(_text(m.content) for m in request.messages if m.role == "system")]
        tools = tuple(Tool(t.name, t.input_schema, t.description or "") for t in offered)
        return Ask(
            provider=self.provider,
            model=request.model,
            messages=_messages(request.messages),
            instructions="\n".join(filter(None, systems)),
            tools=() if choice.type == "none" else tools,
            forced={"any": "*", "tool": choice.name}.get(choice.type),
            schema=wanted.json_schema if wanted else None,
            stream=request.stream,
        )

    def write(self, ask: Ask, reply: Reply, serial: int) -> Any:
        """See `Wire.write`."""
        said = {"content": _content(reply, serial), "usage": _usage(reply.usage)}
        return _envelope(ask, serial) | said | _stop(reply)

    def stream(self, ask: Ask, reply: Reply, serial: int) -> Iterator[bytes]:
        """See `Wire.stream`."""

        def event(kind: str, **data: Any) -> bytes:
            return sse({"type": kind} | data, kind)

        usage = _usage(reply.usage)
        yield Opening(event("message_start", message=_envelope(ask, serial) | {"usage": usage | {"output_tokens": 1}}))
        for index, block in enumerate(_content(reply, serial)):
            if block["type"] == "text":
                start = block | {"text": ""}
                deltas = [{"type": "text_delta", "text": piece} for piece in pieces(block["text"])]
            else:  # the first piece is empty, and where a call has no arguments no other follows
                start = block | {"input": {}}
                told = ["", *pieces(compact(block["input"]) if block["input"] else "")]
                deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in told]
            begin = bytes if index else Opening
            yield begin(event("content_block_start", index=index, content_block=start))
            if index == 0:
                yield Opening(event("ping"))
            for delta in deltas:
                yield event("content_block_delta", index=index, delta=delta)
            yield event("content_block_stop", index=index)
        yield event("message_delta", delta=_stop(reply), usage=usage)
        yield event("message_stop")

    def refuse(self, failure: Failure, model: str) -> Refusal:
        """See `Wire.refuse`."""
        status, kind, words = REFUSALS[failure.kind]
        error = {"type": kind, "message": failure.says(words.format(model=model))}
        headers = {"request-id": "req_scripted"}
        if failure.kind in ("rate_limit", "overloaded"):
            headers["x-should-retry"] = "true"
        if failure.kind == "rate_limit":
            headers["retry-after"] = f"{failure.retry_after:.10g}"
        return Refusal(status, {"type": "error", "error": error, "request_id": headers["request-id"]}, headers)

    def interrupt(self, failure: Failure) -> bytes | None:
        """See `Wire.interrupt`. Everything but a lack of capacity is found out before the first word."""
        return sse(self.refuse(failure, "").body, "error") if failure.kind == "overloaded" else None


def _text(blocks: Iterable[Body]) -> str:
    """Join the texts; an image or the like is named, and what the model thought is left out."""
    said = []
    for block in blocks:
        if isinstance(block, _Text):
            said.append(block.text)
        elif isinstance(block, _Other) and not block.type.endswith("thinking"):
            said.append(f"[{block.type}]")
    return "\n".join(said)


def _messages(given: Iterable[_Message]) -> tuple[Message, ...]:
    """Give one message for each run of texts and calls, and one for each tool result; the two have to pair up."""
    messages: list[Message] = []
    waiting: dict[str, str] = {}  # calls without a result yet: id and tool, since a result carries only the id
    asked = 0

    def answered() -> None:
        if waiting:
            raise BadRequest(
                f"messages.{asked}: `tool_use` ids were found without `tool_result` blocks immediately after: "
                f"{', '.join(waiting)}. Each `tool_use` block must have a corresponding `tool_result` block in the "
                "next message."
            )

    def heard(run: list[Body]) -> None:
        if run:
            messages.append(Message("user", _text(run)))

    for number, message in enumerate(given):
        if message.role == "assistant":
            answered()
            asked = number
            uses = [block for block in message.content if isinstance(block, _ToolUse)]
            waiting = {use.id: use.name for use in uses}
            calls = tuple(Call(use.name, use.input, use.id) for use in uses)
            messages.append(Message("assistant", _text(message.content), calls))
        elif message.role == "user":
            run: list[Body] = []
            for place, block in enumerate(message.content):
                if not isinstance(block, _ToolResult):
                    run.append(block)
                    continue
                heard(run)
                run = []
                if block.tool_use_id not in waiting:
                    raise BadRequest(
                        f"messages.{number}.content.{place}: unexpected `tool_use_id` found in `tool_result` blocks: "
                        f"{block.tool_use_id}. Each `tool_result` block must have a corresponding `tool_use` block in "
                        "the previous message."
                    )
                messages.append(Message("tool", _text(block.content), tool=waiting.pop(block.tool_use_id)))
            heard(run)
    answered()
    return rejoined(messages)


def _envelope(ask: Ask, serial: int) -> dict[str, Any]:
    return {
        "id": f"msg_scripted_{serial}",
        "type": "message",
        "role": "assistant",
        "model": ask.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _content(reply: Reply, serial: int) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = [{"type": "text", "text": reply.text}] if reply.text else []
    return said + [
        {"type": "tool_use", "id": f"toolu_scripted_{serial}_{n}", "name": call.name, "input": dict(call.arguments)}
        for n, call in enumerate(reply.calls, 1)
    ]


def _stop(reply: Reply) -> dict[str, Any]:
    return {"stop_reason": "tool_use" if reply.calls else "end_turn", "stop_sequence": None}


def _usage(used: Usage | None) -> dict[str, Any]:
    """Count as Anthropic does: what came from its cache is not part of `input_tokens`."""
    used = used or Usage(0, 0)
    return {
        "input_tokens": used.input - used.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": used.cached,
        "output_tokens": used.output,
        "output_tokens_details": {"thinking_tokens": used.reasoning},
    }


WIRES = (Anthropic(),)
