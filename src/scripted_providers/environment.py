"""The environment variables that lead unmodified clients to the stand-in, and keep them quiet.

The clients are LiteLLM, the Agents SDK and the vendors' own. One row an endpoint: which variable redirects LiteLLM's
provider, to what path, which variables may hold its key, and what the vendor's client reads. Measured with litellm
1.106 (each redirect by the first host that a call tried); several are not in its documentation, and near relatives of
theirs mean nothing to it: MISTRAL_API_BASE and OLLAMA_HOST, for example.
"""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Endpoint:
    """How LiteLLM finds one provider.

    Attributes:
        name: The provider's name here, which is also its path on the stand-in.
        redirect: The variable whose value replaces the provider's host.
        path: What follows `http://host:port/name` in that variable's value.
        keys: Variables that have to be set before LiteLLM sends a request; the first is the usual one.
        client: Variables, and the values that lead the vendor's own client here; `{here}` is `http://host:port/name`.
            Empty where LiteLLM's are read by that client too, and for Mistral's, which takes its address in code only.
            No keys: LiteLLM would prefer those of Azure's and Together's clients to its own.
        aliases: Other variables that can hold a key or change the request, to be set aside while offline.
        shut: Variables, and the values that close other places where its client looks for keys while offline.
    """

    name: str
    redirect: str
    path: str
    keys: tuple[str, ...]
    client: tuple[tuple[str, str], ...] = ()
    aliases: tuple[str, ...] = ()
    shut: tuple[tuple[str, str], ...] = ()

    @property
    def variables(self) -> tuple[str, ...]:
        """Every variable that has a say in where this provider's requests go and which key they carry."""
        return (*self.keys, self.redirect, *(name for name, _ in (*self.client, *self.shut)), *self.aliases)


DUMMY_KEY = "offline-dummy"
"""The key that the stand-in's own clients send. It opens nothing anywhere."""

OFFLINE_REGION, OFFLINE_VERSION = "us-offline-1", "2024-10-22"
"""Of the right form, and such as no provider has: who finds one in the environment knows that nobody chose it."""

_NOT_SECRET = {"AWS_REGION_NAME": OFFLINE_REGION, "AZURE_API_VERSION": OFFLINE_VERSION}

ENDPOINTS = {
    e.name: e
    for e in (
        Endpoint(
            name="openai",
            redirect="OPENAI_BASE_URL",
            path="/v1",
            keys=("OPENAI_API_KEY",),
            aliases=(
                *("OPENAI_API_BASE", "OPENAI_ORGANIZATION", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_PROJECT"),
                *("OPENAI_CUSTOM_HEADERS", "OPENAI_DEFAULT_MODEL"),
            ),
        ),
        Endpoint(
            name="anthropic",
            redirect="ANTHROPIC_API_BASE",
            path="",
            keys=("ANTHROPIC_API_KEY",),
            client=(("ANTHROPIC_BASE_URL", "{here}"),),
            aliases=(
                *("ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_CUSTOM_HEADERS"),
                # Signing in without a key ("workload identity federation"), read where no key is set.
                *("ANTHROPIC_FEDERATION_RULE_ID", "ANTHROPIC_FEDERATION_WORKSPACE_ID", "ANTHROPIC_ORGANIZATION_ID"),
                *("ANTHROPIC_IDENTITY_SOURCE", "ANTHROPIC_IDENTITY_TOKEN", "ANTHROPIC_IDENTITY_TOKEN_FILE"),
                "ANTHROPIC_SERVICE_ACCOUNT_ID",
            ),
        ),
        Endpoint(
            name="gemini",
            redirect="GEMINI_API_BASE",
            path="/v1beta",
            keys=("GEMINI_API_KEY",),
            client=(("GOOGLE_GEMINI_BASE_URL", "{here}"),),
            aliases=("GOOGLE_API_KEY",),  # wins over GEMINI_API_KEY where both are set
        ),
        Endpoint(
            name="mistral",
            redirect="MISTRAL_AZURE_API_BASE",
            path="/v1",
            keys=("MISTRAL_API_KEY",),
            aliases=("MISTRAL_AZURE_API_KEY", "MISTRAL_API_BASE"),
        ),
        Endpoint(
            name="cohere",
            redirect="COHERE_API_BASE",
            path="/v2/chat",
            keys=("COHERE_API_KEY",),
            client=(("CO_API_URL", "{here}"),),
            aliases=("CO_API_KEY",),
        ),
        Endpoint(
            name="bedrock",
            redirect="AWS_BEDROCK_RUNTIME_ENDPOINT",
            path="",
            keys=("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION_NAME"),
            client=(("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "{here}"), ("AWS_DEFAULT_REGION", OFFLINE_REGION)),
            aliases=(
                *("AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK", "AWS_PROFILE", "AWS_PROFILE_NAME", "AWS_ROLE_NAME"),
                *("AWS_REGION", "AWS_BEDROCK_BASE_URL", "AWS_DEFAULT_PROFILE", "AWS_ROLE_ARN"),
                *("AWS_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_STS_ENDPOINT"),
                *("AWS_EXTERNAL_ID", "AWS_ENDPOINT_URL"),
            ),
            # Without them LiteLLM opens ~/.aws even where the keys are given (a broken file there breaks the call), and
            # where a key is missing it takes the one from there, or asks 169.254.169.254 for one.
            shut=(
                ("AWS_CONFIG_FILE", os.devnull),
                ("AWS_SHARED_CREDENTIALS_FILE", os.devnull),
                ("AWS_EC2_METADATA_DISABLED", "true"),
            ),
        ),
        Endpoint(
            name="azure",
            redirect="AZURE_API_BASE",
            path="",
            keys=("AZURE_API_KEY", "AZURE_API_VERSION"),
            client=(("AZURE_OPENAI_ENDPOINT", "{here}"), ("OPENAI_API_VERSION", OFFLINE_VERSION)),
            aliases=(
                *("AZURE_OPENAI_API_KEY", "AZURE_AD_TOKEN", "AZURE_OPENAI_AD_TOKEN"),
                *("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_API_TYPE"),
            ),
        ),
        Endpoint(
            name="ollama",
            redirect="OLLAMA_API_BASE",
            path="",
            keys=(),
            client=(("OLLAMA_HOST", "{here}"),),
            aliases=("OLLAMA_API_KEY",),
        ),
        Endpoint(
            name="together",
            redirect="TOGETHER_AI_API_BASE",
            path="/v1",
            keys=("TOGETHERAI_API_KEY",),
            client=(("TOGETHER_BASE_URL", "{here}"),),
            aliases=("TOGETHER_API_KEY", "TOGETHER_AI_API_KEY", "TOGETHER_AI_TOKEN"),
        ),
    )
}


@dataclass(frozen=True)
class Variable:
    """One environment variable, its value, and why it is set."""

    name: str
    value: str
    why: str


QUIET = (
    Variable("LITELLM_LOCAL_MODEL_COST_MAP", "True", "LiteLLM reads prices from its package and downloads none"),
    Variable("LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS", "True", "LiteLLM reads Anthropic's beta headers from its package"),
    Variable("HF_HUB_OFFLINE", "1", "LiteLLM looks for no tokenizer on the Hugging Face hub"),
    Variable("LITELLM_MODE", "PRODUCTION", "LiteLLM loads no .env file behind your back"),
    Variable("USE_LITELLM_PROXY", "False", "LiteLLM sends no call to a LiteLLM proxy, whichever provider it is for"),
)
"""Set before `import litellm`, these stop what it would fetch or load by itself."""


def redirect(endpoint: Endpoint, base: str) -> tuple[Variable, ...]:
    """Return the variables that lead LiteLLM's requests to one provider to `base`, the stand-in; with a dummy key."""
    keys = (
        Variable(
            name, _NOT_SECRET.get(name, DUMMY_KEY), f"{endpoint.name}: stands where a real value would; opens nothing"
        )
        for name in endpoint.keys
    )
    target = Variable(
        endpoint.redirect,
        f"{base.rstrip('/')}/{endpoint.name}{endpoint.path}",
        f"{endpoint.name}: requests go to the server on this machine",
    )
    why = f"{endpoint.name}: keys are looked for nowhere else on this machine or its network"
    return (target, *keys, *(Variable(name, value, why) for name, value in endpoint.shut))


def for_its_client(endpoint: Endpoint, base: str) -> tuple[Variable, ...]:
    """Return the variables that lead a vendor's own client to the stand-in at `base`, after those of `redirect`."""
    here, why = f"{base.rstrip('/')}/{endpoint.name}", f"{endpoint.name}: for its vendor's own client"
    return tuple(Variable(name, value.format(here=here), why) for name, value in endpoint.client)


def past_the_proxy(environ: Mapping[str, str]) -> tuple[Variable, ...]:
    """Return the variables that keep loopback requests from a proxy, and all others on it.

    Any proxy variable hides the system's own proxy settings from Python, so those are copied into the environment too.
    """
    system = {f"{kind}_proxy".upper(): url for kind, url in urllib.request.getproxies().items() if kind != "no"}
    why = "your system's proxy, which NO_PROXY would otherwise hide"
    kept = [Variable(n, u, why) for n, u in sorted(system.items()) if n not in environ and n.lower() not in environ]
    known = ",".join(filter(None, (environ.get("NO_PROXY"), environ.get("no_proxy"))))
    hosts = list(dict.fromkeys(h.strip() for h in [*known.split(","), "127.0.0.1", "localhost"] if h.strip()))
    if "*" in hosts:  # no request passes a proxy; next to other hosts Python's own clients would not see it
        hosts = ["*"]
    why = "requests to this machine pass no proxy"
    return (*kept, *(Variable(n, ",".join(hosts), why) for n in ("NO_PROXY", "no_proxy")))


def env(base: str, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return every variable that a program needs to run against the stand-in at `base` instead of nine providers.

    LiteLLM, the Agents SDK and the vendors' own clients read them. An address in a program's code wins over them. The
    client of Mistral takes none from the environment, and those of Azure and Together want a key in code.

    Args:
        base: Such as "http://127.0.0.1:8123".
        environ: The environment that they will join; this process's by default. Its NO_PROXY entries are kept.

    Example:
        >>> env("http://127.0.0.1:8123", {})["ANTHROPIC_API_BASE"]
        'http://127.0.0.1:8123/anthropic'
    """
    if not isinstance(base, str):
        raise TypeError(f"base={base!r}: give the stand-in's address, such as 'http://127.0.0.1:8123'.")
    given = os.environ if environ is None else environ
    rows = [*QUIET, *past_the_proxy(given)]
    for endpoint in ENDPOINTS.values():
        rows += [*redirect(endpoint, base), *for_its_client(endpoint, base)]
    return {row.name: row.value for row in rows}
