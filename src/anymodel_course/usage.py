"""What a run used: tokens per call and in total, and what that costs at list prices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import litellm
from agents import Agent
from agents.extensions.models.litellm_model import LitellmModel
from agents.models.default_models import get_default_model
from agents.models.interface import Model
from agents.result import RunResultBase
from agents.usage import Usage

from . import session
from .models import goes_to, listed
from .providers import PROVIDERS
from .tables import ShownAsTable, Table


@dataclass(frozen=True)
class CallUsage:
    """What one model call used.

    Attributes:
        model: The full model id, or "unknown".
        input_tokens: Tokens sent, those from a cache included.
        output_tokens: Tokens received, those of hidden reasoning included.
        cached_tokens: Part of the input that the provider had cached.
        reasoning_tokens: Part of the output that nobody sees.
        cost: US dollars at list prices, or None where no price is known.
        scripted: The counts come from the stand-in.
    """

    model: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cost: float | None = None
    scripted: bool = False


@dataclass(frozen=True, repr=False)
class RunUsage(ShownAsTable):
    """What a run used. Prints as a text table, and shows as a table in a notebook."""

    calls: tuple[CallUsage, ...]

    @property
    def requests(self) -> int:
        """How many model calls the run made."""
        return len(self.calls)

    @property
    def input_tokens(self) -> int:
        """Tokens sent, over all calls."""
        return sum(call.input_tokens for call in self.calls)

    @property
    def output_tokens(self) -> int:
        """Tokens received, over all calls."""
        return sum(call.output_tokens for call in self.calls)

    @property
    def total_tokens(self) -> int:
        """Both, over all calls."""
        return self.input_tokens + self.output_tokens

    @property
    def cost(self) -> float | None:
        """US dollars at list prices, or None as soon as one call's price is unknown."""
        return total(call.cost for call in self.calls)

    def _table(self) -> Table:
        rows = [
            [str(number), call.model, f"{call.input_tokens:,}", f"{call.output_tokens:,}", dollars(call.cost)]
            for number, call in enumerate(self.calls, 1)
        ]
        sums = ["total", "", f"{self.input_tokens:,}", f"{self.output_tokens:,}", dollars(self.cost)]
        return Table(HEADINGS, [*rows, sums], self._note)

    @property
    def _note(self) -> str:
        scripted = sum(call.scripted for call in self.calls)
        if not scripted:
            return "Cost: LiteLLM's list prices."
        which = "The" if scripted == self.requests else "Some"
        return f"{which} token counts are the script's, or its estimate; cost is their list price, and nobody pays it."


HEADINGS = ("call", "model", "input tokens", "output tokens", "cost")


def usage_of(result: RunResultBase, *, model: str | Model | None = None) -> RunUsage:
    """Tell what a run used, plain or streamed, one call or many. An agent that it used as a tool has a run of its own.

    Args:
        result: What `Runner.run` or `Runner.run_streamed` returned; a streamed run has to be read to its end first.
        model: What `RunConfig(model=…)` was given, where that chose it: the result does not say so.

    Returns:
        The calls in order, from `result.raw_responses`; their model is that of the agent which made them.

    Raises:
        TypeError: It is no run's result, or `model` is neither an id nor a model object.
        RuntimeError: The streamed run has not been read to its end.

    Example:
        >>> usage_of(await Runner.run(agent, "Hello!")).total_tokens  # doctest: +SKIP
        24
    """
    if not isinstance(result, RunResultBase):
        raise TypeError(
            f"usage_of takes what Runner.run(…) returned, not {type(result).__name__}. Did you forget `await`?"
        )
    if getattr(result, "is_complete", True) is False:
        raise RuntimeError("This streamed run is not over: read `result.stream_events()` to its end first.")
    if not isinstance(model, str | Model | None):
        raise TypeError(f"model={model!r}: give what RunConfig was given, a full id or a model object.")
    calls = []
    for response in result.raw_responses:
        calls.append(call_usage(_id_of(model) if model else _model_of(response, result), response.usage))
    return RunUsage(tuple(calls))


def call_usage(model_id: str, used: Usage) -> CallUsage:
    """Tell what one call used, from what the SDK keeps of it; some prices rise with a call's length."""
    cached = getattr(used.input_tokens_details, "cached_tokens", 0) or 0
    return CallUsage(
        model=model_id,
        input_tokens=used.input_tokens,
        output_tokens=used.output_tokens,
        cached_tokens=cached,
        reasoning_tokens=getattr(used.output_tokens_details, "reasoning_tokens", 0) or 0,
        cost=cost_of(model_id, used.input_tokens, used.output_tokens, cached),
        scripted=_is_scripted(model_id),
    )


def cost_of(model_id: str, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> float | None:
    """Return what tokens cost in US dollars by LiteLLM's bundled price list, or None where it has no price.

    LiteLLM itself answers 0 for some models that it does not know, so membership is asked first: an unknown price is
    unknown, not nothing. A model on your own machine costs nothing.

    Example:
        >>> cost_of("openai/gpt-4.1-mini", 1_000_000, 0)  # doctest: +SKIP
        0.4
    """
    if model_id.startswith(("ollama/", "ollama_chat/")):
        return 0.0
    if (listed(model_id) or {}).get("input_cost_per_token") is None:
        return None
    try:
        paid = litellm.cost_per_token(
            model=model_id,
            prompt_tokens=input_tokens,
            completion_tokens=output_tokens,
            cache_read_input_tokens=cached_tokens,
        )
    except Exception:  # its own kind for an id that another provider's model has; the kind differs between releases
        return None
    return sum(paid)


def _model_of(response: Any, result: RunResultBase) -> str:
    """Return the id of the model behind a response: its items belong to an agent, and the agent names the model."""
    own = {id(item) for item in response.output}
    return model_id_of(next((i.agent for i in result.new_items if id(i.raw_item) in own), result.last_agent))


def model_id_of(agent: Agent[Any]) -> str:
    """Return the full id of the model that an agent asks, or "unknown"; `RunConfig(model=…)` may name another.

    Example:
        >>> model_id_of(Agent("A", model="litellm/mistral/mistral-large-latest"))
        'mistral/mistral-large-latest'
    """
    return _id_of(agent.model)


def _id_of(model: str | Model | None) -> str:
    if isinstance(model, LitellmModel):
        return str(model.model)
    if model is None or (isinstance(model, str) and "/" not in model):  # the SDK's own route to OpenAI
        return f"openai/{model or get_default_model()}"
    return model.removeprefix("litellm/") if isinstance(model, str) else "unknown"


def _is_scripted(model_id: str) -> bool:
    name = goes_to(model_id)
    return name in PROVIDERS and not session.is_live(name)


def total(costs: Iterable[float | None]) -> float | None:
    """Add costs up; None as soon as one is unknown.

    Example:
        >>> total([0.5, 0.25]), total([0.5, None]), total([])
        (0.75, None, 0.0)
    """
    known = list(costs)
    return None if None in known else sum((cost or 0.0 for cost in known), 0.0)


def dollars(cost: float | None) -> str:
    """Write a cost so that its first digits can be read.

    Example:
        >>> dollars(0.0000128), dollars(None), dollars(0.0)
        ('$0.0000128', 'unknown', '$0')
    """
    if cost is None:
        return "unknown"
    return f"${cost:.2f}" if cost >= 1 else f"${Decimal(f'{cost:.3g}'):f}"
