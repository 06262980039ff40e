"""`check_key`: one real call with the learner's own key, made beside an environment that stays as it is."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from anymodel_course import session
from anymodel_course.instruments import key_check as module
from anymodel_course.instruments.key_check import check_key
from anymodel_course.providers import PROVIDERS
from scripted_providers import fails
from scripted_providers.server import Server

WITH_KEY = [name for name, row in PROVIDERS.items() if row.key_sets]


@pytest.fixture
def own(learner: Path, vendor: Any, started: Server) -> Callable[[str], None]:
    """Give the learner a key of a provider, and lead its calls to the vendor's server; the kernel stays offline."""

    def give(name: str) -> None:
        os.environ.update(vendor.own(name))
        session.start()

    return give


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, str]]]:
    """Start no program, which takes seconds: keep the model and the environment that each would have got."""
    kept: list[tuple[str, dict[str, str]]] = []

    def run(command: list[str], env: dict[str, str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        kept.append((command[-1], env))
        return subprocess.CompletedProcess(command, 0, b"null\n")

    monkeypatch.setattr(subprocess, "run", run)
    return kept


def test_a_call_is_made_while_the_kernel_is_offline_and_stays_so(own: Any, vendor: Any, started: Server) -> None:
    own("anthropic")
    before = dict(os.environ)
    result = check_key("anthropic")
    assert repr(result) == "OK: Anthropic at the address in ANTHROPIC_API_BASE accepted the key and answered."
    assert result.ok
    assert (len(vendor.server.log), len(started.log)) == (1, 0)
    assert vendor.seen == ["own-anthropic-api-key-0123456789"]
    assert vendor.server.log[0].request["max_tokens"] == 16
    assert dict(os.environ) == before
    assert (session.live_names(), session._calls) == (frozenset(), 1)


@pytest.mark.parametrize("name", WITH_KEY)
async def test_what_the_program_gets_leads_one_call_with_the_own_key_to(
    name: str, own: Any, vendor: Any, started: Server, programs: Any
) -> None:
    own(name)
    assert check_key(name).said.startswith(f"OK: {PROVIDERS[name].title}")
    ((model_id, environ),) = programs
    os.environ.clear()
    os.environ.update(environ)
    await module._call(model_id)
    assert (len(vendor.server.log), len(started.log)) == (1, 0)
    assert vendor.seen == [vendor.own(name)[PROVIDERS[name].key_sets[0][0]]]


def test_a_refusal_is_one_line_without_the_key(own: Any, vendor: Any) -> None:
    own("together")
    vendor.server.says(fails("wrong_key", message="The key own-key-0123456789 is wrong."))
    result = check_key("together")
    assert not result.ok
    assert "Together AI did not answer. " in repr(result)
    assert "The provider refused the key." in repr(result)
    assert "\n" not in repr(result)
    assert "0123456789" not in repr(result)


def test_a_rate_limit_is_not_tried_again(own: Any, vendor: Any) -> None:
    own("openai")
    vendor.server.says(fails("rate_limit"), times=3)
    assert "The provider takes no more requests" in check_key("openai/gpt-4.1-mini").said
    assert len(vendor.server.log) == 1


def test_without_a_key_nothing_is_asked_or_counted(started: Server) -> None:
    assert check_key("anthropic").said == "Not checked: no key: set ANTHROPIC_API_KEY in .env."
    assert check_key("ollama").said == "Ollama needs no key."
    assert session._calls == 0


def test_it_counts_against_the_cap(own: Any, programs: Any) -> None:
    own("openai")
    session.start(max_calls=1)
    assert check_key().ok
    with pytest.raises(session.LiveCap, match="1 live calls since start"):
        check_key()
    assert len(programs) == 1


def test_a_provider_that_never_answers_is_left(own: Any, vendor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    own("mistral")
    vendor.server.says(fails("timeout"))
    monkeypatch.setattr(module, "LONGEST", 0.3)
    assert check_key("mistral").said == "No answer from Mistral within 0.3 seconds. Is the network there?"


def test_what_a_broken_program_prints_is_not_shown(own: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    own("cohere")
    printed = subprocess.CompletedProcess([], 1, stdout=b"own-cohere-api-key-0123456789\n", stderr=b"")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: printed)
    assert check_key("cohere").said == "The check of Cohere broke off. `course.doctor()` may say why."


def test_other_providers_keys_do_not_come_along(own: Any, vendor: Any, programs: Any) -> None:
    own("openai")
    own("anthropic")
    check_key("anthropic")
    ((model_id, environ),) = programs
    assert model_id == PROVIDERS["anthropic"].model
    assert environ.items() >= vendor.own("anthropic").items()
    assert not environ.keys() & vendor.own("openai").keys()
    assert environ["LITELLM_LOCAL_MODEL_COST_MAP"] == "True"


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        (7, TypeError, "not int"),
        ("antropic", ValueError, "Did you mean 'anthropic'"),
        ("groq/llama", ValueError, "none of the course's nine"),
    ],
)
def test_a_wrong_model_is_told_of(given: Any, error: type[Exception], words: str, started: Server) -> None:
    with pytest.raises(error, match=words):
        check_key(given)


def test_a_live_provider_outside_the_nine_is_told_of(started: Server) -> None:
    session.start(live=["groq"])
    with pytest.raises(ValueError, match="none of the course's nine providers. There are: openai, anthropic"):
        check_key("groq/llama")


def test_before_start_there_is_one_sentence(learner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_server", None)
    with pytest.raises(RuntimeError, match=r"call course\.start\(\) first"):
        check_key()
