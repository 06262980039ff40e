"""The google-genai package against /gemini."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx
from google import genai
from google.genai import errors, types

from scripted_providers.replies import Call, Message, Tool
from vendor_clients.base import Answer, Refused


class GeminiClient:
    """`google.genai.Client().models`."""

    provider = "gemini"
    model = "gemini-3.8-flash"

    def client(self, base: str, key: str, timeout: float, http: httpx.Client) -> genai.Client:
        """Make the client. It tries once; without `http` it would take httpx2 where that is installed."""
        options = types.HttpOptions(base_url=f"{base}/gemini", timeout=int(timeout * 1000), httpx_client=http)
        return genai.Client(api_key=key, vertexai=False, http_options=options)

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
        config = types.GenerateContentConfig(system_instruction=instructions or None)
        if tools:
            config.tools = [types.Tool(function_declarations=[_declaration(tool) for tool in tools])]
        if forced:
            allowed = None if forced == "*" else [forced]
            calling = types.FunctionCallingConfig(
                mode=types.FunctionCallingConfigMode.ANY, allowed_function_names=allowed
            )
            config.tool_config = types.ToolConfig(function_calling_config=calling)
        if schema is not None:
            config.response_mime_type = "application/json"
            config.response_json_schema = schema
        sent: dict[str, Any] = {"model": self.model, "contents": _contents(messages), "config": config}
        try:
            with httpx.Client() as http, self.client(base, key, timeout, http) as client:
                if stream:
                    chunks = list(client.models.generate_content_stream(**sent))
                else:
                    chunks = [client.models.generate_content(**sent)]
        except errors.APIError as error:
            raise Refused(error, error.code) from error
        except (httpx.HTTPError, ValueError) as error:
            raise Refused(error, None) from error
        calls = tuple(Call(c.name, c.args or {}) for chunk in chunks for c in chunk.function_calls or ())
        used = chunks[-1].usage_metadata
        assert used is not None
        assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP
        return Answer(
            text="".join(part.text or "" for chunk in chunks for part in chunk.parts or ()),
            calls=calls,
            input_tokens=used.prompt_token_count,
            output_tokens=used.candidates_token_count + (used.thoughts_token_count or 0),
            finish="tools" if calls else "stop",  # Gemini says STOP for both
        )


def _declaration(tool: Tool) -> types.FunctionDeclaration:
    return types.FunctionDeclaration(
        name=tool.name, description=tool.description, parameters_json_schema=dict(tool.parameters)
    )


def _contents(messages: Sequence[Message]) -> list[types.Content]:
    sent: list[types.Content] = []
    for message in messages:
        if message.role == "tool":
            part = types.Part.from_function_response(name=message.tool or "", response={"result": message.text})
            if sent[-1].role == "model":
                sent.append(types.Content(role="user", parts=[]))
            sent[-1].parts.append(part)  # the results of parallel calls go back together
            continue
        parts = [types.Part.from_text(text=message.text)] if message.text else []
        parts += [types.Part.from_function_call(name=c.name, args=dict(c.arguments)) for c in message.calls]
        sent.append(types.Content(role="model" if message.role == "assistant" else "user", parts=parts))
    return sent
