"""Hold a scenario against what was really asked: which rules nobody reaches, and which prompts nobody answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from .replies import Ask
from .scenario import Scenario

_ASK = TypeAdapter(Ask)


@dataclass(frozen=True)
class Report:
    """What a check found.

    Attributes:
        asked: How many requests it looked at.
        unreached: Rules that apply to none of them.
        shadowed: Rules that apply to some, but an earlier rule always answers; with that rule.
        unanswered: The user's last words in requests that no rule answers.
    """

    asked: int
    unreached: tuple[str, ...]
    shadowed: tuple[tuple[str, str], ...]
    unanswered: tuple[str, ...]

    def __str__(self) -> str:
        """Return one line a finding, and a count."""
        lines = [f"{where}: no prompt reaches this rule" for where in self.unreached]
        lines += [f"{where}: shadowed by {by}" for where, by in self.shadowed]
        lines += [f"no rule answers: {prompt!r}" for prompt in self.unanswered]
        return "\n".join([*lines, f"{self.asked} requests, {len(lines)} findings"])

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not (self.unreached or self.shadowed or self.unanswered)


def check(scenario: Scenario, asks: Iterable[Ask]) -> Report:
    """Replay requests against a scenario's rules."""
    first: set[int] = set()
    hidden: dict[int, str] = {}
    unanswered: dict[str, None] = {}  # a dict keeps the order
    asked = 0
    for ask in asks:
        asked += 1
        fitting = [n for n, rule in enumerate(scenario.rules) if rule.when.match(ask) is not None]
        if not fitting:
            unanswered[ask.user] = None
            continue
        first.add(fitting[0])
        for number in fitting[1:]:
            hidden.setdefault(number, scenario.rules[fitting[0]].where)
    return Report(
        asked=asked,
        unreached=tuple(r.where for n, r in enumerate(scenario.rules) if n not in first and n not in hidden),
        shadowed=tuple((scenario.rules[n].where, by) for n, by in sorted(hidden.items()) if n not in first),
        unanswered=tuple(unanswered),
    )


def asks_in(*logs: Path | str) -> Iterator[Ask]:
    """Read the requests that a run logged; those that the queue answered are left out, for no rule was asked.

    Args:
        logs: Files or folders that SCRIPTED_PROVIDERS_LOG made.

    Raises:
        ValueError: A line is no logged exchange; the message names file and line.
    """
    for path in map(Path, logs):
        for file in sorted(path.glob("*.jsonl")) if path.is_dir() else [path]:
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                try:
                    exchange = json.loads(line)
                    if exchange["ask"] and exchange["answered_by"] != "queue":
                        yield _ASK.validate_python(exchange["ask"])
                except (ValueError, KeyError, TypeError):  # Pydantic's ValidationError is a ValueError
                    expected = "expected an exchange as SCRIPTED_PROVIDERS_LOG writes it"
                    raise ValueError(f"{file.name}:{number}: {expected}") from None
