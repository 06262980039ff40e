"""One run of a comparison: stream it, time it, judge it, and make a record of whatever comes of it."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from agents import Agent, RunConfig, Runner
from agents.exceptions import AgentsException, ModelBehaviorError
from agents.items import ModelResponse, ToolCallItem
from agents.result import RunResultBase, RunResultStreaming

from scripted_providers.replies import Call

from ... import session
from ...factory import provider_of
from ...sent import own_secrets, scrubbed
from ...session import LiveCap
from ...usage import RunUsage, call_usage, model_id_of
from ..budget import Budget, BudgetSpent
from ..explain import explain
from ..known_errors import INVALID_OUTPUT
from .prompts import FAIL, NOT_APPLICABLE, PASS, Prompt, said
from .records import ERROR, LIVE, NOT_RUN, OK, SCRIPTED, Record

LONGEST_MESSAGE = 300  # characters
NO_ANSWER = "no answer"
# In these providers' streams LiteLLM 1.106 loses tool calls, or runs several into one: with tools, their answers come
# whole, and nobody knows when the first piece arrived.
WHOLE_WITH_TOOLS = {"cohere", "ollama"}
SETTLING = 5.0  # seconds that a run which was told to end may take to do so


async def run_once(
    agent: Agent[Any], prompt: Prompt, repeat: int, timeout: float, budget: Budget | None = None
) -> Record:
    """Run a prompt once and tell what came of it; only an interrupt gets through.

    No retries are added: openai/ and azure/ retry twice by themselves, and retries upon those would multiply.

    Args:
        agent: Whose model is asked.
        prompt: What it is asked, and how its answer is judged.
        repeat: The record's number.
        timeout: Seconds for the whole run.
        budget: The agent's, to tell what to change where it stops the run.
    """
    model, provider = model_id_of(agent), provider_of(agent)
    record = Record(
        model=model,
        prompt=prompt.text,
        repeat=repeat,
        source=LIVE if session.is_live(provider) else SCRIPTED,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    streamed = not (provider in WHOLE_WITH_TOOLS and agent.tools)
    run = _Run(agent, prompt.text, streamed)
    error: Exception | None = None
    try:
        async with asyncio.timeout(timeout):
            await run.to_its_end()
    except Exception as raised:
        error = raised
    record = replace(record, first_token=run.first, latency=run.seconds)
    record = _with_usage(record, run.responses(error), estimated=provider == "cohere" and streamed)
    if error is not None:
        return _failed(record, error, agent, timeout, budget)
    assert run.result is not None
    output = run.result.final_output
    if output == "":  # a stream that is none, an HTML page say, is read as an answer without a word in it
        return _without_a_word(record, provider)
    tools_ok, tools_note = prompt.judged_calls(_calls(run.result))
    return replace(
        record,
        status=OK,
        answer=said(output),
        length=len(said(output)),
        output=output,
        schema_ok=NOT_APPLICABLE if agent.output_type in (None, str) else PASS,  # the SDK has validated it
        tools_ok=tools_ok,
        tools_note=tools_note,
        constraints=prompt.judged(output),
    )


class _Run:
    """A run with its clock; after a failure it still has what was there."""

    def __init__(self, agent: Agent[Any], text: str, streamed: bool) -> None:
        self._agent, self._text, self._streamed = agent, text, streamed
        self.first: float | None = None
        self.seconds = 0.0
        self.result: RunResultBase | None = None

    async def to_its_end(self) -> None:
        config = RunConfig(workflow_name="Comparison")
        began = time.perf_counter()
        try:
            if not self._streamed:
                self.result = await Runner.run(self._agent, self._text, run_config=config)
                return
            streamed = self.result = Runner.run_streamed(self._agent, self._text, run_config=config)
            try:
                async for event in streamed.stream_events():
                    if self.first is None and event.type == "raw_response_event" and ".delta" in event.data.type:
                        self.first = time.perf_counter() - began
            finally:
                await _ended(streamed)
        finally:
            self.seconds = time.perf_counter() - began

    def responses(self, error: Exception | None) -> list[ModelResponse]:
        if self.result is not None:
            return self.result.raw_responses
        data = error.run_data if isinstance(error, AgentsException) else None
        return data.raw_responses if data else []


async def _ended(streamed: RunResultStreaming) -> None:
    """See to it that no request of a run goes on once nobody reads it: `stream_events` does not wait for that."""
    task = streamed.run_loop_task
    if task and not task.done():
        streamed.cancel()
        await asyncio.wait([task], timeout=SETTLING)


def _with_usage(record: Record, responses: list[ModelResponse], *, estimated: bool) -> Record:
    used = [response.usage for response in responses if response.usage.total_tokens]
    if not used or len(used) < len(responses):
        return record
    run = RunUsage(tuple(call_usage(record.model, u) for u in used))
    cost = run.cost
    local = record.model.startswith("ollama")
    price_from = "unknown" if cost is None else "own machine" if local else "LiteLLM's list"
    if estimated and cost is not None:  # LiteLLM 1.106 overlooks the counts in Cohere's streams
        price_from += ", tokens estimated"
    return replace(
        record,
        input_tokens=run.input_tokens,
        output_tokens=run.output_tokens,
        cached_tokens=sum(call.cached_tokens for call in run.calls),
        reasoning_tokens=sum(call.reasoning_tokens for call in run.calls),
        cost=cost,
        price_from=price_from,
    )


def _without_a_word(record: Record, provider: str) -> Record:
    look = f'course.wire("{provider}")\n' if record.source == SCRIPTED else ""  # it does not see a live answer
    return replace(
        record,
        status=ERROR,
        error=NO_ANSWER,
        message="The run ended without a word, and without an error.",
        fix=f"# What came? A page of HTML, say, is from a proxy or a wrong address:\n{look}course.doctor()",
    )


def _failed(record: Record, error: Exception, agent: Agent[Any], timeout: float, budget: Budget | None) -> Record:
    told = explain(error)
    message, fix = str(error).strip().partition("\n")[0], told.fix
    if isinstance(error, TimeoutError):
        message, fix = f"No end within {timeout:g} seconds.", f"timeout={timeout * 2:g}  # or a shorter answer"
    if isinstance(error, BudgetSpent) and budget:
        fix = _affordable(error, budget)
    refused = isinstance(error, BudgetSpent | LiveCap) and record.input_tokens is None
    return replace(
        record,
        status=NOT_RUN if refused else ERROR,
        error=told.error,
        message=scrubbed(message, own_secrets())[:LONGEST_MESSAGE],
        fix=fix,
        schema_ok=FAIL if _breaks_the_schema(error, agent) else NOT_APPLICABLE,
    )


def _affordable(refusal: BudgetSpent, budget: Budget) -> str:
    """Return what to change in the call of `compare`; `explain` speaks to those who run an agent themselves."""
    if refusal.unknown == "price":
        return "budget=course.budget(tokens=…)"
    if refusal.unknown == "tokens":
        return "models=[…]  # without the one whose answer came without counts, or no budget"
    limits = {"usd": budget.most_usd, "tokens": budget.most_tokens}
    more = ", ".join(f"{name}={most * 2}" for name, most in limits.items() if most is not None)
    return f"budget=course.budget({more})  # or fewer runs"


def _breaks_the_schema(error: Exception, agent: Agent[Any]) -> bool:
    """Tell whether the SDK has read the answer and refused it: an invented tool is the same kind of error."""
    structured = agent.output_type not in (None, str)
    return structured and isinstance(error, ModelBehaviorError) and str(error).startswith(INVALID_OUTPUT)


def _calls(result: RunResultBase) -> list[Call]:
    made = [item.raw_item for item in result.new_items if isinstance(item, ToolCallItem)]
    return [Call(_get(raw, "name"), _arguments(_get(raw, "arguments"))) for raw in made]


def _get(raw: Any, name: str) -> str:
    return str((raw.get(name) if isinstance(raw, dict) else getattr(raw, name, None)) or "")


def _arguments(text: str) -> dict[str, Any]:
    try:
        parsed = json.loads(text or "{}")
    except ValueError:
        return {"not JSON": text}
    return parsed if isinstance(parsed, dict) else {"not an object": parsed}
