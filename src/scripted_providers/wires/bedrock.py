"""AWS Bedrock's Converse: POST /model/ID/converse, and /converse-stream as a binary event stream.

Taken from: botocore 1.44's service model of bedrock-runtime (whose client parses what is written here and checks both
CRCs of a frame), the API reference ("Converse", "ConverseStream", "OutputConfig") and the user guide ("Structured
output") as stored copies have them, error sentences as public issues quote them, and requests recorded from LiteLLM
1.106. Of a SigV4 signature only the access key id is read: the rest is not checked. Unverified: the sentence for a body
that cannot be read, and which of its exceptions the service ever sends in the middle of a stream.
Left out: reasoning (Converse does not count its tokens), citations, guardrails, prompts by ARN, the refusal of blank
text blocks, and a wrong bearer token's own words ({"Message": "Authentication failed: …"}): it gets a wrong key's.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator, Mapping
from typing import Any, Literal
from zlib import crc32

from pydantic import Field

from ..replies import Ask, Call, Failure, Message, Reply, Tool, pieces
from .base import BadRequest, Body, Opening, Refusal, Wire, checked, compact, dumps, rejoined


class _ToolUse(Body):
    id: str = Field(alias="toolUseId")
    name: str
    input: dict[str, Any]


class _Result(Body):
    text: str | None = None
    json_: dict[str, Any] | None = Field(None, alias="json")


class _ToolResult(Body):
    id: str = Field(alias="toolUseId")
    content: list[_Result]

    @property
    def text(self) -> str:
        return "".join(part.text or ("" if part.json_ is None else compact(part.json_)) for part in self.content)


class _Block(Body):
    text: str | None = None
    tool_use: _ToolUse | None = Field(None, alias="toolUse")
    tool_result: _ToolResult | None = Field(None, alias="toolResult")
    image: Any = None
    document: Any = None
    video: Any = None
    audio: Any = None


class _Message(Body):
    role: Literal["user", "assistant", "system"]
    content: list[_Block]

    @property
    def text(self) -> str:
        return _text(self.content)


class _Schema(Body):
    json_: dict[str, Any] = Field(alias="json")


class _Spec(Body):
    name: str
    description: str | None = None
    schema_: _Schema = Field(alias="inputSchema")


class _Tool(Body):
    spec: _Spec | None = Field(None, alias="toolSpec")  # a cache point or a tool of the service's own stands here too


class _Named(Body):
    name: str


class _Choice(Body):
    auto: dict[str, Any] | None = None
    any: dict[str, Any] | None = None
    tool: _Named | None = None


class _Tools(Body):
    tools: list[_Tool] = Field(min_length=1)
    choice: _Choice = Field(_Choice(), alias="toolChoice")


class _JsonSchema(Body):
    schema_: str = Field(alias="schema")  # JSON inside JSON


class _Structure(Body):
    schema_: _JsonSchema = Field(alias="jsonSchema")


class _Format(Body):
    type: Literal["json_schema"]
    structure: _Structure


class _Output(Body):
    format: _Format | None = Field(None, alias="textFormat")


class _Request(Body):
    messages: list[_Message]
    system: list[_Block] | None = None
    tools: _Tools | None = Field(None, alias="toolConfig")
    output: _Output | None = Field(None, alias="outputConfig")


REFUSALS: dict[str, tuple[int, str, str]] = {
    # kind: status, exception, message
    "wrong_key": (403, "UnrecognizedClientException", "The security token included in the request is invalid."),
    "unknown_model": (400, "ValidationException", "The provided model identifier is invalid."),
    "rate_limit": (429, "ThrottlingException", "Too many requests, please wait before trying again."),
    "overloaded": (503, "ServiceUnavailableException", "Too many connections, please wait before trying again."),
    "tools_unsupported": (400, "ValidationException", "This model doesn't support tool use."),
    "bad_request": (400, "ValidationException", "Malformed input request, please reformat your input and try again."),
    "context_too_long": (400, "ValidationException", "Input is too long for requested model."),
}


class Bedrock(Wire):
    """Converse."""

    provider = "bedrock"
    route = re.compile(r"/model/(?P<model>.+)/converse(?P<stream>-stream)?")  # an ARN has slashes of its own
    stream_type = "application/vnd.amazon.eventstream"

    def key(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """Return the access key id that a signature names, or the bearer token. The signature is not checked."""
        signed = re.match(r"AWS4-HMAC-SHA256 .*?Credential=([^/,\s]+)/", headers.get("authorization", ""))
        return signed[1] if signed else super().key(headers, query)

    def headers(self, serial: int) -> Mapping[str, str]:
        """See `Wire.headers`."""
        return {"x-amzn-requestid": f"scripted-{serial}"}

    def read(self, body: Any, path: Mapping[str, str], headers: Mapping[str, str]) -> Ask:
        """See `Wire.read`."""
        request = checked(_Request, body)
        said = [m for m in request.messages if m.role != "system"]
        if not said or said[0].role != "user":
            raise BadRequest(
                "A conversation must start with a user message. Try again with a conversation that starts with a user"
                " message."
            )
        names: dict[str, str] = {}  # a tool's result carries only the call's id
        messages: list[Message] = []
        for given in said:
            calls = [block.tool_use for block in given.content if block.tool_use]
            results = [block.tool_result for block in given.content if block.tool_result]
            if (calls or results) and not request.tools:
                raise BadRequest(
                    "The toolConfig field must be defined when using toolUse and toolResult content blocks."
                )
            for result in results:
                if result.id not in names:
                    raise BadRequest(f"A toolResult block names {result.id}, which no toolUse block before it has.")
                messages.append(Message("tool", result.text, tool=names[result.id]))
            names |= {call.id: call.name for call in calls}
            if given.text or not results:  # what a user adds to results stands in the same message as they do
                told = tuple(Call(call.name, call.input, call.id) for call in calls)
                messages.append(Message("assistant" if given.role == "assistant" else "user", given.text, told))
        system = [_text(request.system or []), *(m.text for m in request.messages if m.role == "system")]
        specs = [tool.spec for tool in request.tools.tools if tool.spec] if request.tools else []
        return Ask(
            provider=self.provider,
            model=path["model"],
            messages=rejoined(messages),
            instructions="\n".join(filter(None, system)),
            tools=tuple(Tool(spec.name, spec.schema_.json_, spec.description or "") for spec in specs),
            forced=_forced(request.tools.choice) if request.tools else None,
            schema=_schema(request.output),
            stream=bool(path["stream"]),
        )

    def write(self, ask: Ask, reply: Reply, serial: int) -> Any:
        """See `Wire.write`."""
        content: list[dict[str, Any]] = [{"text": reply.text}] if reply.text or not reply.calls else []
        content += [
            {"toolUse": _opening(call, serial, number) | {"input": dict(call.arguments)}}
            for number, call in enumerate(reply.calls, 1)
        ]
        message = {"role": "assistant", "content": content}
        return {"output": {"message": message}, "stopReason": _stop(reply)} | _metadata(reply)

    def stream(self, ask: Ask, reply: Reply, serial: int) -> Iterator[bytes]:
        """See `Wire.stream`."""
        yield Opening(_frame("messageStart", {"role": "assistant"}))
        index = 0
        if reply.text or not reply.calls:  # a text block has no start event
            for piece in pieces(reply.text):
                yield _frame("contentBlockDelta", {"contentBlockIndex": index, "delta": {"text": piece}})
            yield _frame("contentBlockStop", {"contentBlockIndex": index})
            index += 1
        for number, call in enumerate(reply.calls, 1):
            start = {"toolUse": _opening(call, serial, number)}
            yield _frame("contentBlockStart", {"contentBlockIndex": index, "start": start})
            for piece in pieces(compact(dict(call.arguments))):
                delta = {"toolUse": {"input": piece}}
                yield _frame("contentBlockDelta", {"contentBlockIndex": index, "delta": delta})
            yield _frame("contentBlockStop", {"contentBlockIndex": index})
            index += 1
        yield _frame("messageStop", {"stopReason": _stop(reply)})
        yield _frame("metadata", _metadata(reply))

    def refuse(self, failure: Failure, model: str) -> Refusal:
        """See `Wire.refuse`."""
        status, exception, words = REFUSALS[failure.kind]
        kind = f"{exception}:http://internal.amazon.com/coral/com.amazon.bedrock/"
        headers = {"x-amzn-requestid": "scripted", "x-amzn-errortype": kind}
        return Refusal(status, {"message": failure.says(words)}, headers)

    def interrupt(self, failure: Failure) -> bytes | None:
        """See `Wire.interrupt`."""
        _, exception, words = REFUSALS[failure.kind]
        if failure.kind == "wrong_key":  # never found out that late
            return None
        return _frame(exception[0].lower() + exception[1:], {"message": failure.says(words)}, "exception")

    def readable(self, frame: bytes) -> str:
        """See `Wire.readable`: an event's name and payload, without what frames them."""
        if frame[:1] != b"\0":  # the first byte of a frame's length; JSON starts with anything else
            return super().readable(frame)
        event, payload = _unframe(frame)
        return f"{event} {payload.decode()}"


def _text(blocks: list[_Block]) -> str:
    def said(block: _Block) -> str:
        media = (kind for kind in ("image", "document", "video", "audio") if getattr(block, kind) is not None)
        return block.text or "".join(f"[{kind}]" for kind in media)

    return "".join(map(said, blocks))


def _forced(choice: _Choice) -> str | None:
    if choice.tool:
        return choice.tool.name
    return None if choice.any is None else "*"


def _schema(output: _Output | None) -> Mapping[str, Any] | None:
    if output is None or output.format is None:
        return None
    try:
        schema = json.loads(output.format.structure.schema_.schema_)
    except (ValueError, RecursionError):
        schema = None
    if not isinstance(schema, dict):
        raise BadRequest("outputConfig.textFormat.structure.jsonSchema.schema must be a JSON schema, as a string.")
    return schema


def _opening(call: Call, serial: int, number: int) -> dict[str, Any]:
    return {"toolUseId": f"tooluse_scripted_{serial}_{number}", "name": call.name}


def _stop(reply: Reply) -> str:
    return "tool_use" if reply.calls else "end_turn"


def _metadata(reply: Reply) -> dict[str, Any]:
    """Token counts, in which cached input is no part of the input, and the scripted pace as latency."""
    usage = {}
    if reply.usage:
        used = reply.usage
        usage = {
            "inputTokens": used.input - used.cached,
            "outputTokens": used.output,
            "totalTokens": used.input + used.output,
            "cacheReadInputTokens": used.cached,
            "cacheWriteInputTokens": 0,
        }
    return {"usage": usage, "metrics": {"latencyMs": round(reply.pace.total * 1000)}}


def _frame(name: str, payload: Any, kind: Literal["event", "exception"] = "event") -> bytes:
    """Write one message of an event stream: lengths, their CRC, headers, payload, the CRC of it all."""
    named = {f":{kind}-type": name, ":content-type": "application/json", ":message-type": kind}
    headers = b"".join(_header(name, value) for name, value in named.items())
    data = dumps(payload)
    lengths = struct.pack("!II", 16 + len(headers) + len(data), len(headers))
    message = lengths + struct.pack("!I", crc32(lengths)) + headers + data
    return message + struct.pack("!I", crc32(message))


def _header(name: str, value: str) -> bytes:
    """Write a header of type 7, a string."""
    return struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", 7, len(value)) + value.encode()


def _unframe(frame: bytes) -> tuple[str, bytes]:
    """Read the name, which `_frame` puts into the first header, and the payload."""
    (headers,) = struct.unpack_from("!I", frame, 4)
    start = 12 + 1 + frame[12] + 1  # past the prelude, and the header's name and type
    (length,) = struct.unpack_from("!H", frame, start)
    return frame[start + 2 : start + 2 + length].decode(), frame[12 + headers : -4]


WIRES = (Bedrock(),)
