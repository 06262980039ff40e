"""What lab.py promises by being the file it is."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest


def test_lab_is_at_most_120_lines(root: Path):
    assert len((root / "lab.py").read_text().splitlines()) <= 120


def test_lab_needs_the_standard_library_only(root: Path):
    tree = ast.walk(ast.parse((root / "lab.py").read_text()))
    imported = set()
    for node in tree:
        if isinstance(node, ast.Import):
            imported |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(str(node.module).split(".")[0])
    assert imported
    assert imported <= sys.stdlib_module_names


def test_an_old_python_can_read_lab_as_far_as_the_sentence_that_refuses_it(root: Path):
    ast.parse((root / "lab.py").read_text(), feature_version=(3, 7))  # the oldest that ast still tells apart


@pytest.mark.parametrize("version", [(3, 10, 13), (3, 8, 18), (3, 14, 0)])
def test_a_python_that_the_locks_do_not_cover_gets_one_sentence(root: Path, version: tuple[int, int, int]):
    pretend = f"import runpy, sys; sys.version_info = {version}; runpy.run_path('lab.py', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", pretend], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"The course needs Python 3.11, 3.12 or 3.13, and this is {version[0]}.{version[1]}: get one, and say "
        f"{'py -3.13' if os.name == 'nt' else 'python3.13'} lab.py.\n"
    )


@pytest.mark.parametrize("words", [["--help"], ["test", "-h"], ["setup", "--help"]])
def test_help_sets_nothing_up(folder: Path, words: list[str]):
    done = subprocess.run([sys.executable, "lab.py", *words], cwd=folder, capture_output=True, text=True, check=True)
    assert "lab.py test" in done.stdout
    assert not (folder / ".venv").exists()
