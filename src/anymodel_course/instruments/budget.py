"""A budget for runs, through the SDK's own hooks: it stops before the next model call once it is spent."""

from __future__ import annotations

from collections import deque
from typing import Any, Literal, Self

from agents import Agent, RunHooks
from agents.items import ModelResponse

from ..usage import call_usage, cost_of, dollars, model_id_of


class BudgetSpent(RuntimeError):
    """The next model call was not made. The message says what was spent on what.

    Attributes:
        unknown: What nobody could tell, so that no budget holds: a "price" or how many "tokens" went. Empty where the
            budget is simply spent.
    """

    def __init__(self, said: str, unknown: Literal["", "price", "tokens"] = "") -> None:
        super().__init__(said)
        self.unknown = unknown


class Budget(RunHooks[Any]):
    """Counts what runs spend and stops them at a limit. `course.budget` makes one.

    Give it to a run (`Runner.run(agent, …, hooks=b)`; it then sees every agent of that run) or to an agent
    (`make_agent(…, budget=b)`; every run of that agent). Several runs may share one, at once or one after the other.

    A call cannot be stopped halfway, and its price is known when it is over: so what is exceeded is at most what the
    calls in flight cost, one for each run. A provider's own retries are part of a call. An agent used as a tool runs on
    its own: give it the budget too, `agent.as_tool(…, hooks=b)`. What counts is the agent's own model: hooks do not see
    another one that a `RunConfig` names. `agent.clone(model=…)` is seen.

    Args:
        usd: US dollars at list prices, or None for no limit.
        tokens: Tokens, sent and received together, or None for no limit.

    Attributes:
        calls: How many calls were made.
        tokens: How many tokens they took.
        usd: What they cost at list prices.
    """

    def __init__(self, usd: float | None = None, tokens: int | None = None) -> None:
        for name, limit in (("usd", usd), ("tokens", tokens)):
            if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int | float) or not limit > 0):
                raise ValueError(f"{name}={limit!r}: give a number above 0, or leave it out.")
        if usd is None and tokens is None:
            raise ValueError("A budget needs a limit: budget(usd=0.05), budget(tokens=20_000), or both.")
        self.most_usd, self.most_tokens = usd, tokens
        self.calls = 0
        self.tokens = 0
        self.usd = 0.0
        self._by_model: dict[str, list[float]] = {}  # calls, tokens, dollars
        self._uncounted = ""  # the model whose last answer came without token counts
        self._seen: deque[ModelResponse] = deque(maxlen=64)

    def __enter__(self) -> Self:
        """Return the budget; the block only shows what it is for."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let every error through."""

    async def on_llm_start(self, context: Any, agent: Agent[Any], system_prompt: Any, input_items: Any) -> None:
        """Stop the run where the budget is spent, or cannot be kept. See `RunHooks`.

        Raises:
            BudgetSpent: There is nothing left, or nobody could tell what the call would cost.
        """
        model = model_id_of(agent)
        if self._uncounted:
            raise BudgetSpent(
                f"An answer of {self._uncounted} came without token counts, so nobody knows what is left. Streams "
                "report them only when asked: model_settings=ModelSettings(include_usage=True).",
                unknown="tokens",
            )
        if self.most_usd is not None and cost_of(model, 0, 0) is None:
            raise BudgetSpent(
                f"The price of {model} is unknown, so no budget in dollars can hold: give tokens=… instead.",
                unknown="price",
            )
        over_usd = self.most_usd is not None and self.usd >= self.most_usd
        over_tokens = self.most_tokens is not None and self.tokens >= self.most_tokens
        if over_usd or over_tokens:
            raise BudgetSpent(f"{self} The next call was not made. To go on, start with a new budget.")

    async def on_llm_end(self, context: Any, agent: Agent[Any], response: ModelResponse) -> None:
        """Add what a call has used. See `RunHooks`."""
        if any(seen is response for seen in self._seen):
            return  # the run and its agent both have this budget
        self._seen.append(response)
        model, used = model_id_of(agent), response.usage
        if not used.total_tokens:
            self._uncounted = model
        cost = call_usage(model, used).cost or 0.0  # on_llm_start let no other through
        self.calls += 1
        self.tokens += used.total_tokens
        self.usd += cost
        sums = self._by_model.setdefault(model, [0, 0, 0.0])
        sums[:] = [sums[0] + 1, sums[1] + used.total_tokens, sums[2] + cost]

    def __str__(self) -> str:
        """Return what was spent, of how much, on what."""
        tokens = f"{self.tokens:,}" + (f" of {self.most_tokens:,}" if self.most_tokens is not None else "") + " tokens"
        usd = dollars(self.usd) + (f" of {dollars(self.most_usd)}" if self.most_usd is not None else "")
        told = [f"{m}: {_calls(int(n))}, {int(t):,} tokens, {dollars(d)}" for m, (n, t, d) in self._by_model.items()]
        by_model = f" By model: {'; '.join(told)}." if told else ""
        return f"Spent: {tokens}, {usd}, in {_calls(self.calls)}.{by_model}"

    __repr__ = __str__


def _calls(number: int) -> str:
    return f"{number} call{'' if number == 1 else 's'}"


def budget(usd: float | None = None, tokens: int | None = None) -> Budget:
    """Make a budget; see `Budget`.

    Args:
        usd: At most this many US dollars, at list prices.
        tokens: At most this many tokens, sent and received together.

    Raises:
        ValueError: There is no limit, or one that is no number above 0.

    Example:
        >>> with budget(usd=0.05, tokens=20_000) as b:  # doctest: +SKIP
        ...     result = await Runner.run(agent, "Hello!", hooks=b)
    """
    return Budget(usd, tokens)
