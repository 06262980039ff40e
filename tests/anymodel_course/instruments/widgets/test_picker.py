"""The picker: what it chooses, what it says, what it does when pressed, and what it never holds."""

import asyncio
import html
import os
import re
import subprocess
import sys
import time
from typing import Any

import pytest
from agents import Agent, Runner
from agents.extensions.models.litellm_model import LitellmModel
from ipywidgets import Widget

from anymodel_course import keys, local_ollama, session
from anymodel_course.instruments.widgets import picker as module
from anymodel_course.instruments.widgets.picker import ProviderPicker, ids_of, is_like_a_key
from anymodel_course.local_ollama import Ollama
from anymodel_course.providers import PROVIDERS
from scripted_providers import fails
from scripted_providers.environment import ENDPOINTS
from scripted_providers.replies import Pace, Reply
from scripted_providers.server import Server

pytestmark = pytest.mark.usefixtures("started")

KEY = "sk-real-0123456789abcd4f2a"


@pytest.fixture(autouse=True)
def no_ollama(monkeypatch: pytest.MonkeyPatch) -> None:
    ollama_is(monkeypatch, Ollama())
    monkeypatch.setattr(session, "_watchers", [])  # other tests' pickers


def ollama_is(monkeypatch: pytest.MonkeyPatch, found: Ollama) -> None:
    monkeypatch.setattr(module, "ollama", lambda: found)


def choose(picker: ProviderPicker, provider: str, model: str | None = None) -> None:
    picker._provider.value = provider
    if model is not None:
        picker._model.value = model


def state_of(picker: ProviderPicker) -> str:
    """Everything that the page, or a saved notebook, could hold of the picker."""
    widgets = [picker._box, *picker._box.children, picker._switch, picker._check]
    return repr([w.get_state() for w in widgets]) + repr(widgets) + repr(picker) + str(picker)


def wait_for_check(picker: ProviderPicker) -> None:
    deadline = time.monotonic() + 180
    while picker._check.disabled and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not picker._check.disabled


# --- the choice ---


def test_it_begins_with_openai_offline_and_changes_nothing(started: Server) -> None:
    before = dict(os.environ)
    picker = ProviderPicker()
    assert (picker.provider, picker.model) == ("openai", "openai/gpt-4.1-mini")
    assert dict(os.environ) == before
    assert session.live_names() == frozenset()
    assert len(started.log) == 0


@pytest.mark.parametrize("row", PROVIDERS.values(), ids=lambda row: row.name)
def test_a_provider_brings_its_model_from_the_registry(row: Any) -> None:
    picker = ProviderPicker("anthropic" if row.name != "anthropic" else "openai")
    choose(picker, row.name)
    assert (picker.provider, picker.model) == (row.name, row.model)
    assert str(picker).startswith(f"{row.model}: known: ")
    assert str(picker).endswith(f'\ncourse.make_agent("{row.model}")')
    assert repr(picker) == f'ProviderPicker: course.make_agent("{row.model}")'
    assert ProviderPicker(row.name).model == ProviderPicker(row.model).model == row.model


async def test_the_choice_becomes_an_agent_that_answers(started: Server) -> None:
    picker = ProviderPicker()
    choose(picker, "anthropic", " anthropic/claude-haiku-5-5 ")
    agent = picker.agent(name="Chosen", instructions="Be brief.")
    assert isinstance(agent, Agent)
    assert isinstance(agent.model, LitellmModel)
    assert (agent.name, agent.model.model) == ("Chosen", "anthropic/claude-haiku-5-5")
    await Runner.run(agent, "Hello!")
    assert started.log[-1].provider == "anthropic"


@pytest.mark.parametrize(
    ("provider", "given", "words"),
    [
        ("anthropic", "", "the model id is empty. Anthropic's in this course is 'anthropic/claude-sonnet-5-5'."),
        (
            "anthropic",
            "claude-sonnet-5-5",
            "no provider in front, and LiteLLM would have to guess. Write 'anthropic/claude",
        ),
        ("anthropic", "openai", "Write 'anthropic/openai'."),
        ("together", "openai/gpt-oss-120b", "goes to OpenAI. Choose that above, or begin the id with 'together_ai/'."),
        ("anthropic", "antropic/claude", "Did you mean 'anthropic'?"),
        ("anthropic", "groq/llama", "none of the course's nine providers"),
        ("together", "together/x", "LiteLLM's prefix for Together AI is 'together_ai'."),
        ("anthropic", "Anthropic/claude-haiku-5-5", "in lower case. Write 'anthropic/claude-haiku-5-5'."),
        ("anthropic", "anthropic/", "names no model"),
    ],
)
def test_an_id_that_cannot_be_used_is_told_of_and_gives_no_model(provider: str, given: str, words: str) -> None:
    picker = ProviderPicker()
    choose(picker, provider, given)
    assert str(picker).startswith("Cannot be used: ")
    assert words in str(picker).splitlines()[0]
    with pytest.raises(ValueError, match=re.escape(words)):
        _ = picker.model
    with pytest.raises(ValueError, match=re.escape(words)):
        picker.agent()
    assert "make_agent" not in str(picker).splitlines()[-1]
    assert picker._check.disabled
    assert repr(picker) == "ProviderPicker: the model id cannot be used yet"
    choose(picker, "mistral")
    assert picker.model == PROVIDERS["mistral"].model


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        (None, TypeError, "not NoneType"),
        (["openai"], TypeError, "not list"),
        ("antropic", ValueError, "Did you mean 'anthropic'"),
        ("gpt-4.1-mini", ValueError, "without its provider"),
        ("groq/llama", ValueError, "none of the course's nine"),
    ],
)
def test_a_wrong_beginning_is_told_of(given: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        ProviderPicker(given)


def test_before_start_there_is_one_sentence_and_nothing_heavy_is_imported() -> None:
    code = (
        "import sys, anymodel_course as course\n"
        "first = 'ipywidgets' in sys.modules\n"
        "try:\n    course.ProviderPicker()\n"
        "except RuntimeError as error:\n    print(error, first, {'litellm', 'agents'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=180)
    assert done.stdout == "Nothing is running yet: call course.start() first. False set()\n", done.stderr


# --- what LiteLLM's list knows ---


@pytest.mark.parametrize(
    ("provider", "given", "expected"),
    [
        (
            "openai",
            "openai/gpt-4.1-mini",
            "known: $0.4 in, $1.6 out per million tokens, context 1,047,576 tokens, tools,",
        ),
        ("anthropic", "anthropic/claude-sonnet-4-5", "switched off on 2026-11-30."),
        ("openai", "openai/text-embedding-3-small", "known, but no chat model (embedding): an agent cannot run on it."),
        (
            "gemini",
            "gemini/gemini-2.0-flash",
            "not in LiteLLM's price list: it may be retired, new, or misspelt. Nearest: ",
        ),
        ("mistral", "mistral/gpt-4.1-mini", "not in LiteLLM's price list"),
        ("anthropic", "anthropic/zzz", "not in LiteLLM's price list: it may be retired, new, or misspelt."),
        ("azure", "azure/our-deployment", "as is usual for a deployment with a name of yours; its price is unknown."),
        ("ollama", "ollama_chat/llama3.1", "known: free, on your machine, context 8,192 tokens"),
    ],
)
def test_an_id_is_held_against_litellms_list(provider: str, given: str, expected: str) -> None:
    picker = ProviderPicker(provider)
    picker._model.value = given
    assert expected in str(picker).splitlines()[0]
    assert picker.model == given


def test_a_misspelt_id_is_told_what_it_may_have_been() -> None:
    picker = ProviderPicker("anthropic/claude-sonet-5")
    assert "Nearest: anthropic/claude-sonnet-5, anthropic/claude-sonnet-5-5, " in str(picker)


@pytest.mark.parametrize("row", PROVIDERS.values(), ids=lambda row: row.name)
def test_what_is_suggested_is_a_chat_model_of_that_provider_and_no_key(row: Any) -> None:
    picker = ProviderPicker(row.name)
    suggested = picker._model.options
    assert list(suggested) == ids_of(row)
    assert row.model in suggested
    for model in suggested:
        choose(picker, row.name, model)
        assert picker.model == model
        assert ": known: " in str(picker).splitlines()[0]
    assert not [model for model in suggested if "commitment" in model or "/together-ai-" in model]


# --- offline and live ---


def test_without_a_key_the_reason_stands_there_and_nothing_can_be_pressed() -> None:
    picker = ProviderPicker("anthropic")
    assert "Anthropic is offline and cannot go live: no key: set ANTHROPIC_API_KEY in .env." in str(picker)
    assert "OFFLINE: 9 providers are scripted" in str(picker)
    assert (picker._switch.description, picker._switch.disabled) == ("Go live with Anthropic", True)
    assert picker._check.disabled


def test_a_press_goes_live_aloud_and_another_goes_back(dotenv: Any, capsys: pytest.CaptureFixture[str]) -> None:
    dotenv(f"ANTHROPIC_API_KEY={KEY}\nMISTRAL_API_KEY={KEY}")
    session.start(live=["mistral"])
    picker = ProviderPicker("anthropic")
    assert 'press the button, or course.start(live=["anthropic", "mistral"]).' in str(picker)
    assert session.live_names() == {"mistral"}
    capsys.readouterr()
    picker._switch.click()
    assert session.live_names() == {"anthropic", "mistral"}
    assert "LIVE: anthropic (key from .env, ends in 4f2a), mistral" in str(picker)
    assert "Anthropic is live: an agent on this model makes real calls." in str(picker)
    assert (picker._switch.description, picker._switch.disabled) == ("Go back offline", False)
    picker._switch.click()
    assert session.live_names() == {"mistral"}
    assert "Anthropic is offline." in str(picker)
    assert capsys.readouterr().out == ""


def test_what_start_has_to_say_beside_its_banner_is_shown(dotenv: Any) -> None:
    dotenv(f"OPENAI_API_KEY={KEY}")
    picker = ProviderPicker()
    picker._switch.click()
    assert str(picker).count("LIVE: openai") == 1
    picker._switch.click()
    assert "Make a new RunConfig, or restart the kernel." in picker._status.value


def test_what_start_switches_elsewhere_is_shown_at_once(dotenv: Any) -> None:
    dotenv(f"OPENAI_API_KEY={KEY}")
    picker = ProviderPicker()
    session.start(live=["openai"])
    assert "LIVE: openai" in picker._status.value
    assert "Go back offline" in picker._switch.description
    session.start()
    assert "OFFLINE" in picker._status.value


async def test_a_switch_under_a_run_is_refused_in_the_pickers_own_words(dotenv: Any) -> None:
    dotenv(f"OPENAI_API_KEY={KEY}")
    picker = ProviderPicker()
    session.stand_in().says(Reply(text="A long answer.", pace=Pace(total=5)))
    run = asyncio.create_task(Runner.run(picker.agent(name="Busy"), "Hello!"))
    await asyncio.sleep(0.3)
    picker._switch.click()
    assert "Not switched: the run" in str(picker)
    assert "still under way" in picker._status.value
    assert session.live_names() == frozenset()
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)


def test_a_key_that_went_away_is_told_of_at_the_press(dotenv: Any) -> None:
    path = dotenv(f"OPENAI_API_KEY={KEY}")
    picker = ProviderPicker()
    path.unlink()
    picker._switch.click()
    assert "Not switched: openai, which live names, cannot go live: no key" in str(picker)
    assert session.live_names() == frozenset()


# --- Ollama ---


@pytest.mark.parametrize(
    ("found", "words", "can"),
    [
        (
            Ollama(),
            "cannot go live: nothing answers on port 11434. For models on this machine: https://ollama.com",
            False,
        ),
        (Ollama(taken=True), "cannot go live: another program answers on Ollama's port, 11434.", False),
        (Ollama(running=True), "without a model. To have llama3.1: ollama pull llama3.1", True),
        (Ollama(running=True, models=("qwen3:8b",)), "with qwen3:8b. To have llama3.1: ollama pull llama3.1", True),
        (
            Ollama(running=True, models=("llama3.1:latest",)),
            "Ollama: running on port 11434, with llama3.1:latest.\n",
            True,
        ),
    ],
)
def test_ollamas_state_is_told(found: Ollama, words: str, can: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    ollama_is(monkeypatch, found)
    picker = ProviderPicker()
    assert "11434" not in str(picker)
    choose(picker, "ollama")
    assert words in str(picker)
    assert picker._switch.disabled is not can
    assert picker._check.disabled
    assert [f"ollama_chat/{name}" for name in found.models] == list(picker._model.options)[: len(found.models)]


def test_an_ollama_elsewhere_can_go_live(dotenv: Any) -> None:
    dotenv("OLLAMA_API_BASE=http://127.0.0.1:9")
    picker = ProviderPicker("ollama")
    assert "Ollama is offline. It can go live: press the button" in str(picker)
    assert not picker._switch.disabled


def test_the_probe_is_the_courses_own() -> None:
    assert local_ollama.HOST == "127.0.0.1"
    assert local_ollama.PATIENCE < 1


# --- the key check ---


def test_a_check_says_what_it_does_and_what_came_of_it(vendor: Any, started: Server) -> None:
    os.environ.update(vendor.own("anthropic"))
    session.start()
    picker = ProviderPicker("anthropic")
    assert len(vendor.server.log) == 0
    picker._check.click()
    assert picker._check.disabled
    assert "one small real call to Anthropic" in str(picker)
    wait_for_check(picker)
    assert "OK: Anthropic at the address in ANTHROPIC_API_BASE accepted the key and answered." in picker._status.value
    assert not picker._check.disabled
    assert (len(vendor.server.log), len(started.log), session._calls) == (1, 0, 1)
    choose(picker, "anthropic", "anthropic/claude-haiku-5-5")
    assert "accepted" not in str(picker)


def test_a_check_that_breaks_off_gives_the_button_back(vendor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks_off(model: str) -> None:
        raise OSError("no more processes")

    os.environ.update(vendor.own("mistral"))
    picker = ProviderPicker("mistral")
    monkeypatch.setattr("anymodel_course.instruments.key_check.check_key", breaks_off)
    picker._ask(picker.model)
    assert not picker._checking
    assert "Not checked: OSError." in picker._notice


def test_a_check_beyond_the_cap_is_refused_in_the_picker(vendor: Any) -> None:
    os.environ.update(vendor.own("anthropic"))
    session.start(max_calls=1)
    session.spend_call()
    picker = ProviderPicker("anthropic")
    picker._check.click()
    wait_for_check(picker)
    assert "Not checked: 1 live calls since start()" in str(picker)
    assert len(vendor.server.log) == 0


# --- keys and accessibility ---


def test_no_key_is_in_any_state_offline_live_or_after_a_check(dotenv: Any, vendor: Any) -> None:
    for endpoint in ENDPOINTS.values():
        os.environ.update(dict.fromkeys(endpoint.variables, KEY))
    os.environ.update(vendor.own("openai") | {"OPENAI_API_KEY": KEY})
    keys._asked["MISTRAL_API_KEY"] = keys.Secret(KEY)
    session.start()
    picker, seen = ProviderPicker(), ""
    for name in PROVIDERS:
        choose(picker, name)
        seen += state_of(picker)
    choose(picker, "openai")
    picker._switch.click()
    seen += state_of(picker)
    vendor.server.says(fails("wrong_key", message=f"Wrong: {KEY}"))
    picker._check.click()
    wait_for_check(picker)
    assert "OpenAI did not answer. " in str(picker)
    assert "(status 401): The provider refused the key." in str(picker)
    seen += state_of(picker) + repr(vars(picker))
    assert "0123456789" not in seen
    assert "LIVE: openai" in seen


@pytest.mark.parametrize(
    "typed",
    [
        "sk-0",
        "sk-" + "ant-api03-Ab3dEf-9hIjKlMnOpQrStUvWxYz01_AA",
        "AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
        "0123456789abcdef0123456789abcdef",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzzzz",
        "AKIA" + "0000000000000000",
        " own.short-key-1234567 ",
        "openai/own.short-key-1234567",
    ],
)
def test_a_key_that_is_typed_where_the_model_belongs_is_wiped(typed: str, dotenv: Any) -> None:
    dotenv("COHERE_API_KEY=own.short-key-1234567")
    picker = ProviderPicker()
    picker._model.value = typed
    assert picker._model.value == "openai/gpt-4.1-mini"
    assert "That looked like a key, so it was wiped" in picker._status.value
    assert typed.strip() not in state_of(picker) + repr(vars(picker))
    choose(picker, "openai", "openai/gpt-4.1")
    assert "wiped" not in str(picker)


@pytest.mark.parametrize(
    "model", ["claude-haiku-4-5-20251001", "azure/contosos0deployment4of4ours", "llama3.1", "x" * 19]
)
def test_a_model_is_not_taken_for_a_key(model: str) -> None:
    assert not is_like_a_key(model)


def test_every_control_has_a_name_and_the_state_is_told_in_words() -> None:
    picker = ProviderPicker()
    controls = [w for w in (*picker._box.children, picker._switch, picker._check) if hasattr(w, "description")]
    named = {w.description for w in controls if not isinstance(w, type(picker._status))}
    assert named == {"Provider", "Model id", "Go live with OpenAI", "Check key"}
    assert picker._status.value.startswith('<div role="status"')
    for line in str(picker).splitlines()[:-1]:
        assert f">{html.escape(line)}</p>" in picker._status.value
    assert set(re.findall(r"#[0-9a-f]{3,6}\b|rgb", picker._status.value)) == set()
    assert set(re.findall(r"var\((--\w+)", picker._status.value)) == {"--jp"}


def test_what_is_typed_is_text_and_no_markup() -> None:
    picker = ProviderPicker()
    picker._model.value = "openai/<img src=x onerror=alert(1)>"
    assert "<img" not in picker._status.value + picker._code.value
    assert "&lt;img" in picker._status.value


def test_the_output_of_a_cell_is_a_view_and_a_line_of_text() -> None:
    bundle = ProviderPicker()._repr_mimebundle_(include=None, exclude=None)
    assert bundle["text/plain"] == 'ProviderPicker: course.make_agent("openai/gpt-4.1-mini")'
    assert bundle.keys() == {"text/plain", "application/vnd.jupyter.widget-view+json"}


def test_the_same_choices_say_the_same() -> None:
    first, second = ProviderPicker(), ProviderPicker("mistral")
    choose(first, "cohere", "cohere/command-a")
    choose(second, "cohere", "cohere/command-a")
    assert str(first) == str(second)
    assert isinstance(first._box, Widget)
