"""A running JupyterLab as a test sees it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

expect.set_options(timeout=60_000)


@dataclass
class Lab:
    """A JupyterLab server and the way to a page of it."""

    url: str
    folder: Path
    open_page: Callable[[], Page]
    outside: list[str]

    def open(self, notebook: str) -> Page:
        """Open a notebook and wait until its kernel is idle."""
        page = self.open_page()
        page.goto(f"{self.url}/lab/tree/{notebook}?reset")
        expect(page.get_by_role("main").locator(".jp-NotebookPanel")).to_be_visible()
        expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle")
        return page

    def run_all(self, page: Page) -> None:
        """Restart the kernel and run all cells through the menu, and return when the last one is through."""
        # A fresh clone has its execution counts already: without them it can be seen what has run.
        page.evaluate("window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
        page.get_by_role("menuitem", name="Kernel", exact=True).click()
        page.get_by_role("menuitem", name=re.compile("Restart Kernel and Run All Cells")).click()
        page.get_by_role("dialog").get_by_role("button", name="Confirm Kernel Restart").click()
        page.wait_for_function(
            """() => {
                const cells = window.jupyterapp.shell.currentWidget.content.model.cells;
                const codes = Array.from({length: cells.length}, (_, i) => cells.get(i)).filter(c => c.type === 'code');
                return codes.length && codes.every((c, n) => c.executionCount === n + 1);
            }""",
            timeout=300_000,
        )
        expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle")
