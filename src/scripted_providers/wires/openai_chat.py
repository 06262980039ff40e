"""OpenAI's chat completions, plain and as server-sent events, and the three providers that speak nearly the same.

What Mistral, Azure OpenAI and Together AI say differently stands in the table of dialects; all else is shared.

Taken from: the openai package 2.54 with its AzureOpenAI, mistralai 3.7 and together 3.1 (whose clients parse what is
written here); the API references of the four, Mistral's error glossary and Together's error codes as stored copies have
them; answers of the real services that bug reports quote (Mistral's call ids and error codes, its whole tool calls;
Azure's first chunk without choices; Together's chunks); and requests recorded from LiteLLM 1.106.
Unverified: the exact sentences of the 503 (OpenAI, Azure), of "tools unsupported" (OpenAI, Mistral, Together), of "bad
request" (Mistral, Together) and of Together's 429; the details inside Mistral's and Together's usage; two statuses:
Mistral's where it has no capacity (503 in a change to LiteLLM by Mistral's own people, 429 in older reports) and
Together's for too long a context (400 in reports, 403 in its table of codes).
Left out: n > 1, logprobs, audio, Azure's api-version (any will do), Mistral's 422 for fields that it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..replies import Ask, Call, Failure, Message, Reply, Tool, pieces
from .base import SCRIPTED_AT, BadRequest, Body, Opening, Refusal, Wire, arguments_of, checked, compact, sse


class _Part(Body):
    type: str
    text: str = ""


class _Function(Body):
    name: str
    arguments: str | dict[str, Any] = "{}"  # Mistral takes an object too


class _ToolCall(Body):
    id: str
    function: _Function


class _Message(Body):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[_Part] | None = None
    tool_calls: list[_ToolCall] | None = None
    tool_call_id: str | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "".join(part.text or f"[{part.type}]" for part in self.content)
        return self.content or ""


class _Definition(Body):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class _Tool(Body):
    type: Literal["function"]
    function: _Definition


class _Named(Body):
    name: str


class _Choice(Body):
    type: Literal["function"]
    function: _Named


class _Format(Body):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: dict[str, Any] | None = None


class _StreamOptions(Body):
    include_usage: bool = False


class _Request(Body):
    model: str
    messages: list[_Message]
    tools: list[_Tool] | None = None
    tool_choice: str | _Choice | None = None
    response_format: _Format | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None


Words = Mapping[str, tuple[int, str, str | None, str | None]]
"""What a provider says when it refuses. Kind: status, message, type, code."""

_OPENAI: Words = {
    "wrong_key": (401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key"),
    "unknown_model": (
        404,
        "The model `{model}` does not exist or you do not have access to it.",
        "invalid_request_error",
        "model_not_found",
    ),
    "rate_limit": (
        429,
        "Rate limit reached for {model}. Please try again in {ms:.10g}ms.",
        "requests",
        "rate_limit_exceeded",
    ),
    "overloaded": (503, "The engine is currently overloaded, please try again later.", "server_error", None),
    "tools_unsupported": (
        400,
        "tools is not supported in this model.",
        "invalid_request_error",
        "unsupported_parameter",
    ),
    "bad_request": (400, "We could not parse the JSON body of your request.", "invalid_request_error", None),
    "context_too_long": (
        400,
        "This model's maximum context length is 128000 tokens. Please reduce the length of the messages.",
        "invalid_request_error",
        "context_length_exceeded",
    ),
}

_MISTRAL: Words = {
    "wrong_key": (401, "Unauthorized", None, None),
    "unknown_model": (400, "Invalid model: {model}", "invalid_model", "1500"),
    "rate_limit": (429, "Rate limit exceeded", "rate_limited", "1300"),
    "overloaded": (503, "Service tier capacity exceeded for this model.", "service_tier_capacity_exceeded", "3505"),
    "tools_unsupported": (400, "Function calling is not enabled for this model", "invalid_request_error", "3051"),
    "bad_request": (400, "The request body is not valid JSON.", "invalid_request_error", None),
    "context_too_long": (
        400,
        "Prompt contains 300000 tokens and 0 draft tokens, too large for model with 262144 maximum context length",
        "invalid_request_prompt",
        "3051",
    ),
}

_AZURE: Words = {  # without a type: Azure's gateway refuses, not the model behind it
    "wrong_key": (
        401,
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
        "active subscription and use a correct regional API endpoint for your resource.",
        None,
        "401",
    ),
    "unknown_model": (
        404,
        "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, "
        "please wait a moment and try again.",
        None,
        "DeploymentNotFound",
    ),
    "rate_limit": (
        429,
        "Requests to the ChatCompletions_Create Operation under Azure OpenAI API have exceeded call rate limit of your "
        "current OpenAI S0 pricing tier. Please retry after {s:.10g} seconds.",
        None,
        "429",
    ),
    "overloaded": (
        503,
        "The service is temporarily unable to process your request. Please try again later.",
        None,
        "InternalServerError",
    ),
    **{kind: _OPENAI[kind] for kind in ("tools_unsupported", "bad_request", "context_too_long")},
}

_TOGETHER: Words = {
    "wrong_key": (
        401,
        "Invalid API key provided. You can find your API key at https://api.together.ai/settings/api-keys.",
        "invalid_request_error",
        "invalid_api_key",
    ),
    "unknown_model": (
        404,
        "Unable to access model {model}. Please visit https://api.together.ai/models to view the list of supported "
        "models.",
        "invalid_request_error",
        "model_not_available",
    ),
    "rate_limit": (429, "You have reached the rate limit specific to this model {model}.", "rate_limit", None),
    "overloaded": (503, "The server is overloaded or not ready yet.", "service_unavailable", None),
    "tools_unsupported": (400, "{model} does not support function calling.", "invalid_request_error", None),
    "bad_request": (400, "Invalid JSON in the request body.", "invalid_request_error", None),
    "context_too_long": (
        400,
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 131073. Given: 140000 `inputs` tokens "
        "and 0 `max_new_tokens`",
        "invalid_request_error",
        None,
    ),
}


def _error(status: int, message: str, kind: str | None, code: str | None) -> Any:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _mistral_error(status: int, message: str, kind: str | None, code: str | None) -> Any:
    if status == 401:
        return {"detail": message}
    error = {"object": "error", "message": message, "type": kind, "param": None, "code": code}
    return error | {"raw_status_code": status}


def _azure_error(status: int, message: str, kind: str | None, code: str | None) -> Any:
    return _error(status, message, kind, code) if kind else {"error": {"code": code, "message": message}}


def _together_error(status: int, message: str, kind: str | None, code: str | None) -> Any:
    return {"id": "scripted", **_error(status, message, kind, code)}


@dataclass(frozen=True)
class Dialect:
    """What one provider's chat completions say in their own way.

    Attributes:
        provider: The path prefix.
        route: The path after it. A group `deployment` names the model.
        words: What it says when it refuses.
        error: Puts status, message, type and code into its error body.
        retry_headers: What tells a client when to try again: header, and its unit's share of a second.
        key_header: A header that may carry the key besides `Authorization: Bearer`.
        request_id: The header that carries a request's id.
        completion_id: Begins the ids of its answers.
        call_id: Makes a tool call's id from the answer's number and the call's.
        call_ids: What it demands of past tool calls' ids, also those of other providers: a pattern, and its complaint.
        forcing: The values of `tool_choice` that force any tool.
        whole_calls: A stream brings the tool calls complete, in the chunk that finishes.
        usage_unasked: A stream brings the usage in the chunk that finishes, asked for or not.
        opening: A chunk that comes before all others.
        choice: What else stands in every choice.
        delta: What else stands in every streamed delta.
        message: What else stands in a whole answer's message.
        envelope: What else stands in a whole answer.
    """

    provider: str
    words: Words
    error: Callable[[int, str, str | None, str | None], Any] = _error
    route: str = r"/v1/chat/completions"
    retry_headers: Mapping[str, int] = field(default_factory=lambda: {"retry-after": 1, "retry-after-ms": 1000})
    key_header: str | None = None
    request_id: str = "x-request-id"
    completion_id: str = "chatcmpl-scripted-"
    call_id: Callable[[int, int], str] = "call_scripted_{}_{}".format
    call_ids: tuple[re.Pattern[str], str] | None = None
    forcing: tuple[str, ...] = ("required",)
    whole_calls: bool = False
    usage_unasked: bool = False
    opening: Mapping[str, Any] | None = None
    choice: Mapping[str, Any] = field(default_factory=lambda: {"logprobs": None})
    delta: Mapping[str, Any] = field(default_factory=dict)
    message: Mapping[str, Any] = field(default_factory=lambda: {"refusal": None})
    envelope: Mapping[str, Any] = field(default_factory=dict)

    def refuse(self, failure: Failure, model: str) -> Refusal:
        """Refuse in the provider's own words."""
        status, words, kind, code = self.words[failure.kind]
        wait = failure.retry_after
        message = failure.says(words.format(model=model, s=wait, ms=wait * 1000))
        hints = self.retry_headers if failure.kind == "rate_limit" else {}
        headers = {name: f"{wait * share:.10g}" for name, share in hints.items()}
        return Refusal(status, self.error(status, message, kind, code), headers)


OPENAI = Dialect(provider="openai", words=_OPENAI)

_SAFE = {topic: {"filtered": False, "severity": "safe"} for topic in ("hate", "self_harm", "sexual", "violence")}
_PROMPT_FILTER = {"prompt_filter_results": [{"prompt_index": 0, "content_filter_results": _SAFE}]}

DIALECTS = (
    OPENAI,
    Dialect(
        provider="mistral",
        words=_MISTRAL,
        error=_mistral_error,
        retry_headers={"retry-after": 1},
        request_id="mistral-correlation-id",
        completion_id="cmpl-scripted-",
        call_id=lambda answer, number: f"sc{answer % 10000:04}{number % 1000:03}",
        call_ids=(
            re.compile(r"[a-zA-Z0-9]{9}"),
            "Tool call id was {} but must be a-z, A-Z, 0-9, with a length of 9.",
        ),
        forcing=("any", "required"),
        whole_calls=True,
        usage_unasked=True,
        choice={},
        message={},
    ),
    Dialect(
        provider="azure",
        words=_AZURE,
        error=_azure_error,
        # The second path is the one of api-version "v1", "latest" and "preview", where the body names the deployment.
        route=r"/openai/(?:deployments/(?P<deployment>[^/]+)|v1)/chat/completions",
        key_header="api-key",
        request_id="apim-request-id",
        # Programs that read choices[0] of every chunk fall over this one.
        opening={"choices": [], "created": 0, "id": "", "model": "", "object": "", **_PROMPT_FILTER},
        choice={"logprobs": None, "content_filter_results": {}},
        envelope=_PROMPT_FILTER,
    ),
    Dialect(
        provider="together",
        words=_TOGETHER,
        error=_together_error,
        retry_headers={"x-ratelimit-reset": 1},
        usage_unasked=True,
        choice={"logprobs": None, "seed": None},
        delta={"role": "assistant"},
        message={},
        envelope={"prompt": []},
    ),
)


def openai_refusal(failure: Failure, model: str) -> Refusal:
    """Refuse in OpenAI's words, which chat completions and responses share."""
    return OPENAI.refuse(failure, model)


class OpenAIChat(Wire):
    """Chat completions in one dialect."""

    def __init__(self, dialect: Dialect = OPENAI) -> None:
        """Speak `dialect`."""
        self.dialect = dialect
        self.provider = dialect.provider
        self.route = re.compile(dialect.route)

    def key(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """See `Wire.key`."""
        return headers.get(self.dialect.key_header or "") or super().key(headers, query)

    def headers(self, serial: int) -> Mapping[str, str]:
        """See `Wire.headers`."""
        return {self.dialect.request_id: f"scripted-{serial}"}

    def read(self, body: Any, path: Mapping[str, str], headers: Mapping[str, str]) -> Ask:
        """See `Wire.read`."""
        if isinstance(body, dict) and path.get("deployment"):
            body = body | {"model": path["deployment"]}
        request = checked(_Request, body)
        if not request.messages:
            raise BadRequest("[] is too short - 'messages'")
        rule = self.dialect.call_ids
        names: dict[str, str] = {}  # a tool's result carries only the call's id
        messages = []
        for given in request.messages:
            if given.role in ("system", "developer"):
                continue
            if given.role == "tool":
                if given.tool_call_id not in names:
                    raise BadRequest("Messages with role 'tool' must respond to a preceding message with 'tool_calls'.")
                messages.append(Message("tool", given.text, tool=names[given.tool_call_id]))
                continue
            calls = given.tool_calls or []
            for call in calls:
                if rule and not rule[0].fullmatch(call.id):
                    raise BadRequest(rule[1].format(call.id))
                names[call.id] = call.function.name
            told = tuple(Call(call.function.name, _arguments(call.function)) for call in calls)
            messages.append(Message("assistant" if given.role == "assistant" else "user", given.text, told))
        tools = tuple(
            Tool(t.function.name, t.function.parameters or {}, t.function.description or "")
            for t in request.tools or ()
        )
        forced = self._forced(request.tool_choice)
        if forced and forced not in ("*" if tools else "", *(tool.name for tool in tools)):
            missing = f"Tool '{forced}' not found in provided tools." if tools else "No tools are specified."
            raise BadRequest(f"Invalid value for 'tool_choice': 'tool_choice' is only allowed with 'tools'. {missing}")
        return Ask(
            provider=self.provider,
            model=request.model,
            messages=tuple(messages),
            instructions="\n".join(m.text for m in request.messages if m.role in ("system", "developer")),
            tools=() if request.tool_choice == "none" else tools,
            forced=forced,
            schema=_schema(request.response_format),
            stream=bool(request.stream),
            stream_usage=bool(request.stream_options and request.stream_options.include_usage),
        )

    def _forced(self, choice: str | _Choice | None) -> str | None:
        if isinstance(choice, _Choice):
            return choice.function.name
        if choice in self.dialect.forcing:
            return "*"
        if choice not in (None, "none", "auto"):
            known = ", ".join(f"'{word}'" for word in ("none", "auto", *self.dialect.forcing))
            raise BadRequest(f"Invalid value for 'tool_choice': expected {known} or a function.")
        return None

    def write(self, ask: Ask, reply: Reply, serial: int) -> Any:
        """See `Wire.write`."""
        message: dict[str, Any] = {"role": "assistant", "content": reply.text or None, **self.dialect.message}
        if reply.calls:
            message["tool_calls"] = self._tool_calls(reply, serial)
        choice = {"index": 0, "message": message, "finish_reason": _finish(reply), **self.dialect.choice}
        envelope = self._envelope("chat.completion", ask, serial)
        return {**envelope, "choices": [choice], "usage": _usage(reply), **self.dialect.envelope}

    def stream(self, ask: Ask, reply: Reply, serial: int) -> Iterator[bytes]:
        """See `Wire.stream`."""
        dialect = self.dialect
        envelope = self._envelope("chat.completion.chunk", ask, serial)

        def chunk(delta: Mapping[str, Any], finish: str | None = None, **more: Any) -> bytes:
            choice = {"index": 0, "delta": {**dialect.delta, **delta}, "finish_reason": finish, **dialect.choice}
            return sse({**envelope, "choices": [choice], **more})

        if dialect.opening:
            yield Opening(sse(dialect.opening))
        yield Opening(chunk({"role": "assistant", "content": "" if reply.text or not reply.calls else None}))
        for piece in pieces(reply.text):
            yield chunk({"content": piece})
        calls = [call | {"index": index} for index, call in enumerate(self._tool_calls(reply, serial))]
        last: dict[str, Any] = {}
        if dialect.whole_calls:
            last = {"content": "", "tool_calls": calls or None}
        else:
            for call in calls:
                yield chunk({"tool_calls": [call | {"function": call["function"] | {"arguments": ""}}]})
                for piece in pieces(call["function"]["arguments"]):
                    yield chunk({"tool_calls": [{"index": call["index"], "function": {"arguments": piece}}]})
        if dialect.usage_unasked:
            yield chunk(last, _finish(reply), usage=_usage(reply))
        else:
            yield chunk(last, _finish(reply))
            if ask.stream_usage:
                yield sse({**envelope, "choices": [], "usage": _usage(reply)})
        yield sse("[DONE]")

    def refuse(self, failure: Failure, model: str) -> Refusal:
        """See `Wire.refuse`."""
        return self.dialect.refuse(failure, model)

    def _envelope(self, kind: str, ask: Ask, serial: int) -> dict[str, Any]:
        begin = {"id": f"{self.dialect.completion_id}{serial}", "object": kind}
        return {**begin, "created": SCRIPTED_AT, "model": ask.model}

    def _tool_calls(self, reply: Reply, serial: int) -> list[dict[str, Any]]:
        return [
            {
                "id": self.dialect.call_id(serial, number),
                "type": "function",
                "function": {"name": call.name, "arguments": compact(dict(call.arguments))},
            }
            for number, call in enumerate(reply.calls, 1)
        ]


def _arguments(function: _Function) -> dict[str, Any]:
    return arguments_of(function.arguments) if isinstance(function.arguments, str) else function.arguments


def _schema(wanted: _Format | None) -> Mapping[str, Any] | None:
    if wanted is None or wanted.type == "text":
        return None
    schema = (wanted.json_schema or {}).get("schema")
    return schema if isinstance(schema, dict) else {}


def _finish(reply: Reply) -> str:
    return "tool_calls" if reply.calls else "stop"


def _usage(reply: Reply) -> dict[str, Any] | None:
    if reply.usage is None:
        return None
    used = reply.usage
    return {
        "prompt_tokens": used.input,
        "completion_tokens": used.output,
        "total_tokens": used.input + used.output,
        "prompt_tokens_details": {"cached_tokens": used.cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": used.reasoning, "audio_tokens": 0},
    }


WIRES = tuple(map(OpenAIChat, DIALECTS))
