"""A server on this machine that speaks model providers' own wire formats and gives scripted replies.

It knows nothing of any course or test-suite: programs reach it unmodified, through environment variables.

    from scripted_providers import Server, call, fails

    with Server() as server:
        os.environ.update(server.env())
        server.says(call("get_weather", city="Oslo"), "Sunny.")
        ...  # LiteLLM, or a vendor's own client that takes its address from the environment (Mistral's does not)

Only what is light is imported here; `Server` (and with it uvicorn) arrives at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .environment import DUMMY_KEY, ENDPOINTS, env
from .replies import ERRORS, FAULTS, Reply, call, fails

if TYPE_CHECKING:
    from .scenario import read
    from .server import Server

__all__ = ["DUMMY_KEY", "ENDPOINTS", "ERRORS", "FAULTS", "Reply", "Server", "call", "env", "fails", "read"]


def __getattr__(name: str) -> Any:
    if name == "Server":
        from .server import Server

        return Server
    if name == "read":
        from .scenario import read

        return read
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
