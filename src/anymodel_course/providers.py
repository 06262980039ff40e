"""The nine providers of the course: one row each. Every model id that the course uses stands here.

What redirects a provider, and which variables hold its key, stands in `scripted_providers.environment`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace

from scripted_providers.environment import ENDPOINTS, Endpoint
from scripted_providers.naming import nearest


@dataclass(frozen=True)
class Provider:
    """One provider.

    Attributes:
        name: How the course calls it.
        title: How it calls itself.
        prefix: What LiteLLM wants before the slash in a model id.
        model: The full id that the course uses, "prefix/model".
        cheap: The full id that `live-check` uses: the cheapest of its chat models with function calling that LiteLLM's
            bundled map holds and gives no near end to.
        key_page: Where to get a key.
        key_sets: Sets of variables; any one set, complete, lets LiteLLM in. The first is the usual one. Empty for a
            provider on your machine.
        first_tried: Variables that LiteLLM takes before the usual one where both are set (measured with 1.106).
    """

    name: str
    title: str
    prefix: str
    model: str
    cheap: str
    key_page: str
    key_sets: tuple[tuple[str, ...], ...]
    first_tried: tuple[str, ...] = ()

    @property
    def endpoint(self) -> Endpoint:
        """Its row among the redirects."""
        return ENDPOINTS[self.name]

    @property
    def key_sets_as_tried(self) -> list[tuple[str, ...]]:
        """The key sets in LiteLLM's order: the first complete one is what it sends."""
        return sorted(self.key_sets, key=lambda names: names[0] not in self.first_tried)


PROVIDERS = {
    p.name: p
    for p in (
        Provider(
            name="openai",
            title="OpenAI",
            prefix="openai",
            model="openai/gpt-4.1-mini",
            cheap="openai/gpt-6-luna",
            key_page="https://platform.openai.com/api-keys",
            key_sets=(("OPENAI_API_KEY",),),
        ),
        Provider(
            name="anthropic",
            title="Anthropic",
            prefix="anthropic",
            model="anthropic/claude-sonnet-5-5",
            cheap="anthropic/claude-haiku-5-5",
            key_page="https://console.anthropic.com/settings/keys",
            key_sets=(("ANTHROPIC_API_KEY",), ("ANTHROPIC_AUTH_TOKEN",)),
        ),
        Provider(
            name="gemini",
            title="Google Gemini",
            prefix="gemini",
            model="gemini/gemini-3.8-flash",
            cheap="gemini/gemini-3.1-flash-lite",
            key_page="https://aistudio.google.com/apikey",
            key_sets=(("GOOGLE_API_KEY",), ("GEMINI_API_KEY",)),
        ),
        Provider(
            name="mistral",
            title="Mistral",
            prefix="mistral",
            model="mistral/mistral-large-latest",
            cheap="mistral/mistral-small-latest",
            key_page="https://console.mistral.ai/api-keys",
            key_sets=(("MISTRAL_API_KEY",), ("MISTRAL_AZURE_API_KEY",)),
            first_tried=("MISTRAL_AZURE_API_KEY",),
        ),
        Provider(
            name="cohere",
            title="Cohere",
            prefix="cohere",
            model="cohere/command-a-03-2025",
            cheap="cohere/command-r7b-12-2024",
            key_page="https://dashboard.cohere.com/api-keys",
            key_sets=(("COHERE_API_KEY",), ("CO_API_KEY",)),
        ),
        Provider(
            name="bedrock",
            title="AWS Bedrock",
            prefix="bedrock",
            model="bedrock/us.anthropic.claude-sonnet-4-6",
            cheap="bedrock/us.amazon.nova-micro-v1:0",
            key_page="https://console.aws.amazon.com/iam",
            key_sets=(
                ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION_NAME"),
                ("AWS_BEARER_TOKEN_BEDROCK", "AWS_REGION_NAME"),
            ),
            first_tried=("AWS_BEARER_TOKEN_BEDROCK",),
        ),
        Provider(
            name="azure",
            title="Azure OpenAI",
            prefix="azure",
            model="azure/gpt-4.1-mini",  # after the slash stands your deployment's name, whatever it is
            cheap="azure/gpt-4.1-mini",
            key_page="https://portal.azure.com",
            key_sets=(("AZURE_API_KEY", "AZURE_API_BASE"),),
        ),
        Provider(
            name="ollama",
            title="Ollama",
            prefix="ollama_chat",
            model="ollama_chat/llama3.1",
            cheap="ollama_chat/llama3.1",
            key_page="https://ollama.com/download",
            key_sets=(),
        ),
        Provider(
            name="together",
            title="Together AI",
            prefix="together_ai",
            model="together_ai/openai/gpt-oss-120b",
            cheap="together_ai/openai/gpt-oss-120b",
            key_page="https://api.together.ai/settings/api-keys",
            key_sets=(
                ("TOGETHERAI_API_KEY",),
                ("TOGETHER_API_KEY",),
                ("TOGETHER_AI_API_KEY",),
                ("TOGETHER_AI_TOKEN",),
            ),
            first_tried=("TOGETHER_API_KEY", "TOGETHER_AI_API_KEY"),
        ),
    )
}

_PREFIXES = {p.prefix: p.name for p in PROVIDERS.values()}
_PREFIXES |= {"ollama": "ollama", "cohere_chat": "cohere", "bedrock_converse": "bedrock"}  # LiteLLM's second names

# `live-check` names its model here, for the kernels that it starts; a learner names one in make_agent.
_CHECKED = os.environ.get("ANYMODEL_MODEL", "")
PROVIDERS |= {n: replace(PROVIDERS[n], model=_CHECKED) for p, n in _PREFIXES.items() if p == _CHECKED.partition("/")[0]}


def provider(name: str) -> Provider:
    """Return the provider with this name, or the one that a full model id belongs to.

    Args:
        name: Such as "anthropic" or "anthropic/claude-sonnet-5-5".

    Raises:
        TypeError: It is no string.
        ValueError: None of the nine; the message names the nearest.

    Example:
        >>> provider("together_ai/openai/gpt-oss-120b").title
        'Together AI'
    """
    if not isinstance(name, str):
        raise TypeError(f"A provider is named by a string such as 'anthropic', not by {name!r}.")
    wanted = name.strip().lower()
    found = wanted if wanted in PROVIDERS else _PREFIXES.get(wanted.partition("/")[0])
    if found:
        return PROVIDERS[found]
    raise ValueError(
        f"No provider of this course is called {shown(name)}. {nearest(wanted.partition('/')[0], PROVIDERS)}"
    )


def course_name(name: str) -> str:
    """Return how the course calls a provider that LiteLLM calls "together_ai" or "cohere_chat"; others keep their name.

    Example:
        >>> course_name("together_ai"), course_name("groq")
        ('together', 'groq')
    """
    try:
        return provider(name).name
    except ValueError:
        return name


LIKE_A_KEY = re.compile(r"sk-.*|[^/]*\w{20,}[^/]*|[A-Za-z0-9+/]{40}")
"""The whole of a text that looks like a key. The last form is an AWS secret, which may have slashes inside."""

_LIKE_A_PREFIX = re.compile(r"[A-Za-z][a-z0-9_-]{0,20}")


def may_be_a_key(name: str) -> bool:
    """Say whether a mistyped name, or a model id with its slashes, may be a key that slipped into the wrong place."""
    whole = name.strip()
    head, slash, rest = whole.partition("/")
    if any(LIKE_A_KEY.fullmatch(text) for text in (whole, rest, *whole.split("/"))):
        return True
    return not _LIKE_A_PREFIX.fullmatch(head) if slash else len(name) >= 30


def shown(name: str) -> str:
    """Return a mistyped name as a message may show it: not where it may be a key."""
    return "that (it may be a key, and is not shown)" if may_be_a_key(name) else repr(name)
