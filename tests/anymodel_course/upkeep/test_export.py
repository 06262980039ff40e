"""What a class gets: runs as it is, leads nowhere that is not there, and replaces nobody's file."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from anymodel_course.upkeep import export
from anymodel_course.upkeep.refresh import NOTEBOOKS, execute

SOLUTION = "<details><summary>Solution</summary>\n\n```python\nx = 1\n```\n</details>"


@pytest.fixture
def notebooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of three notebooks, of which the first holds whatever a test puts on its page."""
    folder = tmp_path / "notebooks"
    (folder / "images").mkdir(parents=True)
    (folder / "images" / "a loop.png").write_bytes(b"\x89PNG")
    (folder / "main.py").write_text("print('saved by a cell')")
    (folder / "Untitled.ipynb").write_text("{}")
    (tmp_path / "README.md").write_text("# Here")
    for name in ("00_first", "01_second", "02_third"):
        page(folder / f"{name}.ipynb", "# A title")
    monkeypatch.setattr(export, "NOTEBOOKS", folder)
    return folder


def page(path: Path, text: str) -> None:
    cells = [
        new_markdown_cell(text),
        new_code_cell("x = ...", metadata={"tags": ["exercise:one"]}),
        new_code_cell("x", execution_count=2, outputs=[new_output("stream", text="Ellipsis\n")]),
        new_markdown_cell(SOLUTION, metadata={"tags": ["solution:one"]}),
    ]
    nbformat.write(new_notebook(cells=cells), path)


@pytest.fixture
def classroom(tmp_path: Path) -> Path:
    return tmp_path / "class"


def exported(path: Path) -> str:
    """Return the first cell of a copy."""
    return str(nbformat.read(path, as_version=4).cells[0].source)


def tree(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_without_options_the_copies_are_the_originals(classroom: Path) -> None:
    assert export.main([str(classroom)]) == 0
    for original in NOTEBOOKS.glob("[0-9]*.ipynb"):
        left_behind = original.read_bytes().replace(b"[README](../README.md)", b"README")
        assert (classroom / original.name).read_bytes() == left_behind


def test_only_notebooks_of_the_course_and_what_they_use_come_along(notebooks: Path, classroom: Path) -> None:
    page(notebooks / "00_first.ipynb", "![The loop, drawn](images/a%20loop.png)")
    assert export.main([str(classroom)]) == 0
    assert sorted(tree(classroom)) == ["00_first.ipynb", "01_second.ipynb", "02_third.ipynb", "images/a loop.png"]


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ("00", "has 1 notebook and the files that it uses. It runs where"),
        ("01", "has 1 notebook. It runs where"),
        ("00,01", "has 2 notebooks and the files that they use. They run where"),
    ],
)
def test_what_was_written_is_counted(
    notebooks: Path, classroom: Path, numbers: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    page(notebooks / "00_first.ipynb", "![The loop, drawn](images/a%20loop.png)")
    assert export.main([str(classroom), "--notebooks", numbers]) == 0
    assert said in capsys.readouterr().out


def test_without_solutions_the_exercises_and_everything_else_stay(notebooks: Path, classroom: Path) -> None:
    assert export.main([str(classroom), "--no-solutions"]) == 0
    kept, whole = (nbformat.read(folder / "00_first.ipynb", as_version=4).cells for folder in (classroom, notebooks))
    assert kept == whole[:-1]


def test_without_outputs_nothing_has_been_run_and_the_code_stays(notebooks: Path, classroom: Path) -> None:
    assert export.main([str(classroom), "--no-outputs"]) == 0
    cells = nbformat.read(classroom / "00_first.ipynb", as_version=4).cells
    assert [(c.source, c.outputs, c.execution_count) for c in cells if c.cell_type == "code"] == [
        ("x = ...", [], None),
        ("x", [], None),
    ]
    assert cells[-1].source == SOLUTION


def test_no_solution_of_the_course_gets_past_the_option(classroom: Path) -> None:
    assert export.main([str(classroom), "--no-solutions"]) == 0
    for copy in classroom.glob("*.ipynb"):
        text = copy.read_text(encoding="utf-8")
        assert "solution:" not in text
        assert "<summary>Solution" not in text
        assert "exercise:" in text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("**Next:** [01 Two](01_second.ipynb). Go.", "**Next:** [01 Two](01_second.ipynb). Go."),
        ("**Next:** [02 Three](02_third.ipynb). Go.", "**Next:** 02 Three. Go."),
        ("[a section](02_third.ipynb#Tools) there", "a section there"),
        ("[a section](./01_second.ipynb#Tools) there", "[a section](./01_second.ipynb#Tools) there"),
        ("[the front page](../README.md 'Read me')", "the front page"),
        ("![a picture](images/gone.png)", "a picture"),
        ("[Ollama](https://ollama.com), [above](#Tools)", "[Ollama](https://ollama.com), [above](#Tools)"),
        ("`tools[name](event)`, ```\ntools[name](event)\n```", "`tools[name](event)`, ```\ntools[name](event)\n```"),
    ],
)
def test_links_lead_somewhere_or_become_plain_text(notebooks: Path, classroom: Path, before: str, after: str) -> None:
    page(notebooks / "00_first.ipynb", before)
    assert export.main([str(classroom), "--notebooks", "00,01"]) == 0
    assert exported(classroom / "00_first.ipynb") == after


@pytest.mark.parametrize("number", [path.name[:2] for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))])
def test_a_notebook_of_the_course_leads_nowhere_that_is_not_there_when_it_goes_alone(
    number: str, classroom: Path
) -> None:
    assert export.main([str(classroom), "--notebooks", number]) == 0
    (copy,) = classroom.glob("*.ipynb")
    pages = "\n".join(c.source for c in nbformat.read(copy, as_version=4).cells if c.cell_type == "markdown")
    pages = re.sub(r"```.*?```|`[^`\n]*`", "", pages, flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)#\s]+)|(?:src|href)=[\"']([^\"'#]+)", pages)
    relative = [target for target in map("".join, targets) if not re.match(r"[a-z]+:", target)]
    assert [target for target in relative if not (classroom / target).exists()] == []


def test_a_copy_runs_in_a_directory_of_its_own(classroom: Path) -> None:
    assert export.main([str(classroom), "--no-solutions", "--no-outputs", "--notebooks", "02"]) == 0
    notebook, log = execute(classroom / "02_using_litellm_model.ipynb")
    assert [c.execution_count for c in notebook.cells if c.cell_type == "code"][-1]
    assert log
    assert (classroom / "main.py").exists()


def test_the_same_again_is_no_difference(notebooks: Path, classroom: Path) -> None:
    assert [export.main([str(classroom)]), export.main([str(classroom)])] == [0, 0]


def spoiled_by_a_learner(copy: Path) -> None:
    copy.write_text("my work")


def taken_by_a_directory(copy: Path) -> None:
    copy.mkdir()


@pytest.mark.usefixtures("notebooks")
@pytest.mark.parametrize("spoil", [spoiled_by_a_learner, taken_by_a_directory])
def test_what_is_there_and_differs_stays_and_then_nothing_is_written(
    spoil: Callable[[Path], None], classroom: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    classroom.mkdir()
    spoil(classroom / "01_second.ipynb")
    before = tree(classroom)
    assert export.main([str(classroom)]) == 2
    assert tree(classroom) == before
    said = capsys.readouterr().err
    assert f"{classroom} has files of these names that differ: 01_second.ipynb." in said
    assert "name an empty or a new directory, or move them away" in said


@pytest.mark.parametrize("inside", ["", "class", "class/../images"])
def test_the_originals_get_no_copies_among_them(
    notebooks: Path, inside: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(notebooks)
    assert export.main([str(notebooks / inside)]) == 2
    assert tree(notebooks) == before
    assert "lies in notebooks/, where the originals are. Name a directory outside" in capsys.readouterr().err


@pytest.mark.usefixtures("notebooks")
@pytest.mark.parametrize(("given", "unknown"), [("00,17", "'17'"), ("3,x", "'3', 'x'"), ("", "''")])
def test_an_unknown_number_is_named_with_those_that_there_are(
    given: str, unknown: str, classroom: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export.main([str(classroom), "--notebooks", given]) == 2
    assert not classroom.exists()
    said = capsys.readouterr().err
    assert f"no notebook has the number {unknown}. There are: 00, 01, 02." in said
    assert "--notebooks 00,01" in said


@pytest.mark.usefixtures("notebooks")
def test_a_directory_that_cannot_be_made_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert export.main([str(tmp_path / "file" / "class")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("Not exported: ")
    assert said.count("\n") == 1


def test_copies_keep_letters_of_every_language(notebooks: Path, classroom: Path) -> None:
    page(notebooks / "00_first.ipynb", "# Über Größen: 4 °C →")
    assert export.main([str(classroom), "--no-outputs"]) == 0
    assert "# Über Größen: 4 °C →" in (classroom / "00_first.ipynb").read_text(encoding="utf-8")
    assert json.loads((classroom / "00_first.ipynb").read_text(encoding="utf-8"))["nbformat"] == 4
