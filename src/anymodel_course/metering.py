"""`course.meter`: every model call of this kernel, by provider and model. Importing this imports LiteLLM.

It is one of LiteLLM's own callbacks, so it sees each call that goes through LiteLLM, whoever makes it, and goes on
counting with tracing off. Not seen are `litellm.completion` without `await`, which LiteLLM reports elsewhere (the SDK
always awaits), and an agent without a LiteLLM model: the SDK calls OpenAI for it directly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from litellm.integrations.custom_logger import CustomLogger
from litellm.litellm_core_utils.logging_worker import GLOBAL_LOGGING_WORKER

from .precall import named_provider
from .providers import PROVIDERS, course_name
from .tables import ShownAsTable, Table
from .unreported import is_unreported
from .usage import cost_of, dollars, total


@dataclass
class Count:
    """What the calls to one model come to.

    Attributes:
        calls: Calls that were answered. A provider's own retries are part of one call.
        failed: Calls that ended with an error. What LiteLLM refuses by itself is none: nothing was sent.
        input_tokens: Tokens sent, cached ones included.
        output_tokens: Tokens received, hidden reasoning included.
        cost: US dollars at list prices, or None where the model has no known price.
    """

    calls: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = 0.0


class Meter(ShownAsTable, CustomLogger):
    """Counts what LiteLLM reports of each call. Prints as a table, and shows as one in a notebook.

    `start()` puts it into `litellm.callbacks`; it counts from then on until `reset`, and a later `start()` does not
    change what it has counted. It keeps sums only, so its size does not grow with the number of calls.

    Attributes:
        counts: By where the calls went ("scripted", or "live" for all but the stand-in) and the full model id.
    """

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[tuple[str, str], Count] = {}
        self._stand_in = ""

    def watch(self, stand_in: str) -> None:
        """From now on the stand-in listens at this address: what goes there is scripted."""
        self._stand_in = stand_in.rstrip("/") + "/"

    def reset(self) -> None:
        """Count from zero again."""
        self.counts.clear()

    async def settled(self) -> Meter:
        """Wait until LiteLLM has reported every call that is over, and return the meter.

        LiteLLM reports in the background, a moment after the answer. In a notebook the next cell is late enough,
        nearly always; this is late enough always.

        Example:
            >>> await course.meter.settled()  # doctest: +SKIP
        """
        await asyncio.sleep(0)  # LiteLLM hands a call to its reporter in a task, which may not have begun yet
        await GLOBAL_LOGGING_WORKER.flush()
        return self

    async def async_log_success_event(
        self, kwargs: Mapping[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Add an answered call. See LiteLLM's `CustomLogger`."""
        if is_unreported():
            return
        model, count = self._of(kwargs)
        used = getattr(response_obj, "usage", None)
        sent, received = getattr(used, "prompt_tokens", 0) or 0, getattr(used, "completion_tokens", 0) or 0
        cached = getattr(getattr(used, "prompt_tokens_details", None), "cached_tokens", 0) or 0
        cost = cost_of(model, sent, received, cached)
        count.calls += 1
        count.input_tokens += sent
        count.output_tokens += received
        count.cost = None if cost is None or count.cost is None else count.cost + cost

    async def async_log_failure_event(
        self, kwargs: Mapping[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Add a failed call. See LiteLLM's `CustomLogger`."""
        if named_provider(kwargs) and not is_unreported():
            self._of(kwargs)[1].failed += 1

    def _of(self, kwargs: Mapping[str, Any]) -> tuple[str, Count]:
        """Return the full model id of a call that LiteLLM reports, and what counts for it."""
        settings = kwargs.get("litellm_params") or {}
        litellms = named_provider(kwargs) or "unknown"
        row = PROVIDERS.get(course_name(litellms))
        prefix = row.prefix if row and litellms != "ollama" else litellms  # "cohere_chat" is LiteLLM's inner name
        model = f"{prefix}/{kwargs.get('model')}"
        address = str(settings.get("api_base") or "") + "/"
        where = "scripted" if self._stand_in and address.startswith(self._stand_in) else "live"
        return model, self.counts.setdefault((where, model), Count())

    def _table(self) -> Table:
        rows = []
        for (where, model), c in self.counts.items():
            tokens = [f"{c.input_tokens:,}", f"{c.output_tokens:,}"]
            rows.append([model, where, f"{c.calls:,}", f"{c.failed:,}", *tokens, dollars(c.cost)])
        every = self.counts.values()
        sums = [f"{sum(getattr(c, n) for c in every):,}" for n in ("calls", "failed", "input_tokens", "output_tokens")]
        return Table(HEADINGS, [*rows, ["total", "", *sums, dollars(total(c.cost for c in every))]], self._note)

    @property
    def _note(self) -> str:
        if any(where == "scripted" for where, _ in self.counts):
            return "Scripted tokens at list prices cost nobody anything."
        return "Cost: LiteLLM's list prices." if self.counts else "No call yet."


HEADINGS = ("model", "", "calls", "failed", "input tokens", "output tokens", "cost")

meter = Meter()
"""The meter of this kernel; `start()` puts it in."""
