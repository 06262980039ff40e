"""What the set-up tests share: lab.py as a module in a folder of its own, and clean clones of this repository."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root() -> Path:
    return ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with what lab.py reads, small, so that nothing real can be installed from it."""
    place = tmp_path / "a course"  # people have spaces in their paths
    (place / "src").mkdir(parents=True)
    shutil.copy(ROOT / "lab.py", place)
    for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml"):
        (place / name).write_text(name)
    return place


class Lab:
    """lab.py, loaded from a folder, with programs that only note what they were asked."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch):
        spec = importlib.util.spec_from_file_location("lab_under_test", folder / "lab.py")
        assert spec
        assert spec.loader
        self.module: ModuleType = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.module)
        self.calls: list[list[str]] = []
        self.settings: list[dict[str, str]] = []
        self.exit_codes: dict[str, int] = {}  # a word of a command: the code that this command exits with
        self.uv: str | None = None
        monkeypatch.setattr(self.module.subprocess, "call", self._call)
        monkeypatch.setattr(self.module.shutil, "which", lambda name: self.uv)
        monkeypatch.setattr(self.module.signal, "signal", lambda *_: None)

    def _call(self, command: list[str], cwd: str | None = None, env: dict[str, str] | None = None, **_: object) -> int:
        self.calls.append(command)
        self.settings.append(env or {})
        if "venv" in command:
            self.make_venv()
        return next((code for word, code in self.exit_codes.items() if word in command), 0)

    def make_venv(self) -> None:
        """Put a real Python where .venv's stands: the one that runs these tests."""
        python: Path = self.module.PYTHON
        python.parent.mkdir(parents=True, exist_ok=True)
        python.unlink(missing_ok=True)
        python.symlink_to(sys.executable)

    @property
    def installed(self) -> list[list[str]]:
        """The calls of an installer."""
        return [call for call in self.calls if "install" in call]

    def __call__(self, *words: str) -> int:
        self.calls.clear()
        self.settings.clear()
        return self.module.main(*words) or 0


@pytest.fixture
def lab(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    if os.name == "nt":
        pytest.skip("its stand-ins for Python are symbolic links and shell scripts")
    return Lab(folder, monkeypatch)


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Path]:
    """This repository as a fresh clone would be: what git holds or would add, and nothing that it ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    place = tmp_path / "clone"
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():  # not one that was deleted and is still to be committed
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name)
    yield place
    shutil.rmtree(place)  # with its .venv it takes close to a gigabyte, and pytest would keep three runs of it


@pytest.fixture
def uv() -> str:
    """The uv of the dev lock."""
    found = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    assert found, "uv is in requirements-dev.lock: run these tests with `lab.py test`"
    return found


KEPT = (
    *("HOME", "USER", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "SYSTEMROOT", "COMSPEC", "TMP", "TEMP", "LANG", "LC_"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "PIP_", "UV_", "SSL_", "REQUESTS_CA", "CURL_CA"),
    *("PYTHONDONTWRITEBYTECODE", "CI"),
)


@pytest.fixture
def environment(tmp_path: Path, uv: str) -> "Environment":
    return Environment(tmp_path, uv)


class Environment:
    """The environment of somebody at a fresh terminal: nothing of this test run's, the index's settings kept."""

    def __init__(self, tmp_path: Path, uv: str):
        self._only_uv = tmp_path / "only-uv"
        self._only_uv.mkdir()
        (self._only_uv / Path(uv).name).symlink_to(uv)

    def __call__(self, installer: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name.upper().startswith(KEPT)}
        path = [place for place in os.environ["PATH"].split(os.pathsep) if not shutil.which("uv", path=place)]
        if installer == "uv":
            path.insert(0, str(self._only_uv))
        return kept | {"PATH": os.pathsep.join(path)}
