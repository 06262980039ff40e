"""Offline, live and offline again in one kernel: every request goes where it should, whoever keeps the agent."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest
from agents import Agent, ModelSettings, Runner
from agents.extensions.models.litellm_model import LitellmModel

from anymodel_course import session
from anymodel_course.providers import PROVIDERS


def agent_of(name: str) -> Agent[Any]:
    once = ModelSettings(extra_args={"max_retries": 0, "num_retries": 0, "timeout": 5})
    return Agent(name="Plain", model=LitellmModel(model=PROVIDERS[name].model), model_settings=once)


async def ask(agent: Agent[Any], *, streamed: bool) -> str:
    if not streamed:
        return str((await Runner.run(agent, "Hello!")).final_output)
    result = Runner.run_streamed(agent, "Hello!")
    async for _ in result.stream_events():
        pass
    return str(result.final_output)


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
async def test_all_nine_switch_there_and_back_with_kept_and_new_models(
    learner: Path, vendor: Any, streamed: bool
) -> None:
    for name in PROVIDERS:
        os.environ.update(vendor.own(name))
    session.start()
    stand_in = session.stand_in()
    vendor.server.says("vendor", times=99)
    kept = {name: agent_of(name) for name in PROVIDERS}

    async def answers() -> dict[str, set[str]]:
        return {n: {await ask(a, streamed=streamed) for a in (kept[n], agent_of(n))} for n in PROVIDERS}

    session.model_says("script", times=18)
    assert await answers() == dict.fromkeys(PROVIDERS, {"script"})
    assert len(vendor.server.log) == 0

    session.start(live=PROVIDERS)
    assert await answers() == dict.fromkeys(PROVIDERS, {"vendor"})
    assert [e.provider for e in vendor.server.log] == [n for n in PROVIDERS for _ in range(2)]
    assert len(stand_in.log) == 0
    assert "offline-dummy" not in vendor.seen

    session.start()
    session.model_says("script", times=18)
    assert await answers() == dict.fromkeys(PROVIDERS, {"script"})
    assert len(vendor.server.log) == 18


async def test_a_corrected_and_a_deleted_key_are_what_the_vendor_sees(learner: Path, vendor: Any, dotenv: Any) -> None:
    os.environ.update(vendor.own("mistral") | {"MISTRAL_API_KEY": "wrong-key-0123456789"})
    session.start()
    dotenv("MISTRAL_API_KEY=right-key-0123456789")
    del os.environ["MISTRAL_API_KEY"]
    session.start(live=["mistral"])
    await ask(agent_of("mistral"), streamed=False)
    assert vendor.seen == ["right-key-0123456789"]
    os.environ["MISTRAL_API_KEY"] = "third-key-0123456789"
    session.start(live=["mistral"])
    del os.environ["MISTRAL_API_KEY"]
    dotenv("")
    session.start()
    with pytest.raises(ValueError, match="no key: set MISTRAL_API_KEY"):
        session.start(live=["mistral"])


HOSTS = {
    "openai": "api.openai.com",
    "anthropic": "api.anthropic.com",
    "gemini": "generativelanguage.googleapis.com",
    "mistral": "api.mistral.ai",
    "cohere": "api.cohere.com",
    "bedrock": "bedrock-runtime.eu-north-1.amazonaws.com",
    "azure": "of-the-learner.openai.azure.com",
    "ollama": "localhost",
    "together": "api.together.ai",
}


@pytest.mark.parametrize("name", PROVIDERS)
async def test_live_without_an_address_of_ones_own_tries_the_vendors_host_first(
    name: str, learner: Path, vendor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = vendor.own(name)
    own.pop(PROVIDERS[name].endpoint.redirect)
    if name == "azure":
        own["AZURE_API_BASE"] = f"https://{HOSTS['azure']}"
    os.environ.update(own)
    tried: list[str] = []

    def nowhere(host: Any, *_: Any, **__: Any) -> Any:
        tried.append(host.decode() if isinstance(host, bytes) else str(host))
        raise socket.gaierror(f"{host}: this test answers for every host")

    session.start(live=[name])
    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    with pytest.raises(Exception, match=r".+"):
        await ask(agent_of(name), streamed=False)
    assert tried[0] == HOSTS[name]
    assert set(tried) == {HOSTS[name]}
