"""Tables twice: as text, for terminals, screen readers and stored outputs, and as plain HTML that any theme colours."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A table that prints as text and shows as HTML in a notebook."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __str__(self) -> str:
        """Return it as text."""
        return text_table(self.headings, self.rows)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html_table(self.headings, self.rows)


def text_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a table as text; columns of numbers stand to the right."""
    columns = [list(column) for column in zip(headings, *rows, strict=True)]
    widths = [max(map(len, column)) for column in columns]
    lines = [list(headings), ["-" * width for width in widths], *map(list, rows)]
    numeric = [all(c[:1].isdigit() or c[:1] == "$" or c in ("", "unknown") for c in column[1:]) for column in columns]
    laid = [
        "  ".join(c.rjust(w) if n else c.ljust(w) for c, w, n in zip(line, widths, numeric, strict=True)).rstrip()
        for line in lines
    ]
    return "\n".join(laid)


def html_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a table as plain HTML, which any theme colours."""
    head = "".join(f'<th scope="col">{html.escape(h)}</th>' for h in headings)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
