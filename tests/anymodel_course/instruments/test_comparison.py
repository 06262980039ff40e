"""`compare`: every prompt on every model at once; one failure stops nobody, an interrupt keeps what is there."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from itertools import cycle
from typing import Any

import litellm
import pytest
from agents import Agent, function_tool
from pydantic import BaseModel

import anymodel_course as course
from anymodel_course import call, fails, session
from anymodel_course.instruments.comparison import Comparison, Prompt, compare, last_comparison
from anymodel_course.instruments.comparison.progress import Progress
from anymodel_course.providers import PROVIDERS
from anymodel_course.usage import cost_of
from scripted_providers.replies import ERRORS, FAULTS, Call, Pace, Reply, Usage
from scripted_providers.server import Server

NINE = list(PROVIDERS)
IDS = {name: row.model for name, row in PROVIDERS.items()}
HELLO = "Say hello."
NEVER = Pace(300, 300)


@pytest.fixture(autouse=True)
def _session(started: Server) -> None:
    """Every comparison here is made in a session that has started, offline."""


class City(BaseModel):
    name: str


@function_tool
def get_weather(city: str) -> str:
    """Look up the weather."""
    return f"rain in {city}"


@function_tool(failure_error_function=None)
def get_time(city: str) -> str:
    """Look up the time; what the tool cannot read ends the run."""
    return f"noon in {city}"


@function_tool
def convert(celsius: float) -> float:
    """Convert to Fahrenheit."""
    return celsius * 1.8 + 32


async def quietly(comparison: Comparison) -> str:
    """Await a comparison, and return what it printed."""
    printed = StringIO()
    with redirect_stdout(printed):
        await comparison
    return printed.getvalue()


def all_over(server: Server) -> bool:
    """Whether every request to the server ends, within seconds: its thread learns of a closed line a moment later."""
    waiting = threading.Event()
    return any(
        all(exchange.seconds is not None for exchange in server.log) or waiting.wait(0.01) for _ in range(500)
    ) and all(exchange.seconds is not None for exchange in server.log)


# --- one record a run --------------------------------------------------------------------------------------------


async def test_every_model_prompt_and_repeat_has_one_record_in_order_whoever_is_first(started: Server) -> None:
    for n, name in enumerate(NINE):
        session.model_says(Reply(text=f"{name} says hello.", pace=Pace(0, 0.2 - n * 0.02)), provider=name, times=4)
    comparison = compare([HELLO, "Say hello again."], NINE, repeats=2)
    assert await comparison is comparison
    got = [(r.model, r.prompt, r.repeat, r.answer) for r in comparison.records]
    assert got == [
        (IDS[name], prompt, repeat, f"{name} says hello.")
        for name in NINE
        for prompt in (HELLO, "Say hello again.")
        for repeat in (1, 2)
    ]
    assert list(comparison.frame["model"]) == [model for model, *_ in got]
    assert len(started.log) == 36


async def test_a_record_says_all_that_is_known_of_a_run() -> None:
    session.model_says(Reply(text="Hello, you.", usage=Usage(100, 50, cached=40, reasoning=30)))
    (record,) = (await compare(HELLO, ["openai"])).records
    assert (record.status, record.source, record.error) == ("ok", "scripted", "")
    assert (record.answer, record.length, record.output) == ("Hello, you.", 11, "Hello, you.")
    assert (record.input_tokens, record.output_tokens) == (100, 50)
    assert (record.cached_tokens, record.reasoning_tokens) == (40, 30)
    assert record.cost == pytest.approx((60 * 0.4 + 40 * 0.1 + 50 * 1.6) / 1e6)
    assert record.price_from == "LiteLLM's list"
    assert record.first_token is not None
    assert record.latency is not None
    assert 0 < record.first_token <= record.latency
    assert record.at.endswith("+00:00")
    assert (record.schema_ok, record.tools_ok, record.constraints_ok) == ("not applicable",) * 3


async def test_an_unknown_price_is_missing_and_ones_own_machine_is_free() -> None:
    azure, ollama = (await compare(HELLO, ["azure/my-deployment", "ollama"])).records
    assert (azure.cost, azure.price_from) == (None, "unknown")
    assert (ollama.cost, ollama.price_from) == (0.0, "own machine")


async def test_the_tokens_of_all_calls_of_a_run_count() -> None:
    session.model_says(
        Reply(calls=(Call("get_weather", {"city": "Oslo"}),), usage=Usage(10, 1)),
        Reply(text="Wet.", usage=Usage(20, 2)),
    )
    (record,) = (await compare(HELLO, ["openai"], tools=[get_weather])).records
    assert (record.input_tokens, record.output_tokens) == (30, 3)


async def test_a_tidy_frame_goes_to_csv_and_back(tmp_path: Any) -> None:
    import pandas as pd

    session.model_says(fails("overloaded"), provider="gemini")
    frame = (await compare(Prompt(HELLO, sentences=1), ["mistral", "gemini"])).frame
    frame.to_csv(tmp_path / "comparison.csv", index=False)
    again = pd.read_csv(tmp_path / "comparison.csv")
    assert list(again.columns) == list(frame.columns)
    assert list(again["status"]) == ["ok", "error"]
    assert again["cost"].isna().tolist() == [False, True]
    assert again["constraints"][0] == "exactly 1 sentence: pass"


# --- schema, tools, constraints ----------------------------------------------------------------------------------


async def test_who_returns_a_valid_object_who_refuses_and_who_talks() -> None:
    session.model_says({"name": "Oslo"}, provider="openai")
    session.model_says("It is Oslo.", provider="gemini")
    records = (await compare("Which city?", ["openai", "gemini", "cohere"], output_type=City)).records
    assert [r.schema_ok for r in records] == ["pass", "fail", "not applicable"]
    assert records[0].output == City(name="Oslo")
    assert records[0].answer == '{"name":"Oslo"}'
    assert [r.error for r in records] == ["", "ModelBehaviorError", "UnsupportedParamsError (status 400)"]


@pytest.mark.parametrize("name", ["openai", "ollama"])  # streamed, and whole
@pytest.mark.parametrize(
    ("says", "message", "verdict"),
    [
        (["It is Oslo."], "Invalid JSON when parsing", "fail"),
        ([{"town": "Oslo"}], "Invalid JSON when parsing", "fail"),
        ([call("get_weather", city="Oslo"), "It is Oslo."], "Invalid JSON when parsing", "fail"),
        ([call("no_such_tool", x=1)], "Tool no_such_tool not found", "not applicable"),
        ([call("get_time", town="Oslo")], "Invalid JSON input for tool get_time", "not applicable"),
    ],
)
async def test_only_an_answer_that_was_read_breaks_the_schema(
    name: str, says: list[Any], message: str, verdict: str
) -> None:
    session.model_says(*says, provider=name)
    (record,) = (await compare("Which city?", [name], output_type=City, tools=[get_weather, get_time])).records
    assert record.error == "ModelBehaviorError"
    assert record.message.startswith(message)
    assert (record.schema_ok, record.tools_ok) == (verdict, "not applicable")


async def test_without_an_output_type_there_is_no_schema_to_break() -> None:
    session.model_says(call("no_such_tool", x=1))
    (record,) = (await compare(HELLO, ["openai"])).records
    assert (record.error, record.schema_ok) == ("ModelBehaviorError", "not applicable")


@pytest.mark.parametrize("name", NINE)
async def test_right_tool_right_arguments_no_needless_call(name: str) -> None:
    right, other = call("get_weather", city="Oslo"), call("get_weather", city="Bergen")
    cases = {"Right?": [right], "Wrong city?": [right], "Nothing to look up?": [], "Two?": [right, other]}
    session.model_says(right, "Wet.", provider=name)
    session.model_says(other, "Wet.", provider=name)
    session.model_says(call("convert", celsius=4.0), "Well.", provider=name)
    session.model_says([other, right], "Wet.", provider=name)
    prompts = [Prompt(text, calls=calls) for text, calls in cases.items()]
    comparison = await compare(prompts, [name], tools=[get_weather, convert], max_concurrency=1)
    assert [(r.tools_ok, r.tools_note) for r in comparison.records] == [
        ("pass", ""),
        ("fail", "wrong arguments: get_weather(city='Bergen') instead of get_weather(city='Oslo')"),
        ("fail", "needless: convert(celsius=4.0)"),
        ("pass", ""),
    ]
    assert comparison.summary.groups[0].tools == (2, 4)
    # LiteLLM loses calls in these two's streams, so they are not streamed here.
    assert all((r.first_token is None) == (name in ("cohere", "ollama")) for r in comparison.records)


async def test_after_an_error_nothing_is_judged() -> None:
    session.model_says(fails("bad_request"))
    prompt = Prompt(HELLO, sentences=1, calls=[call("get_weather", city="Oslo")])
    (record,) = (await compare(prompt, ["mistral"], tools=[get_weather])).records
    assert record.status == "error"
    assert (record.schema_ok, record.tools_ok, record.constraints_ok) == ("not applicable",) * 3


async def test_repeats_become_a_spread_and_agreement_is_counted() -> None:
    session.model_says("A.", "B.", "A.", "A.", "C.", provider="mistral")
    comparison = await compare(HELLO, ["mistral"], repeats=5, max_concurrency=1)
    (group,) = comparison.summary.groups
    assert group.agreement == (3, 5)
    assert group.latency is not None
    latencies = sorted(r.latency or 0 for r in comparison.records)
    assert (group.latency.least, group.latency.median, group.latency.most) == (latencies[0], latencies[2], latencies[4])


# --- failures ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "victim"), list(zip([*ERRORS, *FAULTS], cycle(NINE), strict=False)))
async def test_whatever_happens_to_one_model_the_others_finish(kind: str, victim: str) -> None:
    session.model_says(fails(kind, retry_after=0), provider=victim, times=3)  # openai/ and azure/ try three times
    others = [name for name in NINE if name != victim]
    comparison = await compare(HELLO, NINE, timeout=8)
    records = {r.model: r for r in comparison.records}
    assert [records[IDS[name]].status for name in others] == ["ok"] * 8
    failed = records[IDS[victim]]
    assert failed.status == "error", failed
    assert failed.error
    assert failed.message
    assert failed.cost is None
    assert failed.latency is not None
    if kind in ("wrong_key", "rate_limit", "timeout"):
        assert failed.fix
    line = next(note for note in comparison.summary.notes() if note.startswith(f"{IDS[victim]}: {failed.error}"))
    assert failed.message[:20] in line
    assert all_over(session.stand_in())


@pytest.mark.parametrize(("name", "requests"), [("openai", 3), ("azure", 3), ("anthropic", 1), ("mistral", 1)])
async def test_no_retries_are_added_to_a_providers_own(name: str, requests: int, started: Server) -> None:
    litellm.in_memory_llm_clients_cache.flush_cache()  # it keeps Azure's first client, with that one's retries
    session.model_says(fails("rate_limit", retry_after=0), times=20)
    await compare(HELLO, [name])
    assert len(started.log) == requests


async def test_a_run_that_takes_too_long_ends_and_says_so(started: Server) -> None:
    session.model_says(Reply(text="Hello.", pace=NEVER), provider="anthropic")
    slow, quick = (await compare(HELLO, ["anthropic", "mistral"], timeout=4)).records
    assert (slow.error, slow.message) == ("TimeoutError", "No end within 4 seconds.")
    assert "timeout=8" in slow.fix
    assert quick.status == "ok"
    assert all_over(started)


async def test_a_key_in_an_errors_text_is_redacted() -> None:
    key = "k" + "y-0123456789abcdefghij"
    session.model_says(fails("bad_request", message=f"What is Bearer {key}?"))
    (record,) = (await compare(HELLO, ["mistral"])).records
    assert "redacted" in record.message
    assert key not in str(vars(record))


async def test_an_answer_without_a_word_is_no_answer() -> None:
    session.model_says("", provider="mistral")
    (record,) = (await compare(Prompt(HELLO, most_words=5), ["mistral"])).records
    assert (record.status, record.error, record.constraints_ok) == ("error", "no answer", "not applicable")


async def test_who_gives_no_answer_is_looked_at_on_the_wire_which_shows_what_came_in_its_place() -> None:
    session.model_says(fails("not_json"), provider="mistral")
    comparison = await compare(HELLO, ["mistral"])
    (record,) = comparison.records
    assert record.error == "no answer"
    assert record.fix.splitlines()[1:] == ['course.wire("mistral")', "course.doctor()"]
    assert "wrong address: course.wire(" in str(comparison), "in a line, too, it is one comment and then code"
    assert "<html>502 Bad Gateway</html>" in str(course.wire("mistral"))


async def test_the_wire_of_a_live_call_shows_no_answer_so_it_is_not_sent_there(vendor: Any) -> None:
    os.environ.update(vendor.own("mistral"))
    with redirect_stdout(StringIO()):
        session.start(live=["mistral"])
    vendor.server.says(fails("not_json"))
    (record,) = (await compare(HELLO, ["mistral"])).records
    assert (record.source, record.error) == ("live", "no answer")
    assert "course.wire" not in record.fix
    assert record.fix.endswith("course.doctor()")


# --- limits ------------------------------------------------------------------------------------------------------


async def test_what_a_budget_does_not_pay_for_is_not_run(started: Server) -> None:
    session.model_says(Reply(text="Hello.", usage=Usage(90, 10)), times=9)
    comparison = await compare(HELLO, ["mistral"], repeats=5, max_concurrency=1, budget=course.budget(tokens=250))
    assert [r.status for r in comparison.records] == ["ok"] * 3 + ["not run"] * 2
    assert [r.error for r in comparison.records[3:]] == ["BudgetSpent"] * 2
    assert len(started.log) == 3
    assert comparison.summary.groups[0].not_run == 2


@pytest.mark.parametrize(
    ("limits", "model", "fix"),
    [
        ({"tokens": 50}, "mistral", "budget=course.budget(tokens=100)  # or fewer runs"),
        ({"usd": 0.00001}, "mistral", "budget=course.budget(usd=2e-05)  # or fewer runs"),
        ({"usd": 0.1, "tokens": 50}, "mistral", "budget=course.budget(usd=0.2, tokens=100)  # or fewer runs"),
        ({"usd": 0.1}, "azure/my-deployment", "budget=course.budget(tokens=…)"),
    ],
)
async def test_what_to_do_about_a_budget_is_said_as_an_argument_of_compare(
    limits: dict[str, Any], model: str, fix: str
) -> None:
    session.model_says(Reply(text="Hello.", usage=Usage(90, 10)), times=2)
    comparison = await compare(HELLO, [model], repeats=2, max_concurrency=1, budget=course.budget(**limits))
    record = comparison.records[-1]
    assert (record.status, record.error, record.fix) == ("not run", "BudgetSpent", fix)


async def test_a_budget_that_lost_count_is_not_mended_by_a_larger_one() -> None:
    session.model_says(fails("not_json"), provider="mistral")
    budget = course.budget(tokens=10_000)
    records = (await compare(HELLO, ["mistral"], repeats=2, max_concurrency=1, budget=budget)).records
    assert [r.error for r in records] == ["no answer", "BudgetSpent"]
    assert records[1].fix.startswith("models=[…]  # without the one whose answer came without counts")


@pytest.mark.parametrize(
    ("names", "at_once", "calls"), [(["mistral"], 1, 2), (["mistral"], 4, 4), (["mistral", "openai", "gemini"], 1, 3)]
)
async def test_a_budget_is_exceeded_by_the_calls_in_flight_at_most(names: list[str], at_once: int, calls: int) -> None:
    session.model_says(Reply(text="Hello.", pace=Pace(0.5, 0.5), usage=Usage(90, 10)), times=18)
    budget = course.budget(tokens=150)
    await compare(HELLO, names, repeats=6, max_concurrency=at_once, budget=budget)
    assert (budget.calls, budget.tokens) == (calls, calls * 100)


async def test_a_budget_pays_for_the_same_prompts_on_every_model() -> None:
    session.model_says(Reply(text="Hello.", usage=Usage(90, 10)), times=9)
    budget = course.budget(tokens=150)
    comparison = await compare([HELLO, "Again."], ["mistral", "gemini"], max_concurrency=1, budget=budget)
    assert [r.status for r in comparison.records] == ["ok", "not run"] * 2


async def test_the_live_cap_stops_what_comes_after_it(vendor: Any) -> None:
    os.environ.update(vendor.own("mistral"))
    with redirect_stdout(StringIO()):
        session.start(live=["mistral"], max_calls=2)
    vendor.server.says("Hello.", times=9)
    comparison = await compare(HELLO, ["mistral", "gemini"], repeats=3, max_concurrency=1)
    assert [r.status for r in comparison.records] == ["ok", "ok", "not run", "ok", "ok", "ok"]
    assert comparison.records[2].error == "LiveCap"
    assert len(vendor.server.log) == 2, "the warm-up is no live call"


async def test_live_and_scripted_records_say_which_they_are(vendor: Any) -> None:
    os.environ.update(vendor.own("mistral"))
    with redirect_stdout(StringIO()):
        session.start(live=["mistral"])
    vendor.server.says("Hello from far away.")
    comparison = await compare(HELLO, ["mistral", "gemini"])
    assert [(r.source, r.status) for r in comparison.records] == [("live", "ok"), ("scripted", "ok")]
    assert [g.marks for g in comparison.summary.groups] == [(), ()], "one live model alone is no winner"
    assert len(vendor.server.log) == 1


async def test_the_warm_up_takes_no_reply_and_is_counted_nowhere(
    started: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from anymodel_course.instruments.comparison import warm_up

    monkeypatch.setattr(warm_up, "_warm", set())
    await course.meter.settled()
    course.meter.reset()
    for name in NINE:
        session.model_says("Hello.", provider=name)
    comparison = await compare(HELLO, NINE)
    assert [r.answer for r in comparison.records] == ["Hello."] * 9
    assert len(started.log) == 9
    await course.meter.settled()
    assert sum(count.calls + count.failed for count in course.meter.counts.values()) == 9
    assert session.reported() == []
    assert warm_up._warm == set(NINE)


# --- interrupts --------------------------------------------------------------------------------------------------


def one_never_ends(when_two_are_there: Callable[[], object]) -> Comparison:
    """Make a comparison in which two models answer and a third never does; the function is called after two."""
    session.model_says(Reply(text="Hello.", pace=NEVER), provider="anthropic", times=3)
    count = iter(range(9))
    check = {"counted": lambda _: next(count) < 1 or when_two_are_there() is None}
    return compare(Prompt(HELLO, checks=check), ["mistral", "anthropic", "gemini"])


async def test_a_cancelled_comparison_keeps_what_is_there_and_leaves_no_request(started: Server) -> None:
    there = asyncio.Event()
    comparison = one_never_ends(there.set)
    running = asyncio.create_task(quietly(comparison))
    await there.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [r.status for r in comparison.records] == ["ok", "not run", "ok"]
    assert all_over(started)
    assert len(comparison.frame) == 3
    assert last_comparison() is comparison
    assert "1 runs have not been made" in str(comparison)


async def test_an_interrupt_from_the_keyboard_does_the_same(started: Server) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    comparison = one_never_ends(interrupt)
    printed = StringIO()
    with redirect_stdout(printed), pytest.raises(KeyboardInterrupt):
        await comparison
    assert printed.getvalue().startswith("Stopped: 1 of 3 runs are there, in course.last_comparison().")
    assert [r.status for r in comparison.records].count("ok") == 1
    assert all_over(started)


async def test_awaiting_again_makes_the_missing_runs_only(started: Server) -> None:
    there = asyncio.Event()
    comparison = one_never_ends(there.set)
    running = asyncio.create_task(quietly(comparison))
    await there.wait()
    running.cancel()
    await asyncio.wait([running])
    started.reset()  # the one that never ends
    await comparison
    assert [r.status for r in comparison.records] == ["ok"] * 3
    assert [exchange.provider for exchange in started.log] == ["anthropic"]
    await comparison
    assert len(started.log) == 1


async def test_the_bars_of_the_second_time_begin_with_what_is_there(
    started: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, ended = asyncio.Event(), []
    comparison = one_never_ends(there.set)
    running = asyncio.create_task(quietly(comparison))
    await there.wait()
    running.cancel()
    await asyncio.wait([running])
    started.reset()
    monkeypatch.setattr(Progress, "__exit__", lambda self, *_: ended.append((self.text, self._counts)))
    await comparison
    assert ended == [("3 of 3 runs.", dict.fromkeys(comparison.models, 1))]


async def test_it_runs_once_at_a_time() -> None:
    there = asyncio.Event()
    comparison = one_never_ends(there.set)
    running = asyncio.create_task(quietly(comparison))
    await there.wait()
    with pytest.raises(RuntimeError, match="running already"):
        await comparison
    running.cancel()
    await asyncio.wait([running])


PROGRAM = """
import asyncio, signal
import anymodel_course as course
from scripted_providers.replies import Pace, Reply
course.start(live=[])
course.model_says(Reply(text="Hello.", pace=Pace(300, 300)), provider="anthropic")
async def main():
    interrupt = {"interrupt": lambda _: signal.raise_signal(signal.SIGINT) is None}
    await course.compare(course.Prompt("Say hello.", checks=interrupt), ["mistral", "anthropic"])
try:
    asyncio.run(main())
except KeyboardInterrupt:
    print(*(record.status for record in course.last_comparison().records), sep=",")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a signal reaches an event loop there in another way")
def test_control_c_in_a_program_keeps_what_is_there() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip().endswith("ok,not run"), done.stdout + done.stderr


# --- what it is given --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"prompts": []}, ValueError, "no prompt"),
        ({"prompts": 3}, TypeError, "give a text, a Prompt, or a list"),
        ({"prompts": [3]}, TypeError, "a text, not int"),
        ({"prompts": " "}, ValueError, "empty"),
        ({"prompts": {"a": "b"}}, TypeError, "give a text, a Prompt, or a list"),
        ({"prompts": [HELLO, HELLO]}, ValueError, "repeats=2"),
        ({"models": []}, ValueError, "no model"),
        ({"models": None}, TypeError, "give a list"),
        ({"models": ["antropic"]}, ValueError, "Did you mean 'anthropic'"),
        ({"models": ["openai", IDS["openai"]]}, ValueError, "stands there twice"),
        ({"models": [Agent("A")]}, TypeError, "not agents"),
        ({"models": ["groq/llama"]}, ValueError, "none of the course's nine"),
        ({"repeats": 0}, ValueError, "repeats=0"),
        ({"repeats": 1.5}, TypeError, "whole number"),
        ({"repeats": True}, TypeError, "whole number"),
        ({"max_concurrency": 0}, ValueError, "max_concurrency=0"),
        ({"max_concurrency": None}, TypeError, "whole number"),
        ({"timeout": 0}, ValueError, "more than 0"),
        ({"timeout": float("inf")}, ValueError, "more than 0"),
        ({"timeout": "5"}, TypeError, "give seconds"),
        ({"budget": 0.05}, TypeError, r"course\.budget\(usd="),
        ({"output_type": "City"}, TypeError, "output_type="),
        ({"tools": "get_weather"}, TypeError, "list of tools"),
        ({"tools": [print]}, TypeError, "@function_tool"),
        ({"tools": get_weather}, TypeError, "list of tools"),
        ({"instructions": 5}, TypeError, "instructions"),
    ],
)
def test_a_foreseeable_mistake_gets_a_sentence(change: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        compare(**{"prompts": HELLO, "models": ["openai"]} | change)


def test_one_model_may_be_named_without_a_list_and_prompts_may_be_any_iterable() -> None:
    comparison = compare((p for p in (HELLO, Prompt("Again."))), "openai")
    assert [r.prompt for r in comparison.records] == [HELLO, "Again."]


def test_before_start_there_is_nothing_to_compare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_server", None)
    with pytest.raises(RuntimeError, match=r"call course\.start\(\) first"):
        compare(HELLO, ["openai"])


# --- before spending ---------------------------------------------------------------------------------------------


async def test_an_estimate_sends_nothing_and_counts_every_run(started: Server) -> None:
    comparison = compare([HELLO, "Again."], ["openai", "azure/my-deployment"], repeats=3)
    estimate = comparison.estimate(output_tokens=100)
    assert len(started.log) == 0
    assert [(m.runs, m.output_tokens) for m in estimate.models] == [(6, 600)] * 2
    known, unknown = estimate.models
    assert known.cost == pytest.approx((known.input_tokens * 0.4 + 600 * 1.6) / 1e6)
    assert known.input_tokens > 0
    assert unknown.cost is None
    assert "unknown" in str(estimate)
    assert estimate.cost == 0, "nobody pays for what is scripted"
    await comparison
    assert [m.runs for m in comparison.estimate().models] == [0, 0]


async def test_each_call_has_its_own_price_where_prices_rise_with_its_length() -> None:
    model = "gemini/gemini-2.5-pro"  # dearer from 200,000 tokens in one call on
    session.model_says(Reply(calls=(Call("get_weather", {"city": "Oslo"}),), usage=Usage(150_000, 100)))
    session.model_says(Reply(text="Fine.", usage=Usage(150_000, 100)))
    compared = await compare(HELLO, [model], tools=[get_weather])
    assert compared.records[0].cost == pytest.approx(2 * cost_of(model, 150_000, 100))
    assert compared.records[0].cost < cost_of(model, 300_000, 200)
    prompt = "word " * 50_000
    once, often = (compare(prompt, [model], repeats=n).estimate().models[0].cost for n in (1, 8))
    assert often == pytest.approx(8 * once)


async def test_an_estimate_counts_instructions_and_tools_and_says_what_it_leaves_out() -> None:
    bare = compare(HELLO, ["openai"]).estimate().models[0].input_tokens
    more = compare(HELLO, ["openai"], instructions="Be brief.", tools=[get_weather]).estimate()
    assert more.models[0].input_tokens > bare + 20
    assert "Each tool call is a further model call" in str(more)


def test_what_live_runs_would_cost_is_to_pay(vendor: Any) -> None:
    os.environ.update(vendor.own("mistral"))
    with redirect_stdout(StringIO()):
        session.start(live=["mistral"])
    estimate = compare(HELLO, ["mistral", "openai"]).estimate()
    assert [m.source for m in estimate.models] == ["live", "scripted"]
    assert estimate.cost == estimate.models[0].cost
    assert estimate.cost


@pytest.mark.parametrize("tokens", [0, 1.5, None])
def test_an_estimate_wants_a_number_of_tokens(tokens: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="output_tokens="):
        compare(HELLO, ["openai"]).estimate(tokens)
