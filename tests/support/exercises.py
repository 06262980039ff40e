"""The exercises of a notebook: their stubs, and the folded solutions that belong in the stubs' places."""

from __future__ import annotations

import re

import nbformat


def tagged(notebook: nbformat.NotebookNode, kind: str) -> dict[str, nbformat.NotebookNode]:
    """Return the cells that are tagged `kind:NAME`, by name."""
    return {
        tag.partition(":")[2]: cell
        for cell in notebook.cells
        for tag in cell.metadata.get("tags", [])
        if tag.startswith(f"{kind}:")
    }


def solved(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Put every folded solution in its stub's place."""
    stubs, solutions = tagged(notebook, "exercise"), tagged(notebook, "solution")
    assert stubs, "every notebook has an exercise"
    assert stubs.keys() == solutions.keys()
    for name, cell in solutions.items():
        fold = re.fullmatch(
            r"<details><summary>Solution</summary>\n\n```python\n(.+?)```\n</details>", cell.source, re.DOTALL
        )
        assert fold, f"the solution of {name} stands alone in its cell, folded"
        stubs[name].source = fold[1]
    return notebook
