"""Give a learner working copies of the notebooks: ``python -m anymodel_course.upkeep.copies notebooks my``.

Opening, running and saving a notebook changes it, so learners work on copies, and nobody's work is ever written over:
each version of an original arrives once, and where the learner already has a file of that name it arrives beside it.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import sys
from pathlib import Path

RECORD = ".copied"  # in the learner's directory: a line for each version that has arrived, its digest and its name


def main(originals: Path, mine: Path) -> None:
    """Bring what is new in ``originals`` to ``mine``, and say so where a file of that name was there.

    Args:
        originals: The directory with the notebooks, and with whatever files they use.
        mine: The learner's directory; it is made where it is missing.
    """
    mine.mkdir(parents=True, exist_ok=True)
    record = mine / RECORD
    arrived = set(record.read_text(encoding="utf-8").splitlines()) if record.exists() else set()
    for original in sorted(originals.rglob("*")):
        name = original.relative_to(originals)
        if original.is_dir() or original.suffix == ".py" or any(part.startswith((".", "__")) for part in name.parts):
            continue  # a cache, a checkpoint, or a program that a cell saved where somebody ran the originals
        content = working_copy(original)
        entry = f"{hashlib.sha256(content).hexdigest()} {name.as_posix()}"
        target = mine / name
        if target.exists() and entry in arrived:
            continue
        if target.exists() and target.read_bytes() != content:
            target = free_name_beside(target)
            print(f"{mine.name}/{name.as_posix()} stays as it is; a newer version is beside it: {target.name}")
        put(target, content)
        with record.open("a", encoding="utf-8") as lines:
            lines.write(entry + "\n")


def working_copy(original: Path) -> bytes:
    """Return what a learner gets: a notebook without its outputs and what went with them, any other file as it is."""
    if original.suffix != ".ipynb":
        return original.read_bytes()
    notebook = json.loads(original.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    # A notebook that was only executed again, on another Python, is no newer version.
    for made_by_running in ("language_info", "widgets"):
        notebook["metadata"].pop(made_by_running, None)
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


def free_name_beside(path: Path) -> Path:
    """Return ``x.new.ipynb`` for ``x.ipynb``, or ``x.new2.ipynb`` and so on where the learner has that one too."""
    names = (path.with_suffix(f".new{number}{path.suffix}") for number in itertools.chain([""], itertools.count(2)))
    return next(name for name in names if not name.exists())


def put(target: Path, content: bytes) -> None:
    """Write a file whole or not at all: half a notebook, left by a full disk, would pass for the learner's work."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    part.write_bytes(content)
    part.replace(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
