"""What no file of the repository may be or hold: unformatted, untyped, or telling of a machine, a host or a key."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOOLS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "pyrefly": ["pyrefly", "check", "--python-interpreter-path", sys.executable],
}
FORBIDDEN = {  # in pieces, so that this file does not find itself
    "a registry's host": r"p[y]pi\.org|python[h]osted\.|registry\.np[m]js|deb\.deb[i]an\.org",
    "a path of a machine": r"(?<![\w./])/(?:wor[k]|roo[t]|far[m])/\w",
    "something like a key": r"s[k]-(?:ant-|proj-)[A-Za-z0-9_-]{20,}|AIz[a][A-Za-z0-9_-]{30,}|AKI[A][A-Z0-9]{16}",
}


@pytest.mark.parametrize("tool", TOOLS)
def test_the_whole_tree_passes(tool: str) -> None:
    done = subprocess.run([sys.executable, "-m", *TOOLS[tool]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def files() -> list[Path]:
    """Everything that git holds or would add, or, without git, every file outside of what tools make."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    made = {".venv", ".git", "my", ".artifacts"}
    return [path for path in ROOT.rglob("*") if path.is_file() and not made & set(path.relative_to(ROOT).parts)]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_tells_of(what: str) -> None:
    found = []
    for path in files():
        if path.suffix in (".png", ".pyc") or path.name.startswith("requirements"):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if hit := re.search(FORBIDDEN[what], line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {hit[0][:12]}")
    assert found == []


def test_no_lock_names_hosts() -> None:
    assert not (ROOT / "uv.lock").exists()
