"""Tokens as two witnesses tell them, sent and received: the stand-in's log, and the meter."""

from __future__ import annotations

from anymodel_course.metering import meter
from scripted_providers.server import Server


def logged(server: Server) -> tuple[int, int]:
    """What the stand-in says that it answered with."""
    used = [exchange.usage for exchange in server.log if exchange.usage]
    return sum(u.input for u in used), sum(u.output for u in used)


def metered() -> tuple[int, int]:
    counts = meter.counts.values()
    return sum(c.input_tokens for c in counts), sum(c.output_tokens for c in counts)
