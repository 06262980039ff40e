"""The collector takes what the SDK's exporter sends, on this machine only."""

from __future__ import annotations

import httpx
import pytest
from agents import trace
from agents.tracing.processors import BackendSpanExporter, BatchTraceProcessor

from anymodel_course.instruments.trace_collector import TraceCollector


def test_it_keeps_what_the_sdks_exporter_sends_and_not_the_key_that_came_with_it() -> None:
    with TraceCollector() as collector:
        exporter = BatchTraceProcessor(BackendSpanExporter(api_key="made-up", endpoint=collector.url))
        with trace("one", disabled=False) as made:
            exporter.on_trace_start(made)
        exporter.force_flush()
        exporter.shutdown()
    assert [(item["object"], item["workflow_name"]) for item in collector.received] == [("trace", "one")]
    assert "made-up" not in repr(vars(collector))


def test_it_listens_here_only_and_stops_with_its_block() -> None:
    with TraceCollector() as collector:
        assert collector.url.startswith("http://127.0.0.1:")
    with pytest.raises(httpx.TransportError):
        httpx.post(collector.url, json={"data": []})


def test_what_is_no_trace_is_refused_and_it_goes_on() -> None:
    with TraceCollector() as collector:
        for body in (b"no json", b"[]", b'{"data": 1}'):
            assert httpx.post(collector.url, content=body).status_code == 400
        assert httpx.post(collector.url, json={"data": [{"object": "trace"}]}).status_code == 204
    assert collector.received == [{"object": "trace"}]
