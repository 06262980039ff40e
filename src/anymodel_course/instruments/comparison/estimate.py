"""What a comparison would cost, told before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import litellm
from agents import Agent

from ... import session
from ...factory import provider_of
from ...tables import ShownAsTable, Table
from ...usage import cost_of, dollars, total
from .prompts import Prompt
from .records import LIVE, SCRIPTED

HEADINGS = ("model", "source", "runs", "tokens in", "tokens out", "cost")


@dataclass(frozen=True)
class ModelEstimate:
    """One model's part. The cost is in US dollars at list prices, or None where the price is unknown."""

    model: str
    source: str
    runs: int
    input_tokens: int
    output_tokens: int
    cost: float | None


@dataclass(frozen=True, repr=False)
class Estimate(ShownAsTable):
    """An estimate. Prints as a text table, and shows as a table in a notebook."""

    models: tuple[ModelEstimate, ...]
    tools: bool

    @property
    def cost(self) -> float | None:
        """What live runs would cost in US dollars, or None as soon as the price of one is unknown."""
        return total(m.cost for m in self.models if m.source == LIVE)

    def _table(self) -> Table:
        rows = [
            [m.model, m.source, str(m.runs), f"{m.input_tokens:,}", f"{m.output_tokens:,}", dollars(m.cost)]
            for m in self.models
        ]
        runs = sum(m.runs for m in self.models)
        return Table(HEADINGS, [*rows, ["to pay", "", str(runs), "", "", dollars(self.cost)]], self._note)

    @property
    def _note(self) -> str:
        told = [
            "Input is counted with one tokenizer for all models, output is what you expect: take it for an order "
            "of magnitude."
        ]
        if self.tools:
            told.append("Each tool call is a further model call, which is not in here.")
        if any(m.source == SCRIPTED for m in self.models):
            told.append("Nobody pays for scripted runs.")
        return " ".join(told)


def estimate_of(agents: Mapping[str, Agent[Any]], runs: Sequence[tuple[str, Prompt]], output_tokens: int) -> Estimate:
    """Estimate runs, each of them a model and a prompt.

    Args:
        agents: By model id, in the order to show.
        runs: What is going to be asked.
        output_tokens: How many an answer is expected to have.
    """
    counted: dict[str, int] = {}
    estimates = []
    for model, agent in agents.items():
        prompts = [prompt.text for asked, prompt in runs if asked == model]
        beside = f"{agent.instructions or ''}" + "".join(_schema(tool) for tool in agent.tools)
        for text in {beside, *prompts} - counted.keys():
            counted[text] = litellm.token_counter(model=model, text=text) if text else 0
        sent, received = sum(counted[p] + counted[beside] for p in prompts), len(prompts) * output_tokens
        source = LIVE if session.is_live(provider_of(agent)) else SCRIPTED
        # Each prompt by itself: some prices rise with a call's length.
        cost = total(cost_of(model, counted[p] + counted[beside], output_tokens) for p in prompts)
        estimates.append(ModelEstimate(model, source, len(prompts), sent, received, cost))
    return Estimate(tuple(estimates), tools=any(agent.tools for agent in agents.values()))


def _schema(tool: Any) -> str:
    parameters = json.dumps(getattr(tool, "params_json_schema", {}))
    return f"{tool.name} {getattr(tool, 'description', '')} {parameters}"
