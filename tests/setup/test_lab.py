"""What lab.py decides, with installers that only note what they were asked; test_clean_clone.py uses real ones."""

import contextlib
import errno
import importlib.util
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

MINOR = "{}.{}".format(*sys.version_info)


def test_pip_installs_the_locked_files_by_hash_and_compiled_then_the_project_alone(lab):
    lab("setup")
    lock, project = lab.installed
    assert lock[1:3] == ["-m", "pip"]
    assert {"--require-hashes", "--compile", "--no-deps"} <= set(lock)  # resolving, pip refuses some complete locks
    assert lock[-2:] == ["-r", "requirements.lock"]
    assert {"--no-deps", "--no-build-isolation"} <= set(project)
    assert project[-2:] == ["-e", "."]


def test_uv_is_used_where_it_is_on_path_and_told_to_compile(lab):
    lab.uv = "/somewhere/uv"
    lab("setup")
    assert [call[0] for call in lab.installed] == ["/somewhere/uv"] * 2
    assert {"--require-hashes", "--compile-bytecode"} <= set(lab.installed[0])
    assert {"--no-deps", "--no-build-isolation"} <= set(lab.installed[1])


def test_uv_needs_no_venv_module(lab, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    lab.uv = "/somewhere/uv"
    assert lab("setup") == 0


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])  # Debian leaves the second out
def test_without_venv_and_uv_one_sentence_says_what_to_install(lab, monkeypatch, missing):
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else there(name))
    with pytest.raises(SystemExit, match=rf"install uv, or \(Debian, Ubuntu\) python{MINOR}-venv\.$"):
        lab("setup")
    assert lab.calls == []


def test_a_venv_without_pip_gets_it(lab):
    lab.make_venv()
    lab.exit_codes["import pip"] = 1
    lab("setup")
    assert [call[1:] for call in lab.calls if "ensurepip" in call] == [["-m", "ensurepip"]]


def test_a_second_run_installs_nothing(lab):
    lab("setup")
    lab("setup")
    assert lab.installed == []


def test_what_serves_the_tests_serves_a_learner(lab):
    lab("test")
    assert lab.installed[0][-1] == "requirements-dev.lock"
    lab("setup")
    assert lab.installed == []


def test_tests_add_to_what_a_learner_has(lab):
    lab("setup")
    (lab.module.VENV / "kept").touch()
    lab("test")
    assert lab.installed[0][-1] == "requirements-dev.lock"
    assert (lab.module.VENV / "kept").exists()


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "pyproject.toml"])
def test_a_change_of_what_it_was_made_from_installs_again_without_starting_over(lab, folder, name):
    lab("setup")
    (lab.module.VENV / "kept").touch()
    (folder / name).write_text("changed")
    lab("setup")
    assert lab.installed
    assert (lab.module.VENV / "kept").exists()


def test_a_failed_step_ends_with_a_sentence_and_the_next_run_starts_over(lab, capsys):
    lab.exit_codes["--require-hashes"] = 1
    with pytest.raises(SystemExit, match=r"^Set-up stopped there\. Check the network and the free disk space"):
        lab("setup")
    (lab.module.VENV / "half a package").touch()
    lab.exit_codes.clear()
    lab("setup")
    assert "gets replaced: its last set-up was not finished." in capsys.readouterr().out
    assert lab.installed
    assert not (lab.module.VENV / "half a package").exists()


def test_tests_that_cannot_be_set_up_leave_the_learner_what_works(lab):
    lab("setup")
    (lab.module.VENV / "kept").touch()
    lab.exit_codes["--require-hashes"] = 1
    with pytest.raises(SystemExit):
        lab("test")
    lab.exit_codes.clear()
    lab("setup")
    assert not lab.installed
    assert (lab.module.VENV / "kept").exists()


def test_a_venv_of_another_python_is_made_anew_with_one_sentence(lab, capsys):
    lab("setup")
    python = lab.module.PYTHON
    python.unlink()
    python.write_text("#!/bin/sh\necho 3.9\n")
    python.chmod(0o755)
    lab("setup")
    assert f"gets replaced: its Python is 3.9, and this one is {MINOR}." in capsys.readouterr().out
    assert lab.installed


def test_a_venv_whose_python_is_gone_is_made_anew_with_one_sentence(lab, tmp_path, capsys):
    lab("setup")
    lab.module.PYTHON.unlink()
    lab.module.PYTHON.symlink_to(tmp_path / "uninstalled")
    lab("setup")
    assert f"gets replaced: its Python is gone, and this one is {MINOR}." in capsys.readouterr().out
    assert lab.installed


def test_a_venv_that_could_not_be_deleted_whole_is_made_anew(lab, monkeypatch):
    def breaks_off(path: str) -> None:
        lab.module.STAMP.unlink()
        raise PermissionError(errno.EACCES, "in use", "a library that a kernel has open")

    lab("setup")
    lab.module.STAMP.write_text("busy")
    monkeypatch.setattr(lab.module.shutil, "rmtree", breaks_off)
    with pytest.raises(PermissionError):
        lab("setup")
    monkeypatch.undo()
    assert "its Python is gone" in lab.module.fault()


def test_a_venv_that_moved_with_its_folder_is_made_anew(lab, capsys):
    lab("setup")
    stamp = lab.module.STAMP
    stamp.write_text("/where/it/was\n" + stamp.read_text().split("\n", 1)[1])
    lab("setup")
    assert "gets replaced: its folder was moved." in capsys.readouterr().out


def test_a_venv_that_somebody_else_made_is_kept_and_completed(lab):
    lab.make_venv()
    (lab.module.VENV / "kept").touch()
    lab("setup")
    assert lab.installed
    assert (lab.module.VENV / "kept").exists()


def test_a_learners_own_index_reaches_the_installers_and_no_setting_breaks_them(lab, monkeypatch):
    for name, value in {"PIP_INDEX_URL": "mirror", "UV_DEFAULT_INDEX": "mirror", "PIP_USER": "1"}.items():
        monkeypatch.setenv(name, value)
    lab("setup")
    seen = [env for call, env in zip(lab.calls, lab.settings, strict=True) if "install" in call]
    assert [(env["PIP_INDEX_URL"], env["UV_DEFAULT_INDEX"], env["PIP_USER"]) for env in seen] == [
        ("mirror", "mirror", "0")
    ] * 2


def test_no_verb_copies_the_notebooks_and_opens_jupyterlab(lab, folder):
    lab()
    assert [call[1:] for call in lab.calls[-2:]] == [
        ["-m", "anymodel_course.upkeep.copies", str(folder / "notebooks"), str(folder / "my")],
        ["-m", "jupyterlab"],
    ]


def test_setup_stops_before_the_browser(lab):
    lab("setup")
    assert lab.calls[-1][2] == "anymodel_course.upkeep.copies"


def test_test_hands_all_its_words_to_pytest(lab):
    lab("test", "--all", "-k", "usage")
    words = "-m pytest -n 2 --dist loadfile --no-loadscope-reorder --all -k usage"
    assert lab.calls[-1][1:] == words.split()
    assert lab.settings[-1]["PYTHONHASHSEED"] == "0"


def test_any_other_verb_is_the_courses(lab):
    lab("bench", "--json")
    assert lab.calls[-1][1:] == ["-m", "anymodel_course", "bench", "--json"]


@pytest.mark.parametrize("words", [["test"], ["doctor"], ["setup"], []])
def test_the_exit_code_of_what_ran_is_passed_on(lab, words):
    lab("test")
    lab.exit_codes["-m"] = 7
    assert lab(*words) == 7


def test_what_runs_finds_the_programs_of_the_venv_first(lab):
    lab("doctor")
    assert lab.settings[-1]["PATH"].startswith(str(lab.module.PYTHON.parent))


def test_a_second_set_up_at_the_same_time_is_refused_with_one_sentence(folder):
    with contextlib.closing(sqlite3.connect(folder / ".lab.lock", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        done = run_lab(folder)
    assert done.returncode == 1
    assert done.stderr.startswith("Another set-up is at work in this folder")
    assert done.stderr.count("\n") == 1
    assert not (folder / ".venv").exists()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (f"OSError({errno.ENOSPC}, 'Disk full', 'x')", "Stopped: [Errno 28] Disk full: 'x'. Free the disk space"),
        ("KeyboardInterrupt", "Stopped. Run the same again to go on."),
    ],
)
def test_trouble_on_the_way_ends_with_one_sentence(folder, error, said):
    done = run_lab(folder, before=f"import shutil\ndef which(name): raise {error}\nshutil.which = which")
    assert done.returncode == 1
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1


def run_lab(folder: Path, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run `lab.py setup` as a program, from another directory, after some lines of preparation."""
    words = [str(folder / "lab.py"), "setup"]
    program = f"import runpy, sys\n{before}\nsys.argv = {words}\nrunpy.run_path(sys.argv[0], run_name='__main__')"
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=folder.parent, capture_output=True, text=True, check=False)
