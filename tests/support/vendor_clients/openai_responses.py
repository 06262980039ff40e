"""The openai package against /openai, Responses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx
import openai

from scripted_providers.replies import Call, Message, Tool
from vendor_clients.base import Answer, Refused


class OpenAIResponsesClient:
    """`openai.OpenAI().responses`."""

    provider = "openai"
    model = "gpt-4.1-mini"

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
        sent: dict[str, Any] = {"model": self.model, "input": _items(messages)}
        if instructions:
            sent["instructions"] = instructions
        if tools:
            sent["tools"] = [
                {"type": "function", "name": t.name, "description": t.description, "parameters": dict(t.parameters)}
                for t in tools
            ]
        if forced:
            sent["tool_choice"] = "required" if forced == "*" else {"type": "function", "name": forced}
        if schema is not None:
            sent["text"] = {"format": {"type": "json_schema", "name": "out", "schema": schema}}
        try:
            with openai.OpenAI(base_url=f"{base}/openai/v1", api_key=key, timeout=timeout, max_retries=0) as client:
                if stream:
                    with client.responses.stream(**sent) as events:
                        seen = list(events)
                        done = events.get_final_response()
                    assert [event.sequence_number for event in seen] == list(range(len(seen)))
                    assert seen[0].type == "response.created"
                    assert seen[-1].type == "response.completed"
                else:
                    done = client.responses.create(**sent)
        except openai.APIStatusError as error:
            raise Refused(error, error.status_code) from error
        except (openai.OpenAIError, httpx.HTTPError, ValueError) as error:
            raise Refused(error, None) from error
        calls = tuple(
            Call(item.name, json.loads(item.arguments)) for item in done.output if item.type == "function_call"
        )
        assert done.usage is not None
        assert done.status == "completed"
        return Answer(
            text=done.output_text,
            calls=calls,
            input_tokens=done.usage.input_tokens,
            output_tokens=done.usage.output_tokens,
            finish="tools" if calls else "stop",
        )


def _items(messages: Sequence[Message]) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []
    waiting: list[str] = []
    for message in messages:
        if message.role == "tool":
            sent.append({"type": "function_call_output", "call_id": waiting.pop(0), "output": message.text})
            continue
        if message.text:
            kind = "output_text" if message.role == "assistant" else "input_text"
            sent.append({"role": message.role, "content": [{"type": kind, "text": message.text}]})
        waiting = [f"call_{len(sent)}_{n}" for n, _ in enumerate(message.calls)]
        sent += [
            {"type": "function_call", "call_id": i, "name": c.name, "arguments": json.dumps(dict(c.arguments))}
            for i, c in zip(waiting, message.calls, strict=True)
        ]
    return sent
