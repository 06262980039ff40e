"""Checks of notebook 06."""

from __future__ import annotations

from typing import Any

from agents import RunConfig
from agents.tracing import TracingProcessor
from agents.tracing.provider import DefaultTraceProvider
from agents.tracing.span_data import (
    AgentSpanData,
    CustomSpanData,
    FunctionSpanData,
    GenerationSpanData,
    HandoffSpanData,
)

from .engine import NotYet, check, require, result_of


@check
async def tool_names(given: Any) -> str:
    """A trace processor that lists the tools which ran."""
    if isinstance(given, TracingProcessor):
        raise NotYet("this is an object: give me the class itself, ToolNames without parentheses.")
    require(isinstance(given, type), f"I need a class, and this is a {type(given).__name__}.")
    require(issubclass(given, TracingProcessor), "the class is no trace processor: class ToolNames(TracingProcessor).")
    missing = sorted(getattr(given, "__abstractmethods__", ()))
    require(
        not missing, f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing: a processor has all six."
    )
    first, second = await result_of(given), await result_of(given)
    require(hasattr(first, "names"), "the object has no list `names`.")
    provider = DefaultTraceProvider()  # one of the check's own: the notebook's traces stay as they are
    provider.set_processors([first])
    trace = provider.create_trace("check")
    trace.start()
    desk = provider.create_span(AgentSpanData("desk"), parent=trace)
    turn = provider.create_span(CustomSpanData("turn", {}), parent=desk)
    outer = provider.create_span(FunctionSpanData("outer", "{}", "done"), parent=turn)
    inner = provider.create_span(FunctionSpanData("inner", "{}", "done"), parent=outer)
    again = provider.create_span(FunctionSpanData("inner", "{}", "done"), parent=outer)
    model = provider.create_span(GenerationSpanData(model="openai/gpt-4.1-mini"), parent=turn)
    failing = provider.create_span(FunctionSpanData("failing", "{}", None), parent=turn)
    failing.set_error({"message": "Error running tool", "data": None})
    silent = provider.create_span(FunctionSpanData("silent", None, None), parent=turn)
    handoff = provider.create_span(HandoffSpanData("desk", "billing"), parent=turn)
    for span in (desk, turn, outer, inner, again, model, failing, silent, handoff):
        span.start()
    for span in (inner, again, outer, model, failing, silent, handoff, turn, desk):
        span.finish()
    trace.finish()
    later = provider.create_trace("another run")
    later.start()
    last = provider.create_span(FunctionSpanData("last", "{}", "done"), parent=later)
    last.start()
    last.finish()
    later.finish()
    require(isinstance(first.names, list), f"`names` has to be a list; yours is a {type(first.names).__name__}.")
    got = list(first.names)
    right = ["inner", "inner", "outer", "failing", "silent", "last"]
    require(got, "tools ran, and the list is empty. An exception in a processor is swallowed: try yours by hand.")
    require(got != ["last"], "a second run emptied the list: make it in __init__, and keep what is in it.")
    require(got != right[::-1], "your list stands the other way round: append each name at its end.")
    require(
        got != ["outer", "inner", "inner", "failing", "silent", "last"],
        "the tools stand in the order in which they began; note them when they end.",
    )
    for name, what in (("desk", "an agent"), ("turn", "no tool"), ("billing", "no tool, but where a handoff led")):
        require(name not in got, f"your list also has {name!r}, which is {what}: look at `span_data.type`.")
    require(got.count("inner") != 1, "inner ran twice, and your list has it once: note every run.")
    for name, what in (("failing", "ended with an error"), ("silent", "returned nothing")):
        require(name in got, f"{name!r} {what}, but it ran: note it, too.")
    require(got == right, f"six times a tool ended, in the order {right}; your list says {got}.")
    require(not second.names, "two processors share one list: make it in __init__, as self.names = [].")
    return "every tool, once, in the order in which they ended."


@check
async def discreet(given: Any) -> str:
    """A `RunConfig` with a name and a group that records nothing of what was said."""
    require(isinstance(given, RunConfig), f"I need a RunConfig, and this is a {type(given).__name__}.")
    config: RunConfig = given
    require(not config.tracing_disabled, "with tracing off nothing is measured either: leave it on.")
    require(
        not config.trace_include_sensitive_data,
        "what was said would still be recorded: trace_include_sensitive_data=False.",
    )
    require(config.workflow_name == "Support", f"the trace is named {config.workflow_name!r}: workflow_name=….")
    require(config.group_id == "customer-17", f"the group is {config.group_id!r}: group_id=….")
    return "measured, named and grouped, and nothing of what was said."
