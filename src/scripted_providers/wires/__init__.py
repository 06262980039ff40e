"""The formats that the stand-in speaks. A path prefix (`/openai`, `/anthropic`, …) has one wire or more."""

from functools import cache
from importlib import import_module

from .base import BadRequest, Opening, Refusal, Wire, dumps

_MODULES = {
    "openai": ("openai_chat", "openai_responses"),
    "mistral": ("openai_chat",),
    "azure": ("openai_chat",),
    "together": ("openai_chat",),
    "cohere": ("cohere",),
    "bedrock": ("bedrock",),
    "anthropic": ("anthropic",),
    "ollama": ("ollama",),
    "gemini": ("gemini",),
}


@cache
def wires_of(provider: str) -> tuple[Wire, ...]:
    """Return what a path prefix speaks; nothing where it is unknown.

    A wire's module is imported when its provider is first called: each takes some hundredths of a second, and who
    starts the stand-in seldom needs all nine.
    """
    modules = (import_module(f"{__name__}.{module}") for module in _MODULES.get(provider, ()))
    return tuple(wire for module in modules for wire in module.WIRES if wire.provider == provider)


__all__ = ["BadRequest", "Opening", "Refusal", "Wire", "dumps", "wires_of"]
