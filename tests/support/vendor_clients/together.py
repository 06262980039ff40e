"""The together package against /together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx
import together

from scripted_providers.replies import Call, Message, Tool
from vendor_clients.base import Answer, Refused
from vendor_clients.openai_chat import request


class TogetherClient:
    """`together.Together().chat.completions`."""

    provider = "together"
    model = "openai/gpt-oss-120b"

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
            with together.Together(base_url=f"{base}/together", api_key=key, timeout=timeout, max_retries=0) as client:
                return _gathered(client, sent) if stream else _plain(client, sent)
        except together.APIStatusError as error:
            raise Refused(error, error.status_code) from error
        except (together.TogetherError, httpx.HTTPError, ValueError) as error:
            raise Refused(error, None) from error


FINISH = {"stop": "stop", "tool_calls": "tools"}


def _plain(client: together.Together, sent: dict[str, Any]) -> Answer:
    done = client.chat.completions.create(**sent)
    choice = done.choices[0]
    return Answer(
        text=choice.message.content or "",
        calls=tuple(Call(c.function.name, json.loads(c.function.arguments)) for c in choice.message.tool_calls or ()),
        input_tokens=done.usage.prompt_tokens,
        output_tokens=done.usage.completion_tokens,
        finish=FINISH[choice.finish_reason],
    )


def _gathered(client: together.Together, sent: dict[str, Any]) -> Answer:
    text, usage, finish = "", None, None
    names: dict[int, str] = {}
    arguments: dict[int, str] = {}
    for chunk in client.chat.completions.create(**sent, stream=True):
        choice = chunk.choices[0]
        text += choice.delta.content or ""
        for call in choice.delta.tool_calls or ():
            names.setdefault(int(call.index), call.function.name)
            arguments[int(call.index)] = arguments.get(int(call.index), "") + call.function.arguments
        usage, finish = chunk.usage or usage, choice.finish_reason or finish
    calls = tuple(Call(name, json.loads(arguments[index])) for index, name in names.items())
    assert usage is not None
    return Answer(text, calls, usage.prompt_tokens, usage.completion_tokens, FINISH[str(finish)])
