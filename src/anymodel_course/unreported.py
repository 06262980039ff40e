"""Calls that the course makes for itself, to check an exercise or to warm up: they count nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_unreported = ContextVar("_unreported", default=False)


@contextmanager
def unreported() -> Iterator[None]:
    """Keep the calls made in here, and in tasks begun in here, out of `course.meter` and `wire`.

    LiteLLM reports a call later, but in the context that the call was made in. A thread has that context where it was
    handed on, as `asyncio.to_thread` does; a `ThreadPoolExecutor` does not.

    Example:
        >>> with unreported():
        ...     is_unreported()
        True
    """
    token = _unreported.set(True)
    try:
        yield
    finally:
        _unreported.reset(token)


def is_unreported() -> bool:
    """Return whether the call that is being made, or reported, is one of these."""
    return _unreported.get()
