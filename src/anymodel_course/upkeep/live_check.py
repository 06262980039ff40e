"""`live-check PROVIDER`: run the notebooks as a learner does who is live with one provider, and record how that went.

    python3 lab.py live-check anthropic                     with the cheapest id, up to $0.10
    python3 lab.py live-check azure/my-deployment --cap 1   with an id of your own

**What runs.** A copy of every notebook, each in a kernel of its own, from top to bottom, with ANYMODEL_LIVE naming the
provider. Its cells then call the real provider, with your key; those of the other eight are scripted as ever. So a cell
"can go live" where it asks this provider's model, and the record counts how many did. Only cells tagged `offline-only`
are left out: those that decide what the model says, read the stand-in's log, or set keys of their own.

**With which model.** Where the course's usual id stands, in a cell or in the registry, the copy has the cheapest one.

**What counts as passed.** A cell that ends as its stored output does: without an error, or with the same class of
error. Answers are not compared. A notebook ends at its first failure, as "Run All Cells" does.

**The cap.** Before each call, the dollars spent so far (at list prices) are held against `--cap`, and the calls of the
notebook against 50; what is in flight is not stopped. Only calls through LiteLLM are counted: not those of an `Agent`
without a model, nor those of a program that a cell starts (main.py in notebook 02 makes one). Where a price is unknown,
only calls are capped.

**The record** is one row of `live-checks.md`: no key, no address, no prompt, no answer, no error message. Nothing is
recorded where no call was made, or where the address set for the provider turns out to be a stand-in's.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from scripted_providers.environment import QUIET

from .. import keys
from ..providers import Provider, provider
from ..session import USUAL_CAP
from ..stacks import PARTS, installed
from .refresh import NOTEBOOKS, is_offline_only

RECORD = NOTEBOOKS.parent / "live-checks.md"
LONGEST = 180  # seconds a cell
HEADINGS = (
    *("Date", "Model", "Reached", " · ".join(PARTS), "Notebooks", "Cells run", "of these live", "left out", "Failed"),
    *("Calls", "List price"),
)


@dataclass
class Check:
    """What a check did. Its row is what gets recorded.

    Attributes:
        model: The full id that was asked.
        reached: Where the calls went: the provider's own host, or the variable that names another.
        cells: How many cells ran.
        live: How many of them made a call.
        left_out: How many were not run because they only make sense offline.
        failed: Notebook, cell number and class of error, for each failure.
        dollars: At list prices, of calls whose price is known.
        unpriced: Calls whose price is unknown.
        capped: Whether a call was refused.
    """

    model: str
    reached: str
    notebooks: int = 0
    cells: int = 0
    live: int = 0
    left_out: int = 0
    failed: list[str] = field(default_factory=list)
    calls: int = 0
    dollars: float = 0.0
    unpriced: int = 0
    capped: bool = False

    @property
    def passed(self) -> bool:
        """Whether something was checked, all of it, and nothing failed."""
        return self.calls > 0 and not self.failed and not self.capped

    def row(self) -> str:
        """Return the row of the record."""
        from ..usage import dollars

        failed = [*self.failed, *(["ended at the cap"] if self.capped else [])]
        cells = (
            *(date.today().isoformat(), self.model, self.reached, " · ".join(installed(p) or "?" for p in PARTS)),
            *(self.notebooks, self.cells, self.live, self.left_out, "; ".join(failed) or "none", self.calls),
            dollars(None if self.unpriced else self.dollars),
        )
        return f"| {' | '.join(map(str, cells))} |"


def main(arguments: list[str]) -> int:
    """Run one check; return 0 if all passed, 1 if something failed or nothing was called, 2 if it could not begin."""
    parser = argparse.ArgumentParser(prog="lab.py live-check", description="Run what can go live, at your cost.")
    parser.add_argument("provider", help="its name, or a full model id instead of its cheapest")
    parser.add_argument("--cap", type=_dollars, default=0.10, help="dollars, at list prices (0.10)")
    given = parser.parse_args(arguments)
    os.environ.update({variable.name: variable.value for variable in QUIET})
    try:
        row = provider(given.provider)
        model = _model(row, given.provider)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    known = keys.key(row.name)
    if not known:
        print(f"{row.name} cannot go live: {known.missing}. A key: {row.key_page}", file=sys.stderr)
        return 2
    reached, scripted = _reached(row)
    what = f"{reached} leads to a stand-in" if scripted else "calls are real and cost money"
    print(f"LIVE: {model}, {known}; {what}. The cap is ${given.cap:g}.", flush=True)
    try:
        check = run(row, model, given.cap, reached)
    except KeyboardInterrupt:
        print("Stopped; nothing was recorded.", file=sys.stderr)
        return 130
    print(f"| {' | '.join(HEADINGS)} |\n{check.row()}")
    if scripted or not check.calls:
        why = f"{reached} leads to a stand-in, and no provider was called" if scripted else "no cell called it"
        print(f"Not recorded: {why}.")
    else:
        with RECORD.open("a", encoding="utf-8") as file:
            file.write(check.row() + "\n")
        print(f"Recorded in {RECORD.name}.")
    return 0 if check.passed else 1


def run(row: Provider, model: str, cap: float, reached: str) -> Check:
    """Run every notebook live with one provider.

    Args:
        row: The provider.
        model: The full id to ask, in the place of the course's usual one.
        cap: US dollars at list prices, for all notebooks together.
        reached: See `Check`.
    """
    check = Check(model, reached)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "notebooks"
        shutil.copytree(NOTEBOOKS, place, ignore=shutil.ignore_patterns(".*"))
        for path in sorted(place.glob("*.ipynb")):
            _run_notebook(path, row, check, cap)
            print(f"{path.stem}: {check.calls} calls so far, {len(check.failed)} failed", flush=True)
            if check.capped:
                break
    return check


def _run_notebook(path: Path, row: Provider, check: Check, cap: float) -> None:
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    wanted = [cell for cell in code if not is_offline_only(cell)]
    left = max(0.0, cap - check.dollars)
    ask = f"from anymodel_course.upkeep import live_meter\nawait live_meter.report({row.name!r}, {USUAL_CAP}, {left!r})"
    client = NotebookClient(notebook, kernel_name="python3", timeout=LONGEST, allow_errors=True, record_timing=False)
    client.resources = {"metadata": {"path": str(path.parent)}}
    before = (check.calls, check.dollars, check.unpriced)
    check.notebooks += 1
    check.left_out += len(code) - len(wanted)
    with client.setup_kernel(env=_environment(row, check.model)):
        for cell in wanted:
            number, expected, calls = cell.execution_count, _error(cell), check.calls
            cell.source = cell.source.replace(row.model, check.model)
            check.cells += 1
            try:
                client.execute_cell(cell, notebook.cells.index(cell))
                ended, meter = _error(cell), nbformat.v4.new_code_cell(ask)
                notebook.cells.append(meter)
                client.execute_cell(meter, len(notebook.cells) - 1)
                said = [output.text for output in meter.outputs if output.get("name") == "stdout"]
                told = json.loads("".join(said))  # a busy kernel sends a line in two parts
            except (CellTimeoutError, DeadKernelError) as error:
                check.failed.append(f"{path.stem} [{number}] {type(error).__name__}")
                return
            check.calls = before[0] + told["calls"]
            check.dollars = before[1] + told["dollars"]
            check.unpriced = before[2] + told["unpriced"]
            check.live += check.calls > calls
            check.capped = told["refused"] > 0
            if check.capped:
                return
            if ended != expected:
                check.failed.append(f"{path.stem} [{number}] {ended or f'no {expected}'}")
                return


def _error(cell: nbformat.NotebookNode) -> str | None:
    """Return the class of the error that a cell ended with."""
    return next((str(output.ename) for output in cell.outputs if output.output_type == "error"), None)


def _environment(row: Provider, model: str) -> dict[str, str]:
    """Return the learner's own environment, live. The kernel stands elsewhere, so the way to `.env` is told."""
    dotenv = keys.read_dotenv().path
    return os.environ | {
        "ANYMODEL_LIVE": row.name,
        "ANYMODEL_MODEL": model,
        "ANYMODEL_DOTENV": str(dotenv.resolve()) if dotenv else os.devnull,
    }


def _model(row: Provider, given: str) -> str:
    from ..factory import resolve

    return resolve(given)[1] if "/" in given else row.cheap


def _reached(row: Provider) -> tuple[str, bool]:
    """Say where the calls will go, without an address, and whether a stand-in answers there."""
    own = keys.values_of(row)
    names = [name for name in row.endpoint.variables if keys.is_address(name) and name in own]
    if not names:
        return "its own host", False
    return ", ".join(names), any(_is_stand_in(own[name].reveal()) for name in names)


def _is_stand_in(address: str) -> bool:
    url = urlsplit(address)
    if url.hostname not in ("127.0.0.1", "localhost"):  # a stand-in listens nowhere else
        return False
    try:
        answer = httpx.get(f"{url.scheme}://{url.netloc}/", timeout=5, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
    return "x-scripted" in answer.headers


def _dollars(text: str) -> float:
    try:
        amount = float(text.lstrip("$"))
    except ValueError:
        amount = 0.0
    if not 0 < amount < 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount of dollars above 0, such as 0.10.")
    return amount
