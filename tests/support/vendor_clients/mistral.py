"""The mistralai package against /mistral."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx2
from mistralai.client import Mistral, errors

from scripted_providers.replies import Call, Message, Tool
from vendor_clients.base import Answer, Refused
from vendor_clients.openai_chat import request


class MistralClient:
    """`mistralai.client.Mistral().chat`."""

    provider = "mistral"
    model = "mistral-large-latest"

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
        """See `Vendor.ask`."""
        sent = request(self.model, messages, instructions, tools, forced, schema)
        try:
            with Mistral(server_url=f"{base}/mistral", api_key=key, timeout_ms=int(timeout * 1000)) as client:
                return _gathered(client, sent) if stream else _plain(client, sent)
        except errors.MistralError as error:
            raise Refused(error, error.status_code) from error
        except (httpx2.HTTPError, errors.NoResponseError, ValueError) as error:
            raise Refused(error, None) from error


FINISH = {"stop": "stop", "tool_calls": "tools"}


def _plain(client: Mistral, sent: dict[str, Any]) -> Answer:
    done = client.chat.complete(**sent)
    choice = done.choices[0]
    assert choice.message is not None
    return Answer(
        text=str(choice.message.content or ""),
        calls=_calls(choice.message.tool_calls),
        input_tokens=done.usage.prompt_tokens,
        output_tokens=done.usage.completion_tokens,
        finish=FINISH[str(choice.finish_reason)],
    )


def _gathered(client: Mistral, sent: dict[str, Any]) -> Answer:
    text, calls, usage, finish = "", (), None, None
    with client.chat.stream(**sent) as events:
        for event in events:
            choice = event.data.choices[0]
            text += str(choice.delta.content or "")
            calls += _calls(choice.delta.tool_calls)
            usage, finish = event.data.usage or usage, choice.finish_reason or finish
    assert usage is not None
    return Answer(text, calls, usage.prompt_tokens, usage.completion_tokens, FINISH[str(finish)])


def _calls(given: Any) -> tuple[Call, ...]:
    return tuple(Call(c.function.name, json.loads(c.function.arguments)) for c in given or ())
