"""Renew every pinned version in one go: ``python3 lab.py renew``.

Three files say which versions the course runs on, and they must never disagree:

* ``requirements-dev.lock``: what tests need, hashes included. It is resolved first;
* ``requirements.lock``: what a learner needs. It is resolved within the first, so shared packages get the same version;
* ``environment.yml``: for people with conda; its pins are copied from the lock.

All three are made in a temporary directory and put in place together, only when each of them came out well.
A renewal stays within the bounds of ``pyproject.toml``: to move those is a decision, and this only carries it out.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

LEARNER_LOCK = "requirements.lock"
DEV_LOCK = "requirements-dev.lock"
CONDA = "environment.yml"

HEADER = """\
# {purpose}
# For Python 3.11 to 3.13 on Linux, macOS and Windows. Made by `python3 lab.py renew`; do not edit by hand.
"""

# From these versions on there is no wheel for Macs with an Intel processor, where pip would look for a compiler: those
# get an older one. tests/setup/test_wheels.py tells when a package joins them.
NOT_FOR_INTEL_MACS = {"argon2-cffi-bindings": "26", "cryptography": "49"}

# What would tie a lock to the machine that made it: an address, an index option, a path of this machine or of Windows.
_MACHINE = re.compile(r"://|^\s*--(?!hash=)|(?:^|[\s=])(?:/|~/|[A-Za-z]:\\)", re.MULTILINE)


class RenewError(Exception):
    """A renewal that could not be finished; its text is the one sentence to show. No file has been changed."""


def main(argv: Sequence[str] | None = None) -> int:
    """Renew the locks and the conda pins of the repository that this package is installed from.

    Args:
        argv: The words after ``renew``; there are none to give but ``--help``.

    Returns:
        The exit code: 0, or 1 after one sentence on stderr.
    """
    argparse.ArgumentParser(prog="lab.py renew", description=(__doc__ or "").splitlines()[0]).parse_args(argv)
    root = Path(__file__).resolve().parents[3]
    try:
        renew(root, find_uv())
    except (RenewError, OSError) as error:
        print(f"renew: {error}", file=sys.stderr)
        return 1
    print(f"Renewed {DEV_LOCK}, {LEARNER_LOCK} and {CONDA}. Next: python3 lab.py test")
    return 0


def find_uv() -> str:
    """Return uv's path: the one of this environment, else the one on PATH.

    Raises:
        RenewError: There is neither.
    """
    own = shutil.which("uv", path=str(Path(sys.executable).parent))
    found = own or shutil.which("uv")
    if not found:
        raise RenewError("uv is missing; `python3 lab.py test` installs it, and then this works.")
    return found


def renew(root: Path, uv: str) -> None:
    """Resolve both locks anew with ``uv`` and copy their versions into the conda pins.

    Args:
        root: The repository, which holds ``pyproject.toml`` and the three files.
        uv: The uv program to resolve with.

    Raises:
        RenewError: The project is not there to read, nothing fits the bounds, or a result names this machine.
    """
    if not (root / "pyproject.toml").is_file():
        raise RenewError(f"no pyproject.toml in {root}; run this from a clone that has its own .venv.")
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory)
        shutil.copy(root / "pyproject.toml", work)
        dev = resolve(uv, work, "--extra", "test")
        write(work / DEV_LOCK, "What the tests need on top of requirements.lock, and all of it.", dev)
        learner = resolve(uv, work, "--constraints", DEV_LOCK)
        write(work / LEARNER_LOCK, "What a learner needs.", learner)
        conda = pinned((root / CONDA).read_text(encoding="utf-8"), versions(dev))
        (work / CONDA).write_text(conda, encoding="utf-8", newline="\n")
        for name in (DEV_LOCK, LEARNER_LOCK, CONDA):
            shutil.copyfile(work / name, root / name)


def resolve(uv: str, work: Path, *options: str) -> str:
    """Return the lock that uv makes of ``work/pyproject.toml`` and its build backend.

    Settings of the person who runs this stay in force, so that a company's mirror can be asked, but nothing about where
    a package was found is written down. For the same reason uv runs inside ``work`` and sees bare file names only.

    Args:
        uv: The uv program.
        work: A directory that holds ``pyproject.toml`` and what ``options`` name.
        *options: What tells this lock from the other.

    Raises:
        RenewError: uv found no solution, or could not reach an index.
    """
    # The backend is no dependency of the project, yet the project is installed with --no-build-isolation: so it is
    # pinned with its hash like all the rest, and the last step of a set-up needs no network.
    backend = tomllib.loads((work / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    kept_apart = []
    for package, first in NOT_FOR_INTEL_MACS.items():
        kept_apart += [
            f"{package}<{first} ; sys_platform == 'darwin' and platform_machine == 'x86_64'",
            f"{package}>={first} ; sys_platform != 'darwin' or platform_machine != 'x86_64'",
        ]
    command = [uv, "pip", "compile", "pyproject.toml", "-", *options, "--quiet", "--upgrade"]
    command += ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"]
    command += ["--no-emit-index-url", "--no-emit-find-links", "--no-emit-index-annotation", "--no-emit-build-options"]
    done = subprocess.run(
        command,
        cwd=work,
        input="\n".join([*backend, *kept_apart]),
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise RenewError("uv could not resolve the versions (its reason stands above); nothing was changed.")
    return done.stdout


def write(path: Path, purpose: str, lock: str) -> None:
    """Write a lock under a header that says what it is for, unless it would carry a trace of this machine.

    Args:
        path: Where to.
        purpose: The header's first line.
        lock: uv's output.

    Raises:
        RenewError: A line names an address, an index or a path.
    """
    if trace := machine_trace(lock):
        raise RenewError(f"{path.name} would name this machine or its index ({trace!r}); nothing was changed.")
    path.write_text(HEADER.format(purpose=purpose) + lock, encoding="utf-8", newline="\n")


def machine_trace(lock: str) -> str | None:
    """Return the first line that ties a lock to one machine or index, or None.

    >>> machine_trace("--index-url https://mirror.example/simple")
    '--index-url https://mirror.example/simple'
    """
    found = _MACHINE.search(lock)
    if not found:
        return None
    start = lock.rfind("\n", 0, found.end()) + 1
    return lock[start:].splitlines()[0]


def versions(lock: str) -> dict[str, str]:
    """Return the version of every package that has exactly one in a lock.

    A package that needs another version on some systems or Pythons stands there twice, and can't be pinned in one line:
    it is left out.

    >>> versions("idna==3.10 --hash=sha256:00")
    {'idna': '3.10'}
    """
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", lock, re.MULTILINE):
        found.setdefault(name.lower(), set()).add(version)
    return {name: only.pop() for name, only in found.items() if len(only) == 1}


def pinned(conda: str, pins: dict[str, str]) -> str:
    """Return the text of ``environment.yml`` with each ``- name==version`` line at the version in ``pins``.

    The text is edited, not parsed and written, so that its comments stay.

    Raises:
        RenewError: A package of the file has no single version to pin.

    >>> pinned("  - nbval==0.10  # why", {"nbval": "0.11"})
    '  - nbval==0.11  # why'
    """

    def replace(line: re.Match[str]) -> str:
        name = line["name"]
        if name not in pins:
            raise RenewError(f"{CONDA} pins {name}, which the lock does not hold in one version; nothing was changed.")
        return f"{line['before']}{name}=={pins[name]}"

    return re.sub(r"^(?P<before>\s*-\s*)(?P<name>[a-z0-9-]+)==[^\s#]+", replace, conda, flags=re.MULTILINE)
