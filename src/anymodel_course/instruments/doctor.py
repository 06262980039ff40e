"""`doctor()`: what on this machine the course depends on, what stands in its way, and how to mend it.

It runs before or after `start()`, imports neither the SDK nor LiteLLM (they may be what is broken, or worse), connects
to nothing but this machine, and shows no key.
"""

from __future__ import annotations

import argparse
import functools
import html
import importlib.metadata
import importlib.util
import ipaddress
import os
import re
import socket
import sys
import textwrap
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from .. import stacks
from ..local_ollama import ollama
from ..tables import html_table

PATIENCE = 2.0  # seconds: a port here says yes or no at once, but on a machine that is busy even that may take a while
SET_UP = "Run `python3 lab.py` (Windows: `py -3.13 lab.py`)."

Level = Literal["ok", "note", "problem"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: What was looked at.
        level: "ok", "note" (worth knowing; the course works) or "problem" (it won't, or something is unsafe).
        found: What was found, without any secret.
        fix: What to do about it, if anything.
    """

    name: str
    level: Level
    found: str
    fix: str = ""


@dataclass(frozen=True)
class Report:
    """All findings. Prints as text, and shows as a table in a notebook."""

    findings: tuple[Finding, ...]

    @property
    def problems(self) -> list[Finding]:
        """The findings that stand in the way."""
        return [finding for finding in self.findings if finding.level == "problem"]

    @property
    def ok(self) -> bool:
        """Whether nothing stands in the way; notes don't."""
        return not self.problems

    @property
    def _summary(self) -> str:
        if self.ok:
            return "No problem found."
        count = len(self.problems)
        return f"{count} problem{'s' if count > 1 else ''} found: {', '.join(p.name for p in self.problems)}."

    def __str__(self) -> str:
        """Return one paragraph a finding, and a summary."""
        lines = [
            textwrap.fill(f"{f.level:<9}{f.name}: {f.found} {f.fix}".strip(), 110, subsequent_indent=" " * 9)
            for f in self.findings
        ]
        return "\n".join([*lines, self._summary])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = [[f.level, f.name, f.found, f.fix] for f in self.findings]
        return f"{html_table(('level', 'what', 'found', 'what to do'), rows)}<p>{html.escape(self._summary)}</p>"


def doctor() -> Report:
    """Look at everything on this machine that the course depends on, in under a second.

    Example:
        >>> doctor().ok  # doctest: +SKIP
        True
    """
    return Report(tuple(finding for check in CHECKS for finding in _guarded(check)))


def main(argv: Sequence[str] | None = None) -> int:
    """Print the report.

    Args:
        argv: The words after `doctor`; there are none to give but `--help`.

    Returns:
        The exit code: 1 where there is a problem, else 0.
    """
    description = "Look at what on this machine the course depends on. Exits with 1 where something stands in its way."
    argparse.ArgumentParser(prog="python -m anymodel_course doctor", description=description).parse_args(argv)
    report = doctor()
    print(report)
    return 0 if report.ok else 1


def _guarded(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Let a check that breaks become a finding: the others are needed all the more. The error's text may hold a key."""
    try:
        yield from check()
    except Exception as error:
        name = check.__name__.strip("_").replace("_", " ")
        yield Finding(name, "problem", f"could not be looked at ({type(error).__name__}).", SET_UP)


# --- Python and what is installed ------------------------------------------------------------------------------------


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        yield Finding("Python", "ok", f"{version}.")
    else:
        yield Finding("Python", "problem", f"{version}.", "Install 3.11, 3.12 or 3.13, and run lab.py with that.")


def _kernel() -> Iterator[Finding]:
    root = Path(__file__).resolve().parents[3]
    project = root / ".venv"
    if Path(sys.prefix).resolve() == project.resolve():
        yield Finding("kernel", "ok", "the project's own .venv.")
    elif project.exists():
        yield Finding(
            "kernel",
            "note",
            "not the project's .venv, but another Python environment.",
            "In VS Code: Select Kernel, Python Environments, .venv. Else start JupyterLab with `python3 lab.py`.",
        )
    else:
        yield Finding("kernel", "ok", "an environment of your own. `python3 lab.py` would make the tested one, .venv.")


def _packages() -> Iterator[Finding]:
    wanted = importlib.metadata.requires("anymodel-course") or []
    names = [re.split(r"[^\w.-]", line)[0] for line in wanted if "extra ==" not in line]
    missing = [name for name in names if stacks.installed(name) is None]
    if missing:
        yield Finding("packages", "problem", f"missing or broken: {', '.join(missing)}.", SET_UP)
    else:
        yield Finding("packages", "ok", "everything that the course needs is installed.")


def _stack() -> Iterator[Finding]:
    versions = {name: stacks.installed(name) for name in stacks.PARTS}
    said = ", ".join(f"{name} {version or 'missing'}" for name, version in versions.items())
    for name, bad in stacks.MALWARE.items():
        if versions[name] in bad:
            yield Finding(name, "problem", f"{versions[name]} is malware that steals credentials.", stacks.CLEAN_UP)
            return
    present = tuple(version for version in versions.values() if version)
    stack = stacks.stack_of(present)
    if len(present) < len(versions):
        yield Finding("versions", "problem", f"{said}.", SET_UP)
    elif stack is None:
        what = f"{said}: not a stack that the course has been run on."
        yield Finding("versions", "note", what, f"If something behaves oddly: {SET_UP[0].lower()}{SET_UP[1:]}")
    elif not stack.works:
        yield Finding("versions", "problem", f"{said}: stack {stack.name}, {stack.what}.", SET_UP)
    else:
        level: Level = "ok" if stack is stacks.STACKS[0] else "note"
        yield Finding("versions", level, f"{said}: stack {stack.name}, {stack.what}.")


def _bytecode() -> Iterator[Finding]:
    if not sys.dont_write_bytecode:
        return
    spec = importlib.util.find_spec("litellm")  # finds a package without importing it
    if spec and spec.cached and Path(spec.cached).exists():
        yield Finding("bytecode", "ok", "Python is told to write none, but the packages come with theirs.")
    else:
        yield Finding(
            "bytecode",
            "note",
            "PYTHONDONTWRITEBYTECODE is set, so imports stay slow for ever.",
            "Unset it, or run `python3 lab.py`, which compiles the packages once.",
        )


def _models() -> Iterator[Finding]:
    from .. import price_list
    from ..providers import PROVIDERS

    models = dict.fromkeys(model for row in PROVIDERS.values() for model in (row.model, row.cheap))
    ending = price_list.ending(models, price_list.bundled(), date.today())
    for model, day in ending.items():
        fix = "Offline nothing changes. Live, take another id: notebook 03 shows how to find one."
        yield Finding("model", "note", f"{model} is served until {day} only.", fix)
    if not ending:
        yield Finding("models", "ok", f"no id of the course ends within {price_list.NOTICE} days, as far as announced.")


# --- keys and addresses ----------------------------------------------------------------------------------------------
# `keys` reads .env with python-dotenv, which may be missing too: it is imported where `_guarded` can tell of that.


def _dotenv() -> Iterator[Finding]:
    from .. import keys, session

    found = keys.read_dotenv()
    named = os.environ.get("ANYMODEL_DOTENV")
    if found.path:
        count = len(found.values)
        yield Finding(".env", "ok", f"read; it sets {count} variable{'' if count == 1 else 's'}.")
    elif named:
        what = "ANYMODEL_DOTENV names a file that is not there, so none is read."
        yield Finding(".env", "note", what, "Unset it, or let it name your file.")
    elif not found.problems:
        yield Finding(".env", "ok", "there is none, and offline needs none. To go live, copy .env.example to .env.")
    for problem in found.problems:
        yield Finding(".env", "note" if problem.harmless else "problem", problem.placed, problem.fix)
    live = session.live_by_default()
    if live:
        # What it says is not shown: a key may have been pasted into the wrong line.
        what = "ANYMODEL_LIVE is set: course.start() alone makes real calls, which cost money."
        yield Finding("going live", "note", what, "course.start(live=[]) stays offline; unset it to stay so always.")


def _environment() -> Iterator[Finding]:
    """Tell of odd values. Whether a key is missing or spoilt by one, `_keys` says, so that none is a problem here."""
    from .. import keys

    for problem in keys.read_environment().problems:
        yield Finding("environment", "note", problem.placed, problem.fix)


def _keys() -> Iterator[Finding]:
    from .. import keys
    from ..providers import PROVIDERS

    for row in PROVIDERS.values():
        found, name = keys.key(row.name), f"key of {row.title}"
        if found:
            yield Finding(name, "ok", f"{found}.")
        elif found.source:  # there is one, and it cannot be right
            yield Finding(name, "problem", f"{found}.", f"Copy it again: {row.key_page}")
        else:
            how = f"{' and '.join(row.key_sets[0])} in .env, from {row.key_page}"
            yield Finding(name, "ok", f"none, and offline needs none. To go live: {how}")


def _addresses() -> Iterator[Finding]:
    """Look at variables from elsewhere that lead a provider's calls away from its own host, key included."""
    from .. import keys
    from ..providers import PROVIDERS

    own = keys.own_values()
    answers = functools.cache(_answers)
    for row in PROVIDERS.values():
        redirects = [n for n in row.endpoint.variables if keys.is_address(n) and n in own and n not in NO_REDIRECT]
        for name in redirects:
            source, value = own[name]
            host, port, shown = _place(value.reveal())
            what = f"{name}, from {source}, leads {row.title} to {shown}"
            if _is_loopback(host) and not answers(host, port):
                # Ollama may just not be running. Nobody else has a reason to live here.
                level: Level = "note" if row.name == "ollama" else "problem"
                what += ", where nothing answers."
                yield Finding("address", level, what, f"Left over from elsewhere? Unset {name}, then call start().")
            elif name not in EXPECTED:
                fix = f"Live calls go there, key included: unset {name} unless you mean it. Offline it is set aside."
                yield Finding("address", "note", f"{what}.", fix)


EXPECTED = ("AZURE_API_BASE", "OLLAMA_API_BASE")  # these two have no host of their own
NO_REDIRECT = ("OLLAMA_HOST",)  # what Ollama's server listens on; LiteLLM does not read it


def _proxy() -> Iterator[Finding]:
    proxies = _proxies()
    if not proxies:
        yield Finding("proxy", "ok", "none.")
        return
    said = ", ".join(f"{kind} over {_place(url)[2]}" for kind, url in sorted(proxies.items()))
    spared = f"{os.environ.get('NO_PROXY', '')},{os.environ.get('no_proxy', '')}".replace(" ", "").split(",")
    if "*" in spared or {"127.0.0.1", "localhost"} <= set(spared):
        yield Finding("proxy", "ok", f"{said}; not for this machine's own addresses.")
    else:
        what = f"{said}, and for requests to this machine too, which would carry prompts and keys there."
        yield Finding("proxy", "note", what, "Nothing to do: start() adds 127.0.0.1 and localhost to NO_PROXY.")


def _proxies() -> dict[str, str]:
    return {kind: url for kind, url in urllib.request.getproxies().items() if kind in ("http", "https", "all")}


def _http() -> Iterator[Finding]:
    """Make the HTTP client that OpenAI's and the SDK's are: one wrong variable, and no request is made at all."""
    import httpx

    try:
        httpx.Client().close()
    except Exception as error:  # its text may hold a proxy's password
        variable, fix = _what_stops_http(isinstance(error, ImportError))
        what = f"the HTTP library makes no request at all, not even to this machine ({type(error).__name__})."
        yield Finding("HTTP", "problem", f"{what} The likely cause is {variable}.", fix)


def _what_stops_http(lacks_package: bool) -> tuple[str, str]:
    """Return the likely cause and what to do, by handing the HTTP library one thing after the other."""
    import httpx

    try:
        httpx.create_ssl_context()
    except Exception:
        return "SSL_CERT_FILE", "Let it name a readable file of certificates (PEM), or unset it."
    for kind, url in _proxies().items():
        try:
            httpx.Client(proxy=url if "://" in url else f"http://{url}", trust_env=False).close()
        except Exception:
            variable = f"{kind.upper()}_PROXY, or this system's own proxy setting"
            if lacks_package:
                return variable, "Run `pip install socksio` in this environment, or unset that proxy."
            return variable, "Write it as http://host:port, or unset it."
    return "NO_PROXY", "Let it list plain hosts: 127.0.0.1,localhost. An IPv6 address stands there without brackets."


# --- this machine ----------------------------------------------------------------------------------------------------


def _ollama() -> Iterator[Finding]:
    found = ollama()
    what = f"{found.what} {found.offline}".rstrip()
    yield Finding("Ollama", "note" if found.taken else "ok", what, found.next_step)


def _loopback() -> Iterator[Finding]:
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname(), PATIENCE).close()
    except OSError as error:
        what = f"a server on this machine cannot be reached ({error.strerror or type(error).__name__})."
        fix = "Allow Python connections to 127.0.0.1 in your firewall or sandbox: all scripted providers are there."
        yield Finding("loopback", "problem", what, fix)
    else:
        yield Finding("loopback", "ok", "a server on this machine can be reached.")


def _place(url: str) -> tuple[str, int, str]:
    """Return host, port and what may be shown of an address: user, password, path and query may be secrets."""
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        host = ""
    is_host = re.fullmatch(r"[\w.:-]+", host) and ("://" in url or "." in host or ":" in url)
    if not is_host:  # perhaps a key in the wrong line
        return "", 0, "an address that cannot be read"
    return host, port, f"{host}:{port}"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name: asking where it leads would ask somebody outside
        return False


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), PATIENCE).close()
    except OSError:
        return False
    return True


CHECKS = (
    _python,
    _kernel,
    _packages,
    _stack,
    _bytecode,
    _models,
    _dotenv,
    _environment,
    _keys,
    _addresses,
    _proxy,
    _http,
    _ollama,
    _loopback,
)
