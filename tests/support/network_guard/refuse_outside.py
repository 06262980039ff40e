"""Refuses every connection that would leave this machine, and writes down who tried.

Every process of a test run has it, by the `sitecustomize` beside it: the workers, the kernels of notebooks, and the
programs that cells start. A test that only watched itself would miss those.
"""

import ipaddress
import os
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

LOCAL_NAMES = {"localhost", "", None, socket.gethostname()}


def _is_local(host: Any) -> bool:
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host in LOCAL_NAMES:
        return True
    try:
        address = ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _refuse(host: Any) -> None:
    log = os.environ.get("NETWORK_GUARD_LOG")
    if log:
        with open(log, "a", encoding="utf-8") as file:
            test, thread = os.environ.get("PYTEST_CURRENT_TEST", "no test"), threading.current_thread().name
            file.write(f"{host} from {' '.join(sys.argv)[:200]}, thread {thread}, during {test}\n")
    raise OSError(f"The network guard of the tests refused a connection to {host!r}.")


def install() -> None:
    """Put the guard in front of the socket module's ways out."""
    if getattr(socket, "guarded", False):
        return
    socket.guarded = True  # type: ignore[attr-defined]
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        _guard(socket, name, lambda arguments: arguments[0])
    for name in ("connect", "connect_ex", "sendto"):
        _guard(socket.socket, name, _target)


def _guard(owner: Any, name: str, host_of: Callable[[tuple[Any, ...]], Any]) -> None:
    real = getattr(owner, name)

    def guarded(*arguments: Any, **more: Any) -> Any:
        host = host_of(arguments) if arguments else more.get("host")
        if not _is_local(host):
            _refuse(host)
        return real(*arguments, **more)

    setattr(owner, name, guarded)


def _target(arguments: tuple[Any, ...]) -> Any:
    """Return the host that a socket's method goes to: its address comes last. Files of this machine have none."""
    used, *_, address = arguments
    return address[0] if used.family in (socket.AF_INET, socket.AF_INET6) else ""
