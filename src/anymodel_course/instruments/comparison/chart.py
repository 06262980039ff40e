"""The one figure of a comparison: latency, cost against latency, tokens. Its numbers stand under it as text.

Nothing is told by colour alone: hatched means scripted, hollow means that the price is unknown, a cross means an error.
A model that was not run says so in its row.
"""

from __future__ import annotations

import base64
import html
import math
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ...tables import html_table, text_table
from ...usage import dollars
from .records import LIVE
from .summary import Group, Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

BLUE, LIGHT, ORANGE = "#0072b2", "#9ecae1", "#e69f00"  # told apart by the colour-blind, and in print
HATCH = "///"
DOT = 90  # points, squared
DIRECTIONS = ((1, 1), (1, -1), (-1, 1), (-1, -1), (1.4, 0), (-1.4, 0), (0, 1.4), (0, -1.4))  # of a label from its dot
PLACES = [(x * far, y * far) for far in (8, 15, 22, 29) for x, y in DIRECTIONS]  # in points, the nearest first
HEADINGS = ("number", "model", "source", "answers", "first token, s", "latency, s", "tokens in", "out", "cost")


class Chart:
    """A picture with its numbers. In a notebook it shows both; `print` gives the numbers.

    Attributes:
        figure: The Matplotlib figure, to save or to change.
    """

    def __init__(self, summary: Summary) -> None:
        self._groups = summary.groups
        self._notes = summary.about_numbers()
        self.figure = _drawn(self._groups)

    @property
    def alt(self) -> str:
        """What the picture shows, in a sentence, for those who do not see it."""
        scripted, failed, not_run = (sum(map(told, self._groups)) for told in (_scripted, _failed, _not_run))
        signs = f"{scripted} scripted (hatched), {failed} with errors (a cross)"
        return (
            f"Three charts of {len(self._groups)} models: latency with the part until the first token, cost against "
            f"latency, and tokens in and out. {signs}{f', {not_run} not run' if not_run else ''}. "
            "The table below has every number."
        )

    def _rows(self) -> list[list[str]]:
        return [
            [
                str(number),
                group.model,
                group.source,
                group.answers,
                _seconds(group.first_token),
                _seconds(group.latency),
                "" if group.input_tokens is None else f"{group.input_tokens:,}",
                "" if group.output_tokens is None else f"{group.output_tokens:,}",
                dollars(group.cost) if group.ok else "",
            ]
            for number, group in enumerate(self._groups, 1)
        ]

    def __str__(self) -> str:
        """Return the numbers as text."""
        return "\n".join([text_table(HEADINGS, self._rows()), *self._notes])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        picture = BytesIO()
        self.figure.savefig(picture, format="png", dpi=90)
        data = base64.b64encode(picture.getvalue()).decode()
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self._notes)
        image = f'<img alt="{html.escape(self.alt)}" src="data:image/png;base64,{data}">'
        return f"{image}{html_table(HEADINGS, self._rows())}<ul>{notes}</ul>"


def _drawn(groups: tuple[Group, ...]) -> Figure:
    from matplotlib.figure import Figure  # and not pyplot, which keeps every figure and picks a screen

    figure = Figure(figsize=(12, 1.6 + 0.36 * len(groups)), layout="constrained", facecolor="white")
    latency, cost, tokens = figure.subplots(1, 3, width_ratios=(5, 4, 4))
    _latency(latency, groups)
    _cost(cost, groups)
    _tokens(tokens, groups)
    signs = ["hatched: scripted, no measurement"] if any(map(_scripted, groups)) else []
    signs += ["a cross: an error"] if any(map(_failed, groups)) else []
    if signs:
        figure.supxlabel(" · ".join(signs), fontsize=9)
    figure.draw_without_rendering()  # only now is it known where the dots are
    _number(figure, cost, groups)
    return figure


def _latency(axes: Axes, groups: tuple[Group, ...]) -> None:
    for row, group in enumerate(groups):
        if group.latency:
            first = group.first_token.median if group.first_token else 0.0
            axes.barh(row, first, color=LIGHT, edgecolor="black", hatch=_hatch(group))
            rest = max(0.0, group.latency.median - first)
            axes.barh(row, rest, left=first, color=BLUE, edgecolor="black", hatch=_hatch(group))
            if group.latency.least != group.latency.most:
                axes.hlines(row, group.latency.least, group.latency.most, color="black")
    _lanes(axes, groups, [f"{n}. {group.model}" for n, group in enumerate(groups, 1)])
    axes.set_xlabel("seconds, median (line: least to most)")
    axes.set_title("Latency; lighter: to the first token", fontsize=10)


def _cost(axes: Axes, groups: tuple[Group, ...]) -> None:
    for group in groups:
        if not group.latency:
            continue
        face = "none" if group.cost is None else BLUE
        axes.scatter(*_dot(group), s=DOT, facecolor=face, edgecolor="black", hatch=_hatch(group))
    axes.set_xlabel("seconds, median")
    axes.set_ylabel("$ for 1000 answers")
    axes.set_title("Cost; hollow: price unknown", fontsize=10)
    axes.margins(0.15)


def _dot(group: Group) -> tuple[float, float]:
    return group.latency.median if group.latency else 0.0, (group.cost or 0.0) / max(group.ok, 1) * 1000


def _number(figure: Figure, axes: Axes, groups: tuple[Group, ...]) -> None:
    """Number the dots of a figure that is laid out: at the nearest place where no dot and no other number stands.

    A place that is nearer to another dot comes last: the number would seem to be that one's.
    """
    point = figure.dpi / 72
    frame = axes.bbox.padded(-5 * point)
    dots = {n: axes.transData.transform(_dot(group)) / point for n, group in enumerate(groups, 1) if group.latency}
    taken = [_box(dot, DOT**0.5, DOT**0.5) for dot in dots.values()]
    for number, dot in dots.items():
        boxes = {place: _box(dot + place, 6 * len(str(number)), 8) for place in PLACES}
        inside = [place for place in PLACES if frame.contains(*(dot + place) * point)]
        free = [place for place in inside if not boxes[place].count_overlaps(taken)]
        others = [other for other in dots.values() if math.dist(other, dot) > 1]
        away = {place: min((math.dist(dot + place, other) for other in others), default=math.inf) for place in free}
        own = [place for place in free if away[place] > 1.2 * math.hypot(*place)]
        place = (own or free or PLACES)[0]
        line = {"arrowstyle": "-", "linewidth": 0.6, "shrinkA": 0} if place in PLACES[len(DIRECTIONS) :] else None
        axes.annotate(f"{number}", _dot(groups[number - 1]), place, textcoords="offset points", fontsize=8,
                      ha="center", va="center", arrowprops=line, in_layout=False)  # fmt: skip
        taken.append(boxes[place])


def _box(middle: Any, width: float, height: float) -> Bbox:
    from matplotlib.transforms import Bbox

    return Bbox.from_bounds(middle[0] - width / 2, middle[1] - height / 2, width, height)


def _tokens(axes: Axes, groups: tuple[Group, ...]) -> None:
    for row, group in enumerate(groups):
        sent, received = group.input_tokens or 0, group.output_tokens or 0
        axes.barh(row, sent, color=LIGHT, edgecolor="black", hatch=_hatch(group))
        axes.barh(row, received, left=sent, color=ORANGE, edgecolor="black", hatch=_hatch(group))
    _lanes(axes, groups, [str(n) for n in range(1, len(groups) + 1)])
    axes.set_xlabel("tokens, all answers together")
    axes.set_title("Tokens; blue: in, orange after it: out", fontsize=10)


def _lanes(axes: Axes, groups: tuple[Group, ...], names: list[str]) -> None:
    """Give each group its name, its room, and a sign where it has an error or was not run."""
    at: dict[str, Any] = {"textcoords": "offset points", "fontsize": 9, "va": "center", "in_layout": False}
    for row, group in enumerate(groups):
        if _failed(group):
            ground = {"boxstyle": "circle,pad=0.15", "facecolor": "white"}
            axes.annotate("✕", (0, row), (9, 0), ha="center", bbox=ground, **at)
        elif _not_run(group):
            axes.annotate("not run", (0, row), (4, 0), ha="left", **at)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(len(names) - 0.4, -0.6)  # the first on top, and as much room where there are no bars
    axes.set_xlim(left=0)


def _scripted(group: Group) -> bool:
    """Whether something scripted is drawn."""
    return group.ok > 0 and group.source != LIVE


def _failed(group: Group) -> bool:
    return group.failed > 0


def _not_run(group: Group) -> bool:
    return group.not_run == group.runs


def _hatch(group: Group) -> str | None:
    return HATCH if _scripted(group) else None


def _seconds(spread: Any) -> str:
    return "" if spread is None else f"{spread.median:.2f}"
