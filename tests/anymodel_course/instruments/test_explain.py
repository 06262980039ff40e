"""`explain`: errors of a learner's session, raised by the real libraries, and what is made of them.

What each provider's failures become is tested in tests/sdk/test_errors_explained.py.
"""

from __future__ import annotations

import ast
import builtins
import html
import json
import os
import re
from collections.abc import Callable
from typing import Any

import agents
import litellm
import pytest
from agents import Agent, ModelSettings, Runner, function_tool
from agents.extensions.models.litellm_model import LitellmModel
from pydantic import BaseModel

import anymodel_course as course
from anymodel_course import explain, fails, session
from anymodel_course.instruments.budget import BudgetSpent
from anymodel_course.instruments.known_errors import ROWS
from anymodel_course.providers import PROVIDERS
from scripted_providers.environment import DUMMY_KEY
from scripted_providers.server import Server

NAMES = [*PROVIDERS]
REFUSED = "The provider refused the key."
NO_KEY = "There is no key at all. Nothing was sent."
TOO_MANY = "The provider takes no more requests from this key for now."


@pytest.fixture(autouse=True)
def _session(started: Server) -> None:
    """Every error here is raised in a learner's session that has started, offline."""


async def error_of(model: Any, *, streamed: bool = False, **more: Any) -> Exception:
    """Run an agent on a model, and return what it raises."""
    agent = Agent(name="A", model=model, **more)
    try:
        if streamed:
            async for _ in Runner.run_streamed(agent, "Hello?").stream_events():
                pass
        else:
            await Runner.run(agent, "Hello?", max_turns=3)
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def model_of(name: str) -> LitellmModel:
    return LitellmModel(PROVIDERS[name].model)


# --- one error after the other, as the libraries raise them ------------------------------------------------------


async def test_a_forgotten_await() -> None:
    run = Runner.run(Agent(name="A"), "Hello?")
    with pytest.raises(AttributeError) as caught:
        run.final_output  # type: ignore[attr-defined]  # noqa: B018
    run.close()
    assert explain(caught.value).fix == "result = await Runner.run(agent, prompt)"
    assert not explain(AttributeError("'dict' object has no attribute 'final_output'")).known


async def test_run_sync_in_a_notebook() -> None:
    with pytest.raises(RuntimeError) as raised:
        Runner.run_sync(Agent(name="A"), "Hello?")
    found = explain(raised.value)
    assert "one running already" in found.what
    assert found.fix.startswith("result = await Runner.run(")


async def test_an_id_of_litellms_given_to_the_sdk() -> None:
    found = explain(await error_of(PROVIDERS["anthropic"].model))
    assert found.error == "UserError"
    assert "only openai/ and litellm/" in found.what
    assert 'Agent(model="litellm/' in found.fix


@pytest.mark.parametrize("model", ["mistral-large-latest", "llama3.1", "antropic/claude-sonnet-5-5"])
async def test_an_id_without_a_provider_that_litellm_knows(model: str, started: Server) -> None:
    found = explain(await error_of(LitellmModel(model)))
    assert found.error == "BadRequestError (status 400)"
    assert "Nothing was sent" in found.what
    assert len(started.log) == 0


def test_a_parameter_that_litellm_model_lacks() -> None:
    with pytest.raises(TypeError) as raised:
        LitellmModel("openai/x", api_base="http://127.0.0.1:9")  # type: ignore[call-arg]
    found = explain(raised.value)
    assert "no parameter api_base" in found.what
    assert "base_url=" in found.fix


@pytest.mark.parametrize("name", [n for n in NAMES if n != "ollama"])
async def test_a_real_key_while_offline(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (v for v in PROVIDERS[name].endpoint.keys if os.environ[v] == DUMMY_KEY):
        monkeypatch.setenv(variable, "pasted-into-a-notebook-4f2a")
    found = explain(await error_of(model_of(name)))
    assert found.what == "The server on this machine got a key that is not the course's own. The key went nowhere else."
    assert found.where == PROVIDERS[name].title
    assert f'course.start(live=["{name}"])' in found.fix
    assert "pasted" not in str(found) + found._repr_html_()


@pytest.mark.parametrize("name", NAMES)
async def test_a_key_that_a_provider_refuses(name: str) -> None:
    course.model_says(fails("wrong_key"), provider=name)
    error = await error_of(model_of(name))
    labels = {"together": "BadRequestError (status 401)", "bedrock": "AuthenticationError (status 403)"}
    found = explain(error)
    assert found.error == labels.get(name, "AuthenticationError (status 401)")
    assert (found.what, found.where) == (REFUSED, PROVIDERS[name].title)
    assert f'course.key("{name}")' in found.fix


@pytest.mark.parametrize("name", ["openai", "anthropic", "gemini", "bedrock", "azure"])
async def test_no_key_at_all(name: str, monkeypatch: pytest.MonkeyPatch, started: Server) -> None:
    for variable in (v for v in PROVIDERS[name].endpoint.keys if os.environ[v] == DUMMY_KEY):
        monkeypatch.delenv(variable)
    found = explain(await error_of(model_of(name)))
    assert (found.what, found.where) == (NO_KEY, PROVIDERS[name].title)
    assert all(variable in found.causes[0] for variable in PROVIDERS[name].key_sets[0])
    assert len(started.log) == 0


@pytest.mark.parametrize("name", ["mistral", "cohere", "together"])
async def test_no_key_at_all_where_litellm_asks_without_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in PROVIDERS[name].endpoint.keys:
        monkeypatch.delenv(variable)
    assert explain(await error_of(model_of(name))).what == REFUSED


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("name", NAMES)
async def test_too_many_requests(name: str, streamed: bool) -> None:
    course.model_says(fails("rate_limit", retry_after=0.01), provider=name, times=3)  # two providers' clients try again
    error = await error_of(model_of(name), streamed=streamed)
    kind = "MidStreamFallbackError" if (name, streamed) == ("gemini", True) else "RateLimitError"
    found = explain(error)
    assert found.error == f"{kind} (status 429)"
    assert found.what == TOO_MANY
    assert "ModelRetrySettings" in found.fix


# --- what the SDK, LiteLLM and the course refuse by themselves -----------------------------------------------------


class City(BaseModel):
    name: str


@function_tool
def look() -> str:
    """Look."""
    return "nothing"


async def test_an_output_type_that_is_not_passed_on_and_what_drop_params_makes_of_it(
    monkeypatch: pytest.MonkeyPatch, started: Server
) -> None:
    found = explain(await error_of(model_of("cohere"), output_type=City))
    assert found.error == "UnsupportedParamsError (status 400)"
    assert (found.what, found.where) == ("LiteLLM passes no output_type on to Cohere. Nothing was sent.", "Cohere")
    assert any("drop_params" in trap for trap in found.traps)
    assert len(started.log) == 0
    monkeypatch.setattr(litellm, "drop_params", True)
    course.model_says("Just prose.")
    dropped = explain(await error_of(model_of("cohere"), output_type=City))
    assert dropped.error == "ModelBehaviorError"
    assert "drop_params" in dropped.causes[0]


async def test_tools_that_litellm_knows_a_model_cannot_call(started: Server) -> None:
    found = explain(await error_of(LitellmModel("bedrock/deepseek.r1-v1:0"), tools=[look]))
    assert (found.error, found.what) == ("UnsupportedParamsError (status 400)", "This model cannot call tools.")
    assert found.where == "AWS Bedrock"
    assert len(started.log) == 0


@pytest.mark.parametrize(
    ("model", "settings", "what"),
    [
        ("openai/gpt-5-mini", {"temperature": 0.2}, "LiteLLM knows that this model takes no temperature."),
        ("cohere/command-a-03-2025", {"parallel_tool_calls": True}, "… takes no parallel_tool_calls."),
        (PROVIDERS["anthropic"].model, {"tool_choice": "required"}, "This model takes no tool_choice that forces"),
    ],
)
async def test_a_setting_that_a_model_does_not_take(model: str, settings: dict[str, Any], what: str) -> None:
    error = await error_of(LitellmModel(model), tools=[look], model_settings=ModelSettings(**settings))
    assert type(error).__name__ == "UnsupportedParamsError"
    assert what.removeprefix("…") in explain(error).what


async def test_a_run_that_goes_round_in_circles(started: Server) -> None:
    course.model_says(course.call("look"), times=9)
    found = explain(await error_of(model_of("anthropic"), tools=[look]))
    assert found.error == "MaxTurnsExceeded"
    assert found.what.startswith("The model was called as often as max_turns allows")
    assert len(started.log) == 3


async def test_a_tool_that_the_model_made_up() -> None:
    course.model_says(course.call("nope"))
    assert "does not have" in explain(await error_of(model_of("anthropic"), tools=[look])).what


async def test_a_budget_that_is_spent() -> None:
    course.model_says(course.call("look"), times=9)
    agent = course.make_agent("anthropic", tools=[look], budget=course.budget(tokens=1))
    with pytest.raises(BudgetSpent) as raised:
        await Runner.run(agent, "Hello?")
    assert "budget stopped the run" in explain(raised.value).what


def test_as_many_live_calls_as_were_allowed() -> None:
    found = explain(session.LiveCap("50 live calls since start()"))
    assert "max_calls" in found.fix


@pytest.mark.parametrize("kind", ["wrong_key", "unknown_model", "rate_limit", "timeout", "disconnect"])
async def test_an_agent_without_a_litellm_model_fails_at_openai(kind: str) -> None:
    course.model_says(fails(kind, retry_after=0.01), times=3)
    found = explain(await error_of(None, model_settings=ModelSettings(extra_args={"timeout": 0.2})))
    assert found.known
    assert found.where == "OpenAI"


async def test_an_exception_of_another_call_underneath_is_not_taken_for_the_cause() -> None:
    """What a learner tries in an `except` block carries the first error along."""
    course.model_says(fails("rate_limit", retry_after=0.01), fails("wrong_key"))
    try:
        await Runner.run(Agent(name="A", model=model_of("mistral")), "Hello?")
    except Exception:
        second = await error_of(model_of("anthropic"))
    assert (explain(second).what, explain(second).where) == (REFUSED, "Anthropic")


@pytest.mark.parametrize("name", NAMES)
async def test_the_fix_for_a_closed_connection_is_what_makes_the_run_succeed(name: str) -> None:
    course.model_says(fails("disconnect"), "At last.")
    fix = explain(like("Server disconnected", 500)).fix
    settings = eval(fix, dict(vars(agents)))
    result = await Runner.run(Agent(name="A", model=model_of(name), model_settings=settings), "Hello?")
    assert result.final_output == "At last."


# --- what nobody knows, and what is no error ---------------------------------------------------------------------


class Unspeakable(Exception):
    status_code = "teapot"
    llm_provider = 418


@pytest.mark.parametrize(
    "error",
    [
        ValueError("42"),
        TypeError("unhashable type"),
        RuntimeError("boom"),
        KeyboardInterrupt(),
        Exception(),
        Unspeakable(),
    ],
)
def test_an_unknown_error_is_called_one(error: BaseException) -> None:
    found = explain(error)
    assert not found.known
    assert (found.causes, found.fix) == ((), "")
    assert str(found).startswith(f"{type(error).__name__}\nWhat happened: The course does not know this error.")


def own(raises: Callable[[], object]) -> Exception:
    """Return what a learner's own code raises."""
    try:
        raises()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize(
    "error",
    [
        own(lambda: json.loads("The capital of France is Paris.")),
        own(lambda: "“quoted”".encode("ascii")),
        TypeError("overloaded call of add()"),
        TypeError("connect() got an unexpected keyword argument 'api_base'"),
        ValueError("missing the API key of the map service"),
        ConnectionRefusedError(111, "Connection refused"),
        ConnectionResetError(104, "Connection reset by peer"),
        OSError("request timed out"),
    ],
    ids=str,
)
def test_a_learners_own_error_is_not_blamed_on_a_provider_for_its_words(error: Exception) -> None:
    assert not explain(error).known


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("[WinError 10054] Eine vorhandene Verbindung wurde geschlossen", "closed before an answer came"),
        ("[WinError 64] Der angegebene Netzwerkname ist nicht mehr verfügbar", "closed before an answer came"),
        ("[WinError 10061] Es konnte keine Verbindung hergestellt werden", "Nobody listens at the address"),
        ("[WinError 1225] Die Verbindung wurde abgelehnt", "Nobody listens at the address"),
    ],
)
def test_windows_says_it_in_the_users_language_and_is_known_by_its_numbers(words: str, what: str) -> None:
    error = litellm.exceptions.APIConnectionError(words, llm_provider="anthropic", model="claude-haiku-5-5")
    assert what in explain(error).what


def test_an_exception_that_cannot_say_what_it_is_does_not_stop_the_explanation() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise LookupError("no words")

    assert not explain(Mute()).known


@pytest.mark.parametrize("words", ["overloaded", "Expecting value", "connection refused", "unknown prefix"])
async def test_a_tool_that_raises_is_told_apart_whatever_it_says(words: str) -> None:
    @function_tool(failure_error_function=None)
    def broken() -> str:
        """Break."""
        raise LookupError(words)

    course.model_says(course.call("broken"))
    found = explain(await error_of(model_of("anthropic"), tools=[broken]))
    assert (found.error, found.where) == ("UserError", "")
    assert found.what.startswith("The tool broken raised LookupError.")


async def test_the_fix_for_a_tool_that_raises_lets_the_run_go_on() -> None:
    def broken() -> str:
        """Break."""
        raise LookupError("no such city")

    fix = explain(like("Error running tool broken: no such city", name="UserError")).fix
    decorate = eval(fix.splitlines()[-1], dict(vars(agents)))
    course.model_says(course.call("broken"), "Sorry.")
    result = await Runner.run(Agent(name="A", model=model_of("anthropic"), tools=[decorate(broken)]), "Hello?")
    assert result.final_output == "Sorry."


async def test_what_a_model_says_is_not_taken_for_a_providers_words() -> None:
    course.model_says(course.call("overloaded"))  # a tool that it made up
    assert "does not have" in explain(await error_of(model_of("anthropic"), tools=[look])).what


def test_a_providers_error_that_has_no_row_still_tells_where() -> None:
    found = explain(like("I am a teapot.", 418))
    assert not found.known
    assert (found.error, found.where) == ("Exception (status 418)", "Anthropic")


@pytest.mark.parametrize("given", ["RateLimitError", None, 429, ValueError, {"status": 401}])
def test_what_is_no_exception_is_refused(given: Any) -> None:
    with pytest.raises(TypeError, match=f"explain takes the exception that was caught, not {type(given).__name__}"):
        explain(given)


# --- every row ---------------------------------------------------------------------------------------------------


def like(text: str = "", status: int | None = None, provider: str = "anthropic", name: str = "Exception") -> Exception:
    """An exception as LiteLLM or the SDK raises it, as far as `explain` can see."""
    error: Any = type(name, (Exception,), {})(text)
    error.status_code, error.llm_provider, error.model = status, provider, f"{provider}/some-model"
    return error  # type: ignore[no-any-return]


UNSUPPORTED = {"status": 400, "name": "UnsupportedParamsError"}
ONE_OF_EACH = [
    like("Error running tool look: no such city", name="UserError"),
    like("Invalid JSON when parsing model output", name="ModelBehaviorError"),
    like("Tool look not found in agent A", name="ModelBehaviorError"),
    like("Model did not produce a final response!", name="ModelBehaviorError"),
    AttributeError("'coroutine' object has no attribute 'final_output'"),
    RuntimeError("AgentRunner.run_sync() cannot be called when an event loop is already running."),
    like("Unknown prefix: anthropic", name="UserError"),
    like("LLM Provider NOT provided"),
    like("Your default credentials were not found.", 500, "vertex_ai"),
    TypeError("LitellmModel.__init__() got an unexpected keyword argument 'api_base'"),
    like("Spent: 283 of 200 tokens, …", name="BudgetSpent"),
    like("50 live calls since start()", name="LiveCap"),
    like("Max turns (2) exceeded", name="MaxTurnsExceeded"),
    like("you are offline, and this looks like a real key", 401),
    like("Missing Anthropic API Key", 401),
    like("'ascii' codec can't encode character", 500),
    like("no", 401),
    like("tools is not supported in this model.", 400),
    like("anthropic does not support parameters: ['response_format']", **UNSUPPORTED),
    like("does not support forced tool use", **UNSUPPORTED),
    like("anthropic does not support parameters: ['stop']", **UNSUPPORTED),
    like("too long", 400, name="ContextWindowExceededError"),
    like('model "some-model" not found, try pulling it first', 404, "ollama"),
    like("no such model", 404),
    like("Expecting value: line 1 column 1 (char 0)", 500),
    like("Response payload is not completed", 500),
    like("Server disconnected", 500),
    like("Cannot connect to host 127.0.0.1:11434", 500, "ollama"),
    like("Cannot connect to host example.invalid:443", 500),
    like("Connection error.", 500),
    like("too late", 408, name="Timeout"),
    like("Overloaded", 500),
    like("slow down", 429),
    like("no good", 400, name="BadRequestError"),
]
EXPLAINED = [explain(error) for error in ONE_OF_EACH]
TOO_MANY_FIX = next(found.fix for found in EXPLAINED if found.what == TOO_MANY)


def test_the_errors_here_are_one_for_every_row() -> None:
    fills = {"title": "Anthropic", "setting": "stop", "tool": "look", "raised": "an error"}
    assert [found.what for found in EXPLAINED] == [row.what.format(**fills) for row in ROWS]


@pytest.mark.parametrize("found", EXPLAINED, ids=lambda e: e.error)
def test_a_fix_is_python_and_names_only_what_exists(found: course.instruments.explain.Explanation) -> None:  # type: ignore[name-defined]
    tree = ast.parse(found.fix)
    known = set(vars(builtins)) | {"course", "LitellmModel"} | {"agent", "prompt", "result", "error"}
    known |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            assert node.id in known or hasattr(agents, node.id), node.id
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id not in known:
            assert hasattr(getattr(agents, node.value.id), node.attr), node.attr
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "course":
            assert node.attr in course.__all__, node.attr
    assert not re.search(r"\{\w+\}", found.fix), "a blank was not filled in"


def test_the_fix_for_too_many_requests_works_as_it_stands() -> None:
    settings = eval(TOO_MANY_FIX, dict(vars(agents)))
    assert settings.retry.max_retries == 3
    assert settings.retry.policy is not None


async def test_the_fix_for_too_many_requests_is_what_makes_the_run_succeed() -> None:
    course.model_says(fails("rate_limit", retry_after=0.01), "At last.")
    settings = eval(TOO_MANY_FIX, dict(vars(agents)))
    result = await Runner.run(Agent(name="A", model=model_of("anthropic"), model_settings=settings), "Hello?")
    assert result.final_output == "At last."


@pytest.mark.parametrize("found", EXPLAINED, ids=lambda e: e.error)
def test_text_and_html_hold_everything(found: Any) -> None:
    text, shown = str(found), html.unescape(re.sub(r"<[^>]+>", "", found._repr_html_()))
    assert repr(found) == text
    assert found.known
    assert found.causes
    for part in (found.error, found.where, found.what, *found.causes, *found.traps, *found.fix.splitlines()):
        assert part in text
        assert part in shown


def test_the_likeliest_cause_comes_first() -> None:
    text = str(explain(like("no", 401)))
    assert text.index("Likely cause: The key is mistyped") < text.index("Or: The variable holds quotes")


def test_html_from_an_errors_name_is_text() -> None:
    error = type("<script>alert(1)</script>", (Exception,), {})("<b>")
    shown = explain(error)._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_the_errors_come_from_the_class_that_litellm_has() -> None:
    """`like` stands for LiteLLM's own: they carry the same two attributes."""
    error = litellm.RateLimitError("slow", llm_provider="mistral", model="m")
    assert (explain(error).what, explain(error).where) == (TOO_MANY, "Mistral")
