"""Calls that the course makes for itself, to check an exercise or to warm up: they count nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_aside = ContextVar("_aside", default=False)


@contextmanager
def aside() -> Iterator[None]:
    """Keep the calls made in here, and in tasks and threads begun in here, out of `course.meter` and `wire`.

    LiteLLM reports a call later, but in the context that the call was made in.

    Example:
        >>> with aside():
        ...     is_aside()
        True
    """
    token = _aside.set(True)
    try:
        yield
    finally:
        _aside.reset(token)


def is_aside() -> bool:
    """Return whether the call that is being made, or reported, is one of these."""
    return _aside.get()
