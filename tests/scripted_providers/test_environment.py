"""The variables that lead a program here: nine redirects, dummy keys, and past every proxy."""

from __future__ import annotations

import subprocess
import sys
import urllib.request

import pytest

from scripted_providers import DUMMY_KEY, ENDPOINTS, Server, env
from scripted_providers.environment import QUIET, past_the_proxy, redirect
from scripted_providers.wires import _MODULES
from wire_requests import WIRES

BASE = "http://127.0.0.1:8123"


@pytest.fixture(autouse=True)
def no_system_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urllib.request, "getproxies", dict)


def past(**environ: str) -> dict[str, str]:
    return {row.name: row.value for row in past_the_proxy(environ)}


def both(hosts: str) -> dict[str, str]:
    return {"NO_PROXY": hosts, "no_proxy": hosts}


def test_this_machine_passes_no_proxy_and_what_stood_there_stays() -> None:
    assert past() == both("127.0.0.1,localhost")
    assert past(NO_PROXY="a.example") == both("a.example,127.0.0.1,localhost")
    assert past(no_proxy=" a.example , .b ,,") == both("a.example,.b,127.0.0.1,localhost")
    assert past(NO_PROXY="a,b", no_proxy="b,c") == both("a,b,c,127.0.0.1,localhost")
    assert past(NO_PROXY="localhost,127.0.0.1") == both("localhost,127.0.0.1")
    assert past(**both("127.0.0.1,localhost")) == both("127.0.0.1,localhost")


def test_a_star_keeps_its_meaning_which_another_host_beside_it_would_take(monkeypatch: pytest.MonkeyPatch) -> None:
    assert past(NO_PROXY="*") == both("*")
    assert past(no_proxy="a,*") == both("*")
    for name, value in past(NO_PROXY="*").items():
        monkeypatch.setenv(name, value)
    assert urllib.request.proxy_bypass_environment("far.example") == 1  # type: ignore[attr-defined]


def test_the_systems_proxies_are_kept_unless_the_environment_names_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    system = {"http": "http://proxy:3128", "https": "http://proxy:3129", "no": "ignored"}
    monkeypatch.setattr(urllib.request, "getproxies", lambda: system)
    kept = {"HTTP_PROXY": "http://proxy:3128", "HTTPS_PROXY": "http://proxy:3129"}
    assert past() == kept | both("127.0.0.1,localhost")
    assert past(https_proxy="mine") == {"HTTP_PROXY": "http://proxy:3128"} | both("127.0.0.1,localhost")
    assert past(HTTP_PROXY="mine", HTTPS_PROXY="mine") == both("127.0.0.1,localhost")


def test_an_address_is_a_text() -> None:
    for wrong in (None, 8123):
        with pytest.raises(TypeError, match="base=.*: give the stand-in's address"):
            env(wrong)  # type: ignore[arg-type]


def test_env_redirects_nine_providers_with_dummy_keys_and_quiets_litellm() -> None:
    found = env(BASE + "/", {})
    assert {e.redirect: found[e.redirect] for e in ENDPOINTS.values()} == {
        "OPENAI_BASE_URL": f"{BASE}/openai/v1",
        "ANTHROPIC_API_BASE": f"{BASE}/anthropic",
        "GEMINI_API_BASE": f"{BASE}/gemini/v1beta",
        "MISTRAL_AZURE_API_BASE": f"{BASE}/mistral/v1",
        "COHERE_API_BASE": f"{BASE}/cohere/v2/chat",
        "AWS_BEDROCK_RUNTIME_ENDPOINT": f"{BASE}/bedrock",
        "AZURE_API_BASE": f"{BASE}/azure",
        "OLLAMA_API_BASE": f"{BASE}/ollama",
        "TOGETHER_AI_API_BASE": f"{BASE}/together/v1",
    }
    keys = [name for e in ENDPOINTS.values() for name in e.keys]
    assert {found[name] for name in keys} == {DUMMY_KEY, "us-offline-1", "2024-10-22"}
    assert {row.name: row.value for row in QUIET}.items() <= found.items()
    assert found["AWS_EC2_METADATA_DISABLED"] == "true"


def test_env_takes_this_processs_environment_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "here.example")
    monkeypatch.delenv("no_proxy", raising=False)
    assert env(BASE)["NO_PROXY"] == "here.example,127.0.0.1,localhost"
    assert env(BASE, {"NO_PROXY": "there.example"})["NO_PROXY"] == "there.example,127.0.0.1,localhost"
    with Server() as server:
        assert server.env() == env(server.base)
        assert server.env({}) == env(server.base, {})


def test_every_variable_has_a_reason_and_every_endpoint_knows_its_own() -> None:
    for endpoint in ENDPOINTS.values():
        rows = redirect(endpoint, BASE)
        assert all(row.why and row.value for row in rows)
        assert {row.name for row in rows} <= set(endpoint.variables)
        assert len(set(endpoint.variables)) == len(endpoint.variables)


def test_every_endpoint_has_a_wire_and_every_wire_an_endpoint() -> None:
    assert {wire.provider for wire in WIRES} == set(_MODULES) == set(ENDPOINTS)


def test_the_package_is_light_until_a_server_is_made() -> None:
    code = (
        "import sys, scripted_providers as s; s.env('http://127.0.0.1:1', {});"
        "heavy = {'uvicorn', 'starlette', 'yaml', 'pydantic', 'httpx', 'litellm', 'agents'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
