"""Traces stay in this kernel, within bounds, unless somebody says aloud that OpenAI may have them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import agents
import pytest
from agents import RunConfig, Runner, flush_traces, function_tool, trace
from agents.tracing.processors import BackendSpanExporter, default_exporter, default_processor

from anymodel_course import session, tracing
from anymodel_course.factory import make_agent
from anymodel_course.instruments.trace_collector import TraceCollector
from anymodel_course.instruments.trace_tree import trace_tree
from anymodel_course.tracing import KEPT, Recorder, setup_tracing
from scripted_providers import call
from scripted_providers.server import Server

KEY = "sk-planted-0123456789abcdef4f2a"

pytestmark = pytest.mark.usefixtures("started")


@pytest.fixture(autouse=True)
def _as_before(started: Server) -> Iterator[None]:
    assert session._recorder
    session._recorder.traces.clear()
    yield
    agents.set_trace_processors([session._recorder])
    agents.set_tracing_disabled(False)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[TraceCollector]:
    """What stands in OpenAI's place: the SDK's own exporter, with no change but its address."""
    with TraceCollector() as made:
        exporter = default_exporter()
        monkeypatch.setattr(exporter, "endpoint", made.url)
        exporter.__dict__.pop("api_key", None)
        yield made
        exporter.__dict__.pop("api_key", None)
        exporter._api_key = None


@pytest.fixture
def authorizations(collector: TraceCollector) -> Iterator[list[str]]:
    """Whose key the exporter sends along: the header of that name, of each request."""
    seen: list[str] = []
    client = default_exporter()._client
    client.event_hooks = {"request": [lambda request: seen.append(request.headers["authorization"])]}
    yield seen
    client.event_hooks = {}


async def run(**config: Any) -> Any:
    return await Runner.run(make_agent("anthropic", name="Claude"), "Say hello.", run_config=RunConfig(**config))


def recorded() -> int:
    return sum(len(kept.spans) for kept in session.recorder().traces)


# --- the recorder ---


async def test_it_keeps_the_last_traces_only() -> None:
    for number in range(KEPT + 5):
        await run(workflow_name=f"run {number}")
    kept = session.recorder().traces
    assert [each.trace.name for each in kept] == [f"run {number}" for number in range(5, KEPT + 5)]
    assert all(len(each.answers) == 1 for each in kept)
    assert session.recorder().names == []


async def test_it_keeps_no_more_spans_of_a_trace_than_its_bound_and_counts_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tracing, "LONGEST", 6)
    with trace("long"):
        for _ in range(3):
            await run()
    kept = session.recorder().traces[-1]
    assert (len(kept.spans), kept.left_out) == (6, 6)
    assert str(trace_tree()).endswith("received. 6 later spans were not kept.")


async def test_spans_of_a_trace_that_it_never_saw_begin_are_let_go() -> None:
    late = Recorder()
    with trace("before it came"):
        agents.add_trace_processor(late)
        await run()
    assert not late.traces
    assert late.names == []


# --- local, off ---


async def test_off_records_nothing_and_local_records_again(capsys: pytest.CaptureFixture[str]) -> None:
    setup_tracing("off")
    before = recorded()
    await run()
    assert recorded() == before
    setup_tracing("local")
    await run()
    assert recorded() == before + 4  # task, agent, turn, generation
    assert capsys.readouterr().out.splitlines() == [
        'Traces: off. No run is recorded until course.setup_tracing("local").',
        "Traces: kept in this kernel for course.trace_tree, and sent nowhere.",
    ]


async def test_a_start_goes_back_to_local() -> None:
    setup_tracing("off")
    session.start()
    await run()
    assert trace_tree().tokens[0] > 0


async def test_a_refused_start_leaves_tracing_off() -> None:
    setup_tracing("off")
    before = recorded()
    with pytest.raises(ValueError, match="No provider is called"):
        session.start(live=["nobody"])
    await run()
    assert recorded() == before


async def test_a_start_respects_the_sdks_own_switch_and_local_overrules_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_AGENTS_DISABLE_TRACING", "true")
    session.start()
    result = await run()
    with pytest.raises(RuntimeError, match="OPENAI_AGENTS_DISABLE_TRACING"):
        trace_tree(result)
    setup_tracing("local")
    assert trace_tree(await run()).nodes


async def test_a_run_that_ended_under_another_processor_keeps_nobody_from_starting() -> None:
    @function_tool
    def replace() -> str:
        """Put another processor in the recorder's place."""
        agents.set_trace_processors([Recorder()])
        return "done"

    session.model_says(call("replace"), "Fine.")
    await Runner.run(make_agent("openai", tools=[replace]), "Replace it.")
    assert session.recorder().names == []
    session.start()


async def test_local_takes_a_foreign_processor_out() -> None:
    foreign = Recorder()
    agents.add_trace_processor(foreign)
    setup_tracing("local")
    await run()
    assert not foreign.traces


def test_a_mode_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match='mode=\'remote\': there are "local", "openai" and "off"'):
        setup_tracing("remote")  # type: ignore[arg-type]


# --- OpenAI ---


@pytest.mark.parametrize("name", ["anthropic", "openai"])
async def test_openai_gets_traces_after_it_was_said_and_until_the_next_start(
    name: str,
    collector: TraceCollector,
    authorizations: list[str],
    vendor: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    os.environ.update(vendor.own(name) | {"OPENAI_API_KEY": KEY})
    session.start(live=name)
    vendor.server.says("From the vendor.", times=2)
    capsys.readouterr()
    setup_tracing("openai")
    said = capsys.readouterr().out
    assert said == (
        f"Traces: also sent to OpenAI ({collector.url}, key ends in 4f2a): every prompt, every answer and what tools "
        "were given and gave, of all models, until the next course.start() or setup_tracing.\n"
    )
    agent = make_agent(name, instructions="The secret word is swordfish.")
    result = await Runner.run(agent, "Say hello.")
    flush_traces()
    assert "swordfish" in json.dumps(collector.received)
    assert set(authorizations) == {f"Bearer {KEY}"}
    assert trace_tree(result).tokens[0] > 0, "kept here as well"
    arrived = len(collector.received)
    session.start()
    await run()
    default_processor().force_flush()
    assert len(collector.received) == arrived
    assert KEY not in said + capsys.readouterr().out + str(trace_tree(result)) + trace_tree(result)._repr_html_()


async def test_openai_is_refused_offline(collector: TraceCollector) -> None:
    os.environ["OPENAI_API_KEY"] = KEY
    session.start()
    with pytest.raises(RuntimeError, match=r"You are offline.*course\.start\(live="):
        setup_tracing("openai")
    await run()
    default_processor().force_flush()
    assert collector.received == []


async def test_openai_is_refused_without_a_key_of_openais(vendor: Any) -> None:
    os.environ.update(vendor.own("mistral"))
    session.start(live="mistral")
    with pytest.raises(RuntimeError, match=r"OPENAI_API_KEY in \.env"):
        setup_tracing("openai")


async def test_the_trap_is_real_and_replacing_the_processors_closes_it(collector: TraceCollector) -> None:
    """The SDK as it is, with an OpenAI key in the environment: a run on Claude is exported, answers and all."""
    agents.set_trace_processors([default_processor()])
    await run()
    flush_traces()
    generations = [i for i in collector.received if i.get("span_data", {}).get("type") == "generation"]
    assert [g["span_data"]["model"] for g in generations] == [make_agent("anthropic").model.model]  # type: ignore[union-attr]
    assert "Hello from the script for anthropic." in json.dumps(generations)
    arrived = len(collector.received)
    setup_tracing("local")
    await run()
    default_processor().force_flush()
    assert len(collector.received) == arrived


def test_the_exporters_address_is_what_the_notebook_says(started: Server) -> None:
    assert BackendSpanExporter().endpoint == "https://api.openai.com/v1/traces/ingest"
