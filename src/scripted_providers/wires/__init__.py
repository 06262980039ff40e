"""The formats that the stand-in speaks. A path prefix (`/openai`, `/anthropic`, …) has one wire or more."""

from .anthropic import Anthropic
from .base import BadRequest, Refusal, Wire, dumps
from .bedrock import Bedrock
from .cohere import Cohere
from .gemini import Gemini
from .ollama import OllamaChat, OllamaGenerate
from .openai_chat import DIALECTS, OpenAIChat
from .openai_responses import OpenAIResponses

WIRES: tuple[Wire, ...] = (
    *map(OpenAIChat, DIALECTS),
    Cohere(),
    Bedrock(),
    Anthropic(),
    OpenAIResponses(),
    OllamaChat(),
    OllamaGenerate(),
    Gemini(),
)

__all__ = ["WIRES", "BadRequest", "Refusal", "Wire", "dumps"]
