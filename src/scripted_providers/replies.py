"""What a model is asked and what it answers, in words that belong to no provider.

A wire turns a provider's request into an `Ask`, and a `Reply` into that provider's bytes. Everything between the
two (the queue, the scenarios, the mirror) sees only what stands in this file.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from .naming import nearest

ERRORS = {
    "wrong_key": "the key is refused",
    "unknown_model": "no model has this name",
    "rate_limit": "too many requests; a hint says when to try again",
    "overloaded": "the provider has no capacity right now",
    "tools_unsupported": "this model cannot call tools",
    "bad_request": "the request makes no sense to the provider",
    "context_too_long": "the conversation exceeds the model's context window",
}
"""Failures that a provider reports in its own status, headers and body."""

FAULTS = {
    "timeout": "no answer until the client gives up",
    "disconnect": "the connection closes before the answer",
    "cut_stream": "the connection closes in the middle of the answer",
    "not_json": "an answer arrives that is not JSON, as from a proxy in between",
}
"""Failures below the provider's own words: what the network or a proxy does."""


@dataclass(frozen=True)
class Call:
    """One tool call: the tool's name, its arguments, and the id that a request gave it, which makes no difference."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    id: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True)
class Usage:
    """Token counts of one call. `cached` is part of `input`, `reasoning` part of `output`."""

    input: int
    output: int
    cached: int = 0
    reasoning: int = 0
    estimated: bool = False

    def __post_init__(self) -> None:
        if self.cached > self.input or self.reasoning > self.output:
            raise ValueError(f"{self}: cached is a part of input, and reasoning a part of output.")


@dataclass(frozen=True)
class Pace:
    """How long a reply takes, in seconds: until the first piece, and until the last."""

    first: float = 0.0
    total: float = 0.0


@dataclass(frozen=True)
class Failure:
    """A named failure.

    Attributes:
        kind: One of `ERRORS` or `FAULTS`.
        retry_after: The seconds that a rate limit asks to wait.
        message: Replaces the provider's sentence.
        note: Stands after the sentence, whose words clients go by.
    """

    kind: str
    retry_after: float = 0.1
    message: str | None = None
    note: str = ""

    def says(self, words: str) -> str:
        """Return what the provider says, whose usual sentence is `words`."""
        return " ".join(filter(None, (self.message or words, self.note)))


@dataclass(frozen=True)
class Reply:
    """One answer of the model: text, JSON, tool calls (text may stand before them), or a failure."""

    text: str = ""
    json: Any = None
    calls: tuple[Call, ...] = ()
    failure: Failure | None = None
    usage: Usage | None = None
    pace: Pace = Pace()
    source: str = "scripted"


@dataclass(frozen=True)
class Message:
    """One message of the conversation. A tool's result has role "tool" and names its tool."""

    role: Literal["user", "assistant", "tool"]
    text: str = ""
    calls: tuple[Call, ...] = ()
    tool: str | None = None


@dataclass(frozen=True)
class Tool:
    """A tool that the model may call, with the JSON schema of its arguments."""

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""


@dataclass(frozen=True)
class Ask:
    """One request to a model, whichever provider's format it came in.

    `forced` names the tool that must be called ("*" for any of those offered). `schema` is the JSON schema that the
    answer has to fit, `{}` where any JSON object will do, and None where prose is welcome. `stream_type` is the media
    type that the client wants a stream in, where the format has more than one.
    """

    provider: str
    model: str
    messages: tuple[Message, ...]
    instructions: str = ""
    tools: tuple[Tool, ...] = ()
    forced: str | None = None
    schema: Mapping[str, Any] | None = None
    stream: bool = False
    stream_usage: bool = True
    stream_type: str | None = None

    @property
    def user(self) -> str:
        """The text of the last user message, or an empty string."""
        return next((m.text for m in reversed(self.messages) if m.role == "user"), "")

    @property
    def turn(self) -> int:
        """1 until the model has answered the last user message, then one more with each of its answers."""
        answers = 0
        for message in reversed(self.messages):
            if message.role == "user":
                break
            answers += message.role == "assistant"
        return answers + 1

    @property
    def results(self) -> tuple[Message, ...]:
        """The tool results at the end of the conversation, oldest first."""
        found: list[Message] = []
        for message in reversed(self.messages):
            if message.role != "tool":
                break
            found.append(message)
        return tuple(reversed(found))


def call(name: str, /, **arguments: Any) -> Reply:
    """Let the model call one tool.

    Args:
        name: The tool's name, as the model sees it.
        arguments: The tool's arguments.

    Raises:
        TypeError: The name is no string: the tool itself, for example.

    Example:
        >>> call("get_weather", city="Oslo").calls[0].name
        'get_weather'
    """
    if not isinstance(name, str):
        raise TypeError(f"A model names the tool that it calls: call({_name_of(name)!r}, …), and not the tool itself.")
    return Reply(calls=(Call(name, arguments),))


def _name_of(tool: Any) -> str:
    return str(getattr(tool, "name", None) or getattr(tool, "__name__", "get_weather"))


def fails(kind: str, *, retry_after: float = 0.1, message: str | None = None) -> Reply:
    """Let the provider fail, in its own words, or the network below it.

    Args:
        kind: A key of `ERRORS` or `FAULTS`, such as "rate_limit" or "cut_stream".
        retry_after: What a rate limit asks the client to wait, in seconds.
        message: The provider's sentence, where its usual one is not wanted.

    Raises:
        ValueError: The kind is unknown, or `retry_after` is no number of seconds.
        TypeError: The message is no text.
    """
    if kind not in (*ERRORS, *FAULTS):
        raise ValueError(f"No failure is called {kind!r}. {nearest(str(kind), ERRORS | FAULTS)}")
    if not (isinstance(retry_after, int | float) and 0 <= retry_after < math.inf):
        raise ValueError(f"retry_after={retry_after!r}: expected seconds, a number from 0.")
    if not isinstance(message, str | None):
        raise TypeError(f"message={message!r}: expected a sentence.")
    return Reply(failure=Failure(kind, retry_after, message))


def reply_from(what: Any) -> Reply:
    """Turn what a person writes into a `Reply`.

    Args:
        what: A string, the result of `call` or `fails`, a list of these (one answer with several parallel calls,
            perhaps with a text before them), or a dict or Pydantic object to be answered as JSON.

    Raises:
        TypeError: It is none of these, or holds what JSON cannot say.
    """
    reply = _reply_from(what)
    try:
        json.dumps([reply.json, *(dict(call.arguments) for call in reply.calls)], allow_nan=False)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"JSON and a tool's arguments have to be what JSON can say; {what!r} is not: {error}."
        ) from None
    return reply


def _reply_from(what: Any) -> Reply:
    if isinstance(what, Reply):
        return what
    if isinstance(what, str):
        return Reply(text=what)
    if isinstance(what, Mapping):
        return Reply(json=dict(what))
    if hasattr(what, "model_dump") and not isinstance(what, type):
        return Reply(json=what.model_dump(mode="json"))
    if isinstance(what, list | tuple):
        parts = [_reply_from(part) for part in what]
        if any(part != Reply(text=part.text, calls=part.calls) for part in parts):
            raise TypeError(
                "A list is one answer: texts and call(…) only. Give a failure or JSON on its own, and usage or pace to "
                "one Reply(text=…, calls=…)."
            )
        return Reply(text=" ".join(p.text for p in parts if p.text), calls=tuple(c for p in parts for c in p.calls))
    raise TypeError(
        f"A model cannot say {what!r}. It can say a string, call('tool', …), fails('rate_limit'), a list of texts and "
        "calls for one answer, or a dict or Pydantic object as JSON."
    )


def settle(ask: Ask, reply: Reply) -> Reply:
    """Bring a reply into the form that this request allows, and give it token counts.

    JSON becomes the arguments of the tool that the request forces (how older models do structured output), and text
    otherwise. Counts that nobody scripted are estimated, and say so.
    """
    if reply.json is not None:
        forced = next((t.name for t in ask.tools if ask.forced in (t.name, "*")), None)
        if forced:
            arguments = reply.json if isinstance(reply.json, Mapping) else {"value": reply.json}
            reply = replace(reply, json=None, calls=(Call(forced, arguments),))
        else:
            reply = replace(reply, json=None, text=json.dumps(reply.json, ensure_ascii=False))
    return reply if reply.usage else replace(reply, usage=estimate(ask, reply))


def estimate(ask: Ask, reply: Reply) -> Usage:
    """Estimate token counts at four characters a token: the same for every provider, and never exact."""
    sent = ask.instructions + "".join(m.text + _calls_text(m.calls) for m in ask.messages)
    sent += "".join(t.name + t.description + json.dumps(dict(t.parameters)) for t in ask.tools)
    got = reply.text + _calls_text(reply.calls)
    return Usage(input=len(sent) // 4 + 1, output=len(got) // 4 + 1, estimated=True)


def _calls_text(calls: tuple[Call, ...]) -> str:
    return "".join(c.name + json.dumps(dict(c.arguments)) for c in calls)


def pieces(text: str) -> list[str]:
    """Cut a text into the pieces in which it is streamed: word by word, nothing lost.

    Example:
        >>> pieces("Paris is nice.")
        ['Paris', ' is', ' nice.']
    """
    return re.findall(r"\s*\S+(?:\s+$)?|^\s+$", text)
