"""A stand-in for the place that traces are sent to: it listens on this machine and shows what arrived."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class TraceCollector:
    """Takes what a `BackendSpanExporter(endpoint=collector.url)` sends, and keeps it. Use it with `with`.

    Attributes:
        received: The traces and spans that arrived, as the SDK exports them, in order.
        url: Where it listens, on 127.0.0.1.

    Example:
        >>> with TraceCollector() as collector:
        ...     collector.received
        []
    """

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                try:
                    items = json.loads(body)["data"]
                    received.extend(dict(item) for item in items)
                    self.send_response(204)
                except (ValueError, TypeError, KeyError):
                    self.send_response(400)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing: this is part of a notebook."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1/traces/ingest"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        """Return the collector."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening; what was received stays."""
        self._server.shutdown()
        self._server.server_close()
