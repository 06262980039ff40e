"""One request as it went out, told by whoever saw it: the stand-in's log, or LiteLLM itself. No key gets in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from scripted_providers.log import REDACTED, SHOWN_QUERY, Exchange, shown, without

from . import keys


@dataclass(frozen=True)
class Sent:
    """One request, and its answer where that was seen.

    Attributes:
        provider: The course's name of the provider, or LiteLLM's where it is none of the nine.
        line: The method and the vendor's own path; for what LiteLLM reported, the address.
        headers: By name in lower case, with every value redacted that is not known to be harmless.
        body: The JSON body, or None where it was not read: a wrong key is refused before.
        status: The answer's HTTP status, or None where there is none to tell of.
        answer_headers: As `headers`.
        answer: The answer's JSON body, or its text where it is no JSON, or the list of a stream's frames.
        cut: The connection was closed before the answer was through.
        reported: LiteLLM told of it before it sent it; it went somewhere else than to the stand-in.
        at: When, on Python's monotonic clock, in seconds.
    """

    provider: str
    line: str
    headers: Mapping[str, str]
    body: Any = None
    status: int | None = None
    answer_headers: Mapping[str, str] = field(default_factory=dict)
    answer: Any = None
    cut: bool = False
    reported: bool = False
    at: float = field(default=0.0, repr=False, compare=False)


def from_log(exchange: Exchange) -> Sent:
    """Tell of a request that the stand-in received."""
    secrets = own_secrets()
    frames = exchange.response or []
    answer = _as_json(frames[0]) if len(frames) == 1 else frames or None
    return Sent(
        provider=exchange.provider,
        line=scrubbed(f"{exchange.method} {exchange.path}", secrets),
        headers=scrubbed(exchange.request_headers, secrets),
        body=scrubbed(exchange.request, secrets),
        status=exchange.status,
        answer_headers=scrubbed(exchange.response_headers, secrets),
        answer=scrubbed(answer, secrets),
        cut=exchange.cut,
        at=exchange.started,
    )


def from_hook(
    provider: str, address: str, headers: Mapping[str, Any], body: Any, keys_given: Iterable[Any], at: float
) -> Sent:
    """Tell of a request that LiteLLM is about to send.

    Args:
        provider: Whose it is.
        address: The URL, or the base URL, as LiteLLM reports it.
        headers: As LiteLLM reports them, keys and all.
        body: A JSON value, or its text.
        keys_given: Keys known to belong to this call.
        at: When, in seconds.
    """
    told = {name.lower(): str(value) for name, value in headers.items() if value is not None}
    carried = [
        word for name, value in told.items() if _NAMES_A_KEY.search(name) for word in re.split(r"[\s,=/]+", value)
    ]
    secrets = [*own_secrets(), *(str(key) for key in keys_given if key), *carried]
    return Sent(
        provider=provider,
        line=scrubbed(_plain_address(address), secrets),
        headers=scrubbed(shown(told), secrets),
        body=scrubbed(_as_json(body), secrets),
        reported=True,
        at=at,
    )


def own_secrets() -> list[str]:
    """Return every key of the learner's own that the course knows of, offline too. For redacting, not for showing."""
    words = ("KEY", "TOKEN", "SECRET")
    return [value.reveal() for name, (_, value) in keys.own_values().items() if any(word in name for word in words)]


_NAMES_A_KEY = re.compile(
    r"((api|access|secret|private|subscription)[-_]?key([-_]?id)?|secret|password|authorization|cookie|credentials?"
    r"|(access|auth|bearer|security|session|ad)[-_]?token)$",
    re.IGNORECASE,
)
_LOOKS_LIKE_A_KEY = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|hf|tgp|key|glpat|ghp)[-_][A-Za-z0-9_-]{16,}|\bAIza[A-Za-z0-9_-]{30,}"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\b(?:Bearer|Basic)\s+[A-Za-z0-9._~+/-]{16,}=*"
)
_DEEPEST = 100  # levels of a body; what lies below them nobody reads, and Python's stack ends somewhere


def scrubbed(value: Any, secrets: Iterable[str]) -> Any:
    """Return a JSON value without the secrets, without what stands under a key's name and what looks like a key.

    Example:
        >>> scrubbed({"api_key": "abc", "messages": ["my-secret-1 is it"]}, ["my-secret-1"])
        {'api_key': '[redacted]', 'messages': ['[redacted] is it']}
    """
    known = {form for secret in secrets for form in (secret, quote(secret, safe=""))}
    return _scrubbed(value, sorted(known, key=len, reverse=True), 0)  # a key may begin with another


def _scrubbed(value: Any, secrets: list[str], depth: int) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = without(secret, value)
        return _LOOKS_LIKE_A_KEY.sub(REDACTED, value)
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {
            _scrubbed(name, secrets, depth): (
                REDACTED if isinstance(item, str) and _NAMES_A_KEY.search(name) else _scrubbed(item, secrets, depth + 1)
            )
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_scrubbed(item, secrets, depth + 1) for item in value]
    return value


def _plain_address(address: str) -> str:
    """Return an address without user and password, and with its query redacted: Gemini takes a key there."""
    parts = urlsplit(address)
    query = "&".join(f"{name}={value}" for name, value in shown(dict(parse_qsl(parts.query)), SHOWN_QUERY).items())
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def _as_json(body: Any) -> Any:
    """Return a copy of a body that no later change reaches; Bedrock's, which is signed, comes as text."""
    text = body if isinstance(body, str) else json.dumps(body, default=lambda _: "(not JSON)")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
