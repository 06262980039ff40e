"""The openai package against /openai, chat completions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx
import openai

from scripted_providers.replies import Call, Message, Tool
from vendor_clients.base import Answer, Refused


class OpenAIChatClient:
    """`openai.OpenAI().chat.completions`."""

    provider = "openai"
    model = "gpt-4.1-mini"

    def client(self, base: str, key: str, timeout: float) -> openai.OpenAI:
        """Make the client."""
        return openai.OpenAI(base_url=f"{base}/openai/v1", api_key=key, timeout=timeout, max_retries=0)

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
            with self.client(base, key, timeout) as client:
                if stream:
                    with client.chat.completions.stream(**sent, stream_options={"include_usage": True}) as events:
                        done = events.get_final_completion()
                else:
                    done = client.chat.completions.create(**sent)
        except openai.APIStatusError as error:
            raise Refused(error, error.status_code) from error
        except (openai.OpenAIError, httpx.HTTPError, ValueError) as error:
            raise Refused(error, None) from error
        choice = done.choices[0]
        calls = tuple(Call(c.function.name, json.loads(c.function.arguments)) for c in choice.message.tool_calls or ())
        assert done.usage is not None
        return Answer(
            text=choice.message.content or "",
            calls=calls,
            input_tokens=done.usage.prompt_tokens,
            output_tokens=done.usage.completion_tokens,
            finish={"stop": "stop", "tool_calls": "tools"}[choice.finish_reason],
        )


def request(
    model: str,
    messages: Sequence[Message],
    instructions: str,
    tools: Sequence[Tool],
    forced: str | None,
    schema: dict[str, Any] | None,
) -> dict[str, Any]:
    """Write a request in OpenAI's words, which several vendors' clients take too."""
    sent: dict[str, Any] = {"model": model, "messages": _messages(messages, instructions)}
    if tools:
        sent["tools"] = [
            {
                "type": "function",
                "function": {"name": t.name, "description": t.description, "parameters": dict(t.parameters)},
            }
            for t in tools
        ]
    if forced:
        sent["tool_choice"] = "required" if forced == "*" else {"type": "function", "function": {"name": forced}}
    if schema is not None:
        sent["response_format"] = {"type": "json_schema", "json_schema": {"name": "out", "schema": schema}}
    return sent


def _messages(messages: Sequence[Message], instructions: str) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = [{"role": "system", "content": instructions}] if instructions else []
    waiting: list[str] = []
    for message in messages:
        if message.role == "tool":
            sent.append({"role": "tool", "tool_call_id": waiting.pop(0), "content": message.text})
            continue
        entry: dict[str, Any] = {"role": message.role, "content": message.text}
        if message.calls:
            waiting = [f"call{len(sent):03}{n:02}" for n, _ in enumerate(message.calls)]  # nine letters, for Mistral
            entry["tool_calls"] = [
                {"id": i, "type": "function", "function": {"name": c.name, "arguments": json.dumps(dict(c.arguments))}}
                for i, c in zip(waiting, message.calls, strict=True)
            ]
        sent.append(entry)
    return sent
