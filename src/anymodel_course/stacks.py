"""Which versions of the SDK, LiteLLM and the openai package go together, and which must never run.

Versions are read from what pip wrote down: importing a package to ask for its version takes seconds, and running
malware to find out that it is malware is too late.
"""

from __future__ import annotations

import importlib.metadata
import re
from dataclasses import dataclass

PARTS = ("openai-agents", "litellm", "openai")

MALWARE = {"litellm": ("1.82.7", "1.82.8")}
"""Releases of March 2026 that stole credentials from every machine they were installed on."""


@dataclass(frozen=True)
class Stack:
    """Versions that somebody has run the course on.

    Attributes:
        name: A for the course's own, B for the newest that works, C for the trap.
        versions: What each of `PARTS` starts with.
        what: How it behaves.
        works: Whether the notebooks run on it.
    """

    name: str
    versions: tuple[str, str, str]
    what: str
    works: bool = True


STACKS = (
    Stack("A", ("0.20", "1.106", "2.54"), "the course's own"),
    Stack("B", ("0.24", "1.109", "3.54"), "newer than the course's: it runs, but prices and limits may differ"),
    Stack(
        "C",
        ("0.24", "1.83", "3.54"),
        "the trap of a bare `pip install 'openai-agents[litellm]'`: a new SDK, and a LiteLLM that the resolver walked "
        "back by months to satisfy it",
        works=False,
    ),
)


def installed(distribution: str) -> str | None:
    """Return the installed version of a distribution, without importing it; None where it is missing or broken.

    Example:
        >>> installed("no-such-distribution") is None
        True
    """
    try:
        return importlib.metadata.version(distribution) or None
    except (importlib.metadata.PackageNotFoundError, OSError, ValueError, KeyError):
        return None


def stack_of(versions: tuple[str, ...]) -> Stack | None:
    """Return the known stack that these versions of `PARTS` belong to, or None.

    Example:
        >>> stack_of(("0.24.0", "1.83.0", "3.54.1")).name
        'C'
    """
    short = tuple(".".join(re.split(r"\D+", version)[:2]) for version in versions)
    return next((stack for stack in STACKS if stack.versions == short), None)


def refuse_malware() -> None:
    """Stop before a release is imported that steals credentials.

    Raises:
        RuntimeError: One of `MALWARE` is installed.
    """
    for name, versions in MALWARE.items():
        found = installed(name)
        if found in versions:
            raise RuntimeError(f"{name} {found} is malware that steals credentials, so nothing was started. {CLEAN_UP}")


CLEAN_UP = (
    "Delete this environment (the folder .venv) without running it again, set up anew with `python3 lab.py`, and "
    "replace every key and password that this machine could read."
)
