"""A budget stops a run before its next model call, and says what was spent on what."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from agents import Agent, ModelSettings, Runner, function_tool
from agents.extensions.models.litellm_model import LitellmModel

from anymodel_course import session
from anymodel_course.factory import make_agent
from anymodel_course.instruments.budget import Budget, BudgetSpent, budget
from anymodel_course.providers import PROVIDERS
from scripted_providers.replies import Call, Reply, Usage
from scripted_providers.server import Server

AGAIN = Reply(calls=(Call("look"),), usage=Usage(90, 10))


@pytest.fixture(autouse=True)
def looping(started: Server) -> Server:
    session.model_says(AGAIN, times=40)
    return started


@function_tool
def look() -> str:
    """Look again."""
    return "nothing new"


async def run(agent: Agent[Any], streamed: bool = False, **options: Any) -> Any:
    if not streamed:
        return await Runner.run(agent, "Hello!", max_turns=30, **options)
    result = Runner.run_streamed(agent, "Hello!", max_turns=30, **options)
    async for _ in result.stream_events():
        pass
    return result


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("name", sorted(set(PROVIDERS) - {"cohere"}))  # its streamed tool calls are lost on stack A
async def test_a_run_stops_before_the_call_after_the_limit(name: str, streamed: bool, looping: Server) -> None:
    with pytest.raises(BudgetSpent) as raised, budget(tokens=250) as b:
        await run(make_agent(name, tools=[look]), streamed, hooks=b)
    assert len(looping.log) == 3  # 100, 200, 300: the third call was under way when 250 was passed
    assert (b.calls, b.tokens) == (3, 300)
    assert "Spent: 300 of 250 tokens, $" in str(raised.value)
    assert ", in 3 calls." in str(raised.value)
    assert f"{PROVIDERS[name].model}: 3 calls, 300 tokens" in str(raised.value)


async def test_dollars_are_a_limit_too(looping: Server) -> None:
    b = budget(usd=0.0001)  # one call costs 90 x $0.4 + 10 x $1.6 per million = $0.000052
    with pytest.raises(BudgetSpent, match=r"^Spent: 200 tokens, \$0\.000104 of \$0\.0001, in 2 calls\."):
        await run(make_agent("openai", tools=[look]), hooks=b)
    assert len(looping.log) == 2
    with pytest.raises(BudgetSpent):
        await run(make_agent("openai"), hooks=b)
    assert len(looping.log) == 2


async def test_an_agents_own_budget_holds_over_all_its_runs_and_is_not_counted_twice(looping: Server) -> None:
    b = budget(tokens=250)
    agent = make_agent("openai", budget=b)
    looping.reset()
    session.model_says(Reply(text="Fine.", usage=Usage(90, 10)), times=9)
    for _ in range(3):
        await run(agent, hooks=b)
    assert b.tokens == 300
    with pytest.raises(BudgetSpent):
        await run(agent)
    assert len(looping.log) == 3


async def test_runs_at_once_share_one_and_each_has_at_most_one_call_in_flight(looping: Server) -> None:
    b = budget(tokens=250)
    runs = [run(make_agent("openai", tools=[look]), hooks=b) for _ in range(4)]
    ended = await asyncio.gather(*runs, return_exceptions=True)
    assert all(isinstance(end, BudgetSpent) for end in ended)
    assert 3 <= len(looping.log) <= 2 + 4
    assert b.tokens == 100 * len(looping.log)


async def test_handoffs_and_agents_as_tools_are_paid_from_it(looping: Server) -> None:
    b = budget(tokens=10_000)
    inner = make_agent("gemini", name="inner").as_tool("ask", "Ask.", hooks=b)
    second = make_agent("anthropic", name="second", tools=[inner])
    looping.reset()
    session.model_says(
        Reply(calls=(Call("transfer_to_second"),), usage=Usage(10, 1)),
        Reply(calls=(Call("ask", {"input": "?"}),), usage=Usage(20, 2)),
        Reply(text="Well.", usage=Usage(30, 3)),
        Reply(text="Done.", usage=Usage(40, 4)),
    )
    await run(make_agent("openai", handoffs=[second]), hooks=b)
    assert (b.calls, b.tokens) == (4, 110)
    assert all(PROVIDERS[n].model in str(b) for n in ("openai", "anthropic", "gemini"))


async def test_a_price_that_nobody_knows_is_not_taken_for_nothing(looping: Server) -> None:
    with pytest.raises(BudgetSpent, match="price of azure/mine is unknown.*give tokens="):
        await run(make_agent("azure/mine", tools=[look]), hooks=budget(usd=1))
    assert len(looping.log) == 0
    with pytest.raises(BudgetSpent, match="3 calls"):
        await run(make_agent("azure/mine", tools=[look]), hooks=budget(tokens=250))


async def test_a_stream_that_reports_nothing_ends_the_run_before_its_next_call(looping: Server) -> None:
    silent = Agent[Any](name="Silent", model=LitellmModel(PROVIDERS["openai"].model), tools=[look])
    with pytest.raises(BudgetSpent, match=r"came without token counts.*include_usage=True"):
        await run(silent, streamed=True, hooks=budget(tokens=250))
    assert len(looping.log) == 1
    asked = silent.clone(model_settings=ModelSettings(include_usage=True))
    with pytest.raises(BudgetSpent, match="3 calls"):
        await run(asked, streamed=True, hooks=budget(tokens=250))


@pytest.mark.parametrize(
    "limits", [{}, {"usd": 0}, {"tokens": -1}, {"usd": "5"}, {"tokens": True}, {"usd": float("nan")}]
)
def test_a_limit_that_limits_nothing_is_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"budget\(usd=0\.05\)|give a number above 0"):
        Budget(**limits)
