"""The checks of the exercises: they pass the page's solution, name typical mistakes, and survive everything else."""

from __future__ import annotations

import ast
import asyncio
import functools
import gc
import inspect
import json
import re
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import redirect_stdout
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any, Literal, NamedTuple

import litellm
import nbformat
import pytest
from agents import (
    Agent,
    ModelRetrySettings,
    ModelSettings,
    RunConfig,
    Runner,
    function_tool,
    input_guardrail,
    retry_policies,
)
from agents.extensions.models.litellm_model import LitellmModel
from agents.retry import RetryDecision
from agents.tracing import TracingProcessor
from packaging.requirements import Requirement
from pydantic import BaseModel

import anymodel_course as course
from anymodel_course import call, checks, fails, session
from anymodel_course.instruments.checks import engine
from anymodel_course.models import listed
from anymodel_course.providers import PROVIDERS
from anymodel_course.upkeep.refresh import NOTEBOOKS
from anymodel_course.usage import cost_of, dollars
from scripted_providers.server import Server

# Among the typical mistakes are forgotten awaits: Python tells of each when it collects garbage, in whatever test
pytestmark = pytest.mark.filterwarnings("ignore:coroutine '.*' was never awaited:RuntimeWarning")

NAMES = checks.__all__
OPENAI = PROVIDERS["openai"].model
UNTOUCHED = "Not yet: replace the `...` in the cell above, run it, then run this cell again."


class Solution(NamedTuple):
    """An exercise's solution as it stands on a notebook's page: what the notebook imports, the code, what to give."""

    imports: str
    code: str
    given: str

    def made(self, change: Callable[[str], str] = str) -> Any:
        """Run the code, perhaps changed, and return the object that the check cell hands over."""
        names: dict[str, Any] = {}
        with redirect_stdout(StringIO()):
            exec(self.imports + "\n" + change(self.code), names)
        return names[self.given]


def solutions_on_the_pages() -> dict[str, Solution]:
    found = {}
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        statements = [s for c in cells if c.cell_type == "code" for s in ast.parse(c.source).body]
        imports = "\n".join(ast.unparse(s) for s in statements if isinstance(s, ast.Import | ast.ImportFrom))
        given = dict(re.findall(r"await course\.checks\.(\w+)\((\w+)\)", "\n".join(c.source for c in cells)))
        for cell in cells:
            for tag in cell.metadata.get("tags", []):
                if tag.startswith("solution:"):
                    name = tag.removeprefix("solution:")
                    found[name] = Solution(imports, cell.source.split("```python\n")[1].split("```")[0], given[name])
    return found


SOLUTIONS = solutions_on_the_pages()


async def verdict_on(name: str, given: Any) -> engine.Verdict:
    with redirect_stdout(StringIO()):
        verdict = await getattr(checks, name)(given)
    assert isinstance(verdict, engine.Verdict)
    shown = repr(verdict)
    assert shown.startswith("Passed: " if verdict.passed else "Not yet: ")
    assert "\n" not in shown
    return verdict


@pytest.fixture(autouse=True)
def _session(started: Server) -> None:
    """Every check here runs in a learner's session that has started, offline."""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "LONGEST", 0.25)
    monkeypatch.setattr(engine, "GRACE", 0.2)


@pytest.fixture
async def complaints() -> AsyncIterator[list[str]]:
    """What a task that a check left behind would print later, in some other cell."""
    litellm.in_memory_llm_clients_cache.flush_cache()
    gc.collect()  # what earlier tests left behind complains now
    found: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: found.append(str(context)))
    yield found
    loop.set_exception_handler(None)


# --- the solution, the stub, the mistakes ------------------------------------------------------------------------


def test_every_check_has_an_exercise_and_every_exercise_a_check() -> None:
    assert sorted(SOLUTIONS) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
async def test_the_solution_on_the_page_passes(name: str) -> None:
    verdict = await verdict_on(name, SOLUTIONS[name].made())
    assert verdict.passed, verdict


@pytest.mark.parametrize("name", NAMES)
async def test_an_untouched_stub_is_no_mistake(name: str) -> None:
    assert repr(await verdict_on(name, ...)) == UNTOUCHED


@pytest.mark.parametrize("name", NAMES)
async def test_what_became_none_is_no_untouched_stub(name: str) -> None:
    assert "your variable is None" in (await verdict_on(name, {2, 3}.update([4]))).message


def agent(model: Any = None, **options: Any) -> Agent[Any]:
    return Agent(**{"name": "A", "instructions": "Rhyme.", "model": model or LitellmModel(OPENAI)} | options)


def build_with_a_fixed_model(model_name: str) -> Agent[Any]:
    return agent()


def build_the_string(model_name: str) -> Agent[Any]:
    return agent(model_name)


def build_with_telling_instructions(model_name: str) -> Agent[Any]:
    return agent(LitellmModel(model_name), instructions=f"You are {model_name}.")


def build_with_telling_name(model_name: str) -> Agent[Any]:
    return agent(LitellmModel(model_name), name=model_name)


def build_without_instructions(model_name: str) -> Agent[Any]:
    return Agent(name="A", model=LitellmModel(model_name))


ONE = Agent(name="A", instructions="Rhyme.")


def build_the_same_one(model_name: str) -> Agent[Any]:
    ONE.model = LitellmModel(model_name)
    return ONE


class Poet(Agent[Any]):
    """A class of the learner's own, whose arguments are not those of `Agent`."""

    def __init__(self, model_name: str, **options: Any) -> None:
        super().__init__("Poet", instructions="Rhyme.", model=LitellmModel(model_name, **options))


def build_by(change: Callable[[str], str]) -> Callable[[str], Agent[Any]]:
    return lambda model_name: agent(LitellmModel(change(model_name)))


def build_of_two_parts(model_name: str) -> Agent[Any]:
    prefix, name = model_name.split("/")
    return agent(LitellmModel(f"{prefix}/{name}"))


def build_and_run(model_name: str) -> Any:
    return Runner.run_streamed(agent(LitellmModel(model_name)), "Hello?")


def build_without_return(model_name: str) -> None:
    agent(LitellmModel(model_name))


def is_delta(event: Any) -> bool:
    return event.type == "raw_response_event" and event.data.type == "response.output_text.delta"


async def collect_only_by_printing(streamed: Any) -> None:
    async for event in streamed.stream_events():
        if is_delta(event):
            print(event.data.delta, end="")


async def collect_every_delta(streamed: Any) -> str:
    deltas = [getattr(e.data, "delta", "") async for e in streamed.stream_events() if e.type == "raw_response_event"]
    return "".join(deltas)


async def collect_a_list(streamed: Any) -> list[str]:
    return [e.data.delta async for e in streamed.stream_events() if is_delta(e)]


async def collect_the_first(streamed: Any) -> str:
    async for event in streamed.stream_events():
        if is_delta(event):
            return str(event.data.delta)
    return ""


async def collect_and_strip(streamed: Any) -> str:
    return " ".join([e.data.delta.strip() async for e in streamed.stream_events() if is_delta(e)])


async def collect_the_last_answer(streamed: Any) -> str:
    async for _ in streamed.stream_events():
        pass
    return str(streamed.final_output)


async def collect_without_reading(streamed: Any) -> str:
    return str(streamed.final_output or "")


async def collect_the_output_without_reading(streamed: Any) -> Any:
    return streamed.final_output


async def collect_within_the_loop(streamed: Any) -> str:
    text = ""
    async for event in streamed.stream_events():
        text += event.data.delta if is_delta(event) else ""
        return text
    return text


async def collect_and_strip_the_whole(streamed: Any) -> str:
    return (await collect_in_a_list_first(streamed)).strip()


async def collect_what_is_not_blank(streamed: Any) -> str:
    return "".join([e.data.delta async for e in streamed.stream_events() if is_delta(e) and e.data.delta.strip()])


async def collect_each_piece_once(streamed: Any) -> str:
    return "".join(dict.fromkeys([e.data.delta async for e in streamed.stream_events() if is_delta(e)]))


async def collect_without_await(streamed: Any) -> Any:
    return collect_in_a_list_first(streamed)


def collect_with_asyncio_run(streamed: Any) -> str:
    collecting = collect_in_a_list_first(streamed)
    try:
        return asyncio.run(collecting)
    finally:
        collecting.close()  # else Python complains that nobody awaited it


def collect_with_a_loop_of_its_own(streamed: Any) -> str:
    loop, collecting = asyncio.new_event_loop(), collect_in_a_list_first(streamed)
    try:
        return loop.run_until_complete(collecting)
    finally:
        collecting.close()
        loop.close()


async def collect_by_yielding(streamed: Any) -> AsyncIterator[str]:
    async for event in streamed.stream_events():
        if is_delta(event):
            yield event.data.delta


def connect_with(**changed: Any) -> Callable[[str, str], Agent[Any]]:
    """Write a `connect` that is right but for what is changed: a value, or a function of the address and the key."""

    def connect(address: str, key: str) -> Agent[Any]:
        right = {"model": "openai/house-model", "base_url": address, "api_key": key.strip()}
        return agent(LitellmModel(**right | {n: v(address, key) if callable(v) else v for n, v in changed.items()}))

    return connect


def connect_once(by: Callable[[str, str], str]) -> Callable[[str, str], Agent[Any]]:
    """Write a `connect` that makes one agent for each of what `by` returns, and gives that one for ever."""
    made: dict[str, Agent[Any]] = {}

    def connect(address: str, key: str) -> Agent[Any]:
        return made.setdefault(by(address, key), connect_with()(address, key))

    return connect


def served_by_the_full_id(model: str, day: date) -> bool:
    return model in litellm.model_cost


def served_by_the_bare_id(model: str, day: date) -> bool:
    return model in litellm.model_cost or model.partition("/")[2] in litellm.model_cost


def served_for_ever(model: str, day: date) -> bool:
    return listed(model) is not None


def served_in_text(model: str, day: date) -> bool:
    entry = listed(model)
    return bool(entry) and str(day) < entry.get("deprecation_date", "9999")


def served_one_day_too_long(model: str, day: date) -> bool:
    entry = listed(model)
    return bool(entry) and str(day) <= entry.get("deprecation_date", "9999")


def served_today(model: str, day: date) -> bool:
    return served_in_text(model, date.today())


def served_by_the_same_maker(model: str, day: date) -> bool:
    prefix, _, name = model.partition("/")
    return model in litellm.model_cost or litellm.model_cost.get(name, {}).get("litellm_provider") == prefix


def served_bare_for_ever(model: str, day: date) -> bool:
    return served_in_text(model, day) if model in litellm.model_cost else listed(model) is not None


def served_only_until_a_day(model: str, day: date) -> bool:
    return str(day) < (listed(model) or {}).get("deprecation_date", "")


def served_by_the_facts(model: str, day: date) -> bool:
    facts = course.model_facts(model)
    return facts.listed and (facts.retires is None or day < facts.retires)


def served_once(model: str, day: date) -> bool:
    entry = litellm.model_cost.pop(model, None) or litellm.model_cost.pop(model.partition("/")[2], None)
    return entry is not None


def served_with_days_that_change(model: str, day: date) -> bool:
    entry: Any = listed(model) or {"deprecation_date": "2000-01-01"}
    entry["deprecation_date"] = entry.get("deprecation_date", "9999-12-31")
    return str(day) < entry["deprecation_date"]


def served_without_an_end(model: str, day: date) -> bool:
    entry = listed(model)
    return bool(entry) and "deprecation_date" not in entry


def served_gives_the_entry(model: str, day: date) -> Any:
    return listed(model) if served_in_text(model, day) else None


def bill_of_the_last(results: list[Any]) -> tuple[int, int]:
    used = results[-1].context_wrapper.usage
    return used.input_tokens, used.output_tokens


def bill_of_last_calls(results: list[Any]) -> tuple[int, int]:
    used = [result.raw_responses[-1].usage for result in results]
    return sum(u.input_tokens for u in used), sum(u.output_tokens for u in used)


def bill_turned_round(results: list[Any]) -> tuple[int, int]:
    used = [result.context_wrapper.usage for result in results]
    return sum(u.output_tokens for u in used), sum(u.input_tokens for u in used)


def bill_that_adds_to_the_first(results: list[Any]) -> tuple[int, int]:
    if not results:
        return 0, 0
    used = results[0].context_wrapper.usage
    for result in results[1:]:
        used.add(result.context_wrapper.usage)
    return used.input_tokens, used.output_tokens


def bill_by(
    sent: Callable[[Any], int] = lambda used: used.input_tokens,
    received: Callable[[Any], int] = lambda used: used.output_tokens,
    some: Callable[[list[Any]], Any] = iter,
) -> Callable[[list[Any]], tuple[int, int]]:
    """Write a `bill` that is right but for what is changed: what counts of a usage, which results count."""

    def bill(results: list[Any]) -> tuple[int, int]:
        pairs = [(sent(used), received(used)) for used in (r.context_wrapper.usage for r in results)]
        chosen = list(some(pairs))
        return sum(a for a, _ in chosen), sum(b for _, b in chosen)

    return bill


def sent_anew(used: Any) -> int:
    return int(used.input_tokens - used.input_tokens_details.cached_tokens)


def received_openly(used: Any) -> int:
    return int(used.output_tokens - used.output_tokens_details.reasoning_tokens)


def bill_that_empties_the_list(results: list[Any]) -> tuple[int, int]:
    pair = bill_by()(results)
    results.clear()
    return pair


def bill_that_needs_one(results: list[Any]) -> tuple[int, int]:
    if not results:
        raise IndexError("no results")
    return bill_turned_round(results)[::-1]


def cheapest_by(
    known: Callable[[float | None], float | None], received: int | None = None
) -> Callable[..., str | None]:
    def cheapest(models: list[str], tokens_in: int, tokens_out: int) -> str | None:
        out = tokens_out if received is None else received
        costs = {model: known(cost_of(model, tokens_in, out)) for model in models}
        return min((m for m in costs if costs[m] is not None), key=lambda m: costs[m] or 0, default=None)

    return cheapest


def cheapest_that_begins_with_the_first(models: list[str], tokens_in: int, tokens_out: int) -> str | None:
    models[0].strip()
    return cheapest_by(lambda cost: cost)(models, tokens_in, tokens_out)


def cheapest_of_the_first_two(models: list[str], tokens_in: int, tokens_out: int) -> str | None:
    return cheapest_by(lambda cost: cost)(models[:2], tokens_in, tokens_out)


def cheapest_of_neighbours(models: list[str], tokens_in: int, tokens_out: int) -> str | None:
    known = [(model, cost) for model in models if (cost := cost_of(model, tokens_in, tokens_out)) is not None]
    best = known[0][0] if known else None
    for (model, cost), (following, its) in zip(known, known[1:], strict=False):
        best = following if its < cost else model
    return best


def cheapest_unless_it_is_free(models: list[str], tokens_in: int, tokens_out: int) -> str | None:
    best, low = None, None
    for model in models:
        cost = cost_of(model, tokens_in, tokens_out)
        if cost is not None and (not low or cost < low):
            best, low = model, cost
    return best


def cheapest_in_text(models: list[str], tokens_in: int, tokens_out: int) -> str | None:
    costs = {model: dollars(cost_of(model, tokens_in, tokens_out)) for model in models}
    return min((model for model in models if costs[model] != "unknown"), key=lambda m: costs[m], default=None)


def cheapest_by_taking_away(models: list[str], tokens_in: int, tokens_out: int) -> str | None:
    for model in list(models):
        if cost_of(model, tokens_in, tokens_out) is None:
            models.remove(model)
    return cheapest_by(lambda cost: cost)(models, tokens_in, tokens_out)


def cheapest_by_sorting(models: list[str], tokens_in: int, tokens_out: int) -> str | None:
    models.sort(key=lambda m: (cost := cost_of(m, tokens_in, tokens_out)) is None or cost)
    return cheapest_by(lambda cost: cost)(models, tokens_in, tokens_out)


def cheapest_below_a_hundred(models: list[str], tokens_in: int, tokens_out: int) -> str | None:
    best, low = None, 100.0
    for model in models:
        cost = cost_of(model, tokens_in, tokens_out)
        if cost is not None and cost < low:
            best, low = model, cost
    return best


class NothingNoted(TracingProcessor):
    """A trace processor with nothing in it; those below note something wrong."""

    def on_span_end(self, span: Any) -> None: ...
    def on_trace_start(self, trace: Any) -> None: ...
    def on_trace_end(self, trace: Any) -> None: ...
    def on_span_start(self, span: Any) -> None: ...
    def shutdown(self) -> None: ...
    def force_flush(self) -> None: ...


class NamesOfTools(NothingNoted):
    def __init__(self) -> None:
        self.names: list[str] = []

    def on_span_end(self, span: Any) -> None:
        if span.span_data.type == "function":
            self.names.append(span.span_data.name)


class ListOfNames:
    names: list[str] = []


class NamesNever(NamesOfTools):
    def on_span_end(self, span: Any) -> None:
        if span.span_data.type == "tool":
            self.names.append(span.span_data.name)


class NamesAtTheStart(NamesOfTools):
    on_span_start, on_span_end = NamesOfTools.on_span_end, NothingNoted.on_span_end


class NamesOfEverything(NamesOfTools):
    def on_span_end(self, span: Any) -> None:
        self.names.append(str(getattr(span.span_data, "name", None)))


class NamesTwice(NamesOfTools):
    def on_span_end(self, span: Any) -> None:
        super().on_span_end(span)
        super().on_span_end(span)


class NamesOfAllThatHaveOne(NamesOfTools):
    def on_span_end(self, span: Any) -> None:
        if hasattr(span.span_data, "name"):
            self.names.append(span.span_data.name)


class NamesOfAllButAgents(NamesOfTools):
    def on_span_end(self, span: Any) -> None:
        if span.span_data.type != "agent":
            self.names.append(span.span_data.name)


class NamesOnce(NamesOfTools):
    def on_span_end(self, span: Any) -> None:
        if getattr(span.span_data, "name", None) not in self.names:
            super().on_span_end(span)


class NamesInADict(NamesOfTools):
    def __init__(self) -> None:
        self.names: Any = {}

    def on_span_end(self, span: Any) -> None:
        if span.span_data.type == "function":
            self.names[span.span_data.name] = True


class NamesInAMethod(NothingNoted):
    def names(self) -> list[str]:
        return []


class NamesTurnedRound(NamesOfTools):
    def on_span_end(self, span: Any) -> None:
        super().on_span_end(span)
        self.names[:] = self.names[-1:] + self.names[:-1] if span.span_data.type == "function" else self.names


class NamesOfTheLastRun(NamesOfTools):
    def on_trace_start(self, trace: Any) -> None:
        self.names = []


class NamesOfWhatWorked(NamesOfTools):
    def on_span_end(self, span: Any) -> None:
        if not span.error:
            super().on_span_end(span)


class NamesOfWhatReturned(NamesOfTools):
    def on_span_end(self, span: Any) -> None:
        if span.error or getattr(span.span_data, "output", None):
            super().on_span_end(span)


class NamesWithoutRepetition(NamesOfTools):
    def on_span_end(self, span: Any) -> None:
        if self.names[-1:] != [getattr(span.span_data, "name", None)]:
            super().on_span_end(span)


class NamesOfHandoffsToo(NamesOfTools):
    def on_span_end(self, span: Any) -> None:
        super().on_span_end(span)
        if span.span_data.type == "handoff":
            self.names.append(span.span_data.to_agent)


class NamesShared(NamesOfTools):
    shared: list[str] = []

    def __init__(self) -> None:
        self.names = self.shared


def parcel(code: str) -> Any:
    """Write a `send_parcel` that has a description and explains its arguments, but for what the code says."""
    names: dict[str, Any] = {"Literal": Literal, "BaseModel": BaseModel, "function_tool": function_tool}
    exec("class Address(BaseModel):\n    street: str\n    city: str\n" + code, names)
    return names["send_parcel"]


PARCEL = '''
@function_tool
def send_parcel(address: Address, speed: Literal["standard", "express"]) -> str:
    """Send a parcel.

    Args:
        address: Where it goes.
        speed: How fast.
    """
    return "sent"
'''

EXPLAINED_ADDRESS = '''
class Address(BaseModel):
    """Where it goes."""

    street: str
    city: str
'''

THIRD_FIELD = "class Address(BaseModel):\n    street: str\n    city: str\n    zip: str\n"

DOCSTRING = PARCEL[PARCEL.index('    """') : PARCEL.rindex("    return")]


def parcel_but(*changes: tuple[str, str]) -> Any:
    code = PARCEL
    for old, new in changes:
        assert old in code
        code = code.replace(old, new)
    return parcel(code)


def one_or_the_other(context: Any, error: Exception) -> str:
    return str(error) if isinstance(error, LookupError | TimeoutError) else str(context.tool_arguments)


def words_learned_by_heart(context: Any, error: Exception) -> str:
    return f"No such place. There is Oslo. You sent {context.tool_arguments}."


def values_only(context: Any, error: Exception) -> str:
    return f"{error} You sent {list(json.loads(context.tool_arguments).values())}."


def can_by_tool_choice(model: str) -> bool:
    return "tool_choice" in (litellm.get_supported_openai_params(model) or [])


def can_by_the_parts(model: str) -> bool:
    prefix, _, name = model.partition("/")
    return "tools" in (litellm.get_supported_openai_params(name, prefix) or [])


async def can_in_a_coroutine(model: str) -> bool:
    return "tools" in (litellm.get_supported_openai_params(model) or [])


def can_without_an_import(model: str) -> bool:
    return "tools" in nowhere.get_supported_openai_params(model)  # type: ignore[name-defined]  # noqa: F821


def can_by_another_word(model: str) -> bool:
    return "functions" in (litellm.get_supported_openai_params(model) or [])


def can_by_the_list(model: str) -> bool:
    return litellm.supports_function_calling(model)


def can_without_an_answer(model: str) -> bool:
    return "tools" in litellm.get_supported_openai_params(model)  # type: ignore[operator]


def can_by_every_slash(model: str) -> bool:
    prefix, name = model.split("/")
    return "tools" in (litellm.get_supported_openai_params(name, prefix) or [])


PASSING = (408, 429, 500, 503)


async def worth_in_a_coroutine(error: Any) -> bool:
    return False


def worth_by_status(*statuses: int, words: str = " ") -> Callable[[Any], bool]:
    def worth(error: Any) -> bool:
        passes = getattr(error, "status_code", None) in (*PASSING, *statuses) or words in str(error)
        return "missing" not in str(error).lower() and passes

    return worth


def waits_by_itself(context: Any) -> RetryDecision:
    return RetryDecision(retry=getattr(context.error, "status_code", None) == 429, delay=context.attempt / 20)


def waits_three_seconds(context: Any) -> RetryDecision:
    return RetryDecision(retry=True, delay=3)


def asks_the_context(context: Any) -> bool:
    return bool(context.status_code == 429)


def retries(most: int, **more: Any) -> ModelSettings:
    usual = {"policy": retry_policies.http_status([429]), "backoff": {"initial_delay": 0.01}}
    return ModelSettings(retry=ModelRetrySettings(max_retries=most, **(usual | more)))


def unsendable() -> ModelSettings:
    settings = retries(2)
    settings.temperature = 0.3
    return settings


def guard_of_the_failure(scripted_providers: Server, answer: Callable[[str], str]) -> None:
    scripted_providers.says(fails("rate_limit"))
    assert answer("Where?") == "Try again later."


def guard_that_takes_any_answer(scripted_providers: Server, answer: Callable[[str], str]) -> None:
    scripted_providers.says(fails("rate_limit"), "Fine.")
    assert answer("Where?") == "Try again later."
    assert answer("And now?") not in ("", "Try again later.")


def guard_with_half_an_answer(scripted_providers: Server, answer: Callable[[str], str]) -> None:
    scripted_providers.says(fails("rate_limit"), "It is on its way.")
    assert answer("Where?") == "Try again later."
    assert "on its way" in answer("And now?")


def guard_with_nothing_scripted(scripted_providers: Server, answer: Callable[[str], str]) -> None:
    assert answer("Where?") == "Try again later."


def guard_of_an_overload(scripted_providers: Server, answer: Callable[[str], str]) -> None:
    scripted_providers.says(fails("overloaded"))
    assert answer("Where?") == "Try again later."


def guard_that_yields(scripted_providers: Server, answer: Callable[[str], str]) -> Iterator[None]:
    scripted_providers.says(fails("rate_limit"))
    yield
    assert answer("Where?") == "Try again later."


def guard_without_assert(scripted_providers: Server, answer: Callable[[str], str]) -> None:
    scripted_providers.says(fails("rate_limit"), "Fine.")
    answer("Where?")
    assert answer("And now?") == "Fine."


def guard_of_other_words(scripted_providers: Server, answer: Callable[[str], str]) -> None:
    scripted_providers.says(fails("rate_limit"))
    assert answer("Where?") == "Sorry.", "other words"


def guard_that_expects_an_error(scripted_providers: Server, answer: Callable[[str], str]) -> None:
    scripted_providers.says(fails("rate_limit"))
    with pytest.raises(litellm.RateLimitError):
        answer("Where?")


def guard_with_too_few_replies(scripted_providers: Server, answer: Callable[[str], str]) -> None:
    guard_of_the_failure(scripted_providers, answer)
    assert answer("And now?") != "Try again later."


async def guard_async(scripted_providers: Server, answer: Callable[[str], str]) -> None:
    guard_of_the_failure(scripted_providers, answer)


async def first_of_all(ask: Any, models: list[str]) -> Any:
    return [(model, await ask(model)) for model in models][0]


async def first_without_try(ask: Any, models: list[str]) -> Any:
    return models[0], await ask(models[0])


async def first_of_the_answers(ask: Any, models: list[str]) -> Any:
    return await ask(models[0])


def first_catching(what: type[BaseException], *, backwards: bool = False, give: Any = None) -> Callable[..., Any]:
    async def first(ask: Any, models: list[str]) -> Any:
        failure: BaseException | None = None
        for model in reversed(models) if backwards else models:
            try:
                return model, await ask(model)
            except what as error:
                failure = error
        if give or failure is None:
            return give
        raise failure

    return first


async def first_in_a_task(ask: Any, models: list[str]) -> Any:
    failure: BaseException | None = None
    for model in models:
        task = asyncio.create_task(ask(model))
        await asyncio.wait([task])
        if (failure := task.exception()) is None:
            return model, task.result()
    assert failure
    raise failure


async def first_by_name(ask: Any, models: list[str]) -> Any:
    return await first_catching(Exception)(ask, sorted(models))


async def first_of_a_fixed_order(ask: Any, models: list[str]) -> Any:
    """Do what a set may do, in the one of six hash seeds in which it looks right at first."""
    order = [PROVIDERS[name].model for name in ("ollama", "anthropic", "gemini")]
    return await first_catching(Exception)(ask, sorted(models, key=order.index))


async def first_with_words(ask: Any, models: list[str]) -> Any:
    answers = [(model, answer) for model in models[:1] if (answer := await ask(model))]
    return answers[0] if answers else await first_catching(Exception)(ask, models[1:])


async def first_asking_twice(ask: Any, models: list[str]) -> Any:
    async def patiently(model: str) -> Any:
        try:
            return await ask(model)
        except Exception:
            return await ask(model)

    return await first_catching(Exception)(patiently, models)


def first_with_a_loop_of_its_own(ask: Any, models: list[str]) -> Any:
    return asyncio.run(first_catching(Exception)(ask, models))


def first_gathered(ask: Any, models: list[str]) -> Any:
    return asyncio.gather(ask(models[0]))


async def first_of_two(ask: Any, models: list[str]) -> Any:
    try:
        return models[0], await ask(models[0])
    except Exception:
        return models[1], await ask(models[1])


async def first_by_taking_away(ask: Any, models: list[str]) -> Any:
    return (model := models.pop(0)), await ask(model)


async def first_or_an_error_of_its_own(ask: Any, models: list[str]) -> Any:
    try:
        return await first_catching(Exception)(ask, models)
    except Exception as error:
        raise RuntimeError("no model answered") from error


OSLO, ROME = call("get_temperature", city="Oslo"), call("get_temperature", city="Rome")
ENV = """OPENAI_API_KEY=made-up-openai-key-1111
ANTHROPIC_API_KEY="made-up-anthropic-key-2222"
GEMINI_API_KEY=made-up-gemini-key-3333
"""
SDK = "openai-agents[litellm]>=0.20,<0.21"
LITELLM = "litellm>=1.106,<1.107"

MISTAKES: list[tuple[str, Any, str]] = [
    ("own_agent", Agent, "the class Agent itself"),
    ("own_agent", agent(name="Assistant"), "a name of your own"),
    ("own_agent", agent(name=" "), "a name of your own"),
    ("own_agent", agent(instructions=None), "instructions="),
    ("own_agent", agent(OPENAI), "does not go through LiteLLM"),
    ("own_agent", Agent(name="A", instructions="Rhyme."), "does not go through LiteLLM"),
    ("own_agent", agent(LitellmModel("gpt-4.1-mini")), "'gpt-4.1-mini' has no provider in front"),
    ("own_agent", agent(instructions="  "), "the model saw no instructions"),
    ("own_agent", agent(LitellmModel("nosuch/model")), "'nosuch' is none of the course's"),
    ("own_agent", agent(LitellmModel("groq/llama-3.1-8b-instant")), "'groq' is none of the course's providers"),
    ("own_agent", agent("litellm/openai/"), "write provider/model"),
    ("own_agent", agent(LitellmModel(OPENAI, base_url="http://127.0.0.1:9/v1")), "leave base_url out"),
    ("own_agent", agent(name="Weather", instructions="Use the tool."), "the page's agent"),
    ("own_agent", agent(name="…"), "a name of your own"),
    ("own_agent", agent(instructions="..."), "instructions="),
    ("own_agent", "my agent", "I need an Agent, and this is a str"),
    ("two_cities", "Oslo and Rome", "give me a list"),
    ("two_cities", [], "Nothing to say"),
    ("two_cities", ["It is warmer in Rome."], "the tool was never called"),
    ("two_cities", [OSLO, "It is warmer in Rome."], "nobody asked for Rome; the tool got Oslo"),
    (
        "two_cities",
        [[call("get_temperature", town="Oslo")], "Rome."],
        "argument is called city, and the script says town",
    ),
    ("two_cities", [[OSLO, ROME]], "let it end with a text"),
    ("two_cities", [[OSLO, ROME, "It is warmer in Rome."]], "let the text be an entry of its own"),
    ("two_cities", [call("get_temperature", city=["Oslo", "Rome"]), "Rome."], "says city=['Oslo', 'Rome']"),
    ("two_cities", [[call("get_temperature", city=1), ROME], "Rome."], 'a text such as "Oslo"; a call says city=1'),
    ("two_cities", [[call("get_temperature", city=...), ROME], "…"], "a call says city=Ellipsis"),
    ("two_cities", [[call("get_temperature"), ROME], "Rome."], "a call says no city"),
    ("two_cities", [[OSLO, ROME, OSLO, ROME], "Rome."], "ask for each city once"),
    ("two_cities", [OSLO, ROME, "It is warmer in Rome."], "that took 3 answers"),
    ("two_cities", [[OSLO, ROME, call("get_temperature", city="Paris")], "Rome."], "two cities are enough"),
    ("two_cities", [[OSLO, ROME], ""], "last words are empty"),
    ("two_cities", [[OSLO, ROME], "Rome.", "As I said, Rome."], "with 1 of your entries unused"),
    ("two_cities", [[OSLO, call("get_weather", city="Rome")], "Rome."], "get_weather"),
    ("two_cities", [fails("bad_request"), "Rome."], "BadRequestError"),
    ("mended_env", ENV.encode(), "as a string, not a bytes"),
    ("mended_env", ENV.replace("OPENAI_API_KEY=", "OPENAI_API_KEY: "), "1 left to mend; the first: line 1"),
    ("mended_env", ENV.replace('2222"', "2222"), "line 2"),
    ("mended_env", ENV + "MISTRAL_API_KEY=your-key-here\n", "still holds a placeholder. Leave the line out"),
    ("mended_env", ENV.partition("GEMINI")[0], "GEMINI_API_KEY is not set"),
    ("mended_env", "", "OPENAI_API_KEY and ANTHROPIC_API_KEY and GEMINI_API_KEY are not set"),
    ("mended_env", ENV.replace("made-up-gemini-key-3333", "3"), "GEMINI_API_KEY has to keep its value"),
    ("mended_env", "export " + ENV, "every key can be read now. Change this, too: line 1: `export` is for shells."),
    ("closed_pins", SDK, "a list of requirement strings"),
    ("closed_pins", [SDK, "litellm 1.106"], "'litellm 1.106' is no requirement"),
    ("closed_pins", [SDK, 1.106], "as a text; one of yours is a float"),
    ("closed_pins", [Requirement(SDK), LITELLM], "as a text; one of yours is a Requirement"),
    ("closed_pins", [SDK, LITELLM, "httpx"], "two strings are enough, one for each package; you give 3"),
    ("closed_pins", [SDK, "litellm>=1.106", "litellm<1.107"], "two strings are enough"),
    ("closed_pins", [SDK, LITELLM + "; python_version < '3'"], "does not apply here"),
    ("closed_pins", [SDK + "; sys_platform == 'nowhere'", LITELLM], "does not apply here"),
    ("closed_pins", [SDK.replace("0.20,", "0.19,"), LITELLM], "lets in openai-agents 0.19.0, which is older"),
    ("closed_pins", [SDK, "litellm>=1.84,<1.107"], "lets in litellm 1.105.0, which is older"),
    ("closed_pins", [SDK], "litellm is not in the list"),
    ("closed_pins", [SDK, "litellm>=1.83"], "lets in litellm 1.83.0, which is where a resolver lands"),
    ("closed_pins", [SDK, "litellm>=1.106"], "lets in litellm 1.107.0"),
    ("closed_pins", [SDK, "litellm<1.107,!=1.83.0"], "lets in litellm 1.82.8, which was malware"),
    ("closed_pins", [SDK, "litellm<1.106"], "shuts out litellm 1.106.2"),
    ("closed_pins", ["openai-agents[litellm]>=0.20", LITELLM], "lets in openai-agents 0.21.0"),
    ("closed_pins", ["openai-agents[litellm]>=0.20,!=0.21.0", LITELLM], "lets in openai-agents 0.22.0"),
    ("closed_pins", [SDK, "litellm>=1.106,<2,!=1.107.0"], "lets in litellm 1.108.0"),
    ("closed_pins", [SDK.replace("[litellm]", ""), LITELLM], "without its extra"),
    ("any_model", agent(), "the function itself"),
    ("any_model", build_with_a_fixed_model, "use the argument, not a fixed id"),
    ("any_model", build_the_string, "does not go through LiteLLM"),
    ("any_model", build_with_telling_instructions, "the instructions differ"),
    ("any_model", build_with_telling_name, "the name differs"),
    ("any_model", build_without_instructions, "no instructions"),
    ("any_model", build_the_same_one, "one and the same agent came twice"),
    ("any_model", build_without_return, "I need an Agent, and this is a NoneType"),
    ("any_model", build_of_two_parts, "together_ai/openai/gpt-oss-120b has two slashes"),
    ("any_model", build_and_run, "I need an Agent, and your function starts a run"),
    ("any_model", build_by(lambda model: f"openai/{model}"), "the id was altered"),
    ("any_model", build_by(lambda model: model.split("/")[-1]), "the id was altered"),
    ("any_model", build_by(lambda model: "/".join(model.split("/")[:2])), "got together_ai/openai: the id was altered"),
    ("any_model", build_by(str.lower), "got azure/my-deployment: the id was altered"),
    ("collected_text", "Grüße", "the function itself, not its result"),
    ("collected_text", collect_only_by_printing, "return the text"),
    ("collected_text", collect_every_delta, "the tool's arguments are in there"),
    ("collected_text", collect_a_list, "returned a list; join the pieces"),
    ("collected_text", collect_the_first, "not read to its end"),
    ("collected_text", collect_and_strip, "something was lost or changed on the way"),
    ("collected_text", collect_the_last_answer, "only the last answer"),
    ("collected_text", collect_without_reading, "not read to its end"),
    ("collected_text", collect_the_output_without_reading, "not read to its end"),
    ("collected_text", collect_within_the_loop, "return when the loop is over, and not in it"),
    ("collected_text", collect_and_strip_the_whole, "something was lost or changed on the way"),
    ("collected_text", collect_what_is_not_blank, "something was lost or changed on the way"),
    ("collected_text", collect_each_piece_once, "something was lost or changed on the way"),
    ("collected_text", collect_without_await, "put `await` in front of the function that you call in it"),
    ("collected_text", collect_with_asyncio_run, "write `async def`: a notebook has a running loop"),
    ("collected_text", collect_with_a_loop_of_its_own, "write `async def`: a notebook has a running loop"),
    ("collected_text", collect_by_yielding, "a function with `yield` returns no text"),
    ("is_served", True, "the function itself"),
    ("is_served", served_by_the_full_id, "without its prefix, as 'gpt-4.1-mini', and its litellm_provider, 'openai'"),
    ("is_served", served_by_the_bare_id, "another provider's model"),
    ("is_served", served_for_ever, "is served on"),
    ("is_served", served_bare_for_ever, "is served on"),
    ("is_served", served_by_the_same_maker, "'cohere_chat', begins with 'cohere'"),
    ("is_served", served_only_until_a_day, "an entry without a deprecation_date has no last day"),
    ("is_served", served_by_the_facts, "'gemini/' makes your function raise ValueError"),
    ("is_served", served_once, "your function changes litellm.model_cost"),
    ("is_served", served_with_days_that_change, "your function changes litellm.model_cost"),
    ("is_served", served_one_day_too_long, "and its deprecation_date is"),
    ("is_served", served_today, "so the day before it is served"),
    ("is_served", served_without_an_end, "so the day before it is served"),
    ("is_served", served_gives_the_entry, "return True or False, rather than the entry"),
    ("is_served", lambda model: True, "your code raised TypeError"),
    ("is_served", lambda model, day: None, "returns nothing"),
    ("is_served", lambda model, day: True, "it is retired"),
    ("connect", connect_with()("http://127.0.0.1:9", "k"), "the function itself"),
    ("connect", connect_with(model="anthropic/house-model"), "starts with openai/"),
    ("connect", connect_with(model=OPENAI), "another model than house-model"),
    ("connect", connect_with(base_url=None), "base_url=address"),
    ("connect", connect_with(base_url="http://127.0.0.1:9/v1"), "goes to another address"),
    ("connect", connect_with(base_url=lambda address, key: f"{address}/chat/completions"), "keep the address as it is"),
    ("connect", connect_with(api_key=None), "no key of its own"),
    ("connect", connect_with(api_key=lambda address, key: key), "white space"),
    ("connect", connect_with(api_key=lambda address, key: key.rstrip()), "white space"),
    ("connect", connect_with(api_key=lambda address, key: f"Bearer {key.strip()}"), "refused the key"),
    ("connect", lambda address, key: agent(OPENAI), "no LitellmModel"),
    ("connect", connect_with(api_key=lambda address, key: key.strip().strip("'\"-")), "refused the key"),
    ("connect", connect_once(lambda address, key: ""), "goes to another address: make a new agent"),
    ("connect", connect_once(lambda address, key: address), "refused the key: it is not the one that was given: make"),
    ("connect", connect_once(lambda address, key: key), "goes to another address: make a new agent"),
    ("parcel_tool", "a tool", "I need a tool: this is a str"),
    ("parcel_tool", parcel_but(("@function_tool\n", "")), "put @function_tool above"),
    ("parcel_tool", parcel_but(("@function_tool", "@function_tool(name_override='ship')")), "name is 'ship'"),
    ("parcel_tool", parcel_but(("address", "to")), "no argument 'address'; it has to, speed"),
    ("parcel_tool", parcel_but((") -> str", ", note: str) -> str")), "two arguments"),
    ("parcel_tool", parcel_but(("address: Address", "address: str")), "a Pydantic model or a TypedDict"),
    ("parcel_tool", parcel_but(('Literal["standard", "express"]', "str")), "speed allows any value"),
    ("parcel_tool", parcel_but(('"standard"', '"slow"')), "speed is one of express and standard"),
    ("parcel_tool", parcel_but(("        speed: How fast.\n", "")), "the model reads nothing about speed"),
    ("parcel_tool", parcel_but((DOCSTRING, "    ")), "the tool has no description"),
    (
        "parcel_tool",
        parcel_but(
            ("Send a parcel.\n\n    Args", "Args"), ("@function_tool", "@function_tool(description_override='D')")
        ),
        "only below a first line about the tool",
    ),
    ("parcel_tool", parcel_but(('return "sent"', "return address.zip")), "AttributeError: 'Address' object has no"),
    (
        "parcel_tool",
        parcel_but(("Literal[", "Literal['slow'] | Literal[")),
        "speed is one of express and standard, not",
    ),
    (
        "parcel_tool",
        parcel_but(("def send", "async def send"), ('"sent"', "__import__('asyncio').sleep(0)")),
        "`await`",
    ),
    ("parcel_tool", parcel(THIRD_FIELD + PARCEL), "the address has a street and a city; yours needs zip, too"),
    ("tell_model", "Try again.", "the function itself"),
    ("tell_model", lambda context, error: None, "returns nothing"),
    ("tell_model", lambda context, error: error, "return a text; I got a LookupError"),
    ("tell_model", lambda context, error: "Try again.", "does not say so"),
    ("tell_model", lambda context, error: f"{error} Try again.", "context.tool_arguments"),
    ("tell_model", one_or_the_other, "what it was given, too"),
    ("tell_model", words_learned_by_heart, "raised TimeoutError("),
    ("tell_model", values_only, "names and values"),
    ("tell_model", lambda context, error: f"{error} {json.loads(context.tool_arguments)['guests']}", "Quote what"),
    ("tell_model", lambda error: str(error), "TypeError"),
    ("can_use_tools", True, "the function itself"),
    ("can_use_tools", lambda model: None, "returns nothing"),
    ("can_use_tools", lambda model: True, "LiteLLM refuses tools for it"),
    ("can_use_tools", lambda model: litellm.get_supported_openai_params(model), "rather than a list"),
    ("can_use_tools", can_by_the_list, "whatever supports_function_calling says"),
    ("can_use_tools", can_without_an_answer, "a list), and it raises TypeError"),
    ("can_use_tools", can_by_tool_choice, "though `tool_choice` is not"),
    ("can_use_tools", can_by_the_parts, "without a prefix"),
    ("can_use_tools", can_in_a_coroutine, "write a plain `def`"),
    ("can_use_tools", can_without_an_import, "NameError: name 'nowhere' is not defined"),
    ("can_use_tools", can_by_another_word, "its tools are passed on"),
    ("can_use_tools", can_by_every_slash, "only the first slash divides"),
    ("bill", 7, "the function itself"),
    ("bill", lambda results: None, "return the pair"),
    ("bill", lambda results: 105, "return two numbers"),
    ("bill", bill_of_the_last, "only the last run was counted"),
    ("bill", bill_of_last_calls, "counted with its last one only"),
    ("bill", bill_turned_round, "sent first"),
    ("bill", bill_that_adds_to_the_first, "your function changes them"),
    ("bill", bill_that_needs_one, "the bill of nothing is (0, 0)"),
    ("bill", bill_by(some=lambda pairs: pairs[:2]), "used the same are two runs"),
    ("bill", bill_by(some=set), "used the same are two runs"),
    ("bill", bill_by(some=lambda pairs: pairs[:1]), "the three runs sent 102 tokens and received 16; you say (80, 12)"),
    ("bill", bill_by(sent=sent_anew), "had cached were sent, too"),
    ("bill", bill_by(received=received_openly), "hidden reasoning were received, too"),
    ("bill", bill_by(sent_anew, received_openly), "cached tokens were sent and hidden ones received"),
    ("bill", bill_that_empties_the_list, "the list that came in was changed"),
    ("cheapest", OPENAI, "the function itself"),
    ("cheapest", lambda models, a, b: models[0], "the second is cheaper"),
    ("cheapest", lambda models, a, b: {"model": models[0]}, "I got a dict"),
    ("cheapest", cheapest_by(lambda cost: cost or 0.0), "is not free: leave it out"),
    ("cheapest", lambda models, a, b: min(models, key=lambda m: cost_of(m, a, b)), "is not free: leave it out"),
    ("cheapest", cheapest_by(lambda cost: cost or None), "costs 0, which is a price"),
    ("cheapest", cheapest_by(lambda cost: cost, received=0), "use both numbers"),
    ("cheapest", cheapest_that_begins_with_the_first, "no model left to choose from"),
    ("cheapest", cheapest_of_the_first_two, "compare each with the cheapest so far"),
    ("cheapest", cheapest_of_neighbours, "compare each with the cheapest so far"),
    ("cheapest", cheapest_unless_it_is_free, "costs 0, which is a price"),
    ("cheapest", cheapest_in_text, "as numbers, not as text"),
    ("cheapest", cheapest_below_a_hundred, "however large they are"),
    ("cheapest", cheapest_by_taking_away, "the list that came in was changed"),
    ("cheapest", cheapest_by_sorting, "the list that came in was changed"),
    ("tool_names", NamesOfTools(), "give me the class itself"),
    ("tool_names", "ToolNames", "I need a class"),
    ("tool_names", ListOfNames, "no trace processor"),
    ("tool_names", TracingProcessor, "a processor has all six"),
    ("tool_names", NothingNoted, "no list `names`"),
    ("tool_names", NamesNever, "the list is empty"),
    ("tool_names", NamesAtTheStart, "in the order in which they began"),
    ("tool_names", NamesTwice, "your list says"),
    ("tool_names", NamesOfEverything, "'desk', which is an agent"),
    ("tool_names", NamesOfAllThatHaveOne, "'desk', which is an agent"),
    ("tool_names", NamesOfAllButAgents, "'turn', which is no tool"),
    ("tool_names", NamesOnce, "inner ran twice"),
    ("tool_names", NamesInADict, "yours is a dict"),
    ("tool_names", NamesInAMethod, "yours is a method"),
    ("tool_names", NamesTurnedRound, "the other way round"),
    ("tool_names", NamesOfTheLastRun, "a second run emptied the list"),
    ("tool_names", NamesOfWhatWorked, "'failing' ended with an error, but it ran"),
    ("tool_names", NamesOfWhatReturned, "'silent' returned nothing, but it ran"),
    ("tool_names", NamesWithoutRepetition, "inner ran twice"),
    ("tool_names", NamesOfHandoffsToo, "'billing', which is no tool"),
    ("tool_names", NamesShared, "make it in __init__"),
    ("discreet", {"workflow_name": "Support"}, "I need a RunConfig, and this is a dict"),
    ("discreet", RunConfig(tracing_disabled=True), "nothing is measured either"),
    ("discreet", RunConfig(workflow_name="Support", group_id="customer-17"), "trace_include_sensitive_data=False"),
    ("discreet", RunConfig(trace_include_sensitive_data=False, group_id="customer-17"), "workflow_name=…"),
    ("discreet", RunConfig(trace_include_sensitive_data=False, workflow_name="Support"), "group_id=…"),
    ("worth_retrying", True, "the function itself"),
    ("worth_retrying", lambda error: None, "return True or False"),
    ("worth_retrying", lambda error: True, "a wrong key: you say True"),
    (
        "worth_retrying",
        lambda error: isinstance(error, litellm.RateLimitError),
        "in a stream of Gemini's: you say False",
    ),
    (
        "worth_retrying",
        lambda error: error.status_code in PASSING,
        "AttributeError: 'ValueError' object has no attribute",
    ),
    ("worth_retrying", worth_in_a_coroutine, "write a plain `def`"),
    ("worth_retrying", worth_by_status(402, words="\0"), "(status 402): you say True"),
    ("worth_retrying", worth_by_status(413, words="\0"), "(status 413): you say True"),
    ("worth_retrying", worth_by_status(422, words="\0"), "(status 422): you say True"),
    ("worth_retrying", worth_by_status(words="timeout"), "whose text has a timeout in it: you say True"),
    ("worth_retrying", worth_by_status(words="rate limit"), "(a KeyError): you say True"),
    ("worth_retrying", worth_by_status(words="object"), "(a TypeError): you say True"),
    ("worth_retrying", lambda error: getattr(error, "status_code", 0) in PASSING, "a missing key at OpenAI"),
    ("stubborn", ModelRetrySettings(max_retries=2), "I need a ModelSettings"),
    ("stubborn", ModelSettings(temperature=0), "no `retry`"),
    ("stubborn", retries(2, policy=None), "without a `policy` nothing"),
    ("stubborn", retries(1), "yours gave up after 2 requests"),
    ("stubborn", retries(3), "one and two retries. Yours: 4"),
    ("stubborn", retries(2, policy=retry_policies.http_status([401, 429])), "a wrong key was tried 3 times"),
    ("stubborn", retries(2, backoff={"initial_delay": 30}), "the first wait is 30 seconds"),
    ("stubborn", retries(2, backoff={"initial_delay": 0.5}), "let it be a tenth"),
    ("stubborn", retries(2, policy=waits_three_seconds), "the first wait is 3 seconds"),
    ("stubborn", retries(2, policy=asks_the_context), "your code raised AttributeError: 'RetryPolicyContext' object"),
    ("stubborn", unsendable(), "nothing was even sent (UnsupportedParamsError)"),
    ("stubborn", retries(2, backoff=None), "say how long the first wait is"),
    ("review", "1, 7", "line numbers in a set"),
    ("review", {"1", "7"}, "without quotes"),
    ("review", {1, 99}, "you name 99"),
    ("review", {1, 7, 23}, "line 23 can stay as it is: a stream has to be read to its end. Of the mistakes you have 2"),
    ("review", {1, 7, 8, 9, 10, 11, 12}, "7 of 8. One that is still hidden: line 25 prints a number of tokens"),
    ("review", set(range(1, 27)), "line 2 can stay as it is"),
    ("guard", "a test", "the function itself"),
    ("guard", guard_that_takes_any_answer, "answers something else than the model"),
    ("guard", guard_with_nothing_scripted, "before anything was scripted"),
    ("guard", guard_of_an_overload, "you scripted InternalServerError"),
    ("guard", guard_that_yields, "there is a `yield` in it"),
    ("guard", guard_async, "write `def`"),
    ("guard", guard_of_the_failure, "whatever the model answers: test an ordinary answer, too"),
    ("guard", guard_without_assert, "answers a rate limit with an empty text"),
    ("guard", guard_of_other_words, "the program that does everything right (other words)"),
    ("guard", guard_that_expects_an_error, "the program that does everything right (DID NOT RAISE"),
    ("guard", guard_with_too_few_replies, "one reply for each call"),
    ("guard", lambda scripted_providers, answer: None, "lets the error through"),
    ("first_answer", "Paris", "the function itself"),
    ("first_answer", first_by_name, "was asked first, and the list begins with"),
    ("first_answer", first_of_a_fixed_order, "keep the list's order"),
    ("first_answer", first_with_words, "an empty answer is an answer, too"),
    ("first_answer", first_asking_twice, "where the first fails, ask the second; yours asked"),
    ("first_answer", first_with_a_loop_of_its_own, "write `async def`"),
    ("first_answer", first_gathered, "write `async def`"),
    ("first_answer", first_of_the_answers, "return two things, (model, answer)"),
    ("first_answer", first_of_all, "return as soon as there is one"),
    ("first_answer", first_without_try, "catch that and ask the next"),
    ("first_answer", first_catching(Exception, backwards=True), "was asked first, and the list begins with"),
    ("first_answer", first_catching(Exception, give=("none", "")), "as if nothing had happened: raise"),
    ("first_answer", first_of_two, "go on to the third"),
    ("first_answer", first_by_taking_away, "the list that came in was changed"),
    ("first_answer", first_or_an_error_of_its_own, "that exception, no other"),
    ("first_answer", first_catching(BaseException), "catch Exception, not everything"),
]


def changed(name: str, old: str, new: str) -> Any:
    """Make a solution of notebook 10 with one thing done otherwise."""
    assert old in SOLUTIONS[name].code
    return SOLUTIONS[name].made(lambda code: code.replace(old, new))


def accuracy_that_takes_away(cases: list[Any]) -> float:
    right = 0
    for needed, made in cases:
        for one in needed:
            if one in made:
                made.remove(one)
            else:
                made.append(one)
        right += not made
    return right / len(cases) if cases else 0


IN_TURN = "[await row(name, agent) for name, agent in agents.items()]"
GATHERED = "await asyncio.gather(*(row(name, agent) for name, agent in agents.items()))"
PLAIN = "plain(needed) == plain(made)"
TIMED = "time.perf_counter() - began"


async def rows_with(change: Callable[[list[Any]], list[Any]], agents: Any, prompt: Any) -> list[Any]:
    return change(await SOLUTIONS["side_by_side"].made()(agents, prompt))


def rows(change: Callable[[list[Any]], list[Any]]) -> Any:
    return functools.partial(rows_with, change)


async def rows_of_another_prompt(agents: Any, prompt: str) -> Any:
    return await SOLUTIONS["side_by_side"].made()(agents, "What is an agent?")


def rows_in_a_loop_of_its_own(agents: Any, prompt: str) -> Any:
    return asyncio.run(SOLUTIONS["side_by_side"].made()(agents, prompt))


def rows_gathered(agents: Any, prompt: str) -> Any:
    return asyncio.gather(*(Runner.run(one, prompt) for one in agents.values()))


async def rows_in_groups(agents: Any, prompt: str) -> Any:
    made, (first, *others) = SOLUTIONS["side_by_side"].made(), agents.items()
    return await made(dict([first]), prompt) + await made(dict(others), prompt)


def slowest_for_all(rows: list[Any]) -> list[Any]:
    return [row | {"seconds": rows[0]["seconds"]} for row in rows]


def rounded(rows: list[Any]) -> list[Any]:
    return [row | {"seconds": round(row["seconds"], 1)} for row in rows]


def not_awaited(agents: Any, prompt: str, kind: Any) -> Any:
    return dict.fromkeys(agents, "valid")


async def words_without_asking(agents: Any, prompt: str, kind: Any) -> Any:
    return dict.fromkeys(agents, "failed")


async def words_of_changed_agents(agents: Any, prompt: str, kind: Any) -> Any:
    for one in agents.values():
        one.output_type = kind
    return await SOLUTIONS["structured"].made()(agents, prompt, kind)


async def words_that_take_away(agents: Any, prompt: str, kind: Any) -> Any:
    found = await SOLUTIONS["structured"].made()(agents, prompt, kind)
    agents.clear()
    return found


async def accuracy_in_a_coroutine(cases: Any) -> float:
    return 1.0


COMPARISON_MISTAKES: list[tuple[str, Any, str]] = [
    ("side_by_side", changed("side_by_side", GATHERED, IN_TURN), "one after the other"),
    ("side_by_side", changed("side_by_side", "except Exception", "except KeyError"), "lost with it"),
    ("side_by_side", changed("side_by_side", "type(error).__name__", "str(error)"), "class's name"),
    (
        "side_by_side",
        changed("side_by_side", "agents.items())", "reversed(agents.items()))"),
        "keep that of the agents",
    ),
    (
        "side_by_side",
        changed("side_by_side", "usage.total_tokens", "usage.output_tokens"),
        "sent and received together",
    ),
    ("side_by_side", changed("side_by_side", "return " + GATHERED, GATHERED), "returns nothing"),
    (
        "side_by_side",
        changed("side_by_side", '"answer": "", "length": 0', '"answer": None, "length": None'),
        "is an empty text",
    ),
    (
        "side_by_side",
        changed("side_by_side", '"tokens": 0, "error": ""', '"tokens": 0, "error": None'),
        "has an empty text",
    ),
    ("side_by_side", rows(slowest_for_all), "time each run, not all together"),
    ("side_by_side", changed("side_by_side", TIMED, "0.0"), "its row says 0: take time.perf_counter()"),
    ("side_by_side", changed("side_by_side", TIMED, f"({TIMED}) * 1000"), "and all runs together took"),
    ("side_by_side", changed("side_by_side", TIMED, "time.time()"), "and subtract"),
    ("side_by_side", changed("side_by_side", TIMED, "'0.7'"), "has to be a number"),
    ("side_by_side", rows(lambda found: found[::-1]), "keep that of the agents"),
    ("side_by_side", rows(lambda found: sorted(found, key=lambda row: row["seconds"])), "keep that of the agents"),
    ("side_by_side", changed("side_by_side", '"provider": name', '"provider": agent.name'), "which is agent.name"),
    ("side_by_side", rows_of_another_prompt, "I gave you the prompt 'Well?', and anthropic was asked 'What is an"),
    ("side_by_side", rows_in_groups, "one after the other"),
    ("side_by_side", rows_in_a_loop_of_its_own, "write `async def`"),
    ("side_by_side", rows_gathered, "write `async def`"),
    ("structured", changed("structured", ", prompt)", ", 'What is an agent?')"), "I gave you the prompt 'Who?'"),
    ("structured", changed("structured", "outcomes[name]", "outcomes[agent.name]"), "your dict has Assistant"),
    ("structured", changed("structured", '"failed"', '"failed"\n            break'), "also after a failure"),
    (
        "structured",
        changed("structured", "except ModelBehaviorError", "except __import__('agents').AgentsException"),
        "mistral should be 'failed' (it raised MaxTurnsExceeded, which is neither of the two); you say 'invalid'",
    ),
    (
        "structured",
        changed("structured", "except ModelBehaviorError", "except (ModelBehaviorError, ValueError)"),
        "together should be 'failed'",
    ),
    (
        "structured",
        changed("structured", "from agents.exceptions import ModelBehaviorError", ""),
        "NameError: name 'Mod",
    ),
    ("structured", changed("structured", "await Runner", "Runner"), "no model was asked at all"),
    ("structured", words_without_asking, "no model was asked at all"),
    ("structured", not_awaited, "write `async def`"),
    ("structured", words_of_changed_agents, "run agent.clone(output_type=kind)"),
    ("structured", words_that_take_away, "keep the dict"),
    (
        "structured",
        changed("structured", "except UnsupportedParamsError", "except __import__('litellm').BadRequestError"),
        "several kinds",
    ),
    ("structured", changed("structured", ".clone(output_type=kind)", ""), "without an output type"),
    ("structured", changed("structured", "UnsupportedParamsError:", "Exception:"), "says nothing about objects"),
    ("structured", changed("structured", "except Exception", "except KeyError"), "got out of your function"),
    ("structured", changed("structured", '"invalid"', '"refused"'), "gemini should be 'invalid'"),
    ("accuracy", changed("accuracy", PLAIN, "[n for n, _ in needed] == [n for n, _ in made]"), "compare the arguments"),
    ("accuracy", changed("accuracy", PLAIN, "needed == made"), "have no order"),
    ("accuracy", changed("accuracy", PLAIN, "all(call in made for call in needed)"), "needless call is wrong"),
    ("accuracy", changed("accuracy", PLAIN, "sorted(needed) == sorted(made)"), "dicts cannot be sorted"),
    (
        "accuracy",
        changed("accuracy", PLAIN, "len(needed) == len(made) and all(call in made for call in needed)"),
        "one call was needed twice",
    ),
    ("accuracy", changed("accuracy", PLAIN, "sorted(map(str, needed)) == sorted(map(str, made))"), "sort their names"),
    (
        "accuracy",
        changed("accuracy", "sorted(arguments.items())", "sorted(map(str, arguments.values()))"),
        "another name",
    ),
    ("accuracy", changed("accuracy", ", key=repr", ""), "a number and a text cannot be compared"),
    ("accuracy", accuracy_in_a_coroutine, "write a plain `def`"),
    (
        "accuracy",
        changed("accuracy", PLAIN, "sorted(needed, key=repr) == sorted(made, key=repr)"),
        "sort the arguments, then the calls",
    ),
    (
        "accuracy",
        changed("accuracy", "sorted(arguments.items())", "sorted((k, str(v)) for k, v in arguments.items())"),
        "7 is no text",
    ),
    (
        "accuracy",
        changed("accuracy", "sorted(arguments.items())", "frozenset(arguments.items())"),
        "a list or a dict breaks it: TypeError: unhashable type: 'list'",
    ),
    ("accuracy", changed("accuracy", "right / len(cases)", "round(right / len(cases), 1)"), "0.333…; you say 0.3"),
    ("accuracy", accuracy_that_takes_away, "the cases were changed"),
    ("accuracy", changed("accuracy", " / len(cases) if cases else 0", ""), "not the number"),
    ("accuracy", changed("accuracy", " if cases else 0", ""), "without a case"),
    ("with_local", changed("with_local", "ollama_chat/{", "ollama/{"), "notebook 04"),
    ("with_local", changed("with_local", "ollama_chat/{", "{"), "is no id"),
    (
        "with_local",
        changed("with_local", "return [*models, local]", "models.append(local)\n    return models"),
        "changed",
    ),
    ("with_local", lambda models, found: [*models, PROVIDERS["ollama"].model], "has qwen3:8b first"),
    (
        "with_local",
        lambda models, found: [*models, f"ollama_chat/{found.models[0]}"],
        "whether found.models has a first",
    ),
]

MISTAKES += COMPARISON_MISTAKES


@pytest.mark.parametrize(
    ("name", "given", "named"), MISTAKES, ids=[f"{name}-{n}" for n, (name, _, _) in enumerate(MISTAKES)]
)
async def test_a_typical_mistake_is_named(name: str, given: Any, named: str) -> None:
    verdict = await verdict_on(name, given)
    assert not verdict.passed
    assert named in verdict.message


@pytest.mark.parametrize("given", [served_once, served_with_days_that_change])
async def test_the_price_list_is_put_back_whatever_a_function_does_to_it(given: Any) -> None:
    prices = litellm.model_cost
    before = {name: (id(entry), dict(entry)) for name, entry in prices.items()}
    assert not (await verdict_on("is_served", given)).passed
    assert litellm.model_cost is prices
    assert {name: (id(entry), dict(entry)) for name, entry in prices.items()} == before
    assert list(prices) == list(before)


def test_every_check_is_tried_with_two_mistakes_at_least() -> None:
    assert all(sum(name == tried for tried, _, _ in MISTAKES) >= 2 for name in NAMES)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("side_by_side", rows(rounded)),
        ("side_by_side", lambda agents, prompt: SOLUTIONS["side_by_side"].made()(agents, prompt)),
        ("side_by_side", changed("side_by_side", "time.perf_counter()", "time.monotonic()")),
        ("structured", lambda *given: SOLUTIONS["structured"].made()(*given)),
        ("accuracy", changed("accuracy", "right / len(cases)", "__import__('fractions').Fraction(right, len(cases))")),
        ("accuracy", changed("accuracy", "right / len(cases)", "round(right / len(cases), 2)")),
        ("accuracy", changed("accuracy", "key=repr", "key=str")),
    ],
)
async def test_another_right_way_in_notebook_10_passes_too(name: str, given: Any) -> None:
    verdict = await verdict_on(name, given)
    assert verdict.passed, verdict


# --- other ways of being right -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["own_agent", "two_cities", "any_model", "connect"])
async def test_no_check_judges_prose(name: str) -> None:
    """The solution in other words: every text in it that has a space is prose."""

    def reword(code: str) -> str:
        tree = ast.parse(code)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and " " in str(node.value):
                node.value = "Ünïversal 文 prose, wholly different."
        return ast.unparse(tree)

    code = SOLUTIONS[name].code
    assert "文" in reword(code)
    verdict = await verdict_on(name, SOLUTIONS[name].made(reword))
    assert verdict.passed, verdict


async def collect_in_a_list_first(streamed: Any) -> str:
    return "".join([e.data.delta async for e in streamed.stream_events() if is_delta(e)])


async def build_async(model_name: str) -> Agent[Any]:
    return agent(LitellmModel(model_name))


def build_with_instructions_made_per_run(model_name: str) -> Agent[Any]:
    return agent(LitellmModel(model_name), instructions=lambda context, agent: "Rhyme.")


@function_tool
def get_time(zone: str) -> str:
    """Tell the time."""
    raise AssertionError("nobody asked")


@input_guardrail
async def asks_another_model(context: Any, agent: Any, given: Any) -> Any:
    raise AssertionError("a check asks no other model")


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("own_agent", agent(instructions=lambda context, agent: "Rhyme.")),
        ("own_agent", agent(handoffs=[agent(name="Other")])),
        ("own_agent", agent(tools=[get_time], output_type=int, input_guardrails=[asks_another_model])),
        ("own_agent", agent(LitellmModel("together_ai/openai/gpt-oss-120b", api_key="none"))),
        ("own_agent", agent(LitellmModel("cohere_chat/command-a-03-2025"), name="Weather")),
        ("own_agent", agent("litellm/mistral/mistral-large-latest")),
        ("two_cities", ([ROME, OSLO], "Rome.")),
        ("two_cities", [["Let me see.", OSLO, ROME], "Rome."]),
        ("mended_env", ENV.replace("\n", "\n\n# a comment\n") + "COHERE_API_KEY=made-up-4444\n"),
        ("closed_pins", ("litellm==1.106.2", "openai_agents[LiteLLM]~=0.20.0")),
        ("closed_pins", [SDK, LITELLM + "; python_version >= '3'"]),
        ("closed_pins", {SDK, LITELLM}),
        ("any_model", lambda model_name: agent(f"litellm/{model_name}")),
        ("any_model", build_async),
        ("any_model", Poet),
        ("own_agent", Poet(OPENAI)),
        ("connect", lambda address, key: Poet("openai/house-model", base_url=address, api_key=key.strip())),
        ("any_model", build_with_instructions_made_per_run),
        ("any_model", lambda model_name: course.make_agent(model_name, instructions="Rhyme.")),
        ("is_served", served_in_text),
        ("collected_text", collect_in_a_list_first),
        ("collected_text", lambda streamed: collect_in_a_list_first(streamed)),
        ("connect", connect_with()),
        ("connect", lambda address, key: connect_with()(address, key).clone(output_type=int)),
        ("parcel_tool", parcel(EXPLAINED_ADDRESS + PARCEL.replace("        address: Where it goes.\n", ""))),
        ("discreet", RunConfig(trace_include_sensitive_data=0, workflow_name="Support", group_id="customer-17")),
        ("stubborn", retries(2, backoff={"initial_delay": 5, "max_delay": 0.1})),
        ("stubborn", retries(2, backoff=None, policy=waits_by_itself)),
        ("parcel_tool", parcel_but(("@function_tool", "@function_tool(strict_mode=False)"))),
        ("parcel_tool", parcel_but(('["standard", "express"]', '["standard"] | Literal["express"]'))),
        ("parcel_tool", parcel_but(("def send", "async def send"))),
        ("tell_model", lambda context, error: {"error": str(error), "sent": context.tool_arguments}.__repr__()),
        ("guard", guard_with_half_an_answer),
        ("first_answer", first_in_a_task),
        ("first_answer", lambda ask, models: first_catching(Exception)(ask, models)),
    ],
)
async def test_another_right_way_passes_too(name: str, given: Any) -> None:
    verdict = await verdict_on(name, given)
    assert verdict.passed, verdict


# --- whatever it is given ----------------------------------------------------------------------------------------


class Hostile:
    """An object that answers nothing."""

    def refuse(self, *_: Any) -> Any:
        raise ValueError("hands off")

    __repr__ = __str__ = __bool__ = __eq__ = __len__ = __iter__ = __contains__ = __hash__ = refuse  # type: ignore[assignment]
    __getattr__ = refuse


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


def raises(*_: Any) -> None:
    raise ValueError("first line\nsecond line")


def raises_without_words(*_: Any) -> None:
    raise Unspeakable


def exits(*_: Any) -> None:
    sys.exit("over")


def exits_as_people_do(*_: Any) -> None:
    exit()


async def exits_in_a_coroutine(*_: Any) -> None:
    sys.exit(3)


def stops_iterating(*_: Any) -> None:
    next(iter([]))


def returns_garbage(*_: Any) -> Any:
    return Hostile()


def returns_itself(*_: Any) -> Any:
    return returns_itself


async def gives_back_a_coroutine(*_: Any) -> Any:
    return asyncio.sleep


async def yields(*_: Any) -> AsyncIterator[str]:
    yield "Oslo"


async def cancels_itself(*_: Any) -> None:
    task = asyncio.current_task()
    assert task
    task.cancel()
    await asyncio.sleep(0)


def without_parameters() -> None:
    return None


def instructions_that_raise(context: Any, agent: Any) -> str:
    raise Unspeakable


async def instructions_that_exit(context: Any, agent: Any) -> str:
    sys.exit(4)


HOSTILE = [
    *(
        42,
        float("nan"),
        "",
        "text",
        b"\xff",
        "\ud800",
        [],
        [None],
        {},
        {"a": 1},
        object(),
        type,
        Agent,
        Hostile,
        Hostile(),
    ),
    *([Hostile()], (Hostile(), Hostile()), Agent(name="bare"), agent(LitellmModel(Hostile())), lambda: None),  # type: ignore[arg-type]
    agent(instructions=raises),
    agent(instructions=instructions_that_raise),
    agent(instructions=instructions_that_exit),
    agent(handoffs=[agent(name="B")]),
    agent(tools=[get_time], output_type=dict),
    *(raises, raises_without_words, exits, exits_as_people_do, exits_in_a_coroutine, stops_iterating, returns_garbage),
    *(returns_itself, gives_back_a_coroutine, yields, cancels_itself, without_parameters, print, Runner.run),
]


@pytest.mark.parametrize("name", NAMES)
async def test_a_check_has_a_verdict_on_anything(name: str, complaints: list[str]) -> None:
    for number, given in enumerate(HOSTILE):
        began = time.monotonic()
        verdict = await verdict_on(name, given)
        assert time.monotonic() - began < engine.LONGEST, number
        assert verdict.message, number
        assert not verdict.passed or name == "own_agent", number
    await asyncio.sleep(0.1)
    gc.collect()
    assert complaints == []


@pytest.mark.parametrize("name", NAMES)
async def test_a_coroutine_that_nobody_awaited_is_told_of_and_closed(name: str) -> None:
    run = build_async(OPENAI)
    verdict = await verdict_on(name, run)
    assert "coroutine" in verdict.message or "a list" in verdict.message
    assert inspect.getcoroutinestate(run) == inspect.CORO_CLOSED  # else Python complains in some later cell


FUNCTION_CHECKS = ["any_model", "collected_text", "connect", "first_answer", "is_served"]


@pytest.mark.parametrize("name", FUNCTION_CHECKS)
@pytest.mark.parametrize(
    ("given", "message"),
    [
        (raises, "your code raised ValueError: first line"),
        (raises_without_words, "your code raised Unspeakable."),
        (exits, "your code raised SystemExit: over"),
        (exits_in_a_coroutine, "your code raised SystemExit: 3"),
        (cancels_itself, "your code cancelled the task that it runs in."),
    ],
)
async def test_what_a_learners_function_raises_is_told(name: str, given: Any, message: str) -> None:
    assert (await verdict_on(name, given)).message == message


# --- bounded time ------------------------------------------------------------------------------------------------


async def awaits_for_ever(*_: Any) -> None:
    await asyncio.Event().wait()


async def will_not_be_cancelled(*_: Any) -> None:
    until = time.monotonic() + 6
    while time.monotonic() < until:
        try:
            await asyncio.sleep(0.1)
        except BaseException:  # as a bare `except:` would
            continue


def loops_for_ever(*_: Any) -> None:
    while True:
        pass


def sleeps_for_ever(*_: Any) -> None:
    time.sleep(100_000)


async def blocks_the_event_loop(*_: Any) -> None:
    while True:
        try:
            time.sleep(0.01)
        except Exception:
            continue


ENDLESS = [awaits_for_ever, will_not_be_cancelled, loops_for_ever, sleeps_for_ever, blocks_the_event_loop]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("given", ENDLESS)
@pytest.mark.parametrize("name", FUNCTION_CHECKS)
async def test_code_that_never_ends_is_left_in_time(name: str, given: Any) -> None:
    began = time.monotonic()
    verdict = await verdict_on(name, given)
    assert time.monotonic() - began < 4
    assert verdict.message == engine.TOO_LONG.format(0.25)
    assert "wait too long, or does a loop or an `await` never end" in verdict.message


def instructions_that_loop(context: Any, agent: Any) -> str:
    while True:
        pass


async def instructions_that_wait(context: Any, agent: Any) -> str:
    await asyncio.Event().wait()
    return ""


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("instructions", [instructions_that_loop, instructions_that_wait])
async def test_an_agent_whose_instructions_never_end_is_left_in_time(instructions: Any) -> None:
    verdict = await verdict_on("own_agent", agent(instructions=instructions))
    assert "took longer than" in verdict.message


@pytest.mark.usefixtures("impatient")
async def test_the_event_loop_runs_on_while_a_learners_function_does() -> None:
    steps = 0

    async def tick() -> None:
        nonlocal steps
        while True:
            await asyncio.sleep(0.02)
            steps += 1

    ticking = asyncio.create_task(tick())
    await verdict_on("is_served", sleeps_for_ever)
    ticking.cancel()
    assert steps >= 3


# --- interrupts go through ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTION_CHECKS)
async def test_an_interrupt_from_the_keyboard_goes_through(name: str) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await getattr(checks, name)(interrupted)


async def test_an_interrupted_cell_ends_the_check_and_the_learners_code() -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def waits(*_: Any) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    cell = asyncio.create_task(checks.is_served(waits))
    await began.wait()
    cell.cancel()  # what a kernel does with a cell that awaits
    with pytest.raises(asyncio.CancelledError):
        await cell
    await asyncio.wait_for(ended.wait(), 1)


# --- the learner's own session -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
async def test_a_check_leaves_the_learners_queue_log_traces_and_meter_alone(name: str, started: Server) -> None:
    course.model_says("For the learner.")
    counted, reported = str(await course.meter.settled()), session.reported()
    seen: list[str] = []
    assert session._recorder
    recorded = session._recorder.on_trace_start
    session._recorder.on_trace_start = lambda trace: (seen.append(trace.name), recorded(trace))[1]  # type: ignore[method-assign]
    try:
        assert (await verdict_on(name, SOLUTIONS[name].made())).passed
    finally:
        del session._recorder.on_trace_start
    assert (started.waiting, len(started.log)) == (1, 0)
    assert (str(await course.meter.settled()), session.reported()) == (counted, reported)
    if name != "collected_text":  # there the learner's own function reads a run, whose config is the check's
        assert seen == []
    result = await Runner.run(course.make_agent("openai"), "Hello?")
    assert result.final_output == "For the learner."


@pytest.fixture
def live(learner: Path, vendor: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A session in which all providers but one are live, as far as anybody can tell."""
    names = [n for n in PROVIDERS if n != "ollama"]
    for name in names:
        for variable, value in vendor.own(name).items():
            monkeypatch.setenv(variable, value)
    with redirect_stdout(StringIO()):
        course.start(live=names)
    yield vendor
    for name in names:
        for variable in vendor.own(name):
            monkeypatch.delenv(variable, raising=False)
    with redirect_stdout(StringIO()):
        course.start()


@pytest.mark.parametrize("name", NAMES)
async def test_a_check_makes_no_live_call(name: str, live: Any) -> None:
    verdict = await verdict_on(name, SOLUTIONS[name].made())
    assert verdict.passed, verdict
    assert live.seen == []
    assert session._calls == 0


async def test_the_live_session_of_these_tests_would_have_noticed(live: Any) -> None:
    await Runner.run(course.make_agent("openai"), "Hello?")
    assert len(live.seen) == 1
    assert session._calls == 1
