"""`wire()`: what LiteLLM really sent, and how the same request looks to one provider and to another."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from scripted_providers.log import Exchange
from scripted_providers.naming import nearest

from .. import session
from ..providers import PROVIDERS, provider
from ..sent import Sent, from_log
from ..tables import LEFT, WRAPPED
from .wire_parts import OTHER, PARTS, Piece, parts_of

NOTHING = "—"
PLUMBING = ("accept", "connection", "content-length", "host", "request-source", "user-agent", "x-amz-", "x-stainless-")
"""Headers that begin like this say nothing about the request: left out."""

_ON_THE_SIDE = ("/api/show",)  # LiteLLM asks Ollama there what a model can do
_LONG_STRING = 2000  # characters
_LONG_TEXT = 40  # lines of one cell
_LONG_CELL = 25  # lines that stand open in HTML
_MOST_PATHLESS = ("openai", "azure")  # for them LiteLLM's hook has the base URL only


@dataclass(frozen=True)
class Wire:
    """Requests side by side. Prints as text; shows as a table in a notebook.

    Attributes:
        requests: What was sent, one for each provider, whole: `requests[0].body` is the JSON body.
        parts: The only parts to show; None shows all.
    """

    requests: tuple[Sent, ...]
    parts: tuple[str, ...] | None = None

    @property
    def note(self) -> str:
        """Who saw this, and what it does not tell."""
        told = [sent.provider for sent in self.requests if sent.reported]
        notes = []
        if len(told) < len(self.requests):
            where = "" if not told else f" ({', '.join(s.provider for s in self.requests if not s.reported)})"
            answers = "" if len(self.requests) > 1 else ", the answer is scripted"
            notes.append(f"Received by the server on this machine{where}{answers}; keys are redacted.")
        if told:
            pathless = [PROVIDERS[name].title for name in told if name in _MOST_PATHLESS]
            without = f"no path for {' and '.join(pathless)}, " if pathless else ""
            notes.append(
                f"Reported by LiteLLM before it sent it ({', '.join(told)}): {without}nothing that it or a client adds "
                "afterwards, no answer; keys are redacted."
            )
        return " ".join(notes)

    def __str__(self) -> str:
        """Return it as text, part by part and provider by provider."""
        names = [sent.provider for sent in self.requests]
        margin = max(map(len, names)) + 2
        lines = [names[0]] if len(names) == 1 else []
        for heading, cells in self._rows(width=100 - margin):
            lines.append(heading)
            for name, cell in zip(names, cells, strict=True):
                short = [*cell[:_LONG_TEXT], f"… {len(cell) - _LONG_TEXT} more lines"] if _long(cell) else cell
                label = name.ljust(margin) if len(names) > 1 else ""
                lines += [f"  {label if n == 0 else ' ' * len(label)}{line}" for n, line in enumerate(short)]
        return "\n".join([*lines, self.note])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        names = [sent.provider for sent in self.requests]
        head = "".join(f'<th scope="col" {LEFT}>{html.escape(name)}</th>' for name in ("part", *names))
        rows = []
        for heading, cells in self._rows(width=100 if len(names) == 1 else max(40, 120 // len(names))):
            row = "".join(f"<td {LEFT}>{_cell(heading, cell)}</td>" for cell in cells)
            rows.append(f'<tr><th scope="row" {LEFT}>{html.escape(heading)}</th>{row}</tr>')
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        return f"{table}<p>{html.escape(self.note)}</p>"

    def _rows(self, width: int) -> list[tuple[str, list[list[str]]]]:
        return [row for row in _rows(self.requests, width) if self.parts is None or row[0] in self.parts]


def wire(compare: Iterable[str] | str | None = None, *, parts: Iterable[str] | str | None = None) -> Wire:
    """Show the last request and its answer, or the last requests of several providers side by side.

    Offline it is what the stand-in received. Of calls that went elsewhere, live ones above all, it is what LiteLLM
    reports before it sends them; an agent without a `LitellmModel` is not seen there.

    Args:
        compare: Providers to put side by side, by name. Run the same agent on each first. With one name: that
            provider's last request, with its answer.
        parts: Show these only, such as "tools" or ["messages", "tools"].

    Returns:
        The request, with its parts (model, system prompt, messages, tools, …) in rows that mean the same everywhere.

    Raises:
        TypeError: `compare` is no list of names.
        ValueError: A provider or a part is unknown, or the list is empty.
        RuntimeError: `start` has not been called, nothing was sent since, or nothing to a provider in `compare`.

    Example:
        >>> wire(compare=["openai", "anthropic", "gemini"])  # doctest: +SKIP
    """
    only = None if parts is None else _known_parts(parts)
    latest = _latest()
    names = None if compare is None else _names(compare, latest)
    if not latest:
        raise RuntimeError("Nothing was sent since course.start(). Run an agent, then call course.wire() again.")
    if names is None:
        names = [next(reversed(latest))]
    missing = [name for name in names if name not in latest]
    if missing:
        raise RuntimeError(
            f"Nothing was sent to {' and '.join(missing)} since course.start(), only to {', '.join(latest)}. Run the "
            "agent there first, then compare."
        )
    chosen = (latest[name] for name in names)
    return Wire(tuple(s if isinstance(s, Sent) else from_log(s) for s in chosen), only)


def _known_parts(parts: Iterable[str] | str) -> tuple[str, ...]:
    given = (parts,) if isinstance(parts, str) else tuple(parts)
    there_are = ("request", "headers", *PARTS, OTHER, "answer")
    if not given:
        raise ValueError(f"parts={parts!r}: name at least one of {', '.join(there_are)}, or leave it out.")
    for part in given:
        if part not in there_are:
            raise ValueError(f"A request has no part {part!r}. {nearest(str(part), there_are)}")
    return given


def _latest() -> dict[str, Exchange | Sent]:
    """Return each provider's last request; the last of all stands last."""
    received = [e for e in session.stand_in().log if e.path not in _ON_THE_SIDE]
    everything: list[tuple[float, Exchange | Sent]] = [(e.started, e) for e in received]
    everything += [(sent.at, sent) for sent in session.reported()]
    latest: dict[str, Exchange | Sent] = {}
    for _, one in sorted(everything, key=lambda pair: pair[0]):
        latest.pop(one.provider, None)
        latest[one.provider] = one
    return latest


def _names(compare: Iterable[str] | str, latest: Iterable[str]) -> list[str]:
    try:
        given = [compare] if isinstance(compare, str) else list(compare)
    except TypeError:
        given = []
    if not all(isinstance(name, str) for name in given) or not isinstance(compare, Iterable):
        raise TypeError(f'compare={compare!r}: name providers, as in compare=["openai", "anthropic"].')
    if not given:
        raise ValueError(f"compare is empty: name providers. {nearest('', PROVIDERS)}")
    seen = set(latest)  # somebody who is live with another of LiteLLM's providers may name it too
    return list(dict.fromkeys(name if name in seen else provider(name).name for name in given))


def _rows(requests: Sequence[Sent], width: int) -> list[tuple[str, list[list[str]]]]:
    """Lay out every part that at least one of the requests has: its heading, and each request's lines."""
    bodies = [parts_of(sent.provider, sent.body) for sent in requests]
    rows = [("request", [[_printable(sent.line)] for sent in requests])]
    rows += [("headers", [_headers(sent) for sent in requests])]
    for part in (*PARTS, OTHER):
        if any(body[part] for body in bodies):
            rows.append((part, [_lines(body[part], width) for body in bodies]))
    if len(requests) == 1 and not requests[0].reported:
        rows.append(("answer", [_answer(requests[0], width)]))
    return rows


def _headers(sent: Sent) -> list[str]:
    telling = [(name, value) for name, value in sorted(sent.headers.items()) if not name.startswith(PLUMBING)]
    return [_printable(f"{name}: {value}") for name, value in telling] or [NOTHING]


def _answer(sent: Sent, width: int) -> list[str]:
    if sent.status is None:
        return ["none: the connection was closed" if sent.cut else "none yet"]
    known = {status.value: status.phrase for status in HTTPStatus}
    first = f"{sent.status} {known.get(sent.status, '')}".rstrip()
    if sent.cut:
        first += ", but the connection was closed before all of this was through"
    headers = [_printable(f"{name}: {value}") for name, value in sorted(sent.answer_headers.items())]
    if isinstance(sent.answer, dict):
        return [first, *headers, *_laid(_cut(sent.answer), width).splitlines()]
    frames = sent.answer if isinstance(sent.answer, list) else [sent.answer or ""]  # a stream, or no JSON
    return [first, *headers, *(_printable(line) for frame in frames for line in _cut(str(frame)).split("\n") if line)]


def _lines(found: list[Piece] | str, width: int) -> list[str]:
    if isinstance(found, str):
        return [found]
    laid = [f"{p.where}: {_laid(_cut(p.value), width)}" if p.where else _laid(_cut(p.value), width) for p in found]
    return [line for text in laid for line in text.splitlines()] or [NOTHING]


def _laid(value: Any, width: int, margin: str = "") -> str:
    """Write JSON in one line where that fits, and one item a line otherwise."""
    line = _printable(json.dumps(value, ensure_ascii=False))
    if len(line) <= width - len(margin) or not value or not isinstance(value, dict | list) or len(margin) > 40:
        return line
    inner = margin + "  "
    if isinstance(value, dict):
        items = [f"{_printable(json.dumps(k, ensure_ascii=False))}: {_laid(v, width, inner)}" for k, v in value.items()]
    else:
        items = [_laid(item, width, inner) for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n" + ",\n".join(inner + item for item in items) + f"\n{margin}{closing}"


def _cut(value: Any) -> Any:
    """Return a JSON value whose strings can be looked at; `requests` has the whole."""
    if isinstance(value, str) and len(value) > _LONG_STRING:
        return f"{value[:_LONG_STRING]}… [{len(value) - _LONG_STRING:,} more characters]"
    if isinstance(value, dict):
        return {name: _cut(item) for name, item in value.items()}
    return [_cut(item) for item in value] if isinstance(value, list) else value


def _printable(text: str) -> str:
    """Escape what no screen shows: control characters, line separators, and halves of surrogate pairs."""
    return "".join(c if c.isprintable() or c in "\u200c\u200d\ufe0f\u00a0" else json.dumps(c)[1:-1] for c in text)


def _long(cell: Sequence[str]) -> bool:
    return len(cell) > _LONG_TEXT


def _cell(heading: str, lines: Sequence[str]) -> str:
    if lines == [NOTHING]:
        return NOTHING
    text = f'<pre style="{WRAPPED}">{html.escape(chr(10).join(lines))}</pre>'
    if heading == "answer":
        return f"<details><summary>{html.escape(lines[0])}</summary>{text}</details>"
    if len(lines) > _LONG_CELL:
        return f"<details><summary>{len(lines)} lines</summary>{text}</details>"
    return text
