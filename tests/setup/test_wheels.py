"""Every system that the locks are for finds all they name ready made: nobody needs a compiler. Asks the index."""

import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.all

SYSTEMS = [
    *("x86_64-manylinux_2_28", "aarch64-manylinux_2_28"),
    *("x86_64-apple-darwin", "aarch64-apple-darwin", "x86_64-pc-windows-msvc"),
]


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
@pytest.mark.parametrize("minor", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_everything_comes_as_a_wheel(root: Path, tmp_path: Path, uv: str, system: str, minor: str, lock: str):
    command = [uv, "pip", "install", "--dry-run", "--no-build", "--no-deps", "--require-hashes", "-r", lock]
    command += ["--python-platform", system, "--python-version", minor, "--target", str(tmp_path)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
