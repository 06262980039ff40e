"""What every wire has to know: how to read one provider's request, and how to write that provider's answer.

A wire knows one format and nothing else: not the server, not the scenarios, not the course.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from ..replies import Ask, Failure, Message, Reply

SCRIPTED_AT = 1767225600
"""The time that scripted replies carry, in Unix seconds (2026-01-01): always the same, so that outputs are too."""


class BadRequest(Exception):
    """The request is not what this provider takes; the message says why, in a sentence."""


class Body(BaseModel):
    """Base of the models that describe a request. What a wire does not use is let through, as providers do."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True, defer_build=True)


@dataclass(frozen=True)
class Refusal:
    """A provider's answer where it refuses: HTTP status, JSON body, extra headers."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class Opening(bytes):
    """A frame of a stream that says nothing of the reply yet: it goes out together with the one after it.

    Formats begin with none to five of them. Without this, the same `Pace` would make one provider's first word later
    than another's.
    """


class Wire(ABC):
    """One provider's chat format.

    Attributes:
        provider: The path prefix that it answers under, which is also the provider's name in an `Ask`.
        route: The path after the prefix. Its named groups arrive in `read`.
        stream_type: The media type of a streamed answer.
        keyless: The provider asks for no key.
    """

    provider: str
    route: re.Pattern[str]
    stream_type = "text/event-stream"
    keyless = False

    def key(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """Return the key that a request carries, or None. Header names arrive in lower case."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return token.strip() or None if scheme.lower() == "bearer" else None

    def headers(self, serial: int) -> Mapping[str, str]:
        """Return the headers that the provider adds to an answer that is no refusal, such as the request's id."""
        return {}

    @abstractmethod
    def read(self, body: Any, path: Mapping[str, str], headers: Mapping[str, str]) -> Ask:
        """Read a request. `body` is any JSON value, whatever it was that arrived.

        Raises:
            BadRequest: It is not a request in this format.
        """

    @abstractmethod
    def write(self, ask: Ask, reply: Reply, serial: int) -> Any:
        """Write a whole answer as a JSON value. `serial` counts the server's answers, for the ids in it."""

    @abstractmethod
    def stream(self, ask: Ask, reply: Reply, serial: int) -> Iterator[bytes]:
        """Write a streamed answer, frame by frame; those before the reply's first piece are an `Opening`."""

    @abstractmethod
    def refuse(self, failure: Failure, model: str) -> Refusal:
        """Write a refusal in the provider's own status, headers and words, which go through `failure.says`."""

    def interrupt(self, failure: Failure) -> bytes | None:
        """Write the frame that reports a failure in the middle of a stream; None where the format has none."""
        return None

    def readable(self, frame: bytes) -> str:
        """Return what stands in one frame of an answer, for the log."""
        return frame.decode(errors="replace")


M = TypeVar("M", bound=BaseModel)


def checked(model: type[M], body: Any, words: str = "Invalid value for '{spot}': {problem}.") -> M:
    """Check a request body against its description.

    Args:
        model: The description.
        body: Any JSON value.
        words: How the provider says what is wrong, and where.

    Raises:
        BadRequest: The message names the first field that does not fit, and what it should be.
    """
    try:
        return model.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        spot = ".".join(map(str, first["loc"])) or "body"
        problem = first["msg"].partition(" or instance of ")[0]  # a class of ours says nothing to the client
        raise BadRequest(words.format(spot=spot, problem=problem)) from None


def arguments_of(text: str) -> dict[str, Any]:
    """Read the arguments of a past tool call from JSON text; what is not a JSON object counts as none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def rejoined(messages: Iterable[Message]) -> tuple[Message, ...]:
    """Put the parallel calls of one answer together again.

    The Agents SDK replays them to Claude and Gemini one by one: call, result, call, result. Read like that, one answer
    would count as several. Ids of ours, which end in the answer's number and the call's, tell what belongs together.
    """
    whole: list[Message] = []
    spoken, answer = 0, ""
    for message in messages:
        if message.role == "user":
            answer = ""
        elif message.role == "assistant":
            ours = re.fullmatch(r"(.*scripted.\d+).\d+", message.calls[0].id) if message.calls else None
            before, answer = answer, ours[1] if ours else ""
            if answer and answer == before:
                whole[spoken] = replace(whole[spoken], calls=whole[spoken].calls + message.calls)
                continue
            spoken = len(whole)
        whole.append(message)
    return tuple(whole)


def compact(value: Any) -> str:
    """Write JSON text without spaces and without escapes for what UTF-8 can say."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


_LINE_ENDS = {ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}


def dumps(value: Any) -> bytes:
    """Write JSON for the wire, on one line for everybody: LiteLLM splits streams at Unicode's other line ends, too.

    Those go escaped, as Go's encoder has them. Half a surrogate pair, which JSON can escape and UTF-8 cannot say,
    becomes "?".
    """
    return compact(value).translate(_LINE_ENDS).encode("utf-8", "replace")


def sse(data: Any, event: str | None = None) -> bytes:
    """Write one server-sent event."""
    name = f"event: {event}\n".encode() if event else b""
    return name + b"data: " + (data.encode() if isinstance(data, str) else dumps(data)) + b"\n\n"
