"""The README keeps its word: every section of the guide has a place, every link an end, every command a program."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from anymodel_course.__main__ import VERBS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

GUIDE = [
    *("Introduction", "What we'll cover", "Prerequisites", "Setting up LiteLLM", "Using LitellmModel"),
    *("Multiple providers, same agent code", "Supported providers", "Provider-specific configuration"),
    *("Custom API keys", "Custom endpoints", "Ollama (local models)", "Usage tracking"),
    *("Tracing with non-OpenAI models", "Tools with non-OpenAI models", "Troubleshooting", "Serialization issues"),
    *("Common errors", "Best practices", "Common pitfalls", "Hands-on exercise", "Bonus challenges", "Summary"),
    "Further reading",
]


def test_every_section_of_the_guide_is_taught_somewhere_or_announced() -> None:
    rows = dict(re.findall(r"^\| ([^|]+?) \| (\d\d(?:, to come)?) \|$", README, re.MULTILINE))
    assert list(rows) == GUIDE
    there = {path.name[:2] for path in NOTEBOOKS}
    assert [name for name, where in rows.items() if (where[:2] in there) == where.endswith("to come")] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_every_notebook_is_listed_with_its_own_title_and_time(path: Path) -> None:
    first = nbformat.read(path, as_version=4).cells[0].source
    title = first.splitlines()[0].removeprefix("# ")
    minutes = re.search(r"\| Time \| (\d+) minutes", first)
    assert minutes
    assert f"| [{path.name[:2]} {title}](notebooks/{path.name}) | {minutes[1]} |" in README


def test_every_link_leads_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+)", README)
    assert [t for t in targets if not t.startswith("https://") and not (ROOT / t).exists()] == []


def test_every_command_that_is_named_exists() -> None:
    named = set(re.findall(r"python3 lab\.py ([\w-]+)", README))
    assert named <= {*VERBS, "setup", "test"}
    assert "python3 lab.py          #" in README
    assert "python3 lab.py test     #" in README


def test_the_stand_in_runs_any_program_as_it_says(tmp_path: Path) -> None:
    said = re.search(r"`python (-m scripted_providers run) SCRIPT\.py`", README)
    assert said
    script = tmp_path / "script.py"
    script.write_text("import os; print(os.environ['ANTHROPIC_API_BASE'])", encoding="utf-8")
    done = subprocess.run([sys.executable, *said[1].split(), str(script)], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("http://127.0.0.1:")
