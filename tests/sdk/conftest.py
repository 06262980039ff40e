"""A stand-in that an unmodified Agents SDK with LiteLLM finds through environment variables alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from environ import environ_restored
from scripted_providers import DUMMY_KEY, ENDPOINTS, Server

if TYPE_CHECKING:
    import sdk_runs


@pytest.fixture(scope="module")  # not longer: other tests of this process have an environment of their own
def server() -> Iterator[Server]:
    """Set `server.env()` and nothing else; whatever key the environment held is no longer there to be sent."""
    with environ_restored(), Server(judge=lambda key: None if key == DUMMY_KEY else "You are offline.") as running:
        for endpoint in ENDPOINTS.values():
            for name in endpoint.variables:
                os.environ.pop(name, None)
        os.environ.update(running.env())
        yield running


@pytest.fixture(scope="module")
def sdk(server: Server) -> sdk_runs:  # type: ignore[valid-type]
    """Import the SDK and LiteLLM, now that the variables are set that they read while they are imported."""
    import sdk_runs

    return sdk_runs


@pytest.fixture(autouse=True)
def fresh(server: Server) -> None:
    server.reset()
