"""What went over the wire, kept for the learner to look at. No key gets in."""

from __future__ import annotations

import itertools
import json
import os
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, is_dataclass
from pathlib import Path
from typing import Any

from .replies import Ask, Usage

REDACTED = "[redacted]"

SHOWN_HEADERS = frozenset(
    {"accept", "anthropic-beta", "anthropic-version", "content-type", "openai-beta", "retry-after", "retry-after-ms"}
    | {"user-agent", "x-scripted", "x-should-retry"}
)
"""Headers that carry nothing secret. Every other value is redacted: a list of secret names would have a gap."""

SHOWN_QUERY = frozenset({"alt", "api-version", "beta"})
"""The same for what stands after a path's question mark, where Gemini takes its key."""


@dataclass
class Exchange:
    """One request and its answer.

    Attributes:
        number: Counts from 1 since the server was made; the ids in the answer end in it.
        path: The vendor's own path, without the provider's prefix and with keys in the query redacted.
        answered_by: "queue", "mirror", "provider" (a refusal), or a rule's "file.yaml:12".
        response: What was sent, as texts: one for a whole body, one for each frame of a stream.
        source: "scripted", or the recording's model and date that a scenario names.
        cut: Whether the connection was closed before the answer was through, by either side.
        seconds: From the request's first byte to the answer's last; None while it is under way.
    """

    number: int
    provider: str
    method: str
    path: str
    request_headers: dict[str, str]
    request: Any = None
    ask: Ask | None = None
    answered_by: str = "provider"
    status: int | None = None
    response_headers: dict[str, str] = field(default_factory=dict)
    response: Any = None
    usage: Usage | None = None
    source: str = "scripted"
    cut: bool = False
    seconds: float | None = None
    started: float = field(default_factory=time.monotonic)

    def finish(self) -> None:
        """Note that the answer is through."""
        self.seconds = time.monotonic() - self.started


class Log:
    """The last exchanges, oldest first.

    Args:
        keep: How many to keep in memory.
        record: Append them to a file, too, where SCRIPTED_PROVIDERS_LOG names a folder.
    """

    def __init__(self, keep: int = 1000, *, record: bool = False) -> None:
        self._kept: deque[Exchange] = deque(maxlen=keep)
        self.count = 0  # since the last `clear`, kept or not
        self._numbers = itertools.count(1)
        folder = os.environ.get("SCRIPTED_PROVIDERS_LOG") if record else None
        self._file = Path(folder) / f"{os.getpid()}-{time.time_ns()}.jsonl" if folder else None

    def __iter__(self) -> Iterator[Exchange]:
        return iter(tuple(self._kept))

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, index: int) -> Exchange:
        return tuple(self._kept)[index]

    def open(self, **what: Any) -> Exchange:
        """Begin an exchange."""
        self.count += 1
        exchange = Exchange(number=next(self._numbers), **what)
        self._kept.append(exchange)
        return exchange

    def close(self, exchange: Exchange) -> None:
        """End an exchange."""
        exchange.finish()
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(vars(exchange), default=lambda o: vars(o) if is_dataclass(o) else str(o)) + "\n")

    def clear(self) -> None:
        """Forget all exchanges. Their numbers go on, so that no two answers of a server have the same id."""
        self._kept.clear()
        self.count = 0


def shown(fields: Mapping[str, str], harmless: frozenset[str] = SHOWN_HEADERS) -> dict[str, str]:
    """Return headers, or a query, with every value redacted that is not known to be harmless."""
    return {name: value if name in harmless else REDACTED for name, value in fields.items()}


def without(secret: str | None, value: Any) -> Any:
    """Return a JSON value in which no string holds the secret. What is shorter than eight characters is none."""
    if secret is None or len(secret) < 8:
        return value
    if isinstance(value, str):
        return value.replace(secret, REDACTED)
    if isinstance(value, Mapping):
        return {without(secret, k): without(secret, v) for k, v in value.items()}
    if isinstance(value, list):
        return [without(secret, item) for item in value]
    return value
