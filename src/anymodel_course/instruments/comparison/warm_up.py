"""What a kernel's first call costs, paid before anything is timed: up to a second, in code that loads at first use.

The calls go to a stand-in of their own: they spend nothing, take nothing from the queue of `model_says`, and nobody
counts them: not the course (`unreported`), and nothing else that listens at LiteLLM ("no-log", its own switch). What
they cannot warm is a live provider's connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from agents import Agent, ModelSettings, RunConfig, Runner
from agents.extensions.models.litellm_model import LitellmModel

from scripted_providers.environment import DUMMY_KEY
from scripted_providers.server import Server

from ...providers import PROVIDERS, Provider
from ...unreported import unreported

LONGEST = 20.0  # seconds

_warm: set[str] = set()


async def warm_up(providers: Iterable[str]) -> None:
    """Make one call for each provider that this kernel has not warmed yet; a failure is no matter here."""
    cold = [PROVIDERS[name] for name in dict.fromkeys(providers) if name in PROVIDERS and name not in _warm]
    if not cold:
        return
    with Server() as server, unreported():
        for row in cold:  # one after the other: what the first loads, the others find
            with suppress(Exception):
                async with asyncio.timeout(LONGEST):
                    await _one(row, server)
            _warm.add(row.name)


async def _one(row: Provider, server: Server) -> None:
    base = f"{server.base}/{row.name}{row.endpoint.path}"
    extra: dict[str, Any] = {"no-log": True}
    if row.name == "bedrock":  # goes where its variable says, unless told so by this name
        extra["aws_bedrock_runtime_endpoint"] = base
    agent: Agent[None] = Agent(
        "Warm-up",
        model=LitellmModel(row.model, base_url=base, api_key=DUMMY_KEY),
        model_settings=ModelSettings(include_usage=True, extra_args=extra),
    )
    streamed = Runner.run_streamed(agent, "Hello!", run_config=RunConfig(tracing_disabled=True))
    async for _ in streamed.stream_events():
        pass
