"""Agents as anybody writes them, on any provider. Importing this imports the SDK and LiteLLM."""

from __future__ import annotations

from typing import Any

from agents import Agent, ModelSettings, RunConfig, Runner, function_tool
from agents.extensions.models.litellm_model import LitellmModel
from agents.result import RunResultBase
from openai import OpenAIError
from pydantic import BaseModel

from anymodel_course.providers import PROVIDERS

__all__ = ["City", "OpenAIError", "agent", "get_time", "get_weather", "run"]


class City(BaseModel):
    city: str
    people: int


@function_tool
def get_weather(city: str) -> str:
    """Look up the weather."""
    return f"rain in {city}"


@function_tool
def get_time(zone: str) -> str:
    """Look up the time."""
    return f"12:00 {zone}"


def agent(provider: str, settings: dict[str, Any] | None = None, **more: Any) -> Agent[Any]:
    """Make an agent: of a provider, of a full model id, or "native", one that names no model."""
    if provider != "native":
        more["model"] = LitellmModel(model=provider if "/" in provider else PROVIDERS[provider].model)
    return Agent(name="Agent", model_settings=ModelSettings(**{"include_usage": True} | (settings or {})), **more)


async def run(asked: Agent[Any], prompt: str = "Hello.", stream: bool = False) -> tuple[RunResultBase, list[str]]:
    """Run an agent; return the result, and the pieces that its text was streamed in."""
    config = RunConfig(tracing_disabled=True)
    if not stream:
        return await Runner.run(asked, prompt, run_config=config), []
    result = Runner.run_streamed(asked, prompt, run_config=config)
    events = [event.data async for event in result.stream_events() if event.type == "raw_response_event"]
    return result, [data.delta for data in events if data.type == "response.output_text.delta"]
