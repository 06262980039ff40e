"""`refresh`: run notebooks offline and store what they print. The only way in which outputs get into the repo."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from scripted_providers.environment import QUIET

from ..providers import PROVIDERS
from ..session import SCENARIOS
from .isolation import isolated

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
WIDGET = "application/vnd.jupyter.widget-view+json"
COST_ROW = re.compile(r"^\| What it costs \|.*$", re.MULTILINE)


def main(arguments: list[str]) -> int:
    """Refresh the notebooks named, or all."""
    every = sorted(NOTEBOOKS.glob("*.ipynb"))
    wanted = [path for path in every if not arguments or any(path.name.startswith(Path(a).stem) for a in arguments)]
    if not wanted:
        print(
            f"No notebook fits {' '.join(arguments)}. There are: {', '.join(p.stem for p in every)}.", file=sys.stderr
        )
        return 2
    for path in wanted:
        try:
            notebook, log = execute(path)
        except CellExecutionError as error:
            print(f"{path.name}: not refreshed, a cell failed:\n{error}", file=sys.stderr)
            return 1
        store(notebook, cost_row(log, notebook))
        nbformat.write(notebook, path)
        print(f"{path.name}: {sum(c.cell_type == 'code' for c in notebook.cells)} cells, {len(log)} model calls")
    return 0


def execute(
    path: Path, notebook: nbformat.NotebookNode | None = None
) -> tuple[nbformat.NotebookNode, list[dict[str, Any]]]:
    """Run a notebook in a kernel of its own, offline.

    Args:
        path: Where it stands; its folder is the kernel's working directory.
        notebook: What to run instead of the file's own content (with solutions put in, say).

    Returns:
        The executed notebook, and the exchanges that the stand-in logged, each with `offline_only`: whether it comes
        from a cell that is tagged so.

    Raises:
        CellExecutionError: A cell raised that is not tagged `raises-exception`.
    """
    notebook = notebook or nbformat.read(path, as_version=4)
    begun: list[tuple[float, bool]] = []

    def begin(cell: nbformat.NotebookNode, cell_index: int) -> None:
        begun.append((time.monotonic(), is_offline_only(cell)))

    with tempfile.TemporaryDirectory() as logs:
        client = NotebookClient(
            notebook,
            kernel_name="python3",
            timeout=180,
            record_timing=False,
            store_widget_state=False,
            coalesce_streams=True,
            on_cell_start=begin,
            resources={"metadata": {"path": str(path.parent)}},
        )
        client.execute(env=isolated(os.environ) | {"SCRIPTED_PROVIDERS_LOG": logs})
        lines = [line for file in sorted(Path(logs).glob("*.jsonl")) for line in file.read_text("utf-8").splitlines()]
    log = [exchange for exchange in map(json.loads, lines) if _of_the_course(exchange)]
    for exchange in log:  # the clock is the machine's, the same in this process and the kernel's
        exchange["offline_only"] = next(only for at, only in reversed(begun) if at <= exchange["started"])
    return notebook, log


def _of_the_course(exchange: dict[str, Any]) -> bool:
    """Tell a notebook's own calls from those of a program that it starts with rules of its own, which is never live."""
    file = str(exchange["answered_by"]).partition(":")[0]
    return not file.endswith(".yaml") or (SCENARIOS / file).exists()


def store(notebook: nbformat.NotebookNode, costs: str) -> None:
    """Make an executed notebook fit to be stored: nothing of the machine, nothing random, its cost row filled in."""
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    widgets = 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = COST_ROW.sub(lambda _: costs, cell.source)
            continue
        for output in cell.outputs:
            if output.output_type == "error":  # frames name paths of this machine, and learners need the last line
                output.traceback = [f"{output.ename}: {output.evalue}"]
            elif WIDGET in output.get("data", {}):  # its state is not stored, so its random id leads nowhere
                output.data[WIDGET]["model_id"] = f"{(widgets := widgets + 1):032x}"


def cost_row(log: list[dict[str, Any]], notebook: nbformat.NotebookNode) -> str:
    """Write the header's row of costs from what was really requested, and whether live some cells are left out."""
    os.environ.update({variable.name: variable.value for variable in QUIET})  # before LiteLLM is imported
    from ..usage import cost_of, dollars

    # Cells that one skips when live cost nothing. What they queue for a later cell, failures too, is a live call there.
    calls = [e for e in log if (e["usage"] or e["answered_by"] == "queue") and not e["offline_only"]]
    total = 0.0
    for call in calls:
        model = f"{PROVIDERS[call['provider']].prefix}/{call['ask']['model']}"
        used = call["usage"] or {"input": 0, "output": 0}
        total += cost_of(model, used["input"], used["output"]) or 0.0
    price = f"about {dollars(float(f'{total:.1g}'))} for the script's tokens" if total else "nothing"
    live = f"{len(calls)} model call{'' if len(calls) == 1 else 's'}, {price}" if calls else "nothing"
    skip = " (you skip the cells tagged `offline-only`)" if any(map(is_offline_only, notebook.cells)) else ""
    return f"| What it costs | offline: nothing · live: {live}{skip} |"


def is_offline_only(cell: nbformat.NotebookNode) -> bool:
    """Whether a cell makes sense offline only, and is skipped live."""
    return "offline-only" in cell.metadata.get("tags", [])
