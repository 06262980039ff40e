"""OpenAI's Responses: POST /v1/responses, plain and as server-sent events. What an `Agent` without LiteLLM calls.

Taken from: the openai package 2.54 (types/responses/*.py and lib/streaming/responses, whose client parses what is
written here), OpenAI's API reference ("Create a model response", "Streaming events") as stored copies have it,
requests recorded from openai-agents 0.20 (OpenAIResponsesModel), and the 400s quoted in public bug reports.
Unverified: the exact sentences of the 503 and of "tools unsupported"; that chat's sentences for wrong key, unknown
model and rate limit are word for word the same here; `param` and `code`, which real 400s fill and these leave null.
Left out: everything that rests on stored state (`store` keeps nothing; `previous_response_id`, `conversation` and item
references are refused as unknown), stored prompts, background, hosted and custom tools (accepted, never called),
reasoning items in answers, `obfuscation`; the echo of request fields that clients don't need.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from ..replies import Ask, Call, Failure, Message, Reply, Tool, pieces
from .base import SCRIPTED_AT, BadRequest, Body, Opening, Refusal, Wire, arguments_of, checked, compact, sse
from .openai_chat import openai_refusal


class _Part(Body):
    type: str
    text: str = ""


def _as_parts(value: Any) -> Any:
    return [{"type": "text", "text": value}] if isinstance(value, str) else value


_Parts = Annotated[list[_Part], BeforeValidator(_as_parts)]


def _text(parts: list[_Part]) -> str:
    return "".join(part.text if part.type.endswith("text") else f"[{part.type}]" for part in parts)


class _Message(Body):
    role: Literal["system", "developer", "user", "assistant"]
    content: _Parts


class _FunctionCall(Body):
    call_id: str
    name: str
    arguments: str


class _FunctionCallOutput(Body):
    call_id: str
    output: _Parts


class _ItemReference(Body):
    id: str


class _OtherItem(Body):
    """Reasoning, and calls to hosted tools with their results: context that no script looks at."""


def _kind(item: Any) -> str:
    kind = item.get("type") if isinstance(item, dict) else None
    if kind is None:
        return "message"
    return kind if kind in ("message", "function_call", "function_call_output", "item_reference") else "other"


_Item = Annotated[
    Annotated[_Message, Tag("message")]
    | Annotated[_FunctionCall, Tag("function_call")]
    | Annotated[_FunctionCallOutput, Tag("function_call_output")]
    | Annotated[_ItemReference, Tag("item_reference")]
    | Annotated[_OtherItem, Tag("other")],
    Discriminator(_kind),
]


def _as_items(value: Any) -> Any:
    return [{"role": "user", "content": value}] if isinstance(value, str) else value


class _Tool(Body):
    type: str
    name: str | None = None
    description: str | None = None
    parameters: dict[str, Any] | None = None


class _Choice(Body):
    type: str
    name: str | None = None


class _Format(Body):
    type: Literal["text", "json_object", "json_schema"]
    schema_: Annotated[dict[str, Any], Field(alias="schema")] = {}


class _Text(Body):
    format: _Format | None = None


class _Request(Body):
    model: str
    input: Annotated[list[_Item], BeforeValidator(_as_items)]
    instructions: str | None = None
    tools: list[_Tool] | None = None
    tool_choice: Literal["none", "auto", "required"] | _Choice | None = None
    text: _Text | None = None
    stream: bool | None = None
    previous_response_id: str | None = None
    conversation: Any = None


TOO_LONG = "Your input exceeds the context window of this model. Please adjust your input and try again."


class OpenAIResponses(Wire):
    """Responses."""

    provider = "openai"
    route = re.compile(r"/v1/responses")

    def read(self, body: Any, path: Mapping[str, str], headers: Mapping[str, str]) -> Ask:
        """See `Wire.read`."""
        request = checked(_Request, body)
        if request.previous_response_id is not None:
            raise BadRequest(f"Previous response with id '{request.previous_response_id}' not found.")
        if request.conversation is not None:
            raise BadRequest("Conversation not found.")
        told = [item for item in request.input if isinstance(item, _Message) and item.role in ("system", "developer")]
        tools = tuple(_tool(n, tool) for n, tool in enumerate(request.tools or ()) if tool.type == "function")
        forced = "*" if request.tool_choice == "required" else None
        if isinstance(request.tool_choice, _Choice) and request.tool_choice.type == "function":
            forced = request.tool_choice.name
        wanted = request.text.format if request.text else None
        return Ask(
            provider=self.provider,
            model=request.model,
            messages=_messages(request.input),
            instructions="\n".join(text for text in [request.instructions, *(_text(i.content) for i in told)] if text),
            tools=() if request.tool_choice == "none" else tools,
            forced=forced,
            schema=wanted.schema_ if wanted and wanted.type != "text" else None,
            stream=bool(request.stream),
        )

    def write(self, ask: Ask, reply: Reply, serial: int) -> Any:
        """See `Wire.write`."""
        return _response(ask, serial) | {
            "status": "completed",
            "completed_at": SCRIPTED_AT,
            "output": _items(reply, serial),
            "usage": _usage(reply),
        }

    def stream(self, ask: Ask, reply: Reply, serial: int) -> Iterator[bytes]:
        """See `Wire.stream`."""
        number = count()

        def event(kind: str, **fields: Any) -> bytes:
            return sse({"type": kind, "sequence_number": next(number)} | fields, kind)

        yield Opening(event("response.created", response=_response(ask, serial)))
        yield Opening(event("response.in_progress", response=_response(ask, serial)))
        for index, item in enumerate(_items(reply, serial)):
            spot = {"item_id": item["id"], "output_index": index}
            begun = item | {"status": "in_progress"}
            begin = bytes if index else Opening
            if item["type"] == "message":
                part = item["content"][0]
                spot_in = spot | {"content_index": 0}
                yield begin(event("response.output_item.added", output_index=index, item=begun | {"content": []}))
                yield begin(event("response.content_part.added", **spot_in, part=part | {"text": ""}))
                for piece in pieces(part["text"]):
                    yield event("response.output_text.delta", **spot_in, delta=piece, logprobs=[])
                yield event("response.output_text.done", **spot_in, text=part["text"], logprobs=[])
                yield event("response.content_part.done", **spot_in, part=part)
            else:
                arguments = item["arguments"]
                yield begin(event("response.output_item.added", output_index=index, item=begun | {"arguments": ""}))
                for piece in pieces(arguments):
                    yield event("response.function_call_arguments.delta", **spot, delta=piece)
                done = {"name": item["name"], "arguments": arguments}
                yield event("response.function_call_arguments.done", **spot, **done)
            yield event("response.output_item.done", output_index=index, item=item)
        yield event("response.completed", response=self.write(ask, reply, serial))

    def refuse(self, failure: Failure, model: str) -> Refusal:
        """See `Wire.refuse`."""
        if failure.kind == "context_too_long" and failure.message is None:
            failure = replace(failure, message=TOO_LONG)
        return openai_refusal(failure, model)


def _messages(items: list[Any]) -> tuple[Message, ...]:
    """Put items together into messages: calls belong to the assistant's message that they follow."""
    messages: list[Message] = []
    open_calls: dict[str, str] = {}
    names: dict[str, str] = {}  # a tool's result carries only the call's id
    for item in items:
        if isinstance(item, _ItemReference):
            raise BadRequest(f"Item with id '{item.id}' not found.")
        if isinstance(item, _Message) and item.role not in ("system", "developer"):
            messages.append(Message("assistant" if item.role == "assistant" else "user", _text(item.content)))
        elif isinstance(item, _FunctionCall):
            names[item.call_id] = open_calls[item.call_id] = item.name
            if not messages or messages[-1].role != "assistant":
                messages.append(Message("assistant"))
            call = Call(item.name, arguments_of(item.arguments))
            messages[-1] = replace(messages[-1], calls=(*messages[-1].calls, call))
        elif isinstance(item, _FunctionCallOutput):
            if item.call_id not in names:
                raise BadRequest(f"No tool call found for function call output with call_id {item.call_id}.")
            open_calls.pop(item.call_id, None)
            messages.append(Message("tool", _text(item.output), tool=names[item.call_id]))
    if open_calls:
        raise BadRequest(f"No tool output found for function call {next(iter(open_calls))}.")
    return tuple(messages)


def _tool(number: int, given: _Tool) -> Tool:
    if given.name is None:
        raise BadRequest(f"Missing required parameter: 'tools[{number}].name'.")
    return Tool(given.name, given.parameters or {}, given.description or "")


def _response(ask: Ask, serial: int) -> dict[str, Any]:
    """Write a response that has just begun."""
    choice: Any = "auto"
    if ask.forced:
        choice = "required" if ask.forced == "*" else {"type": "function", "name": ask.forced}
    return {
        "id": f"resp_scripted_{serial}",
        "object": "response",
        "created_at": SCRIPTED_AT,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": ask.instructions or None,
        "metadata": {},
        "model": ask.model,
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "store": False,
        "tool_choice": choice,
        "tools": [
            {"type": "function", "name": t.name, "description": t.description, "parameters": dict(t.parameters)}
            for t in ask.tools
        ],
        "usage": None,
    }


def _items(reply: Reply, serial: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if reply.text or not reply.calls:
        part = {"type": "output_text", "text": reply.text, "annotations": [], "logprobs": []}
        message = {"id": f"msg_scripted_{serial}", "type": "message", "role": "assistant", "content": [part]}
        items.append(message | {"status": "completed"})
    for number, call in enumerate(reply.calls, 1):
        items.append(
            {
                "id": f"fc_scripted_{serial}_{number}",
                "type": "function_call",
                "call_id": f"call_scripted_{serial}_{number}",
                "name": call.name,
                "arguments": compact(dict(call.arguments)),
                "status": "completed",
            }
        )
    return items


def _usage(reply: Reply) -> dict[str, Any] | None:
    if reply.usage is None:
        return None
    used = reply.usage
    return {
        "input_tokens": used.input,
        "input_tokens_details": {"cached_tokens": used.cached, "cache_write_tokens": 0},
        "output_tokens": used.output,
        "output_tokens_details": {"reasoning_tokens": used.reasoning},
        "total_tokens": used.input + used.output,
    }


WIRES = (OpenAIResponses(),)
