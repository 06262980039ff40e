"""Traces: what the SDK tells of a run, kept on this machine. Importing this imports the SDK and LiteLLM.

By default the SDK sends every prompt and answer to OpenAI as soon as an OpenAI key is set, whatever model ran.
`start()` puts the recorder of this module in the place of that exporter.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

import agents
from agents.tracing import Span, Trace, TracingProcessor
from agents.tracing.processors import default_exporter, default_processor
from litellm.integrations.custom_logger import CustomLogger

from . import session
from .keys import own_values

KEPT = 20  # traces; a learner looks at the last ones, and a thousand runs are not to fill the memory
LONGEST = 5_000  # spans of one trace; what comes after them is counted, not kept


@dataclass
class Recorded:
    """One trace: its spans in the order in which they began. The SDK goes on filling them in until they end.

    Attributes:
        trace: The SDK's own object.
        spans: The first `LONGEST` of its spans.
        answers: The ids of the models' answers in it.
        left_out: How many spans came after those.
    """

    trace: Trace
    spans: list[Span[Any]] = field(default_factory=list)
    answers: set[str] = field(default_factory=set)
    left_out: int = 0


class Recorder(TracingProcessor):
    """Keeps the last traces, knows which runs are under way, and sends nothing anywhere.

    Attributes:
        traces: The last traces, oldest first.
    """

    def __init__(self) -> None:
        self.traces: deque[Recorded] = deque(maxlen=KEPT)
        self._open: dict[str, Span[Any]] = {}
        self._lock = threading.Lock()

    @property
    def names(self) -> list[str]:
        """The names of the runs under way, oldest first."""
        with self._lock:
            # One that ended while somebody else's processor stood here was never told of, and knows it itself.
            return [_run_name(span) for span in self._open.values() if not span.ended_at]

    def on_trace_start(self, trace: Trace) -> None:
        """See `TracingProcessor`. A trace alone is no run: people open one around several, or forget to close it."""
        with self._lock:
            self.traces.append(Recorded(trace))

    def on_trace_end(self, trace: Trace) -> None:
        """See `TracingProcessor`."""

    def on_span_start(self, span: Span[Any]) -> None:
        """See `TracingProcessor`."""
        with self._lock:
            if span.span_data.type in ("task", "agent"):
                self._open[span.span_id] = span
            found = self._kept(span.trace_id)
            if found is None:  # its trace is too old, or began before this recorder
                return
            if len(found.spans) < LONGEST:
                found.spans.append(span)
            else:
                found.left_out += 1

    def on_span_end(self, span: Span[Any]) -> None:
        """See `TracingProcessor`."""
        with self._lock:
            self._open.pop(span.span_id, None)

    def on_answer(self, trace_id: str, answer: str) -> None:
        """Note that a model's answer came in this trace."""
        with self._lock:
            found = self._kept(trace_id)
            if found is not None and len(found.answers) < LONGEST:
                found.answers.add(answer)

    def _kept(self, trace_id: str) -> Recorded | None:
        return next((t for t in reversed(self.traces) if t.trace.trace_id == trace_id), None)

    def shutdown(self) -> None:
        """See `TracingProcessor`."""

    def force_flush(self) -> None:
        """See `TracingProcessor`."""


class Answers(CustomLogger):
    """Tells the recorder in which trace an answer came. `start()` puts it into `litellm.callbacks`.

    The result of a plain run does not name its trace, and no span names the answer. LiteLLM calls this inside the span
    of the model call, so here both are known.
    """

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    async def async_post_call_success_deployment_hook(self, request_data: Any, response: Any, call_type: Any) -> None:
        """See LiteLLM's `CustomLogger`."""
        span = agents.get_current_span()
        if span is not None:
            self._recorder.on_answer(span.trace_id, str(getattr(response, "id", "")))


def setup_tracing(mode: Literal["local", "openai", "off"] = "local") -> None:
    """Decide where traces go, from now until the next `start()`, which goes back to "local".

    Args:
        mode: "local": they are kept in this kernel, for `trace_tree`, and go nowhere. "openai": they are kept here and
            sent to OpenAI as well, with your OpenAI key, prompts and answers included. "off": there are none, in the
            whole kernel.

    Raises:
        ValueError: The mode is none of these.
        RuntimeError: `start` has not been called; or "openai" while nothing is live, or without an OpenAI key.

    Example:
        >>> setup_tracing("off")  # doctest: +SKIP
        Traces: off. No run is recorded until course.setup_tracing("local").
    """
    recorder = session.recorder()
    if mode not in ("local", "openai", "off"):
        raise ValueError(f'mode={mode!r}: there are "local", "openai" and "off".')
    if mode == "openai":
        key = own_values().get("OPENAI_API_KEY")
        if not session.live_names():
            raise RuntimeError(
                "You are offline, and offline nothing leaves this machine. Make a provider live first, such as "
                'course.start(live=["anthropic"]), then say this again.'
            )
        if key is None:
            raise RuntimeError("OpenAI takes traces with an OpenAI key only, and none is set: OPENAI_API_KEY in .env.")
        agents.set_tracing_export_api_key(key[1].reveal())
        print(
            f"Traces: also sent to OpenAI ({default_exporter().endpoint}, key {key[1]!r}): every prompt, every answer "
            "and what tools were given and gave, of all models, until the next course.start() or setup_tracing."
        )
        agents.set_trace_processors([recorder, default_processor()])
    else:
        agents.set_trace_processors([recorder])
        print(
            "Traces: kept in this kernel for course.trace_tree, and sent nowhere."
            if mode == "local"
            else 'Traces: off. No run is recorded until course.setup_tracing("local").'
        )
    agents.set_tracing_disabled(mode == "off")


def _run_name(span: Span[Any]) -> str:
    return str(getattr(span.span_data, "name", None) or "Agent workflow")
