"""The test run's own options and its isolation. Here, not in tests/: `lab.py test notebooks` has to know them too."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from anymodel_course.upkeep.isolation import isolated

ROOT = Path(__file__).parent
GUARD = ROOT / "tests" / "support" / "network_guard"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("anymodel-course")
    group.addoption("--all", action="store_true", help="also run what takes minutes: set-up from clean clones")
    group.addoption("--fresh", action="store_true", help="fail, not only warn, where a date has made something stale")


def pytest_configure(config: pytest.Config) -> None:
    """Give every process of the run an environment without the learner's keys, and the network guard."""
    if "NETWORK_GUARD_LOG" not in os.environ:  # the first process: workers, kernels and programs inherit what it sets
        kept = isolated(os.environ)
        os.environ.clear()
        os.environ.update(kept)
        os.environ["NETWORK_GUARD_LOG"] = str(Path(tempfile.mkdtemp(prefix="network-guard-")) / "outside.txt")
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(GUARD), os.environ.get("PYTHONPATH")]))
        config.stash[_FIRST] = True
    sys.path.insert(0, str(GUARD))
    import refuse_outside  # for this process, whose own start is over

    refuse_outside.install()


_FIRST = pytest.StashKey[bool]()


# Few tests, each of them long. They begin first, or one worker would still be at them when the others are through; of
# the notebooks, the last ones, which start programs.
LONG = ("notebooks/", "tests/notebooks/", "tests/browser/", "tests/setup/")


def _turn(item: pytest.Item) -> tuple[bool, int]:
    notebook = re.match(r"notebooks/(\d+)", item.nodeid)
    return not item.nodeid.startswith(LONG), -int(notebook[1]) if notebook else 0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=_turn)
    if config.getoption("--all"):
        return
    for item in items:
        if item.get_closest_marker("all"):
            item.add_marker(pytest.mark.skip(reason="takes minutes; add --all"))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run if any of its processes tried to leave this machine."""
    if not session.config.stash.get(_FIRST, False):
        return
    log = Path(os.environ["NETWORK_GUARD_LOG"])
    if log.exists():
        print(f"\nOutside connections were tried:\n{log.read_text(encoding='utf-8')}", file=sys.stderr)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    shutil.rmtree(log.parent, ignore_errors=True)
