"""What holds for the process of every test: LiteLLM keeps quiet, and no client reads certificates that nobody shows."""

import gc
import os
import ssl
import sys
from collections.abc import AsyncIterator
from typing import Any

import certifi
import pytest

from scripted_providers.environment import QUIET

os.environ.update({variable.name: variable.value for variable in QUIET})  # before test modules import LiteLLM

_ROOTS = {certifi.where(), os.environ.get("SSL_CERT_FILE")}
_load = ssl.SSLContext.load_verify_locations


def _load_others(context: ssl.SSLContext, cafile: Any = None, *rest: Any, **named: Any) -> None:
    """Pass over the public root certificates: 40 ms for each of the thousand HTTP clients here, and none speaks TLS."""
    if cafile not in _ROOTS:
        _load(context, cafile, *rest, **named)


ssl.SSLContext.load_verify_locations = _load_others  # type: ignore[method-assign]


@pytest.fixture(autouse=True, scope="session")
async def _clients_closed() -> AsyncIterator[None]:
    """Close what LiteLLM keeps open for the next call: at the process's end each would complain that nobody did."""
    yield
    if "litellm" not in sys.modules:
        return
    from aiohttp import ClientSession
    from litellm.llms.custom_httpx.async_client_cleanup import close_litellm_async_clients

    await close_litellm_async_clients()  # those that it knows of
    gc.unfreeze()  # what a start() has seen, the collector would pass over
    for session in [each for each in gc.get_objects() if type(each) is ClientSession]:
        await session.close()
    gc.collect()
