"""Renewing: all three files or none, and no trace of the machine that did it. A script stands in for uv."""

import doctest
import json
import os
import sys
from pathlib import Path

import pytest

from anymodel_course.upkeep import renew as module
from anymodel_course.upkeep.renew import CONDA, DEV_LOCK, LEARNER_LOCK, RenewError, renew

pytestmark = pytest.mark.skipif(os.name == "nt", reason="stands in for uv with a POSIX script")

PROJECT = '[build-system]\nrequires = ["setuptools>=77"]\n'
PINS = "dependencies:\n  - pip:\n      - litellm==0.1  # why\n      - -e .[test]\n"
DEV = "litellm==1.2 \\\n    --hash=sha256:00\nsetuptools==80.0 \\\n    --hash=sha256:01\n"
LEARNER = DEV


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    place = tmp_path / "repository"
    place.mkdir()
    for name, text in {"pyproject.toml": PROJECT, CONDA: PINS, DEV_LOCK: "old", LEARNER_LOCK: "old"}.items():
        (place / name).write_text(text)
    return place


@pytest.fixture
def uv(tmp_path: Path):
    """Make a uv that writes one text for the dev lock and one for the learner's, and notes how it was asked."""

    def make(dev: str = DEV, learner: str = LEARNER, code: int = 0) -> str:
        script = tmp_path / "uv"
        script.write_text(
            f"#!{sys.executable}\n"
            "import json, sys\n"
            f"with open({str(tmp_path / 'asked')!r}, 'a') as file:\n"
            "    print(json.dumps([sys.argv[1:], sys.stdin.read()]), file=file)\n"
            f"sys.stdout.write({dev!r} if '--extra' in sys.argv else {learner!r})\n"
            f"sys.exit({code})\n"
        )
        script.chmod(0o755)
        return str(script)

    return make


def files(repository: Path) -> list[str]:
    return [(repository / name).read_text() for name in (DEV_LOCK, LEARNER_LOCK, CONDA)]


def test_locks_and_pins_are_renewed_together(repository, uv):
    renew(repository, uv())
    dev, learner, conda = files(repository)
    assert dev.endswith(DEV)
    assert learner.endswith(LEARNER)
    assert conda == PINS.replace("0.1", "1.2")


def test_the_build_backend_is_locked_and_the_learners_lock_follows_the_other(repository, uv, tmp_path):
    renew(repository, uv())
    (dev, also), (learner, _) = [json.loads(line) for line in (tmp_path / "asked").read_text().splitlines()]
    backend, *older = also.splitlines()
    assert backend == "setuptools>=77"
    assert "cryptography<49 ; sys_platform == 'darwin' and platform_machine == 'x86_64'" in older
    assert dev[dev.index("--extra") + 1] == "test"
    assert learner[learner.index("--constraints") + 1] == DEV_LOCK
    for asked in (dev, learner):
        assert {"--universal", "--generate-hashes", "--no-emit-index-url", "--no-emit-find-links"} <= set(asked)
    assert not any("/" in word for word in dev + learner)


@pytest.mark.parametrize(
    "trace",
    [
        "--index-url https://mirror.example/simple",
        "--find-links wheels",
        "litellm @ file:///home/me/litellm.whl",
        "-e /home/me/litellm",
        "# via -r C:\\Users\\me\\requirements.in",
    ],
)
def test_a_result_that_names_this_machine_is_refused_and_changes_nothing(repository, uv, trace):
    before = files(repository)
    with pytest.raises(RenewError, match="would name this machine"):
        renew(repository, uv(learner=f"{trace}\n{LEARNER}"))
    assert files(repository) == before


def test_a_resolver_that_fails_changes_nothing(repository, uv):
    before = files(repository)
    with pytest.raises(RenewError, match="could not resolve"):
        renew(repository, uv(code=1))
    assert files(repository) == before


def test_a_pin_that_the_lock_does_not_hold_changes_nothing(repository, uv):
    before = files(repository)
    with pytest.raises(RenewError, match="pins litellm, which the lock does not hold"):
        renew(repository, uv(dev="idna==1 --hash=sha256:00\n"))
    assert files(repository) == before


def test_without_uv_one_sentence_says_how_to_get_it(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(module.shutil, "which", lambda *_, **__: None)
    assert module.main([]) == 1
    assert capsys.readouterr().err == "renew: uv is missing; `python3 lab.py test` installs it, and then this works.\n"


def test_the_examples_in_its_documentation_are_true():
    assert doctest.testmod(module).attempted
    assert doctest.testmod(module).failed == 0
