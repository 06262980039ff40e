"""`make_agent`: a provider's name to an agent. What it does in one line is what notebook 02 first does by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents import Agent, AgentHooks, ModelSettings
from agents.lifecycle import AgentHooksBase

from scripted_providers.naming import nearest

from . import session
from .providers import PROVIDERS, may_be_a_key, provider, shown

if TYPE_CHECKING:
    from agents.items import ModelResponse

    from .instruments.budget import Budget


def make_agent(
    model: str = "openai", *, name: str = "Assistant", budget: Budget | None = None, **options: Any
) -> Agent[Any]:
    """Make an agent that runs on a provider's model through LiteLLM, with token counts on.

    Args:
        model: A provider's name ("anthropic": its model in this course), or a full id ("anthropic/claude-haiku-5-5").
        name: The agent's name.
        budget: What this agent may spend, over all its runs: `course.budget(usd=…, tokens=…)`.
        options: Everything else that `Agent` takes: instructions, tools, output_type, model_settings, hooks, …

    Returns:
        A plain `agents.Agent` whose model is a plain `LitellmModel`. Its hooks count live calls and keep the budget, by
        the agent's own model: they do not see another one that a `RunConfig` names. Clone the agent instead.

    Raises:
        TypeError: The model is no string, the budget is none, or `Agent` does not know an option.
        ValueError: The provider is unknown, or is none of the course's nine and not live: it is never scripted.
        RuntimeError: `start` has not been called: nothing would be scripted, and a key of yours would be spent.

    Example:
        >>> make_agent("anthropic", instructions="Be brief.").model.model  # doctest: +SKIP
        'anthropic/claude-sonnet-5-5'
    """
    session.stand_in()
    if budget is not None and not callable(getattr(budget, "on_llm_start", None)):
        raise TypeError(f"budget={budget!r}: give what course.budget(usd=…, tokens=…) returns.")
    from agents.extensions.models.litellm_model import LitellmModel  # not before start, which sees to it being quiet

    _, model_id = resolve(model)
    agent = Agent(name=name, model=LitellmModel(model=model_id), **options)  # refuses what it does not understand
    agent.model_settings = ModelSettings(include_usage=True).resolve(agent.model_settings)
    agent.hooks = _Counted(agent.hooks, budget)
    return agent


def resolve(model: str) -> tuple[str, str]:
    """Return the provider's name and the full model id that a name or an id stands for.

    Raises:
        TypeError: The model is no string.
        ValueError: As for `make_agent`.

    Example:
        >>> resolve("mistral")  # doctest: +SKIP
        ('mistral', 'mistral/mistral-large-latest')
    """
    if not isinstance(model, str):
        raise TypeError(
            f"make_agent takes a provider's name or a model id, not {type(model).__name__}. With a model object of "
            "your own, write Agent(model=…) yourself."
        )
    model = model.strip().removeprefix("litellm/")  # what the SDK wants in front of a string, where no object is made
    head, slash, rest = (part.strip() for part in model.partition("/"))
    head = head.lower()  # LiteLLM knows its prefixes in lower case only
    try:
        row = provider(head)
    except ValueError:
        if slash and session.is_live(head):
            return head, f"{head}/{rest}"
        raise ValueError(_not_ours(head, slash, model)) from None
    if not slash:
        return row.name, row.model
    if not rest:
        raise ValueError(f"{model!r} names no model. {row.title}'s in this course is {row.model!r}.")
    if head in PROVIDERS and head not in (row.prefix, "ollama"):
        raise ValueError(f"LiteLLM's prefix for {row.title} is {row.prefix!r}. Write {f'{row.prefix}/{rest}'!r}.")
    return row.name, f"{head}/{rest}"


def _not_ours(head: str, slash: str, given: str) -> str:
    """Say what is wrong with a model that belongs to none of the nine providers."""
    import litellm

    from .models import litellm_serves

    if slash and litellm_serves(head):
        return (
            f"{head!r} is none of the course's nine providers, so it is never scripted: offline, this call would leave "
            f"your machine. To make it all the same: course.start(live=[{head!r}]), with the key that LiteLLM asks for."
        )
    if not slash:
        maker = litellm.model_cost.get(given, {}).get("litellm_provider")
        full = [f"{p.prefix}/{given}" for p in PROVIDERS.values()]
        known = [n for n in full if n in litellm.model_cost or n == f"{maker}/{given}"]
        if maker or known:
            example = known[0] if known else PROVIDERS["openai"].model
            return f"{given!r} names a model without its provider. Write provider/model, such as {example!r}."
    name = given if may_be_a_key(given) else head  # the beginning of a key is not shown either
    return f"No provider is called {shown(name)}. {nearest(head, PROVIDERS)}"


def provider_of(agent: Agent[Any]) -> str:
    """Return the name of the provider that an agent asks now: a clone of it may have been given another model.

    Example:
        >>> provider_of(make_agent("anthropic").clone(model="litellm/mistral/mistral-large-latest"))  # doctest: +SKIP
        'mistral'
    """
    from .models import goes_to
    from .usage import model_id_of

    return goes_to(model_id_of(agent))


class _Counted(AgentHooks[Any]):
    """Counts live calls before they are made, keeps a budget, and passes every event on to the learner's own hooks."""

    def __init__(self, inner: AgentHooksBase[Any, Any] | None, budget: Budget | None) -> None:
        self._inner: AgentHooksBase[Any, Any] = inner or AgentHooks()
        self._budget = budget
        for event in (n for n in dir(AgentHooks) if n.startswith("on_") and not n.startswith("on_llm_")):
            setattr(self, event, getattr(self._inner, event))

    async def on_llm_start(self, context: Any, agent: Agent[Any], system_prompt: Any, input_items: Any) -> None:
        if self._budget:
            await self._budget.on_llm_start(context, agent, system_prompt, input_items)
        session.count_live_call(provider_of(agent))
        await self._inner.on_llm_start(context, agent, system_prompt, input_items)

    async def on_llm_end(self, context: Any, agent: Agent[Any], response: ModelResponse) -> None:
        if self._budget:
            await self._budget.on_llm_end(context, agent, response)
        await self._inner.on_llm_end(context, agent, response)
