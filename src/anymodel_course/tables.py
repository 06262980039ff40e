"""Tables twice: as text, for terminals, screen readers and stored outputs, and as plain HTML that any theme colours."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

LEFT = 'align="left" valign="top" style="text-align: left; vertical-align: top"'
"""For a cell of text: JupyterLab would set it to the right, and GitHub drops the style."""

RIGHT = 'align="right" valign="top"'

WRAPPED = "white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere"
"""For text with its line ends: JupyterLab would break it within words."""


@dataclass(frozen=True)
class Table:
    """A table that prints as text and shows as HTML in a notebook, with a note beneath where there is one."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def __str__(self) -> str:
        """Return it as text."""
        return "\n".join(filter(None, [text_table(self.headings, self.rows), self.note]))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        note = f"<p>{html.escape(self.note)}</p>" if self.note else ""
        return html_table(self.headings, self.rows) + note


class ShownAsTable:
    """What prints as its table, and shows as one in a notebook."""

    def _table(self) -> Table:
        raise NotImplementedError

    def __str__(self) -> str:
        """Return the table as text."""
        return str(self._table())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()


def text_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a table as text; columns of numbers stand to the right."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    lines = [headings, ["-" * width for width in widths], *rows]
    numbers = _numbers(headings, rows)
    laid = [
        "  ".join(c.rjust(w) if n else c.ljust(w) for c, w, n in zip(line, widths, numbers, strict=True)).rstrip()
        for line in lines
    ]
    return "\n".join(laid)


def html_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a table as plain HTML, which any theme colours; columns of numbers stand to the right."""
    sides = [RIGHT if n else LEFT for n in _numbers(headings, rows)]
    head = "".join(f'<th scope="col" {s}>{html.escape(h)}</th>' for h, s in zip(headings, sides, strict=True))
    cells = ("".join(f"<td {s}>{html.escape(c)}</td>" for c, s in zip(row, sides, strict=True)) for row in rows)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _numbers(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[bool]:
    """Tell which columns hold numbers."""
    columns = zip(headings, *rows, strict=True)
    return [all(c[:1].isdigit() or c[:1] == "$" or c in ("", "unknown") for c in column[1:]) for column in columns]
