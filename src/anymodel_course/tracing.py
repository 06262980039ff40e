"""Traces: the SDK's own processors. Importing this module imports the SDK."""

from __future__ import annotations

import threading
from typing import Any

from agents.tracing import Span, Trace, TracingProcessor


class OpenTraces(TracingProcessor):
    """Knows which runs are under way, and sends nothing anywhere.

    `start()` installs it in the place of the exporter, which would send every prompt and answer to OpenAI as soon as
    an OpenAI key is set, whatever model ran.
    """

    def __init__(self) -> None:
        self._open: dict[str, str] = {}
        self._lock = threading.Lock()

    @property
    def names(self) -> list[str]:
        """The names of the runs under way, oldest first."""
        with self._lock:
            return list(self._open.values())

    def on_trace_start(self, trace: Trace) -> None:
        """See `TracingProcessor`. A trace alone is no run: people open one around several, or forget to close it."""

    def on_trace_end(self, trace: Trace) -> None:
        """See `TracingProcessor`."""

    def on_span_start(self, span: Span[Any]) -> None:
        """See `TracingProcessor`."""
        if span.span_data.type in ("task", "agent"):
            with self._lock:
                self._open[span.span_id] = str(getattr(span.span_data, "name", None) or "Agent workflow")

    def on_span_end(self, span: Span[Any]) -> None:
        """See `TracingProcessor`."""
        with self._lock:
            self._open.pop(span.span_id, None)

    def shutdown(self) -> None:
        """See `TracingProcessor`."""

    def force_flush(self) -> None:
        """See `TracingProcessor`."""
