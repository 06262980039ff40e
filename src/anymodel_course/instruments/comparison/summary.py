"""What a comparison says of each model: medians, sums, verdicts. And who was fastest and cheapest, of live runs only.

A scripted run takes as long as its script says and has the tokens that its script says: a rank would be a made-up one.
"""

from __future__ import annotations

import html
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...tables import html_table, text_table
from ...usage import dollars, total
from .prompts import NOT_APPLICABLE, PASS
from .records import LIVE, NOT_RUN, OK, SCRIPTED, Record

if TYPE_CHECKING:
    from pandas import DataFrame

FASTEST, CHEAPEST = "fastest", "cheapest"
NARROW = 44  # characters of an answer or a prompt in the table


@dataclass(frozen=True)
class Spread:
    """The median of some seconds, and how far they go."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Spread | None:
        """Make one of the values that are known, or return None where none is."""
        known = [value for value in values if value is not None]
        return cls(statistics.median(known), min(known), max(known)) if known else None

    def __str__(self) -> str:
        """Return it as text."""
        if self.least == self.most:
            return f"{self.median:.2f}"
        return f"{self.median:.2f} ({self.least:.2f} to {self.most:.2f})"


@dataclass(frozen=True)
class Group:
    """All runs of one model, or of one model with one prompt.

    Attributes:
        model: The full id.
        prompt: The prompt's text, or an empty string for all prompts.
        source: "scripted", "live", or both where the session was switched between runs.
        runs: How many were asked for.
        ok: How many have an answer.
        not_run: How many were interrupted or stopped before their first call.
        latency: Seconds of the runs with an answer.
        first_token: The same until the first piece.
        input_tokens: Their sum over the runs with an answer, or None where one has no count.
        output_tokens: The same.
        cost: The same, in US dollars; None where one has no known price.
        price_from: Where the prices came from.
        length: The median answer's characters.
        schema: How many passed, of how many judged.
        tools: The same.
        constraints: The same, each constraint of each answer counted.
        agreement: How many answers are their prompt's most frequent, of how many; None without repeats.
        answer: The only answer, where there is one.
        errors: What went wrong or stopped a run before its first call, and how often.
        marks: "fastest", "cheapest": among live groups only, and only where there are two to compare.
    """

    model: str
    prompt: str
    source: str
    runs: int
    ok: int
    not_run: int
    latency: Spread | None
    first_token: Spread | None
    input_tokens: int | None
    output_tokens: int | None
    cost: float | None
    price_from: str
    length: float | None
    schema: tuple[int, int]
    tools: tuple[int, int]
    constraints: tuple[int, int]
    agreement: tuple[int, int] | None
    answer: str
    errors: tuple[tuple[str, int], ...]
    marks: tuple[str, ...] = ()

    @property
    def failed(self) -> int:
        """How many ended with an error."""
        return self.runs - self.ok - self.not_run

    @property
    def answers(self) -> str:
        """How many have an answer, in words; those that were not run are no failures, and told apart."""
        return f"{self.ok} of {self.runs}" + (f" ({self.not_run} not run)" if self.not_run else "")


class Summary:
    """Groups in order, as a table of text or HTML. `groups` has them as objects, `frame` as a pandas data frame."""

    def __init__(self, groups: Sequence[Group], records: Sequence[Record]) -> None:
        self.groups = tuple(groups)
        self._records = records

    @property
    def frame(self) -> DataFrame:
        """A row for each group; spreads become three columns, verdicts two."""
        import pandas as pd

        rows = []
        for group in self.groups:
            row = {name: getattr(group, name) for name in ("model", "prompt", "source", "runs", "ok", "not_run")}
            for name in ("latency", "first_token"):
                spread = getattr(group, name)
                for part in ("median", "least", "most"):
                    row[f"{name}_{part}"] = getattr(spread, part, None)
            row |= {n: getattr(group, n) for n in ("input_tokens", "output_tokens", "cost", "price_from", "length")}
            for name in ("schema", "tools", "constraints", "agreement"):
                row[f"{name}_passed"], row[f"{name}_of"] = getattr(group, name) or (None, None)
            row["errors"] = "; ".join(f"{error} x{count}" for error, count in group.errors)
            row["marks"] = ", ".join(group.marks)
            rows.append(row)
        return pd.DataFrame(rows)

    def _columns(self) -> dict[str, list[str]]:
        groups = self.groups
        columns = {"model": [g.model for g in groups]}
        if any(g.prompt for g in groups):
            columns["prompt"] = [_short(g.prompt) for g in groups]
        columns |= {
            "source": [g.source for g in groups],
            "answers": [g.answers for g in groups],
            "seconds": [str(g.latency or "") for g in groups],
            "to first token": [str(g.first_token or "") for g in groups],
            "tokens in": [_count(g, g.input_tokens) for g in groups],
            "out": [_count(g, g.output_tokens) for g in groups],
            "cost": [dollars(g.cost) if g.ok else "" for g in groups],
            "length": [f"{g.length:g}" if g.length is not None else "" for g in groups],
        }
        for name in ("constraints", "schema", "tools"):
            if any(getattr(g, name)[1] for g in groups):
                columns[name] = [_passed(getattr(g, name)) for g in groups]
        if any(g.agreement for g in groups):
            columns["alike"] = [_passed(g.agreement) if g.agreement else "" for g in groups]
        if any(g.marks for g in groups):
            columns["among live"] = [", ".join(g.marks) for g in groups]
        if any(g.answer for g in groups):
            columns["answer"] = [_short(g.answer) for g in groups]
        return columns

    def about_numbers(self) -> list[str]:
        """Return what has to be said under numbers: what is scripted, whose counts are estimates."""
        told = []
        if any(SCRIPTED in g.source for g in self.groups):
            told.append(
                "Scripted seconds, tokens and costs are the script's: they measure no model, and are never ranked."
            )
        if any(g.source == LIVE for g in self.groups):
            told.append("Costs are list prices. A live provider's first run includes connecting to it.")
        if estimated := [g.model for g in self.groups if "estimated" in g.price_from and g.ok]:
            models = ", ".join(dict.fromkeys(estimated))
            told.append(f"{models}: LiteLLM estimates the tokens of its streams, so it is no candidate for cheapest.")
        return told

    def notes(self) -> list[str]:
        """Return what has to be said under the table: about its numbers, and what went wrong."""
        told = self.about_numbers()
        failed: dict[tuple[str, str], list[Record]] = {}
        for record in self._records:
            if record.error:
                failed.setdefault((record.model, record.error), []).append(record)
        for (model, error), records in failed.items():
            first = records[0]
            times = f" ({len(records)} times)" if len(records) > 1 else ""
            fix = f" Fix: {_in_a_line(first.fix)}" if first.fix else ""
            told.append(f"{model}: {error}{times}. {_short(first.message, 160)}{fix}")
        interrupted = sum(record.status == NOT_RUN and not record.error for record in self._records)
        if interrupted:
            told.append(f"{interrupted} runs have not been made: await the comparison to make them.")
        return told

    def __str__(self) -> str:
        """Return the table and the notes as text."""
        columns = self._columns()
        rows = list(zip(*columns.values(), strict=True))
        return "\n".join([text_table(list(columns), rows), *self.notes()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        columns = self._columns()
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes())
        return f"{html_table(list(columns), list(zip(*columns.values(), strict=True)))}<ul>{notes}</ul>"


def summary_of(records: Sequence[Record], *, by_prompt: bool = False) -> Summary:
    """Summarise records by model, or by prompt and model."""
    several: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        several.setdefault((record.prompt if by_prompt else "", record.model), []).append(record)
    groups = [_group(model, prompt, found) for (prompt, model), found in several.items()]
    prompts = dict.fromkeys(group.prompt for group in groups)
    marked = [_marked([g for g in groups if g.prompt == prompt]) for prompt in prompts]
    return Summary([group for part in marked for group in part], records)


def _group(model: str, prompt: str, records: Sequence[Record]) -> Group:
    ok = [record for record in records if record.status == OK]
    made = [record for record in records if record.status != NOT_RUN]
    verdicts = [verdict for record in ok for verdict in record.constraints.values()]
    schema = [r.schema_ok for r in records if r.schema_ok != NOT_APPLICABLE]
    tools = [r.tools_ok for r in records if r.tools_ok != NOT_APPLICABLE]
    errors = Counter(record.error for record in records if record.error)
    return Group(
        model=model,
        prompt=prompt,
        source=" and ".join(dict.fromkeys(record.source for record in made or records)),
        runs=len(records),
        ok=len(ok),
        not_run=len(records) - len(made),
        latency=Spread.of(record.latency for record in ok),
        first_token=Spread.of(record.first_token for record in ok),
        input_tokens=_sum([record.input_tokens for record in ok]),
        output_tokens=_sum([record.output_tokens for record in ok]),
        cost=total(record.cost for record in ok) if ok else None,
        price_from=next((record.price_from for record in ok), ""),
        length=statistics.median(record.length or 0 for record in ok) if ok else None,
        schema=(schema.count(PASS), len(schema)),
        tools=(tools.count(PASS), len(tools)),
        constraints=(verdicts.count(PASS), len(verdicts)),
        agreement=_agreement(ok) if any(record.repeat > 1 for record in records) else None,
        answer=ok[0].answer if len(records) == 1 and ok else "",
        errors=tuple(errors.items()),
    )


def _agreement(ok: Sequence[Record]) -> tuple[int, int]:
    """Count, for each prompt, how many answers are exactly its most frequent one."""
    answers: dict[str, Counter[str]] = {}
    for record in ok:
        answers.setdefault(record.prompt, Counter())[record.answer.strip()] += 1
    return sum(max(counted.values()) for counted in answers.values()), len(ok)


def _marked(groups: Sequence[Group]) -> list[Group]:
    """Mark the fastest and the cheapest of the live groups that answered every time."""
    live = [g for g in groups if g.source == LIVE and g.ok == g.runs]
    speed = {g.model: g.latency.median for g in live if g.latency}
    price = {g.model: g.cost / g.ok for g in live if g.cost is not None and "estimated" not in g.price_from}
    marks: dict[str, list[str]] = {}
    for word, values in ((FASTEST, speed), (CHEAPEST, price)):
        for model, value in values.items() if len(values) > 1 else ():
            if value == min(values.values()):
                marks.setdefault(model, []).append(word)
    return [replace(group, marks=tuple(marks.get(group.model, ()))) for group in groups]


def _sum(counts: Sequence[int | None]) -> int | None:
    return None if None in counts or not counts else sum(count or 0 for count in counts)


def _count(group: Group, tokens: int | None) -> str:
    if not group.ok:
        return ""
    return "unknown" if tokens is None else f"{tokens:,}"


def _passed(verdict: tuple[int, int]) -> str:
    passed, judged = verdict
    return f"{passed} of {judged}" if judged else ""


def _in_a_line(code: str) -> str:
    """Put code into one line: a semicolon between two statements, none within one and none beside a comment."""
    return " ".join(re.sub(r"(?<![:(,])\n(?!#)", "; ", code).split())


def _short(text: str, most: int = NARROW) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
