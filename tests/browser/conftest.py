"""A real JupyterLab, in a real browser, on copies of the notebooks; no request of the page may leave this machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from lab_in_a_browser import Lab

ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / ".artifacts"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [  # without these, chromium itself looks outside: for updates, for its maker's hosts
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")  # not longer: while Playwright runs, no asyncio test can in the same process
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("CI has to have a chromium; .ci/run installs it")
        pytest.skip("no chromium on this machine")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield running
        running.close()


THEMES = [
    pytest.param("JupyterLab Light", id="light"),
    pytest.param("JupyterLab Dark", id="dark", marks=pytest.mark.all),
]


@pytest.fixture(scope="module", params=THEMES)
def lab(request: pytest.FixtureRequest, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    tmp_path = tmp_path_factory.mktemp("lab")
    settings = tmp_path / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "themes.jupyterlab-settings").write_text(json.dumps({"theme": request.param}))
    (settings / "notification.jupyterlab-settings").write_text(
        json.dumps({"fetchNews": "false", "checkForUpdates": False})
    )
    folder = tmp_path / "notebooks"
    shutil.copytree(ROOT / "notebooks", folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints", "main.py"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    homes = {f"JUPYTER_{kind}_DIR": str(tmp_path / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"]
    command += [
        "--IdentityProvider.token=",
        "--expose-app-in-browser",
        f"--LabApp.user_settings_dir={tmp_path / 'settings'}",
    ]
    with (tmp_path / "lab.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, env=os.environ | homes, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(url, server, tmp_path / "lab.log")
            outside: list[str] = []
            context = browser.new_context(viewport={"width": 1280, "height": 900})

            def guard(route: Route) -> None:
                if re.match(r"(https?|wss?)://127\.0\.0\.1:", route.request.url) or route.request.url.startswith(
                    "data:"
                ):
                    route.continue_()
                else:
                    outside.append(route.request.url)
                    route.abort()

            context.route("**/*", guard)
            yield Lab(url, folder, context.new_page, outside)
            context.close()
            assert outside == [], "the page tried to leave this machine"
        finally:
            server.terminate()
            server.wait(20)


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        if server.poll() is not None:
            pytest.fail(f"JupyterLab ended:\n{log.read_text(errors='replace')[-2000:]}")
        try:
            httpx.get(f"{url}/api", timeout=1)
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    pytest.fail(f"JupyterLab did not answer:\n{log.read_text(errors='replace')[-2000:]}")


@pytest.fixture
def photograph(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Keep a screenshot as an artifact of the run."""

    def take(page: Page, name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        theme = request.node.callspec.params["lab"].rpartition(" ")[2].lower()
        page.screenshot(path=ARTIFACTS / f"{name}-{theme}.png")

    return take
