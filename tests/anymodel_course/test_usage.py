"""What a run used, in tokens and at list prices."""

import os
from typing import Any

import litellm
import pytest
from agents import Agent, RunConfig, Runner, function_tool
from agents.extensions.models.litellm_model import LitellmModel

from anymodel_course import session
from anymodel_course.factory import make_agent
from anymodel_course.providers import PROVIDERS
from anymodel_course.usage import CallUsage, RunUsage, cost_of, dollars, usage_of
from scripted_providers import call
from scripted_providers.replies import Call, Reply, Usage
from scripted_providers.server import Server

pytestmark = pytest.mark.usefixtures("started")


def counted(text: str = "Fine.", *, calls: tuple[Call, ...] = (), **tokens: int) -> Reply:
    return Reply(text="" if calls else text, calls=calls, usage=Usage(**tokens))


@function_tool
def look() -> str:
    """Look again."""
    return "nothing new"


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("name", PROVIDERS)
async def test_a_call_is_counted_at_every_provider(name: str, streamed: bool) -> None:
    session.model_says(counted(input=40, output=9))
    if streamed:
        result: Any = Runner.run_streamed(make_agent(name), "Hello!")
        async for _ in result.stream_events():
            pass
    else:
        result = await Runner.run(make_agent(name), "Hello!")
    used = usage_of(result)
    assert (used.requests, used.calls[0].model, used.calls[0].scripted) == (1, PROVIDERS[name].model, True)
    if name == "cohere" and streamed:
        # LiteLLM 1.106 overlooks the usage in Cohere's last chunk and fills in an estimate of its own.
        assert used.total_tokens > 0
    else:
        assert (used.input_tokens, used.output_tokens, used.total_tokens) == (40, 9, 49)


async def test_every_call_of_a_run_is_counted_on_its_own() -> None:
    session.model_says(
        counted(calls=(Call("look"),), input=40, output=9),
        counted(calls=(Call("look"), Call("look")), input=60, output=18),
        counted(input=100, output=5),
    )
    used = usage_of(await Runner.run(make_agent("anthropic", tools=[look]), "Hello!"))
    assert [(c.input_tokens, c.output_tokens) for c in used.calls] == [(40, 9), (60, 18), (100, 5)]
    assert used.total_tokens == 232


async def test_after_a_handoff_each_call_has_the_model_that_made_it() -> None:
    second = make_agent("anthropic", name="second")
    session.model_says(call("look"), call("transfer_to_second"), "Over.")
    result = await Runner.run(make_agent("openai", tools=[look], handoffs=[second]), "Hello!")
    first, other = PROVIDERS["openai"].model, PROVIDERS["anthropic"].model
    used = usage_of(result)
    assert [c.model for c in used.calls] == [first, first, other]
    assert used.cost == pytest.approx(sum(cost_of(c.model, c.input_tokens, c.output_tokens) or 0 for c in used.calls))


async def test_cached_tokens_are_told_and_cost_less() -> None:
    session.model_says(counted(input=1000, output=10, cached=600), counted(input=1000, output=10))
    some, none = [usage_of(await Runner.run(make_agent("openai"), "Hello!")) for _ in range(2)]
    price = litellm.model_cost["gpt-4.1-mini"]
    full, less = price["input_cost_per_token"], price["cache_read_input_token_cost"]
    out = price["output_cost_per_token"]
    assert (some.calls[0].cached_tokens, none.calls[0].cached_tokens) == (600, 0)
    assert some.cost == pytest.approx(400 * full + 600 * less + 10 * out)
    assert none.cost == pytest.approx(1000 * full + 10 * out)


async def test_reasoning_tokens_are_told() -> None:
    session.model_says(counted(input=10, output=50, reasoning=40))
    assert usage_of(await Runner.run(make_agent("openai"), "Hello!")).calls[0].reasoning_tokens == 40


async def test_a_model_that_the_run_chose_has_to_be_named() -> None:
    config = RunConfig(model=LitellmModel(model="cohere/command-a-03-2025"))
    result = await Runner.run(make_agent("openai"), "Hello!", run_config=config)
    assert config.model
    for chosen in ("cohere/command-a-03-2025", "litellm/cohere/command-a-03-2025", config.model):
        assert usage_of(result, model=chosen).calls[0].model == "cohere/command-a-03-2025"
    with pytest.raises(TypeError, match="model=3: give what RunConfig was given"):
        usage_of(result, model=3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("model", "told"),
    [("litellm/openai/gpt-4.1-mini", "openai/gpt-4.1-mini"), (LitellmModel(model="azure/mine"), "azure/mine")],
)
async def test_a_plain_agents_model_is_found_too(model: Any, told: str) -> None:
    result = await Runner.run(Agent(name="Plain", model=model), "Hello!")
    assert usage_of(result).calls[0].model == told


async def test_an_unknown_price_makes_the_total_unknown_not_smaller() -> None:
    used = usage_of(await Runner.run(make_agent("azure/my-deployment"), "Hello!"))
    assert used.cost is None
    assert "unknown" in str(used)
    known = CallUsage("openai/gpt-4.1-mini", 1, 1, cost=0.5)
    assert RunUsage((known, *used.calls)).cost is None
    assert RunUsage((known, known)).cost == 1.0


async def test_live_counts_are_not_called_scripted(vendor: Any, started: Server) -> None:
    os.environ.update(vendor.own("openai"))
    session.start(live="openai")
    vendor.server.says("Fine.")
    used = usage_of(await Runner.run(make_agent("openai"), "Hello!"))
    assert not used.calls[0].scripted
    assert str(used).endswith("Cost: LiteLLM's list prices.")


@pytest.mark.parametrize(
    ("model", "cost"),
    [
        ("ollama_chat/llama3.1", 0.0),
        ("ollama/anything", 0.0),
        ("openai/no-such-model", None),
        ("unknown", None),
        ("", None),
        ("mistral/gpt-4o", None),  # another provider's model: LiteLLM raises for this one
        ("azure/gpt-35-turbo-instruct", None),  # in the list, and LiteLLM raises all the same
        ("openai/gpt-4.1-mini", pytest.approx(0.4)),
    ],
)
def test_a_price_is_known_or_it_is_none(model: str, cost: float | None) -> None:
    assert cost_of(model, 1_000_000, 0) == cost


@pytest.mark.parametrize("row", [p for p in PROVIDERS.values() if p.name != "azure"], ids=lambda row: row.name)
def test_every_model_of_the_course_has_a_price(row: Any) -> None:
    assert cost_of(row.model, 1000, 1000) is not None


@pytest.mark.parametrize(
    ("cost", "written"),
    [(None, "unknown"), (0.0, "$0"), (1.28e-5, "$0.0000128"), (0.25, "$0.25"), (0.99999, "$1"), (12.345, "$12.35")],
)
def test_a_cost_is_written_so_that_its_digits_can_be_read(cost: float | None, written: str) -> None:
    assert dollars(cost) == written


async def test_it_prints_as_text_and_as_a_table() -> None:
    session.model_says(counted(input=1234, output=9))
    used = usage_of(await Runner.run(make_agent("openai"), "Hello!"))
    assert str(used) == repr(used)
    assert [line.split() for line in str(used).splitlines()[2:4]] == [
        ["1", "openai/gpt-4.1-mini", "1,234", "9", "$0.000508"],
        ["total", "1,234", "9", "$0.000508"],
    ]
    assert str(used).endswith("cost is their list price, and nobody pays it.")
    assert ">1,234</td>" in used._repr_html_()


async def test_what_is_no_finished_run_is_refused() -> None:
    with pytest.raises(TypeError, match=r"not str\. Did you forget `await`"):
        usage_of("Fine.")  # type: ignore[arg-type]
    unread = Runner.run_streamed(make_agent("openai"), "Hello!")
    with pytest.raises(RuntimeError, match="read `result.stream_events\\(\\)` to its end first"):
        usage_of(unread)
    async for _ in unread.stream_events():
        pass
    assert usage_of(unread).requests == 1
