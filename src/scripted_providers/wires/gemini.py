"""Google's Gemini API: POST /v1beta/models/MODEL:generateContent, and :streamGenerateContent?alt=sse.

Taken from: the google-genai package 3.4 (types.py and errors.py, whose client parses what is written here), Google's
API reference and its page on thought signatures as stored copies have them, exchanges with the real service that
google/adk-go keeps as test data (gemini-2.0-flash to gemini-3.5-flash, plain and streamed), error bodies quoted in
public issues, and requests recorded from LiteLLM 1.106, which mixes snake_case and camelCase: as the service does,
both are read.
Unverified: how the service cuts a stream with function calls (here a chunk each); its words for a request of the wrong
shape (it names the field in snake_case and adds a google.rpc.BadRequest).
Left out: the JSON array that streams without alt=sse; the 403 for a request without any key (here the 400 of a wrong
one); what the service refuses and this does not: unknown fields, a Gemini 3 call that comes back without its thought
signature and, on Gemini 2, tools together with JSON output. Also candidateCount > 1, built-in tools, media, safety.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from ..replies import Ask, Call, Failure, Message, Reply, Tool, Usage, pieces
from .base import BadRequest, Body, Refusal, Wire, checked, compact, rejoined, sse

SIGNATURE = base64.b64encode(b"scripted").decode()
"""Stands where the service puts the model's encrypted thoughts; LiteLLM and the SDK send it back with the call."""

_WRAPPERS = {"content", "output", "result"}
_OneOrMore = BeforeValidator(lambda value: [value] if isinstance(value, dict) else value)
_Capitals = BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value)


class _Body(Body):
    model_config = ConfigDict(alias_generator=to_camel)


class _Call(_Body):
    name: str = Field(min_length=1)
    args: dict[str, Any] | None = None
    id: str | None = None


class _Result(_Body):
    name: str = Field(min_length=1)
    response: dict[str, Any] | None = None

    @property
    def text(self) -> str:
        """What the tool said: clients wrap plain text in an object, LiteLLM under the key "content"."""
        given = self.response or {}
        only = next(iter(given.values()), None) if len(given) == 1 and given.keys() < _WRAPPERS else None
        return only if isinstance(only, str) else compact(given)


class _Part(_Body):
    text: str | None = None
    thought: bool | None = None
    inline_data: dict[str, Any] | None = None
    file_data: dict[str, Any] | None = None
    function_call: _Call | None = None
    function_response: _Result | None = None


class _Parts(_Body):
    parts: Annotated[list[_Part], _OneOrMore, Field(min_length=1)]

    @property
    def text(self) -> str:
        said = (part for part in self.parts if not part.thought)
        return "".join(part.text or ("[media]" if part.inline_data or part.file_data else "") for part in said)


class _Content(_Parts):
    role: Literal["user", "model"] | None = None


class _Declaration(_Body):
    name: str = Field(min_length=1)
    description: str | None = None
    parameters: dict[str, Any] | None = None
    parameters_json_schema: dict[str, Any] | None = None


class _Tool(_Body):
    function_declarations: Annotated[list[_Declaration], _OneOrMore] | None = None


class _Calling(_Body):
    mode: Annotated[Literal["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"], _Capitals] | None = None
    allowed_function_names: list[str] | None = None


class _ToolConfig(_Body):
    function_calling_config: _Calling | None = None


class _Generation(_Body):
    response_mime_type: str | None = None
    response_schema: dict[str, Any] | None = None
    response_json_schema: dict[str, Any] | None = None


class _Request(_Body):
    contents: Annotated[list[_Content], _OneOrMore, Field(min_length=1)]
    system_instruction: _Parts | None = None
    tools: Annotated[list[_Tool], _OneOrMore] | None = None
    tool_config: _ToolConfig | None = None
    generation_config: _Generation | None = None


REFUSALS: dict[str, tuple[int, str, str]] = {
    # kind: HTTP status, the same in google.rpc.Code, message
    "wrong_key": (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."),
    "unknown_model": (
        404,
        "NOT_FOUND",
        "models/{model} is not found for API version v1beta, or is not supported for generateContent. Call ListModels "
        "to see the list of available models and their supported methods.",
    ),
    "rate_limit": (
        429,
        "RESOURCE_EXHAUSTED",
        "You exceeded your current quota, please check your plan and billing details. For more information on this "
        "error, head to: https://ai.google.dev/gemini-api/docs/rate-limits. \n* Quota exceeded for metric: "
        "generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 10, model: {model}\n"
        "Please retry in {wait}s.",
    ),
    "overloaded": (
        503,
        "UNAVAILABLE",
        "This model is currently experiencing high demand. Spikes in demand are usually temporary. Please try again "
        "later.",
    ),
    "tools_unsupported": (400, "INVALID_ARGUMENT", "Function calling is not enabled for models/{model}"),
    "bad_request": (400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
    "context_too_long": (
        400,
        "INVALID_ARGUMENT",
        "The input token count (1200293) exceeds the maximum number of tokens allowed (1048576).",
    ),
}


class Gemini(Wire):
    """Generate content."""

    provider = "gemini"
    route = re.compile(r"/v1(?:beta)?/models/(?P<model>[^/:]+):(?P<method>generateContent|streamGenerateContent)")

    def key(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """See `Wire.key`."""
        return headers.get("x-goog-api-key") or query.get("key") or None

    def read(self, body: Any, path: Mapping[str, str], headers: Mapping[str, str]) -> Ask:
        """See `Wire.read`."""
        request = checked(_Request, body)
        messages: list[Message] = []
        called = 0
        for content in request.contents:
            results = [part.function_response for part in content.parts if part.function_response]
            if results and len(results) != called:
                raise BadRequest(
                    "Please ensure that the number of function response parts is equal to the number of function call "
                    "parts of the function call turn."
                )
            messages += [Message("tool", result.text, tool=result.name) for result in results]
            calls: tuple[Call, ...] = ()
            if content.role == "model":
                given = (part.function_call for part in content.parts)
                calls = tuple(Call(call.name, call.args or {}, call.id or "") for call in given if call)
                messages.append(Message("assistant", content.text, calls))
            elif content.text or not results:
                messages.append(Message("user", content.text))
            called = len(calls)
        tools = tuple(
            Tool(d.name, d.parameters_json_schema or d.parameters or {}, d.description or "")
            for tool in request.tools or ()
            for d in tool.function_declarations or ()
        )
        calling = (request.tool_config.function_calling_config if request.tool_config else None) or _Calling()
        return Ask(
            provider=self.provider,
            model=path["model"],
            messages=rejoined(messages),
            instructions=request.system_instruction.text if request.system_instruction else "",
            tools=() if calling.mode == "NONE" else tools,
            forced=next(iter(calling.allowed_function_names or ()), "*") if calling.mode == "ANY" else None,
            schema=_schema(request.generation_config),
            stream=path["method"] == "streamGenerateContent",
        )

    def write(self, ask: Ask, reply: Reply, serial: int) -> Any:
        """See `Wire.write`."""
        parts = [{"text": reply.text}] if reply.text or not reply.calls else []
        return _response(ask, reply, serial, parts + _calls(ask, reply, serial), done=True)

    def stream(self, ask: Ask, reply: Reply, serial: int) -> Iterator[bytes]:
        """See `Wire.stream`."""
        parts = [{"text": piece} for piece in pieces(reply.text)] + _calls(ask, reply, serial) or [{"text": ""}]
        for number, part in enumerate(parts, 1):
            yield sse(_response(ask, reply, serial, [part], done=number == len(parts)))

    def refuse(self, failure: Failure, model: str) -> Refusal:
        """See `Wire.refuse`."""
        code, status, words = REFUSALS[failure.kind]
        message = failure.says(words.format(model=model, wait=f"{failure.retry_after:.10g}"))
        error: dict[str, Any] = {"code": code, "message": message, "status": status}
        if failure.kind == "wrong_key":
            error["details"] = [
                _detail(
                    "ErrorInfo",
                    reason="API_KEY_INVALID",
                    domain="googleapis.com",
                    metadata={"service": "generativelanguage.googleapis.com"},
                ),
                _detail("LocalizedMessage", locale="en-US", message=words),
            ]
        elif failure.kind == "rate_limit":
            error["details"] = [
                _detail(
                    "QuotaFailure",
                    violations=[
                        {
                            "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
                            "quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
                            "quotaDimensions": {"location": "global", "model": model},
                            "quotaValue": "10",
                        }
                    ],
                ),
                _detail("RetryInfo", retryDelay=f"{failure.retry_after:.10g}s"),
            ]
        return Refusal(code, {"error": error})


def _detail(kind: str, **fields: Any) -> dict[str, Any]:
    return {"@type": f"type.googleapis.com/google.rpc.{kind}", **fields}


def _schema(wanted: _Generation | None) -> Mapping[str, Any] | None:
    if wanted is None:
        return None
    given = wanted.response_json_schema or wanted.response_schema
    return given or ({} if wanted.response_mime_type == "application/json" else None)


def _generation(model: str) -> float:
    """Return 2.5 for "gemini-2.5-flash"; an alias without a number ("gemini-flash-latest") counts as new."""
    number = re.match(r"gemini-(\d+(?:\.\d+)?)", model)
    return float(number[1]) if number else 3.0


def _calls(ask: Ask, reply: Reply, serial: int) -> list[dict[str, Any]]:
    """Write tool calls: with ids from Gemini 3 on, and from 2.5 on the first of them signed."""
    generation = _generation(ask.model)
    parts: list[dict[str, Any]] = []
    for number, call in enumerate(reply.calls, 1):
        identity = {"id": f"scripted-{serial}-{number}"} if generation >= 3 else {}
        parts.append({"functionCall": {"name": call.name, "args": dict(call.arguments), **identity}})
    if parts and generation >= 2.5:
        parts[0]["thoughtSignature"] = SIGNATURE
    return parts


def _response(ask: Ask, reply: Reply, serial: int, parts: list[dict[str, Any]], *, done: bool) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if done:
        candidate["finishReason"] = "STOP"  # after tool calls too
        if reply.calls:
            candidate["finishMessage"] = "Model generated function call(s)."
    response: dict[str, Any] = {"candidates": [candidate]}
    if reply.usage:
        response["usageMetadata"] = _usage(reply.usage, done)
    return response | {"modelVersion": ask.model, "responseId": f"scripted-{serial}"}


def _usage(used: Usage, done: bool) -> dict[str, Any]:
    """Count as the service does: thoughts stand beside the candidates, and only the total holds both.

    Every chunk of a stream has counts; what the answer took is known in the last.
    """
    answer = used.output - used.reasoning
    counts: dict[str, Any] = {
        "promptTokenCount": used.input,
        "totalTokenCount": used.input + used.reasoning + (answer if done else 0),
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": used.input}],
    }
    if done:
        counts["candidatesTokenCount"] = answer
    if used.reasoning:
        counts["thoughtsTokenCount"] = used.reasoning
    if used.cached:
        counts["cachedContentTokenCount"] = used.cached
        counts["cacheTokensDetails"] = [{"modality": "TEXT", "tokenCount": used.cached}]
    return counts


WIRES = (Gemini(),)
