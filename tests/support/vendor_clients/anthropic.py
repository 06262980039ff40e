"""The anthropic package against /anthropic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anthropic
import httpx2

from scripted_providers.replies import Call, Message, Tool
from vendor_clients.base import Answer, Refused


class AnthropicClient:
    """`anthropic.Anthropic().messages`."""

    provider = "anthropic"
    model = "claude-haiku-5-5"  # the Sonnet of its day takes no forced tool

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
        sent: dict[str, Any] = {"model": self.model, "max_tokens": 1000, "messages": _messages(messages)}
        if instructions:
            sent["system"] = instructions
        if tools:
            sent["tools"] = [
                {"name": t.name, "description": t.description, "input_schema": dict(t.parameters)} for t in tools
            ]
        if forced:
            sent["tool_choice"] = {"type": "any"} if forced == "*" else {"type": "tool", "name": forced}
        if schema is not None:
            sent["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
        url = f"{base}/anthropic"
        try:
            with anthropic.Anthropic(base_url=url, api_key=key, timeout=timeout, max_retries=0) as client:
                if stream:
                    with client.messages.stream(**sent) as events:
                        done = events.get_final_message()
                else:
                    done = client.messages.create(**sent)
        except anthropic.APIStatusError as error:
            raise Refused(error, error.status_code) from error
        except (anthropic.AnthropicError, httpx2.HTTPError, ValueError) as error:
            raise Refused(error, None) from error
        used = done.usage  # its input_tokens leave out what came from the cache
        return Answer(
            text="".join(block.text for block in done.content if block.type == "text"),
            calls=tuple(Call(block.name, block.input) for block in done.content if block.type == "tool_use"),
            input_tokens=used.input_tokens + (used.cache_read_input_tokens or 0),
            output_tokens=used.output_tokens,
            finish={"end_turn": "stop", "tool_use": "tools"}[done.stop_reason or ""],
        )


def _messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []
    waiting: list[str] = []
    results: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "tool":
            if not results:
                sent.append({"role": "user", "content": results})
            results.append({"type": "tool_result", "tool_use_id": waiting.pop(0), "content": message.text})
            continue
        results = []
        if message.calls:
            waiting = [f"toolu_{len(sent)}_{n}" for n, _ in enumerate(message.calls)]
            said = [{"type": "text", "text": message.text}] if message.text else []
            calls = [
                {"type": "tool_use", "id": i, "name": c.name, "input": dict(c.arguments)}
                for i, c in zip(waiting, message.calls, strict=True)
            ]
            sent.append({"role": message.role, "content": [*said, *calls]})
        else:
            sent.append({"role": message.role, "content": message.text})
    return sent
