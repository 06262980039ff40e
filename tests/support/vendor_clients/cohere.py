"""The cohere package against /cohere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import cohere
import httpx
from cohere.core.api_error import ApiError

from scripted_providers.replies import Call, Message, Tool
from vendor_clients.base import Answer, Refused
from vendor_clients.openai_chat import request

FINISH = {"COMPLETE": "stop", "TOOL_CALL": "tools"}


class CohereClient:
    """`cohere.ClientV2().chat` and `.chat_stream`. The text before tool calls is Cohere's tool plan."""

    provider = "cohere"
    model = "command-a-03-2025"
    cannot_force_by_name = True

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
        sent = request(self.model, messages, instructions, tools, None, None)
        if forced:
            sent["tool_choice"] = "REQUIRED"
        if schema is not None:
            sent["response_format"] = {"type": "json_object", "json_schema": schema}
        client = cohere.ClientV2(key, base_url=f"{base}/cohere", timeout=timeout, max_retries=0)
        try:
            return _gathered(client, sent) if stream else _plain(client, sent)
        except ApiError as error:
            raise Refused(error, error.status_code) from error
        except (httpx.HTTPError, ValueError) as error:
            raise Refused(error, None) from error


def _plain(client: cohere.ClientV2, sent: dict[str, Any]) -> Answer:
    done = client.chat(**sent)
    message, usage = done.message, done.usage.tokens
    calls = tuple(Call(c.function.name, json.loads(c.function.arguments)) for c in message.tool_calls or ())
    text = "".join(part.text for part in message.content or ()) or message.tool_plan or ""
    return Answer(text, calls, int(usage.input_tokens), int(usage.output_tokens), FINISH[done.finish_reason])


def _gathered(client: cohere.ClientV2, sent: dict[str, Any]) -> Answer:
    text, end = "", None
    names: list[str] = []
    arguments: list[str] = []
    for event in client.chat_stream(**sent):
        if event.type == "content-delta":
            text += event.delta.message.content.text
        elif event.type == "tool-plan-delta":
            text += event.delta.message.tool_plan
        elif event.type == "tool-call-start":
            names.append(event.delta.message.tool_calls.function.name)
            arguments.append(event.delta.message.tool_calls.function.arguments)
        elif event.type == "tool-call-delta":
            arguments[event.index] += event.delta.message.tool_calls.function.arguments
        elif event.type == "message-end":
            end = event.delta
    assert end is not None
    calls = tuple(Call(name, json.loads(args)) for name, args in zip(names, arguments, strict=True))
    usage = end.usage.tokens
    return Answer(text, calls, int(usage.input_tokens), int(usage.output_tokens), FINISH[end.finish_reason])
