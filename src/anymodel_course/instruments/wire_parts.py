"""Which part of which provider's request means what: one row a format, and what a body is taken apart with.

A place is a path into the JSON body. Case and underscores make no difference (Gemini takes `system_instruction` and
`systemInstruction`), and `messages[system]` is the items of that list whose role is system or developer.
Taken from the wires of `scripted_providers`, which cite where each format is described.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PARTS = ("model", "system prompt", "messages", "tools", "tool choice", "output format", "streaming")
OTHER = "other settings"
FORCED_FORMAT = "json_tool_call"
"""The tool that LiteLLM makes of an `output_type` where the model has no structured output of its own."""


@dataclass(frozen=True)
class Format:
    """How one kind of request is laid out.

    Attributes:
        providers: Who takes it.
        mark: The field that tells it from the other formats of the same provider.
        places: Where each part stands in the body.
        elsewhere: What to say of a part that the body never has.
    """

    providers: tuple[str, ...]
    mark: str
    places: Mapping[str, tuple[str, ...]]
    elsewhere: Mapping[str, str] = field(default_factory=dict)


_CHAT: dict[str, tuple[str, ...]] = {
    "model": ("model",),
    "system prompt": ("messages[system]",),
    "messages": ("messages",),
    "tools": ("tools",),
    "tool choice": ("tool_choice",),
    "output format": ("response_format",),
    "streaming": ("stream", "stream_options"),
}
_IN_PATH = {"model": "in the path", "streaming": "in the path"}

FORMATS = (
    Format(
        providers=("openai",),
        mark="input",  # Responses
        places=_CHAT
        | {
            "system prompt": ("instructions", "input[system]"),
            "messages": ("input",),
            "output format": ("text.format",),
        },
    ),
    Format(
        providers=("anthropic",),
        mark="messages",
        places=_CHAT
        | {
            "system prompt": ("system", "messages[system]"),
            "output format": ("output_format", "output_config.format"),
        },
    ),
    Format(
        providers=("gemini",),
        mark="contents",
        places={
            "system prompt": ("system_instruction",),
            "messages": ("contents",),
            "tools": ("tools",),
            "tool choice": ("tool_config",),
            "output format": (
                "generation_config.response_mime_type",
                "generation_config.response_json_schema",
                "generation_config.response_schema",
            ),
        },
        elsewhere=_IN_PATH,
    ),
    Format(
        providers=("bedrock",),
        mark="messages",
        places={
            "system prompt": ("system", "messages[system]"),
            "messages": ("messages",),
            "tools": ("toolConfig.tools",),
            "tool choice": ("toolConfig.toolChoice",),
            "output format": ("outputConfig.textFormat",),
        },
        elsewhere=_IN_PATH,
    ),
    Format(
        providers=("ollama",),
        mark="prompt",  # generate: LiteLLM writes the whole conversation into one text
        places={
            "model": ("model",),
            "system prompt": ("system",),
            "messages": ("prompt",),
            "output format": ("format",),
            "streaming": ("stream",),
        },
        elsewhere=dict.fromkeys(("system prompt", "tools"), "in the prompt, if there is any"),
    ),
    Format(providers=("ollama",), mark="messages", places=_CHAT | {"output format": ("format",)}),
    # OpenAI's chat completions, which most of the world speaks, and Cohere's, which keep every part in the same place.
    Format(providers=(), mark="messages", places=_CHAT),
)


@dataclass(frozen=True)
class Piece:
    """Something that stands in a body: where, and what."""

    where: str
    value: Any


def parts_of(provider: str, body: Any) -> dict[str, list[Piece] | str]:
    """Take a request's body apart.

    Args:
        provider: The course's name of the provider.
        body: Any JSON value; where it is in no known format, all of it is "other settings".

    Returns:
        For each of `PARTS` and `OTHER` what the body has of it, or where else it is, or an empty list.

    Example:
        >>> parts_of("gemini", {"systemInstruction": {"parts": []}})["system prompt"]
        [Piece(where='systemInstruction', value={'parts': []})]
    """
    found: dict[str, list[Piece] | str] = {part: [] for part in PARTS}
    if not isinstance(body, dict):
        return found | {OTHER: [] if body is None else [Piece("", body)]}
    mine = [f for f in FORMATS if provider in f.providers]
    layout = next((f for f in [*mine, *FORMATS[-1:]] if f.mark in body), mine[-1] if mine else FORMATS[-1])
    rest = dict(body)
    for part in PARTS:
        pieces = [piece for place in layout.places.get(part, ()) for piece in _take(rest, place.split("."))]
        found[part] = pieces or layout.elsewhere.get(part, [])
    if not found["output format"] and any(isinstance(p, Piece) and _names_format(p.value) for p in found["tools"]):
        found["output format"] = f"as a tool that has to be called: {FORCED_FORMAT}"
    return found | {OTHER: [Piece(name, value) for name, value in rest.items()]}


def _take(holder: dict[str, Any], path: list[str], before: str = "") -> list[Piece]:
    """Take what stands at a path out of the holder, and what is left empty by that."""
    wanted, _, role = path[0].partition("[")
    name = next((key for key in holder if _plain(key) == _plain(wanted)), None)
    if name is None:
        return []
    value, where = holder[name], before + name
    if len(path) > 1:
        if not isinstance(value, dict):
            return []
        holder[name] = inner = dict(value)
        pieces = _take(inner, path[1:], f"{where}.")
        if pieces and not inner:
            del holder[name]
        return pieces
    if not role:
        del holder[name]
        return [Piece(where, value)]
    told = [n for n, item in enumerate(value) if _speaks_for_the_system(item)] if isinstance(value, list) else []
    if told:
        holder[name] = [item for n, item in enumerate(value) if n not in told]
    return [Piece(f"{where}[{n}]", value[n]) for n in told]


def _names_format(tools: Any) -> bool:
    return f'"name": "{FORCED_FORMAT}"' in json.dumps(tools)


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _speaks_for_the_system(item: Any) -> bool:
    return isinstance(item, dict) and item.get("role") in ("system", "developer")
