"""A learner's machine may hold anything; the notebooks print the same, and nothing of it gets out."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from anymodel_course.upkeep.isolation import isolated
from scripted_providers import ENDPOINTS

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "02_using_litellm_model.ipynb"
PLANTED = "planted-0123456789"
HOSTILE = (
    "\ufeff# keys\r\nOPENAI_API_KEY=planted-0123456789-dotenv\r\nANTHROPIC_API_KEY='planted-0123456789\r\n"
    "GEMINI_API_KEY=sk-...\r\nset MISTRAL_API_KEY=planted-0123456789\r\nOPENAI_BASE_URL=http://127.0.0.1:9/v1\r\n"
)


@pytest.fixture
def proxy() -> object:
    """A proxy on this machine that writes down who asked, and answers nobody."""
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection = server.accept()[0]
                except OSError:
                    return
                with connection:
                    seen.append(connection.recv(4096))

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", seen
        server.shutdown(socket.SHUT_RDWR)


def printed(notebook: nbformat.NotebookNode) -> list[list[tuple[str, str]]]:
    """Return what each cell printed, returned or raised."""
    return [
        [(o.output_type, o.get("text") or o.get("evalue") or o["data"]["text/plain"]) for o in cell.outputs]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def test_keys_redirects_proxies_and_a_bad_dotenv_change_nothing_and_reach_nobody(
    tmp_path: Path, proxy: tuple[str, list[bytes]]
) -> None:
    address, seen = proxy
    folder = tmp_path / "course" / "my"
    folder.mkdir(parents=True)
    (tmp_path / "course" / ".env").write_text(HOSTILE, encoding="utf-8", newline="")
    shutil.copy(NOTEBOOK, folder)
    environ = isolated(os.environ) | {name: f"{PLANTED}-{name}" for e in ENDPOINTS.values() for name in e.variables}
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        environ |= {name: address, name.lower(): address}
    environ |= {e.redirect: f"http://127.0.0.1:9/{PLANTED}" for e in ENDPOINTS.values()}
    environ |= {"SCRIPTED_PROVIDERS_LOG": str(tmp_path / "log")}
    del environ["ANYMODEL_DOTENV"]  # the one above the notebook counts
    stored = nbformat.read(NOTEBOOK, as_version=4)
    notebook = nbformat.read(folder / NOTEBOOK.name, as_version=4)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=180,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env=environ)
    assert printed(notebook) == printed(stored)
    assert seen == []
    logged = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "log").glob("*.jsonl"))
    assert logged
    assert PLANTED not in logged + json.dumps(notebook)


WITHOUT_A_ROUTE = ["unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
EXECUTE = """
import sys
from pathlib import Path

import nbformat

from anymodel_course.upkeep.refresh import execute

nbformat.write(execute(Path(sys.argv[1]))[0], sys.argv[1])
"""


def can_do_without_a_route() -> bool:
    try:
        return subprocess.run([*WITHOUT_A_ROUTE, "true"], capture_output=True).returncode == 0
    except OSError:
        return False


@pytest.mark.all
@pytest.mark.skipif(not can_do_without_a_route(), reason="needs unshare and ip, and leave to make a network namespace")
def test_a_machine_without_any_route_prints_the_same(tmp_path: Path) -> None:
    copy = Path(shutil.copy(NOTEBOOK, tmp_path))
    there = subprocess.run([*WITHOUT_A_ROUTE, "ip", "route"], capture_output=True, text=True)
    assert there.stdout == "", "nothing leads out of there"
    subprocess.run([*WITHOUT_A_ROUTE, sys.executable, "-c", EXECUTE, str(copy)], check=True, timeout=600)
    assert printed(nbformat.read(copy, as_version=4)) == printed(nbformat.read(NOTEBOOK, as_version=4))
