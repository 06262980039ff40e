"""The ollama package against /ollama, chat. (/api/generate takes no tools, so it has tests of its own.)"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx
import ollama

from scripted_providers.replies import Call, Message, Tool
from vendor_clients.base import Answer, Refused


class OllamaClient:
    """`ollama.Client().chat`."""

    provider = "ollama"
    model = "llama3.1"
    cannot_force = True  # Ollama has no tool_choice

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
        sent: dict[str, Any] = {"model": self.model, "messages": _messages(messages, instructions), "format": schema}
        sent["tools"] = [
            {
                "type": "function",
                "function": {"name": t.name, "description": t.description, "parameters": dict(t.parameters)},
            }
            for t in tools
        ]
        try:
            with ollama.Client(f"{base}/ollama", timeout=timeout) as client:
                parts = list(client.chat(**sent, stream=True)) if stream else [client.chat(**sent)]
        except ollama.ResponseError as error:
            raise Refused(error, error.status_code) from error
        except (ConnectionError, httpx.HTTPError, ValueError) as error:
            raise Refused(error, None) from error
        calls = tuple(
            Call(c.function.name, dict(c.function.arguments)) for p in parts for c in p.message.tool_calls or ()
        )
        last = parts[-1]
        assert last.done
        assert last.done_reason == "stop"  # Ollama says so after tool calls too
        return Answer(
            text="".join(p.message.content or "" for p in parts),
            calls=calls,
            input_tokens=last.prompt_eval_count,
            output_tokens=last.eval_count,
            finish="tools" if calls else "stop",
        )


def _messages(messages: Sequence[Message], instructions: str) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = [{"role": "system", "content": instructions}] if instructions else []
    for message in messages:
        entry: dict[str, Any] = {"role": message.role, "content": message.text}
        if message.tool:
            entry["tool_name"] = message.tool
        if message.calls:
            entry["tool_calls"] = [{"function": {"name": c.name, "arguments": c.arguments}} for c in message.calls]
        sent.append(entry)
    return sent
