"""What one run of a comparison left: one record a model, prompt and repeat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from .prompts import FAIL, NOT_APPLICABLE, PASS

if TYPE_CHECKING:
    from pandas import DataFrame

OK, ERROR, NOT_RUN = "ok", "error", "not run"
SCRIPTED, LIVE = "scripted", "live"


@dataclass(frozen=True)
class Record:
    """One run. What nobody knows is None: a price, the tokens of a call that failed.

    Attributes:
        model: The full model id.
        prompt: The prompt's text.
        repeat: Counts from 1.
        source: "scripted" or "live". A scripted time, count or cost is the script's, and measures no model.
        status: "ok", "error", or "not run": interrupted, or stopped by a budget or the live cap before its first call.
        error: The exception's class, and its HTTP status where it has one.
        message: What the exception says; keys are redacted.
        fix: What the course knows to do about it; see `explain`.
        answer: The final output as text; an object as JSON.
        length: Characters of the answer.
        first_token: Seconds until the first piece arrived, or None where nothing was streamed.
        latency: Seconds until the run was over, tools and a provider's own retries included.
        input_tokens: Tokens sent, over all calls of the run, cached ones included.
        output_tokens: Tokens received, hidden reasoning included.
        cached_tokens: Part of the input.
        reasoning_tokens: Part of the output.
        cost: US dollars at list prices.
        price_from: Where the price came from.
        schema_ok: Whether the answer is a valid object of the output type: pass, fail, not applicable.
        tools_ok: Whether exactly the needed tool calls were made: pass, fail, not applicable.
        tools_note: What was wrong about them.
        constraints_ok: Whether all of the prompt's constraints hold: pass, fail, not applicable.
        constraints: Each constraint's verdict, by name.
        at: When the run began, UTC, as ISO 8601.
        output: The final output itself.
    """

    model: str
    prompt: str
    repeat: int
    source: str = SCRIPTED
    status: str = NOT_RUN
    error: str = ""
    message: str = ""
    fix: str = ""
    answer: str = ""
    length: int | None = None
    first_token: float | None = None
    latency: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost: float | None = None
    price_from: str = ""
    schema_ok: str = NOT_APPLICABLE
    tools_ok: str = NOT_APPLICABLE
    tools_note: str = ""
    constraints: Mapping[str, str] = field(default_factory=dict)
    at: str = ""
    output: Any = field(default=None, repr=False)

    @property
    def constraints_ok(self) -> str:
        """The verdict on all constraints together."""
        if not self.constraints:
            return NOT_APPLICABLE
        return PASS if all(verdict == PASS for verdict in self.constraints.values()) else FAIL


COLUMNS = [f.name for f in fields(Record) if f.name not in ("constraints", "output")]
COLUMNS.insert(COLUMNS.index("at"), "constraints_ok")
COLUMNS.insert(COLUMNS.index("at"), "constraints")


def frame_of(records: Iterable[Record]) -> DataFrame:
    """Return records as a data frame, a row each; numbers that nobody knows are missing values."""
    import pandas as pd

    rows = []
    for record in records:
        told = "; ".join(f"{name}: {verdict}" for name, verdict in record.constraints.items())
        rows.append([told if name == "constraints" else getattr(record, name) for name in COLUMNS])
    frame = pd.DataFrame(rows, columns=COLUMNS)
    counts = [name for name in COLUMNS if name.endswith("_tokens") or name == "length"]
    numbers = dict.fromkeys(("first_token", "latency", "cost"), "float64")
    return frame.astype(numbers | dict.fromkeys(counts, "Int64"))
