"""The spans of a trace, in the order of a tree and ready to be shown: no times of day, no keys, no endless texts."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile
from textwrap import indent
from typing import Any

from agents.tracing import Span, SpanError

from ..sent import scrubbed

CALLS = ("generation", "response")  # kinds of span that stand for one model call
LONG = 4_000  # characters of an input or output that are shown


@dataclass(frozen=True)
class Node:
    """One span, ready to be shown.

    Attributes:
        depth: How many spans stand above it.
        kind: "task", "agent", "turn", "generation", "response" (a call that OpenAI's own client made), "function", …
        name: The agent's, tool's or model's name; empty where there is none.
        tokens: Sent and received, of a model call; else None.
        start: Seconds after the trace's first span began.
        end: The same, or None while it is under way.
        error: What went wrong here, or an empty string.
        folded: What it was given and what it gave, by heading; without keys.
    """

    depth: int
    kind: str
    name: str
    tokens: tuple[int, int] | None
    start: float
    end: float | None
    error: str
    folded: tuple[tuple[str, str], ...]

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        kind = {"function": "tool", "generation": "model call", "response": "model call"}.get(self.kind, self.kind)
        return f"{kind} {self.name}".strip()


def nodes(spans: list[Span[Any]], secrets: list[str]) -> tuple[Node, ...]:
    """Put spans into the order of a tree, each before what is inside it.

    Args:
        spans: In the order in which they began. One whose parent is not among them stands at the top.
        secrets: What is not to be shown.
    """
    known = {span.span_id for span in spans}
    below: dict[str | None, list[Span[Any]]] = defaultdict(list)
    for span in spans:
        below[span.parent_id if span.parent_id in known else None].append(span)
    laid: dict[str, str] = {}
    began = min((_seconds(span.started_at) for span in spans), default=0.0)

    def walk(parent: str | None, depth: int) -> Iterator[Node]:
        for span in below[parent]:
            yield _node(span, depth, began, secrets, laid)
            yield from walk(span.span_id, depth + 1)

    return _told_once(tuple(walk(None, 0)))


def _told_once(found: tuple[Node, ...]) -> tuple[Node, ...]:
    """Leave an error where it happened: the SDK repeats it on the agent above."""

    def inside(index: int) -> Iterator[Node]:
        return takewhile(lambda node: node.depth > found[index].depth, found[index + 1 :])

    return tuple(
        replace(node, error="") if node.error and any(n.error == node.error for n in inside(i)) else node
        for i, node in enumerate(found)
    )


def _node(span: Span[Any], depth: int, began: float, secrets: list[str], laid: dict[str, str]) -> Node:
    data = span.span_data
    used = getattr(data, "usage", None) if data.type in CALLS else None
    shown = {"input": getattr(data, "input", None), "output": getattr(data, "output", None)}
    if data.type == "custom":
        shown = {"data": data.data}
    elif data.type == "response" and data.response is not None:
        shown["output"] = [item.model_dump() for item in data.response.output]
    return Node(
        depth=depth,
        kind=data.type,
        name=str(scrubbed(_name(data), secrets)),
        tokens=(used.get("input_tokens") or 0, used.get("output_tokens") or 0) if used else None,
        start=_seconds(span.started_at) - began,
        end=_seconds(span.ended_at) - began if span.ended_at else None,
        error=str(scrubbed(_error(span.error), secrets)),
        folded=tuple((heading, _text(value, secrets, laid)) for heading, value in shown.items() if value),
    )


def _name(data: Any) -> str:
    match data.type:
        case "generation":
            return str(data.model or "")
        case "response":
            return f"openai/{data.response.model}" if data.response is not None else ""
        case "turn":
            return str(data.turn)
        case "handoff":
            return f"{data.from_agent} → {data.to_agent}"
        case "guardrail":
            return f"{data.name} (stopped the run)" if data.triggered else str(data.name)
        case _:
            return str(getattr(data, "name", None) or "")


def _error(error: SpanError | None) -> str:
    """Return what went wrong: the exception's own words where the SDK gives them, else its sentence and the details."""
    if not error:
        return ""
    details = error.get("data") or {}
    return str(details.get("error") or ": ".join([error["message"], *map(str, details.values())]))


def _text(value: Any, secrets: list[str], laid: dict[str, str]) -> str:
    """Lay out what a span was given or gave. Late turns carry whole conversations: what is cut off is not laid out."""
    if isinstance(value, str):
        text = str(scrubbed(value, secrets))
    elif isinstance(value, list | tuple):
        parts: list[str] = []
        while len(parts) < len(value) and sum(map(len, parts)) <= LONG:
            parts.append(indent(_json(value[len(parts)], secrets, laid), " "))
        text = "[\n" + ",\n".join(parts) + "\n]"
        if len(parts) < len(value):
            return f"{_cut(text)}\n… [{len(value) - len(parts):,} more entries]"
    else:
        text = _json(value, secrets, laid)
    return _cut(text)


def _json(value: Any, secrets: list[str], laid: dict[str, str]) -> str:
    """Lay out a value; `laid` keeps what was laid out before: each turn repeats the messages of those before it."""
    plain = json.dumps(value, default=str)
    if plain not in laid:
        laid[plain] = json.dumps(scrubbed(json.loads(plain), secrets), ensure_ascii=False, indent=1)
    return laid[plain]


def _cut(text: str) -> str:
    return text if len(text) <= LONG else f"{text[:LONG]}… [{len(text) - LONG:,} more characters]"


def _seconds(at: str | None) -> float:
    return datetime.fromisoformat(at).timestamp() if at else 0.0
