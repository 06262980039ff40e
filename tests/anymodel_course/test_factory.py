"""`make_agent`: a plain agent for every name, and no live call beyond the cap."""

import os
import subprocess
import sys
from typing import Any

import pytest
from agents import Agent, AgentHooks, AgentOutputSchema, ModelSettings, RunHooks, Runner, function_tool
from agents.extensions.models.litellm_model import LitellmModel

from anymodel_course import session
from anymodel_course.factory import make_agent, resolve
from anymodel_course.providers import PROVIDERS
from scripted_providers import call
from scripted_providers.server import Server

pytestmark = pytest.mark.usefixtures("started")


@function_tool
def look() -> str:
    """Look again."""
    return "nothing new"


class Recorder(AgentHooks[Any]):
    """A learner's own hooks."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def on_start(self, *_: Any) -> None:
        self.heard.append("start")

    async def on_llm_start(self, *_: Any) -> None:
        self.heard.append("llm start")

    async def on_llm_end(self, *_: Any) -> None:
        self.heard.append("llm end")

    async def on_tool_start(self, *_: Any) -> None:
        self.heard.append("tool start")

    async def on_tool_end(self, *_: Any) -> None:
        self.heard.append("tool end")

    async def on_handoff(self, *_: Any, **__: Any) -> None:
        self.heard.append("handoff")

    async def on_end(self, *_: Any) -> None:
        self.heard.append("end")


# --- what a name becomes ---


@pytest.mark.parametrize("row", PROVIDERS.values(), ids=lambda row: row.name)
def test_a_providers_name_becomes_its_model(row: Any) -> None:
    agent = make_agent(row.name)
    assert type(agent) is Agent
    assert type(agent.model) is LitellmModel
    assert agent.model.model == row.model


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (" Mistral ", ("mistral", "mistral/mistral-large-latest")),
        ("anthropic/claude-haiku-5-5", ("anthropic", "anthropic/claude-haiku-5-5")),
        ("Anthropic/claude-haiku-5-5", ("anthropic", "anthropic/claude-haiku-5-5")),
        ("together_ai/openai/gpt-oss-120b", ("together", "together_ai/openai/gpt-oss-120b")),
        ("ollama/llama3.1", ("ollama", "ollama/llama3.1")),
        ("litellm/anthropic/claude-haiku-5-5", ("anthropic", "anthropic/claude-haiku-5-5")),
        ("azure/My-Deployment", ("azure", "azure/My-Deployment")),
    ],
)
def test_a_full_id_stays_what_it_is_behind_a_prefix_that_litellm_reads(given: str, expected: tuple[str, str]) -> None:
    assert resolve(given) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("antropic", "No provider is called 'antropic'. Did you mean 'anthropic'"),
        ("antropic/claude-sonnet-5-5", "No provider is called 'antropic'. Did you mean 'anthropic'"),
        ("wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY", "No provider is called that .it may be a key"),
        ("", "No provider is called ''. There are: openai"),
        ("openai/", "'openai/' names no model. OpenAI's in this course is 'openai/gpt-4.1-mini'"),
        ("claude-sonnet-5-5", "without its provider. Write provider/model, such as 'anthropic/claude-sonnet-5-5'"),
        ("mistral-large-latest", "without its provider. Write provider/model, such as 'mistral/mistral-large-latest'"),
        (
            "together/openai/gpt-oss-120b",
            "LiteLLM's prefix for Together AI is 'together_ai'. Write 'together_ai/openai/",
        ),
        ("groq/llama-3.3-70b", r"'groq' is none of the course's nine.*course\.start\(live=\['groq'\]\)"),
    ],
)
def test_what_is_no_model_here_is_refused_with_what_to_write(given: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_agent(given)


def test_a_model_object_is_refused_with_the_way_to_use_it() -> None:
    with pytest.raises(TypeError, match=r"not LitellmModel\. With a model object of your own, write Agent\(model=…\)"):
        make_agent(LitellmModel(model="openai/gpt-4.1-mini"))  # type: ignore[arg-type]


def test_another_provider_is_let_through_once_it_was_said_aloud() -> None:
    session.start(live="groq")
    assert resolve("groq/llama-3.3-70b") == ("groq", "groq/llama-3.3-70b")
    session.start()
    with pytest.raises(ValueError, match="never scripted"):
        resolve("groq/llama-3.3-70b")


# --- what passes through ---


def test_everything_else_goes_to_the_agent_as_it_is() -> None:
    schema = AgentOutputSchema(dict, strict_json_schema=False)
    agent = make_agent("gemini", name="N", instructions="I", tools=[look], output_type=schema)
    assert (agent.name, agent.instructions, agent.tools, agent.output_type) == ("N", "I", [look], schema)


def test_usage_is_reported_unless_the_learner_says_otherwise() -> None:
    assert make_agent().model_settings == ModelSettings(include_usage=True)
    settings = make_agent(model_settings=ModelSettings(temperature=0.1)).model_settings
    assert (settings.temperature, settings.include_usage) == (0.1, True)
    assert make_agent(model_settings={"temperature": 0.1}).model_settings == settings  # Agent takes a dict too
    assert make_agent(model_settings=ModelSettings(include_usage=False)).model_settings.include_usage is False


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model_settings": 7}, "model_settings must be"),
        ({"hooks": "loud"}, "hooks must be an AgentHooks"),
        ({"hooks": RunHooks()}, "hooks must be an AgentHooks"),
        ({"tool": []}, "unexpected keyword argument 'tool'"),
    ],
)
def test_a_wrong_option_is_refused_in_the_agents_own_words(options: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        make_agent(**options)


async def test_the_learners_hooks_hear_every_event() -> None:
    hooks = Recorder()
    second = make_agent("anthropic", name="second", hooks=hooks)
    session.model_says(call("look"), call("transfer_to_second"), "Over.")
    await Runner.run(make_agent(tools=[look], handoffs=[second], hooks=hooks), "Hello!")
    once = ["llm start", "llm end"]
    expected = ["start", *once, "tool start", "tool end", *once, "handoff", "start", *once, "end"]
    assert hooks.heard == expected


# --- the cap ---


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
async def test_a_live_run_stops_before_the_call_that_exceeds_the_cap(
    streamed: bool, started: Server, vendor: Any
) -> None:
    os.environ.update(vendor.own("openai"))
    session.start(live="openai", max_calls=2)
    vendor.server.says(call("look"), times=5)
    hooks = Recorder()
    agent = make_agent("openai", tools=[look], hooks=hooks)

    async def run() -> None:
        if not streamed:
            await Runner.run(agent, "Hello!")
        async for _ in Runner.run_streamed(agent, "Hello!").stream_events():
            pass

    with pytest.raises(session.LiveCap, match=r"2 live calls since start\(\).*start\(live=\['openai'\], max_calls=4\)"):
        await run()
    assert len(vendor.server.log) == 2
    assert hooks.heard.count("llm start") == 2
    assert hooks.heard.count("tool end") == 2
    with pytest.raises(session.LiveCap):
        await run()
    assert len(vendor.server.log) == 2


async def test_start_counts_anew_and_all_live_agents_count_together(started: Server, vendor: Any) -> None:
    os.environ.update(vendor.own("openai") | vendor.own("cohere"))
    vendor.server.says("Fine.", times=9)
    for _ in range(2):
        session.start(live=["openai", "cohere"], max_calls=2)
        for name in ("openai", "cohere"):
            await Runner.run(make_agent(name), "Hello!")
        with pytest.raises(session.LiveCap):
            await Runner.run(make_agent("cohere"), "Hello!")
    assert len(vendor.server.log) == 4


@pytest.mark.parametrize(
    "model",
    [LitellmModel(PROVIDERS["openai"].model), LitellmModel("gpt-4.1-mini"), "litellm/openai/gpt-4.1-mini", None],
)
async def test_a_clone_counts_for_the_provider_that_it_asks(model: Any, started: Server, vendor: Any) -> None:
    os.environ.update(vendor.own("openai"))
    session.start(live="openai", max_calls=1)
    vendor.server.says("Fine.", times=2)
    clone = make_agent("mistral").clone(model=model)
    await Runner.run(clone, "Hello!")
    with pytest.raises(session.LiveCap):
        await Runner.run(clone, "Hello!")
    assert (await Runner.run(make_agent("openai").clone(model="litellm/mistral/x"), "Hello!")).final_output
    assert len(vendor.server.log) == 1


def test_an_agent_made_before_start_is_refused_because_it_would_spend_a_key(learner: Any) -> None:
    code = (
        "import sys, anymodel_course as course\n"
        "try:\n"
        "    course.make_agent()\n"
        "except RuntimeError as error:\n"
        "    print(error, 'litellm' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=180, check=True)
    assert done.stdout == "Nothing is running yet: call course.start() first. False\n"


def test_a_budget_is_one_of_the_courses(started: Server) -> None:
    with pytest.raises(TypeError, match=r"budget=0.05: give what course.budget\(usd=…, tokens=…\) returns"):
        make_agent("openai", budget=0.05)  # type: ignore[arg-type]


async def test_scripted_calls_are_not_counted(started: Server, vendor: Any) -> None:
    os.environ.update(vendor.own("openai"))
    session.start(live="openai", max_calls=1)
    for _ in range(3):
        await Runner.run(make_agent("mistral"), "Hello!")
    vendor.server.says("Fine.")
    assert (await Runner.run(make_agent("openai"), "Hello!")).final_output == "Fine."
