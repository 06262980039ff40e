"""The solution on the page is the one that is tested: it is put into its stub's place, and the check has to pass."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from pydantic import TypeAdapter

from anymodel_course.session import SCENARIOS
from anymodel_course.upkeep.refresh import NOTEBOOKS as FOLDER
from anymodel_course.upkeep.refresh import cost_row, execute
from exercises import solved, tagged
from scripted_providers.check import check
from scripted_providers.replies import Ask
from scripted_providers.scenario import read

NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@functools.cache
def run_solved(path: Path) -> tuple[nbformat.NotebookNode, list[dict[str, Any]]]:
    """Run a notebook with its solutions in place, once for all tests here."""
    return execute(path, solved(nbformat.read(path, as_version=4)))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_every_folded_solution_passes_its_check(path: Path) -> None:
    notebook, log = run_solved(path)
    verdicts = {
        name: output["data"]["text/plain"]
        for cell in notebook.cells
        if cell.cell_type == "code" and (m := re.match(r"await course\.checks\.(\w+)", cell.source))
        for name, output in [(m[1], cell.outputs[-1])]
    }
    assert verdicts.keys() == tagged(notebook, "exercise").keys()
    assert [text for text in verdicts.values() if not text.startswith("Passed: ")] == []
    stored = nbformat.read(path, as_version=4)
    checked = [cell for cell in stored.cells if "await course.checks." in cell.source]
    assert all("Not yet: replace" in str(cell.outputs) for cell in checked), "stored as a learner first sees it"
    assert cost_row(log, stored) in stored.cells[0].source, "the costs on top are those of the request log"


def test_every_rule_answers_a_notebook_and_only_mirrors_go_unanswered() -> None:
    logs = [exchange for path in NOTEBOOKS for exchange in run_solved(path)[1]]
    asks = [TypeAdapter(Ask).validate_python(e["ask"]) for e in logs if e["ask"] and e["answered_by"] != "queue"]
    report = check(read(SCENARIOS), asks)
    assert (report.unreached, report.shadowed) == ((), ())
    mirrors = [
        cell.source
        for path in NOTEBOOKS
        for cell in nbformat.read(path, as_version=4).cells
        if "mirror" in cell.metadata.get("tags", [])
    ]
    assert [p for p in report.unanswered if not any(p in source for source in mirrors)] == []
