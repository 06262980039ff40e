"""What the shared cases need of a vendor's own client: one `ask`, in words that belong to no vendor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from scripted_providers.replies import Call, Message, Tool


@dataclass(frozen=True)
class Answer:
    """What the client made of the answer, through its own parser."""

    text: str
    calls: tuple[Call, ...] = ()
    input_tokens: int | None = None
    output_tokens: int | None = None
    finish: str | None = None  # "stop", "tools": mapped from the vendor's own word


class Refused(Exception):
    """The client raised: its own exception's class, and the HTTP status that it reports (None: no HTTP answer)."""

    def __init__(self, error: Exception, status: int | None) -> None:
        super().__init__(f"{type(error).__name__} {status}: {error}")
        self.error, self.status = error, status


class Vendor(Protocol):
    """One vendor's client, pointed at the stand-in. Retries are off."""

    provider: str
    model: str

    def ask(
        self,
        base: str,
        messages: Sequence[Message],
        *,
        instructions: str = "",
        tools: Sequence[Tool] = (),
        forced: str | None = None,
        schema: dict[str, Any] | None = None,
        stream: bool = False,
        key: str = "any-key",
        timeout: float = 5.0,
    ) -> Answer:
        """Send one request to `base` + the provider's prefix through the vendor's client and read its answer.

        `forced` is a tool's name or "*". Ids of past tool calls are the adapter's to invent.

        Raises:
            Refused: The client raised an error of its own.
        """
