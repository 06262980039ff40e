"""A pytest fixture that scripts every provider: tests of an agent without a key, a network or a bill.

Ask for it in the top-level `conftest.py`, where pytest starts, so that it is there before tests import your program:

    pytest_plugins = ["scripted_providers.pytest_plugin"]

and then in a test:

    from scripted_providers import call, fails

    def test_the_agent_looks_before_it_answers(scripted_providers):
        scripted_providers.says(call("get_weather", city="Oslo"), "It rains.")
        assert "rains" in answer("What is the weather in Oslo?")
        assert [sent.provider for sent in scripted_providers.log] == ["anthropic", "anthropic"]

It is not registered as an entry point: that would load it into every test run of the environment, asked or not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .environment import ENDPOINTS, QUIET
from .scenario import Scenario
from .server import Server

# Read once by their libraries, at import or at the first run, so they are set before any test module is imported.
# The last is the SDK's: a dummy OpenAI key would make it send traces to OpenAI.
_FROM_THE_START = {v.name: v.value for v in QUIET} | {"OPENAI_AGENTS_DISABLE_TRACING": "1"}


def pytest_configure(config: pytest.Config) -> None:
    """Keep LiteLLM and the SDK from fetching and sending by themselves, until the run ends."""
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    for name, value in _FROM_THE_START.items():
        patch.setenv(name, value)


@pytest.fixture(scope="session")
def _stand_in() -> Iterator[Server]:
    """One server for the run: clients that a program keeps from one test to the next still reach it."""
    with Server(hint="Script it: scripted_providers.says(…).") as server:
        yield server


@pytest.fixture
def scripted_providers(_stand_in: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Lead every provider to a stand-in on this machine; your own keys are out of reach until the test ends.

    Each test begins with an empty queue, no rules and an empty log. A test that let a model answer what it had not
    scripted ends with an error that names the prompt.

    Yields:
        The server: `says(…)` decides what the models answer next, `waiting` counts what they have not said yet, `log`
        holds what was sent, and `scenario = read("rules.yaml")` makes a file of rules answer.
    """
    for endpoint in ENDPOINTS.values():
        for name in endpoint.variables:
            monkeypatch.delenv(name, raising=False)
    for name, value in _stand_in.env(os.environ).items():
        monkeypatch.setenv(name, value)
    _stand_in.scenario = Scenario()
    _stand_in.reset()
    yield _stand_in
    missed = [sent.ask.user for sent in _stand_in.log if sent.answered_by == "mirror" and sent.ask]
    if missed:
        pytest.fail(
            f"No reply was scripted for {', '.join(map(repr, missed))}. One for each call, before the run: "
            "scripted_providers.says(…)",
            pytrace=False,
        )
