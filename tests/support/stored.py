"""What a stored notebook shows: the hand-written assertions about each notebook read it through this."""

from __future__ import annotations

import functools

import nbformat

from anymodel_course.upkeep.refresh import NOTEBOOKS


@functools.cache
def notebook(number: str) -> nbformat.NotebookNode:
    (path,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
    return nbformat.read(path, as_version=4)


def shown(number: str, code: str, nth: int = 0) -> list[str]:
    """Return the lines that the nth cell with this piece of code shows; of an error, its class and its message."""
    cells = [c for c in notebook(number).cells if c.cell_type == "code" and code in c.source]
    texts = []
    for output in cells[nth].outputs:
        if output.output_type == "error":
            texts.append(f"{output.ename}: {output.evalue}")
        else:
            texts.append(output.get("text") or output["data"]["text/plain"])
    return "\n".join(texts).strip("\n").split("\n")
