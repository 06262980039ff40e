"""The guard of the test run: whoever tries to leave this machine is refused and written down, in every process.

The names and addresses here are reserved for examples: without the guard, too, they would lead nowhere.
"""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

GUARD = Path(__file__).parent / "support" / "network_guard"
OUTSIDE = {
    "a name": 'socket.create_connection(("outside.invalid", 80), 2)',
    "an address": 'socket.socket().connect(("192.0.2.1", 80))',
    "an address, asked quietly": 'socket.socket().connect_ex(("192.0.2.1", 80))',
    "an IPv6 address": 'socket.socket(socket.AF_INET6).connect(("2001:db8::1", 80))',
    "a datagram": 'socket.socket(type=socket.SOCK_DGRAM).sendto(b"?", ("192.0.2.1", 53))',
    "a lookup": 'socket.gethostbyname("outside.invalid")',
    "asyncio": 'import asyncio; asyncio.run(asyncio.open_connection("outside.invalid", 80))',
    "urllib": 'import urllib.request; urllib.request.urlopen("http://192.0.2.1/", timeout=2)',
    "httpx": 'import httpx; httpx.get("http://outside.invalid/", timeout=2, trust_env=False)',
    "a child": "import subprocess, sys; subprocess.run([sys.executable, '-c', "
    "'import socket; socket.create_connection((\"192.0.2.1\", 80), 2)'], check=True)",
}


def run(code: str, log: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a process that has the guard, with a log of its own: the test run's must stay empty."""
    environ = os.environ | {"PYTHONPATH": str(GUARD), "NETWORK_GUARD_LOG": str(log)}
    return subprocess.run(
        [sys.executable, "-c", f"import socket; {code}"], env=environ, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("way", OUTSIDE)
def test_a_way_out_is_refused_and_written_down(way: str, tmp_path: Path) -> None:
    log = tmp_path / "outside.txt"
    done = run(OUTSIDE[way], log)
    assert done.returncode == 1
    assert "The network guard of the tests refused a connection to" in done.stderr
    (line,) = set(log.read_text(encoding="utf-8").splitlines())
    assert line.startswith(("outside.invalid from ", "192.0.2.1 from ", "2001:db8::1 from "))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_can_be_reached(host: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = run(f"socket.create_connection(({host!r}, {port}), 5).close(); print('through')", tmp_path / "log")
    assert done.stdout.strip() == "through", done.stderr
    assert not (tmp_path / "log").exists()


def test_this_process_has_the_guard_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETWORK_GUARD_LOG", str(tmp_path / "outside.txt"))
    with pytest.raises(OSError, match="network guard"), socket.socket() as outside:
        outside.connect(("192.0.2.1", 80))
    assert (tmp_path / "outside.txt").read_text(encoding="utf-8").startswith("192.0.2.1 from ")
