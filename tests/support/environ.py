"""An environment that a test may change as it likes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

# LiteLLM sets it once, when it first counts tokens, to the tokenizers that it brings: without it, they are downloaded.
SET_FOR_GOOD = "TIKTOKEN_CACHE_DIR"


@contextmanager
def environ_restored() -> Iterator[None]:
    """Put every variable back that changes inside."""
    before = dict(os.environ)
    try:
        yield
    finally:
        after = {SET_FOR_GOOD: os.environ[SET_FOR_GOOD]} if SET_FOR_GOOD in os.environ else {}
        os.environ.clear()
        os.environ.update(before | after)
