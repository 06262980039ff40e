"""Counts the live calls of a kernel and refuses those beyond a cap; `live-check` puts it into its kernels.

It is one of LiteLLM's own callbacks: its hook before a call may raise (most others are swallowed), and its success
event brings the tokens. So it sees every call that goes through LiteLLM, a plain `Agent`'s too, but no other process.
"""

from __future__ import annotations

import json
from typing import Any

import litellm
from litellm.integrations.custom_logger import CustomLogger
from litellm.litellm_core_utils.logging_worker import GLOBAL_LOGGING_WORKER

from ..providers import course_name
from ..usage import cost_of


class CapReached(RuntimeError):
    """The check has made as many calls, or spent as much, as it may."""


class Meter(CustomLogger):
    """Counts one provider's calls. Those with a `base_url` of their own are none: they go to somebody else's host.

    Args:
        name: The provider, such as "anthropic".
        most_calls: How many calls may be made.
        most_dollars: At how many US dollars, at list prices, no more calls are made.
    """

    def __init__(self, name: str, most_calls: int, most_dollars: float) -> None:
        super().__init__()
        self._name = name
        self._most_calls = most_calls
        self._most_dollars = most_dollars
        self._models: dict[str, str] = {}  # by LiteLLM's id of the call
        self.calls = 0
        self.refused = 0
        self.unpriced = 0
        self.dollars = 0.0

    async def async_pre_call_deployment_hook(self, kwargs: dict[str, Any], call_type: Any) -> None:
        """Count a call, or refuse it. See `CustomLogger`."""
        model = str(kwargs.get("model"))
        if kwargs.get("base_url") or kwargs.get("api_base") or not self._is_ours(model):
            return
        await GLOBAL_LOGGING_WORKER.flush()  # what earlier calls cost is known now
        if self.calls >= self._most_calls or self.dollars >= self._most_dollars:
            self.refused += 1
            raise CapReached(f"{self.calls} live calls, ${self.dollars:.4f}: that is the cap. This one was not made.")
        self.calls += 1
        self._models[kwargs["litellm_logging_obj"].litellm_call_id] = model

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Add what a call has cost. See `CustomLogger`."""
        model = self._models.pop(str(kwargs.get("litellm_call_id")), None)
        if model is None:
            return
        used = response_obj.usage
        cost = cost_of(model, used.prompt_tokens, used.completion_tokens)
        self.unpriced += cost is None
        self.dollars += cost or 0.0

    def _is_ours(self, model: str) -> bool:
        return course_name(model) == self._name


_meter: Meter | None = None


async def report(name: str, most_calls: int, most_dollars: float) -> None:
    """Print what this kernel has spent so far, as JSON; the first time, put the meter in.

    Args:
        name: See `Meter`, also for the others.
        most_calls: Calls of this kernel.
        most_dollars: Dollars of this kernel.
    """
    global _meter
    _meter = _meter or Meter(name, most_calls, most_dollars)
    if _meter not in litellm.callbacks:  # at first, or a cell has put something else there
        litellm.callbacks.append(_meter)
    await GLOBAL_LOGGING_WORKER.flush()
    print(json.dumps({k: getattr(_meter, k) for k in ("calls", "refused", "unpriced", "dollars")}))
