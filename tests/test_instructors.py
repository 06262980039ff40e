"""INSTRUCTORS.md keeps its word: its clocks add up, and what it names, quotes and promises is there.

What is said of a notebook that the README only announces cannot be held yet; once the notebook is listed there, it is.
"""

import re
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from anymodel_course.__main__ import VERBS
from anymodel_course.upkeep import export
from anymodel_course.upkeep.refresh import execute
from scripted_providers.environment import ENDPOINTS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "INSTRUCTORS.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")

LISTED = re.findall(r"^\| \[(\d\d) .+?\]\(.+?\) \| (\d+) \| (.?) ?\| (.?) ?\| (.?) ?\|$", README, re.MULTILINE)
MINUTES = {number: int(minutes) for number, minutes, *_ in LISTED}
ANNOUNCED = set(re.findall(r"\b(\d\d) [a-z]", README.partition("More are being written")[2].partition("\n\n")[0]))
TRACKS = {"90 minutes": 0, "Half a day": 1, "All of it": 2}  # the heading here, and the column of marks there


class Row(NamedTuple):
    start: int
    minutes: int
    notebooks: tuple[str, ...]
    text: str


def section(name: str) -> str:
    (found,) = re.findall(rf"^##+ {name}[^\n]*\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def tables(track: str) -> list[list[Row]]:
    """Return a track's timetables, one a day."""
    days = re.split(r"^\| At.*\n", section(track), flags=re.MULTILINE)[1:]
    pattern = re.compile(r"^\| (\d+):(\d\d) \| (\d+) \| ([\d ]*?) *\| (.*?) *\|$", re.MULTILINE)
    return [[Row(int(h) * 60 + int(m), int(n), tuple(who.split()), text) for h, m, n, who, text in pattern.findall(day)]
            for day in days]  # fmt: skip


def quoted(text: str) -> list[str]:
    return re.findall(r'"([^"]+)"', text)


def headings(number: str) -> set[str]:
    (path,) = (ROOT / "notebooks").glob(f"{number}_*.ipynb")
    pages = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    return set(re.findall(r"^#+ (.+)$", "\n".join(pages), re.MULTILINE))


@pytest.mark.parametrize(("track", "length"), [("90 minutes", [90]), ("Half a day", [240]), ("All of it", [310, 320])])
def test_every_row_begins_where_the_one_before_ends(track: str, length: list[int]) -> None:
    for rows, whole in zip(tables(track), length, strict=True):
        ends = [0, *(row.start + row.minutes for row in rows)]
        assert [row.start for row in rows] == ends[:-1]
        assert ends[-1] == whole


@pytest.mark.parametrize("track", TRACKS)
def test_a_track_has_the_notebooks_and_the_minutes_of_the_readme(track: str) -> None:
    planned: dict[tuple[str, ...], int] = {}
    for row in (row for day in tables(track) for row in day if row.notebooks):
        planned[row.notebooks] = planned.get(row.notebooks, 0) + row.minutes
    named = [number for notebooks in planned for number in notebooks]
    assert named == sorted(set(named))
    assert [number for number in named if number not in MINUTES and number not in ANNOUNCED] == []
    assert [n for n in named if n in MINUTES] == [n for n, _, *marks in LISTED if marks[TRACKS[track]] == "●"]
    assert {who: minutes for who, minutes in planned.items() if set(who) <= MINUTES.keys()} == {
        who: sum(MINUTES[number] for number in who) for who in planned if set(who) <= MINUTES.keys()
    }


def test_the_whole_course_leaves_no_notebook_out() -> None:
    named = {number for day in tables("All of it") for row in day for number in row.notebooks}
    assert named == MINUTES.keys() | ANNOUNCED


def test_a_section_that_is_named_is_in_its_notebook() -> None:
    said = [(row.notebooks[0], name) for row in tables("90 minutes")[0] if row.notebooks for name in quoted(row.text)]
    said += re.findall(r'Notebook (\d\d), "([^"]+)"', PAGE)
    assert len(said) > 10
    assert [(number, name) for number, name in said if name not in headings(number)] == []


def test_every_command_and_file_that_is_named_exists(tmp_path: Path) -> None:
    assert set(re.findall(r"lab\.py ([a-z][\w-]*)", PAGE)) <= {*VERBS, "setup", "test"}
    paths = re.findall(r"`((?:src|tests|notebooks)/[\w./-]+)`", PAGE)
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
    (options,) = re.findall(r"lab\.py export class ([^`]+)`", PAGE)
    assert export.main([str(tmp_path / "class"), *options.split()]) == 0


def test_the_readme_leads_here_and_says_the_same_of_the_disk() -> None:
    assert "](INSTRUCTORS.md)" in README
    (disk,) = re.findall(r"about (\d+ MB) of disk", README)
    assert f"**Disk**: {disk}" in PAGE


def test_a_gateways_variables_are_those_that_lead_there() -> None:
    openai = ENDPOINTS["openai"]
    assert f"`OPENAI_API_KEY` and `{openai.redirect}` into `.env`" in PAGE
    assert "OPENAI_API_KEY" in openai.variables


START = "import anymodel_course as course\nfrom agents import Runner\ncourse.start()"
ASK = "print((await Runner.run(course.make_agent('anthropic'), {!r})).final_output)"
FAILURES = [  # as they come about in a room, in the order of the page
    "import subprocess, sys\n"
    "print(subprocess.run([sys.executable, '-I', '-S', '-c', 'import anymodel_course'], stderr=-1).stderr.decode())",
    "Runner.run_sync(course.make_agent('anthropic'), 'Hello?')",
    "promise = Runner.run(course.make_agent('anthropic'), 'Hello?')\npromise.close()\npromise.final_output",
    "agent",
    ASK.format("Why is the sky blue?"),
    "course.model_says('Of before.')\n" + ASK.format("What is the capital of France?"),
    "import os\nos.environ['ANTHROPIC_API_KEY'] = 'typed-into-a-cell'\n" + ASK.format("Hello?"),
]


def test_the_failures_look_as_the_page_quotes_them_and_its_cures_cure(tmp_path: Path) -> None:
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", section("Ten failures to expect"), re.MULTILINE)[1:]
    assert len(rows) == 10
    lab = (ROOT / "lab.py").read_text(encoding="utf-8")
    assert [look for look, _ in rows[:3] if look.strip("`") not in lab] == []

    cures = [
        "course.model_says('Left over.')\ncourse.start()\n" + ASK.format("What is the capital of France?"),
        "promise = Runner.run(course.make_agent('anthropic'), 'What is the capital of France?')\n"
        "print((await promise).final_output)",
    ]
    codes = [START, *FAILURES, *cures]
    cells = [new_code_cell(code, metadata={"tags": ["raises-exception"]}) for code in codes]
    notebook, _ = execute(tmp_path / "failures.ipynb", new_notebook(cells=cells))
    shown = ["".join(o.get("text", "") or o.get("evalue", "") for o in cell.outputs) for cell in notebook.cells]
    for (look, _), text in zip(rows[3:], shown[1:], strict=False):
        expected = look.strip("`") if look.startswith("`") else "Of before."
        assert expected in text
    assert ["The capital of France is Paris." in text for text in shown[-2:]] == [True, True]
