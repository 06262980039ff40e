"""The pytest fixture, in test runs of their own, as somebody has them who tests an agent."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from scripted_providers import ENDPOINTS

CONFTEST = 'pytest_plugins = ["scripted_providers.pytest_plugin"]\n'
ASK = """
import json, os, urllib.request

def ask(prompt):
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": prompt}]}).encode()
    headers = {"authorization": "Bearer " + os.environ["OPENAI_API_KEY"], "content-type": "application/json"}
    request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/chat/completions", body, headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["choices"][0]["message"]["content"]
"""


class Outcome(NamedTuple):
    """What a test run reported."""

    status: int
    counts: dict[str, int]
    text: str


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Run pytest on a test file, with keys of somebody's own in the environment."""
    for endpoint in ENDPOINTS.values():
        for name in endpoint.variables:
            monkeypatch.setenv(name, f"planted-{name}")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # other plugins' warnings and seconds are not the matter

    def outcome(tests: str, conftest: str = CONFTEST) -> Outcome:
        (tmp_path / "conftest.py").write_text(conftest, encoding="utf-8")
        (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        (tmp_path / "test_agent.py").write_text(tests, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:warnings"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
        words = done.stdout.strip().splitlines()[-1].split(" in ")[0].split(", ") if done.stdout.strip() else []
        counts = {word.split()[1].rstrip("s"): int(word.split()[0]) for word in words if word[:1].isdigit()}
        return Outcome(done.returncode, counts, done.stdout + done.stderr)

    return outcome


def test_each_test_begins_with_an_empty_queue_and_log_and_none_of_the_keys(run: Callable[..., Outcome]) -> None:
    tests = f"""{ASK}
import pytest

@pytest.mark.parametrize("number", [1, 2])
def test_fresh(scripted_providers, number):
    assert (scripted_providers.waiting, len(scripted_providers.log)) == (0, 0)
    scripted_providers.says(f"Answer {{number}}.", "Never taken.")
    assert ask("Hello.") == f"Answer {{number}}."
    assert [sent.request["messages"][0]["content"] for sent in scripted_providers.log] == ["Hello."]
    assert "planted" not in str(dict(os.environ))
    assert os.environ["ANTHROPIC_API_BASE"].startswith("http://127.0.0.1:")

def test_afterwards_the_environment_is_your_own():
    assert os.environ["OPENAI_API_KEY"] == "planted-OPENAI_API_KEY"
    assert os.environ["COHERE_API_BASE"] == "planted-COHERE_API_BASE"
"""
    outcome = run(tests)
    assert (outcome.status, outcome.counts) == (0, {"passed": 3}), outcome.text


def test_a_prompt_without_a_script_is_an_error_that_names_it(run: Callable[..., Outcome]) -> None:
    outcome = run(f"{ASK}\ndef test_it(scripted_providers):\n    ask('What now?')\n")
    assert (outcome.status, outcome.counts) == (1, {"passed": 1, "error": 1}), outcome.text
    assert "No reply was scripted for 'What now?'. One for each call, before the run" in outcome.text
    assert "Traceback" not in outcome.text


def test_a_file_of_rules_answers_one_test_and_not_the_next(run: Callable[..., Outcome], tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("- {when: {user: hello}, text: From the file.}\n", encoding="utf-8")
    tests = f"""{ASK}
from scripted_providers import read

def test_rules(scripted_providers):
    scripted_providers.scenario = read("rules.yaml")
    assert ask("Hello.") == "From the file."

def test_none(scripted_providers):
    assert not scripted_providers.scenario.rules
"""
    outcome = run(tests)
    assert (outcome.status, outcome.counts) == (0, {"passed": 2}), outcome.text


def test_what_libraries_read_at_import_is_set_before_a_program_is_imported(run: Callable[..., Outcome]) -> None:
    names = ["LITELLM_LOCAL_MODEL_COST_MAP", "LITELLM_MODE", "OPENAI_AGENTS_DISABLE_TRACING"]
    tests = f"import os\nSEEN = [os.environ.get(n) for n in {names}]\n"
    tests += "def test_it():\n    assert SEEN == ['True', 'PRODUCTION', '1']\n"
    outcome = run(tests)
    assert (outcome.status, outcome.counts) == (0, {"passed": 1}), outcome.text


def test_nobody_has_it_who_did_not_ask(run: Callable[..., Outcome]) -> None:
    outcome = run("def test_it(scripted_providers): ...\n", conftest="")
    assert outcome.counts == {"error": 1}
    assert "fixture 'scripted_providers' not found" in outcome.text


AGENT = """
from agents import Agent, Runner, function_tool
from agents.extensions.models.litellm_model import LitellmModel

@function_tool
def get_weather(city: str) -> str:
    return "4 C"

def answer(question, model="anthropic/claude-sonnet-5-5"):
    agent = Agent(name="Weather", model=LitellmModel(model=model), tools=[get_weather])
    return Runner.run_sync(agent, question).final_output
"""


def test_an_agent_of_the_sdk_is_tested_on_any_provider(run: Callable[..., Outcome], tmp_path: Path) -> None:
    (tmp_path / "weather.py").write_text(AGENT, encoding="utf-8")
    tests = """
import litellm, pytest
from scripted_providers import call, fails
from weather import answer

@pytest.mark.parametrize("model", ["anthropic/claude-sonnet-5-5", "gemini/gemini-3.8-flash"])
def test_the_agent_looks_before_it_answers(scripted_providers, model):
    scripted_providers.says(call("get_weather", city="Oslo"), "It is 4 C.")
    assert answer("Weather in Oslo?", model) == "It is 4 C."
    assert scripted_providers.waiting == 0

def test_a_failure(scripted_providers):
    scripted_providers.says(fails("rate_limit"))
    with pytest.raises(litellm.RateLimitError):
        answer("Weather in Oslo?")
"""
    outcome = run(tests)
    assert (outcome.status, outcome.counts) == (0, {"passed": 3}), outcome.text
