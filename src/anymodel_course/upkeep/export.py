"""`export DIR`: copies of the notebooks for a class, without the solutions, without the outputs, or only some of them.

    python3 lab.py export class                                    all of them, as they are
    python3 lab.py export class --no-solutions --notebooks 00,02   two of them, with the exercises left to the class

**What a copy keeps.** Everything but what the options leave out. A quiz keeps its explanations and an exercise its
hints: both are for learning, and only cells tagged `solution:NAME` are solutions.

**Links.** A file that a copied notebook shows or links to comes along, in the same place beside it. A link to what does
not come along, a notebook that was left out for instance, becomes plain text.

**The directory.** What is there already and differs stays as it is: then nothing at all is written. Exporting the same
again is no difference. The copies run wherever the course is installed, in this folder's `.venv` for instance.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from urllib.parse import unquote

import nbformat

from .copies import put, working_copy
from .refresh import NOTEBOOKS

# Code first, and as a whole: `handlers[name](event)` is no link.
_CODE_OR_LINK = re.compile(r"```.*?```|`[^`\n]*`|!?\[(?P<label>[^\]]*)\]\((?P<target>[^)\s]+)[^)]*\)", re.DOTALL)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|#|/", re.IGNORECASE)  # a web page, a place on this page, a server's root


class Refused(ValueError):
    """Nothing was written; the message says what was given, what is allowed, and what to do."""


def main(arguments: list[str]) -> int:
    """Export what the arguments name.

    Args:
        arguments: The words after `export`.

    Returns:
        The exit code: 0, or 2 where nothing was written.
    """
    parser = argparse.ArgumentParser(
        prog="python -m anymodel_course export", description="Copy the notebooks for a class."
    )
    parser.add_argument("directory", metavar="DIR", type=Path, help="where to; made where it is missing")
    parser.add_argument("--no-solutions", action="store_true", help="leave the solutions of the exercises out")
    parser.add_argument("--no-outputs", action="store_true", help="leave the stored outputs out")
    parser.add_argument("--notebooks", metavar="00,02", help="only these, by number, with commas and no spaces")
    given = parser.parse_args(arguments)
    try:
        chosen = choose(given.notebooks)
        files = copies(chosen, solutions=not given.no_solutions, outputs=not given.no_outputs)
        write(files, given.directory)
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"Not exported: {error}. Mend that, or name another directory.", file=sys.stderr)
        return 2
    many = len(chosen) > 1
    besides = f" and the files that {'they use' if many else 'it uses'}" if len(files) > len(chosen) else ""
    what = f"{len(chosen)} notebook{'s' if many else ''}{besides}. {'They run' if many else 'It runs'}"
    print(f"{given.directory} has {what} where the course is installed.")
    return 0


def choose(numbers: str | None) -> list[Path]:
    """Return the notebooks with these numbers, or all.

    Args:
        numbers: Numbers with commas between them, such as "00,02".

    Raises:
        Refused: A number is no notebook's.
    """
    every = {path.name[:2]: path for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))}
    if numbers is None:
        return list(every.values())
    wanted = [number.strip() for number in numbers.split(",")]
    if unknown := [number for number in wanted if number not in every]:
        raise Refused(
            f"Not exported: no notebook has the number {', '.join(map(repr, unknown))}. "
            f"There are: {', '.join(every)}. Name some of them: --notebooks {','.join(list(every)[:2])}"
        )
    return [path for number, path in every.items() if number in wanted]


def copies(chosen: list[Path], *, solutions: bool = True, outputs: bool = True) -> dict[str, bytes]:
    """Make the copies, and find the files that they use.

    Args:
        chosen: The notebooks to copy.
        solutions: Whether to keep the solutions of the exercises.
        outputs: Whether to keep the stored outputs.

    Returns:
        Each file's content, by its path in the directory of the copies.
    """
    files: dict[str, bytes] = {}
    folder = NOTEBOOKS.resolve()
    coming = {path.resolve() for path in chosen}

    def mended(found: re.Match[str]) -> str:
        target = found["target"]
        if target is None or _ELSEWHERE.match(target):
            return found[0]
        used = (folder / unquote(target.partition("#")[0])).resolve()
        if used not in coming:
            if used.suffix == ".ipynb" or not used.is_file() or not used.is_relative_to(folder):
                return found["label"]
            files[used.relative_to(folder).as_posix()] = used.read_bytes()
        return found[0]

    for path in chosen:
        notebook = nbformat.reads(path.read_text("utf-8") if outputs else working_copy(path).decode(), as_version=4)
        if not solutions:
            notebook.cells = [cell for cell in notebook.cells if not _is_solution(cell)]
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = _CODE_OR_LINK.sub(mended, cell.source)
        files[path.name] = (nbformat.writes(notebook) + "\n").encode()
    return files


def _is_solution(cell: nbformat.NotebookNode) -> bool:
    return any(tag.startswith("solution:") for tag in cell.metadata.get("tags", []))


def write(files: dict[str, bytes], directory: Path) -> None:
    """Write all files, or none where one would replace something else.

    Args:
        files: Each file's content, by its path in the directory.
        directory: Where to; it is made where it is missing.

    Raises:
        Refused: The directory lies among the originals, or holds files of these names that differ.
    """
    if directory.resolve().is_relative_to(NOTEBOOKS.resolve()):
        raise Refused(
            f"Not exported: {directory} lies in notebooks/, where the originals are. Name a directory outside of it."
        )
    there = {name: directory / name for name in files if (directory / name).exists()}
    if differ := sorted(name for name, path in there.items() if not path.is_file() or path.read_bytes() != files[name]):
        raise Refused(
            f"Not exported: {directory} has files of these names that differ: {', '.join(differ)}. "
            "Nothing is written over: name an empty or a new directory, or move them away first."
        )
    for name, content in files.items():
        put(directory / name, content)
