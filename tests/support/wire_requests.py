"""One request for every wire, as its clients send it, with everything in it that the format has.

A new wire needs an entry in `_EXAMPLES`, and every test that asks each wire covers it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, NamedTuple

from scripted_providers.environment import ENDPOINTS
from scripted_providers.wires import Wire, wires_of

WIRES = tuple(wire for provider in ENDPOINTS for wire in wires_of(provider))

KEY = "sk-planted-0123456789abcdef"

OBJECT = {
    "type": "object",
    "properties": {"city": {"type": "string", "minLength": 1}, "days": {"type": "array", "items": {"type": "integer"}}},
    "required": ["city"],
}
_WEATHER = {"name": "get_weather", "description": "Look up the weather.", "parameters": OBJECT}
_PARTS = [{"type": "text", "text": "Hello."}, {"type": "image_url", "image_url": {"url": "data:,"}}]
_ARGUMENTS = '{"city":"Oslo"}'

_CHAT = {
    "model": "some-model",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": _PARTS},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "call00001", "type": "function", "function": {"name": "get_weather", "arguments": _ARGUMENTS}}
            ],
        },
        {"role": "tool", "tool_call_id": "call00001", "content": "rain"},
        {"role": "user", "content": "And now?"},
    ],
    "tools": [{"type": "function", "function": _WEATHER}],
    "tool_choice": "auto",
    "response_format": {"type": "json_schema", "json_schema": {"name": "out", "schema": OBJECT}},
    "stream": False,
    "stream_options": {"include_usage": True},
    "temperature": 0.5,
}

_RESPONSES = {
    "model": "some-model",
    "instructions": "Be brief.",
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "Hello."}]},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "function_call", "call_id": "c1", "name": "get_weather", "arguments": _ARGUMENTS},
        {"type": "function_call_output", "call_id": "c1", "output": "rain"},
        {"type": "message", "role": "user", "content": "And now?"},
    ],
    "tools": [{"type": "function", **_WEATHER}],
    "tool_choice": "auto",
    "text": {"format": {"type": "json_schema", "name": "out", "schema": OBJECT}},
    "stream": False,
    "include": [],
    "store": False,
}

_MESSAGES = {
    "model": "some-model",
    "max_tokens": 100,
    "system": [{"type": "text", "text": "Be brief."}],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "Hello."}, {"type": "image", "source": {}}]},
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Oslo"}}],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "rain"}]},
        {"role": "user", "content": "And now?"},
    ],
    "tools": [{"name": "get_weather", "description": "Look up.", "input_schema": OBJECT}],
    "tool_choice": {"type": "auto"},
    "output_config": {"format": {"type": "json_schema", "schema": OBJECT}},
    "stream": False,
}

_CONTENTS = {
    "system_instruction": {"parts": [{"text": "Be brief."}]},
    "contents": [
        {"role": "user", "parts": [{"text": "Hello."}, {"inline_data": {"mime_type": "image/png", "data": ""}}]},
        {"role": "model", "parts": [{"function_call": {"name": "get_weather", "args": {"city": "Oslo"}}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "get_weather", "response": {"output": "rain"}}}]},
        {"role": "user", "parts": [{"text": "And now?"}]},
    ],
    "tools": [{"function_declarations": [_WEATHER]}],
    "toolConfig": {"functionCallingConfig": {"mode": "AUTO", "allowedFunctionNames": []}},
    "generationConfig": {"responseMimeType": "application/json", "response_json_schema": OBJECT},
}

_COHERE = {
    "model": "some-model",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Hello."}]},
        {
            "role": "assistant",
            "tool_plan": "I will look.",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": _ARGUMENTS}}
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "document", "document": {"data": "rain"}}]},
        {"role": "user", "content": "And now?"},
    ],
    "tools": [{"type": "function", "function": _WEATHER}],
    "tool_choice": None,
    "response_format": {"type": "json_object", "json_schema": OBJECT},
    "stream": False,
}

_CONVERSE = {
    "system": [{"text": "Be brief."}],
    "messages": [
        {"role": "user", "content": [{"text": "Hello."}, {"image": {"format": "png", "source": {"bytes": ""}}}]},
        {
            "role": "assistant",
            "content": [{"toolUse": {"toolUseId": "t1", "name": "get_weather", "input": {"city": "Oslo"}}}],
        },
        {
            "role": "user",
            "content": [{"toolResult": {"toolUseId": "t1", "content": [{"text": "rain"}, {"json": {"mm": 3}}]}}],
        },
        {"role": "user", "content": [{"text": "And now?"}]},
    ],
    "toolConfig": {
        "tools": [{"toolSpec": {"name": "get_weather", "inputSchema": {"json": OBJECT}}}],
        "toolChoice": {"auto": {}},
    },
    "outputConfig": {
        "textFormat": {
            "type": "json_schema",
            "structure": {"jsonSchema": {"name": "out", "schema": json.dumps(OBJECT)}},
        }
    },
    "inferenceConfig": {"temperature": 0.5},
}

_OLLAMA_CHAT = {
    "model": "some-model",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello.", "images": []},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"function": {"name": "get_weather", "arguments": {"city": "Oslo"}}}],
        },
        {"role": "tool", "tool_name": "get_weather", "content": "rain"},
        {"role": "user", "content": "And now?"},
    ],
    "tools": [{"type": "function", "function": _WEATHER}],
    "format": OBJECT,
    "stream": False,
    "options": {"temperature": 0.5},
}

_OLLAMA_GENERATE = {
    "model": "some-model",
    "system": "Be brief.",
    "prompt": "And now?",
    "format": OBJECT,
    "stream": False,
}


class _Example(NamedTuple):
    provider: str
    path: str
    body: dict[str, Any]
    stream_path: str | None = None  # where the path asks for a stream, not the body


_EXAMPLES = (
    _Example("openai", "/v1/chat/completions", _CHAT),
    _Example("openai", "/v1/responses", _RESPONSES),
    _Example("anthropic", "/v1/messages", _MESSAGES),
    _Example(
        "gemini",
        "/v1beta/models/some-model:generateContent",
        _CONTENTS,
        "/v1beta/models/some-model:streamGenerateContent",
    ),
    _Example("mistral", "/v1/chat/completions", _CHAT),
    _Example("cohere", "/v2/chat", _COHERE),
    _Example("bedrock", "/model/some-model/converse", _CONVERSE, "/model/some-model/converse-stream"),
    _Example("azure", "/openai/deployments/some-model/chat/completions", _CHAT),
    _Example("ollama", "/api/chat", _OLLAMA_CHAT),
    _Example("ollama", "/api/generate", _OLLAMA_GENERATE),
    _Example("together", "/v1/chat/completions", _CHAT),
)

_DEMANDS = (
    "tools",
    "tool_choice",
    "toolConfig",
    "response_format",
    "text",
    "output_config",
    "outputConfig",
    "format",
    "generationConfig",
)


@dataclass(frozen=True)
class WireRequest:
    """A request, ready to be sent.

    Attributes:
        wire: In whose format it is.
        path: The vendor's own, without the provider's prefix.
        groups: What the wire's route finds in the path.
        headers: Those that carry the key.
        body: JSON; a copy of its own.
    """

    wire: Wire
    path: str
    groups: Mapping[str, Any]
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def url(self) -> str:
        """The path on the stand-in."""
        return f"/{self.wire.provider}{self.path}"


def name(wire: Wire) -> str:
    """Name a wire as tests should: provider and path."""
    example = _example(wire)
    return example.provider + example.path


def request(wire: Wire, *, stream: bool = False, key: str = KEY, plain: bool = False) -> WireRequest:
    """Return a request in this wire's format; a `plain` one only says "And now?", without tools, format and past."""
    example = _example(wire)
    body = deepcopy(example.body)
    path = (example.stream_path if stream else None) or example.path
    if "stream" in body:
        body["stream"] = stream
    if plain:
        body = {key: value for key, value in body.items() if key not in _DEMANDS}
        for past in {"messages", "input", "contents"} & body.keys():
            body[past] = body[past][-1:]
    headers = {"x-goog-api-key": key} if wire.provider == "gemini" else {"authorization": f"Bearer {key}"}
    found = wire.route.fullmatch(path)
    assert found is not None
    return WireRequest(wire, path, found.groupdict(), headers, body)


def _example(wire: Wire) -> _Example:
    found = [e for e in _EXAMPLES if e.provider == wire.provider and wire.route.fullmatch(e.path)]
    assert found, f"{wire.provider} {wire.route.pattern}: no request for this wire; add one to {__file__}"
    return found[0]
