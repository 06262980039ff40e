"""Working copies: a learner's file is never written over, and each version of an original arrives once."""

import json
from pathlib import Path

import pytest

from anymodel_course.upkeep import copies


def notebook(text: str, outputs: tuple[str, ...] = (), **metadata: object) -> str:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "# Tïtle"},
        {"cell_type": "code", "metadata": {"tags": ["x"]}, "source": text, "outputs": list(outputs),
         "execution_count": len(outputs) or None},
    ]  # fmt: skip
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def originals(tmp_path: Path) -> Path:
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "00.ipynb").write_text(notebook("print(1)", ("1",), widgets={}), encoding="utf-8")
    return tmp_path / "notebooks"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return tmp_path / "my"


def names(mine: Path) -> list[str]:
    return sorted(path.relative_to(mine).as_posix() for path in mine.rglob("*") if path.name != copies.RECORD)


def test_copies_have_no_outputs_and_keep_the_rest(originals: Path, mine: Path):
    copies.main(originals, mine)
    copy = json.loads((mine / "00.ipynb").read_text(encoding="utf-8"))
    title, code = copy["cells"]
    assert title["source"] == "# Tïtle"
    assert (code["source"], code["metadata"]) == ("print(1)", {"tags": ["x"]})
    assert (code["outputs"], code["execution_count"]) == ([], None)
    assert "widgets" not in copy["metadata"]


def test_a_learners_file_is_never_written_over(originals: Path, mine: Path, capsys: pytest.CaptureFixture[str]):
    mine.mkdir()
    (mine / "00.ipynb").write_text("my work")
    copies.main(originals, mine)
    assert (mine / "00.ipynb").read_text() == "my work"


def test_a_newer_original_arrives_beside_the_learners_file_once(originals, mine, capsys):
    copies.main(originals, mine)
    (mine / "00.ipynb").write_text("my work")
    copies.main(originals, mine)
    assert names(mine) == ["00.ipynb"]
    assert capsys.readouterr().out == ""

    (originals / "00.ipynb").write_text(notebook("print(2)"))
    copies.main(originals, mine)
    assert "my/00.ipynb stays as it is; a newer version is beside it: 00.new.ipynb" in capsys.readouterr().out
    copies.main(originals, mine)
    assert names(mine) == ["00.ipynb", "00.new.ipynb"]
    assert (mine / "00.ipynb").read_text() == "my work"
    assert "print(2)" in (mine / "00.new.ipynb").read_text()


def test_work_in_the_newer_copy_is_safe_from_the_next_one(originals, mine):
    copies.main(originals, mine)
    (mine / "00.new.ipynb").write_text("my work too")
    (originals / "00.ipynb").write_text(notebook("print(2)"))
    copies.main(originals, mine)
    assert (mine / "00.new.ipynb").read_text() == "my work too"
    assert "print(2)" in (mine / "00.new2.ipynb").read_text()


def test_an_original_that_was_only_run_again_is_no_newer_version(originals, mine):
    copies.main(originals, mine)
    (mine / "00.ipynb").write_text("my work")
    (originals / "00.ipynb").write_text(notebook("print(1)", ("one", "more"), language_info={"version": "3.13.0"}))
    copies.main(originals, mine)
    assert names(mine) == ["00.ipynb"]


def test_a_file_that_the_learner_deleted_comes_back(originals, mine):
    copies.main(originals, mine)
    (mine / "00.ipynb").unlink()
    copies.main(originals, mine)
    assert names(mine) == ["00.ipynb"]


def test_files_that_notebooks_use_come_along_and_what_running_left_does_not(originals, mine):
    for name in ("images/a.png", ".ipynb_checkpoints/00.ipynb", "__pycache__/x.pyc", "main.py"):
        (originals / name).parent.mkdir(exist_ok=True)
        (originals / name).write_bytes(b"\x00\xff")
    copies.main(originals, mine)
    assert names(mine) == ["00.ipynb", "images", "images/a.png"]
    assert (mine / "images/a.png").read_bytes() == b"\x00\xff"


def test_a_full_disk_leaves_no_half_notebook(originals, mine, monkeypatch):
    write = Path.write_bytes

    def full(self: Path, content: bytes) -> int:
        write(self, content[:10])
        raise OSError("No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(OSError, match="No space"):
            copies.main(originals, mine)
    copies.main(originals, mine)
    assert json.loads((mine / "00.ipynb").read_text(encoding="utf-8"))["cells"]
    assert names(mine) == ["00.ipynb"]
