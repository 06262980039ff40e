"""`trace_tree(result)`: what a run did, as a tree of its spans: agents, turns, model calls, tools, handoffs, errors.

Tokens are those of the model calls alone. The SDK writes the same tokens on the turn and the task above them, too;
whoever adds up everything gets three times the truth.
"""

from __future__ import annotations

import html
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from agents.result import RunResultBase
from agents.tracing import Span

from .. import session
from ..sent import own_secrets, scrubbed
from ..tracing import KEPT, Recorded

BAR = 24  # characters of a bar: a whole run
LONG = 4_000  # characters of an input or output that are shown


@dataclass(frozen=True)
class Node:
    """One span, ready to be shown.

    Attributes:
        depth: How many spans stand above it.
        kind: "task", "agent", "turn", "generation", "function", "handoff", …
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
        kind = {"function": "tool", "generation": "model call"}.get(self.kind, self.kind)
        return f"{kind} {self.name}".strip()


class TraceTree:
    """A trace as a tree. Prints as text without times, so that it can be compared; shows with times in a notebook."""

    def __init__(self, recorded: Recorded) -> None:
        self.name = recorded.trace.name
        self.group_id: str | None = getattr(recorded.trace, "group_id", None)
        self.left_out = recorded.left_out
        self.nodes = _told_once(_nodes(recorded.spans))

    @property
    def tokens(self) -> tuple[int, int]:
        """Tokens sent and received, over all model calls."""
        counted = [node.tokens for node in self.nodes if node.tokens]
        return sum(sent for sent, _ in counted), sum(received for _, received in counted)

    @property
    def _heading(self) -> str:
        return f"trace {self.name!r}" + (f", group {self.group_id!r}" if self.group_id else "")

    @property
    def _summary(self) -> str:
        calls = sum(node.kind == "generation" for node in self.nodes)
        sent, received = self.tokens
        more = f" {self.left_out:,} later spans were not kept." if self.left_out else ""
        return f"{calls} model call{'' if calls == 1 else 's'}: {sent:,} tokens sent, {received:,} received.{more}"

    def __str__(self) -> str:
        """Return it as text: one line a span, indented by what it belongs to."""
        lines = [self._heading]
        for node in self.nodes:
            margin = "  " * (node.depth + 1)
            lines.append(f"{margin}{node.title}{_tokens(node)}{' (under way)' if node.end is None else ''}")
            if node.error:
                lines.append(f"{margin}! {_short(node.error)}")
        return "\n".join([*lines, self._summary])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        whole = max((node.end or node.start for node in self.nodes), default=0.0)
        rows = []
        for node in self.nodes:
            indent = "&nbsp;" * 4 * node.depth
            error = f"<br>{indent}<b>Error:</b> {html.escape(_short(node.error))}" if node.error else ""
            folds = "".join(
                f"<details><summary>{heading}</summary><pre>{html.escape(text)}</pre></details>"
                for heading, text in node.folded
            )
            tokens = f"{node.tokens[0]:,} + {node.tokens[1]:,}" if node.tokens else ""
            took = "under way" if node.end is None else f"{(node.end - node.start) * 1000:,.1f}"
            cells = [
                f'<th scope="row" style="{_LEFT}">{indent}{html.escape(node.title)}{error}</th>',
                f'<td style="{_LEFT}">{tokens}</td>',
                f"<td>{took}</td>",
                f'<td style="{_LEFT}"><code aria-hidden="true">{_bar(node, whole)}</code></td>',
                f'<td style="{_LEFT}">{folds}</td>',
            ]
            rows.append(f"<tr>{''.join(cells)}</tr>")
        heads = ("span", "tokens sent + received", "ms", "when", "given and gave")
        head = "".join(f'<th scope="col" style="{_LEFT}">{h}</th>' for h in heads)
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        return f"<p><b>{html.escape(self._heading)}</b></p>{table}<p>{html.escape(self._summary)}</p>"


_LEFT = "text-align: left; vertical-align: top"


def trace_tree(result: RunResultBase | None = None) -> TraceTree:
    """Show what a run did as a tree.

    Args:
        result: What `Runner.run` or `Runner.run_streamed` returned. None: the last trace, also of a run that failed.

    Returns:
        The tree of the trace that the run belongs to: with `agents.trace(…)` around them, several runs share one.

    Raises:
        TypeError: It is no run's result.
        RuntimeError: `start` has not been called, or the run was not recorded.

    Example:
        >>> trace_tree(result)  # doctest: +SKIP
        trace 'Agent workflow'
          task Agent workflow
            agent Assistant
              turn 1
                model call anthropic/claude-sonnet-5-5: 15 + 8 tokens
        1 model call: 15 tokens sent, 8 received.
    """
    recorded = list(session.recorder().traces)
    if result is not None:
        if not isinstance(result, RunResultBase):
            raise TypeError(f"trace_tree takes what Runner.run(…) returned, not {type(result).__name__}.")
        wanted = _said([response.output for response in result.raw_responses])
        recorded = [r for r in recorded if _is_of(r, wanted)]
    recorded = [r for r in recorded if r.spans]
    if not recorded:
        raise RuntimeError(
            "No such run was recorded. Was tracing off, by setup_tracing or RunConfig(tracing_disabled=True)? Only the "
            f"last {KEPT} traces are kept, and none while another trace processor has taken the recorder's place."
        )
    return TraceTree(recorded[-1])


def _is_of(recorded: Recorded, wanted: list[str]) -> bool:
    """Whether a trace has the model calls of a run. A result does not name its trace, so their words have to do."""
    said = iter(_said([s.span_data.output for s in recorded.spans if s.span_data.type == "generation"]))
    return all(word in said for word in wanted)  # in this order; agents inside tools may speak in between


def _said(value: Any) -> list[str]:
    """Return the texts and tool arguments in what models gave, in order, whichever format they stand in."""
    if hasattr(value, "model_dump"):
        value = value.model_dump()
    if isinstance(value, dict):
        return [
            word
            for key, item in value.items()
            for word in ([item] if isinstance(item, str) and key in ("text", "content", "arguments") else _said(item))
        ]
    return [word for item in value for word in _said(item)] if isinstance(value, list | tuple) else []


def _nodes(spans: list[Span[Any]]) -> tuple[Node, ...]:
    known = {span.span_id for span in spans}
    below: dict[str | None, list[Span[Any]]] = defaultdict(list)
    for span in spans:
        below[span.parent_id if span.parent_id in known else None].append(span)
    began = min((_seconds(span.started_at) for span in spans), default=0.0)
    secrets = own_secrets()

    def walk(parent: str | None, depth: int) -> Iterator[Node]:
        for span in below[parent]:
            yield _node(span, depth, began, secrets)
            yield from walk(span.span_id, depth + 1)

    return tuple(walk(None, 0))


def _told_once(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """Leave an error where it happened: the SDK repeats it on the agent above."""
    return tuple(
        replace(node, error="") if node.error and any(n.error == node.error for n in nodes[i + 1 :]) else node
        for i, node in enumerate(nodes)
    )


def _node(span: Span[Any], depth: int, began: float, secrets: list[str]) -> Node:
    data = span.span_data
    exported = data.export()
    kind = data.type if data.type != "custom" else str(exported.get("data", {}).get("sdk_span_type") or "custom")
    names = {
        "generation": exported.get("model"),
        "task": getattr(data, "name", None),
        "turn": getattr(data, "turn", None),
        "handoff": f"{exported.get('from_agent')} → {exported.get('to_agent')}",
    }
    used = exported.get("usage") if kind == "generation" else None
    error: Mapping[str, Any] = span.error or {"message": ""}
    said = str((error.get("data") or {}).get("error") or error["message"])
    folded = tuple((h, _text(exported[h], secrets)) for h in ("input", "output") if exported.get(h))
    return Node(
        depth=depth,
        kind=kind,
        name=str(names.get(kind, exported.get("name")) or ""),
        tokens=(used.get("input_tokens") or 0, used.get("output_tokens") or 0) if used else None,
        start=_seconds(span.started_at) - began,
        end=_seconds(span.ended_at) - began if span.ended_at else None,
        error=str(scrubbed(said, secrets)),
        folded=folded,
    )


def _text(value: Any, secrets: list[str]) -> str:
    clean = scrubbed(value if isinstance(value, str) else json.loads(json.dumps(value, default=str)), secrets)
    text = clean if isinstance(clean, str) else json.dumps(clean, ensure_ascii=False, indent=1)
    return text if len(text) <= LONG else f"{text[:LONG]}… [{len(text) - LONG:,} more characters]"


def _seconds(at: str | None) -> float:
    return datetime.fromisoformat(at).timestamp() if at else 0.0


def _tokens(node: Node) -> str:
    return f": {node.tokens[0]:,} + {node.tokens[1]:,} tokens" if node.tokens else ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 160 else f"{line[:160]}…"


def _bar(node: Node, whole: float) -> str:
    """Draw when a span ran: blank before it, blocks while it ran; a whole bar is the whole trace."""
    if not whole:
        return ""
    first = min(int(node.start / whole * BAR), BAR - 1)
    last = max(first + 1, round((whole if node.end is None else node.end) / whole * BAR))
    return "&nbsp;" * first + "█" * (min(last, BAR) - first)
