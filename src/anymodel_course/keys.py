"""Keys: where they are found, what is wrong with them, and how to speak of one without showing it.

A key comes from `ask_key`, else from the environment, else from a `.env` file in the working directory or above it.
While the course is offline, the environment's own values are kept here and nowhere else: see `set_aside`. To take one
back, so that `.env` counts again: `del os.environ[NAME]`, or set it to "" where there is nothing to delete.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from getpass import getpass
from pathlib import Path
from typing import NoReturn

from dotenv import find_dotenv
from dotenv.parser import parse_stream

from scripted_providers.environment import DUMMY_KEY, ENDPOINTS, redirect

from .providers import PROVIDERS, Provider, provider

_YOURS = "resource|endpoint|deployment|name|project|azure|api|key|account|domain"

PLACEHOLDER = re.compile(
    "|".join(
        (
            r"\.\.\.|…|\*{3}|x{6}|<.*>|\$\{",
            r"\[[^\]:]+\]",  # an IPv6 address has colons inside
            r"^(?:[a-z]{2,8}\d{0,2}[-_]){0,3}(?:x{3}[x_-]*|(?<=[-_]))$",  # how keys begin, and then x or nothing
            r"^(?:your|my)[-_ ]|[-_ ](?:here|key)$",
            rf"(?<![\w-])your[-_](?:{_YOURS})(?:[-_](?:{_YOURS}|openai))*(?![\w-])",
            r"placeholder|(?<![a-z])(?:change|replace)[-_ ]?me(?![a-z])|^(?:todo|none|null)$",
            f"^{re.escape(DUMMY_KEY)}$",
        )
    ),
    re.IGNORECASE,
)
"""Values that stand where a key or an address should: "sk-...", "sk-", "<your key>", "your-key-here", "sk-****", "xxx",
"https://your-resource.openai.azure.com". A real "https://your-company.openai.azure.com" is none."""


class Secret:
    """A value that does not show itself. It is no string, so that nothing (JSON, a template, `+`) takes it for one."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself, for the one place that needs it."""
        return self._value

    def __repr__(self) -> str:
        """Return what may be shown; `str`, `format` and f-strings show the same."""
        return hint(self._value)

    def __eq__(self, other: object) -> bool:
        """Compare with another secret; never equal to a plain string."""
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        """Hash the value."""
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied: both write the value down."""
        raise TypeError("A key is not stored: a Secret cannot be pickled or copied.")


def hint(value: str) -> str:
    """Return what may be shown of a key: its last four characters, or nothing where it is short.

    Example:
        >>> hint("sk-ant-0123456789abcd4f2a")
        'ends in 4f2a'
    """
    return f"ends in {value[-4:]}" if len(value) >= 16 else "too short to show any of it"


@dataclass(frozen=True)
class Problem:
    """Something about a `.env` file, or a variable of the environment, that its author should know.

    Attributes:
        line: Where in the file; None where it is about the whole file, or about the environment.
        what: What is odd.
        fix: What to do about it.
        harmless: Whether the value was read all the same.
        names: The variables that this is about. Empty where it may be any: in a line that names none, say.
    """

    line: int | None
    what: str
    fix: str
    harmless: bool = False
    names: frozenset[str] = frozenset()

    @property
    def placed(self) -> str:
        """What is odd, and where."""
        return f"line {self.line}: {self.what}" if self.line else self.what

    def __str__(self) -> str:
        """Return what is odd, with its place, and what to do about it."""
        return f"{self.placed} {self.fix}"


@dataclass(frozen=True)
class DotEnv:
    """A `.env` file, or the environment, as read: values, and what was odd about them. Its repr shows no value."""

    path: Path | None = None
    values: dict[str, Secret] = field(default_factory=dict, repr=False)
    problems: tuple[Problem, ...] = ()


NAMED_TXT = Problem(
    None, "The file here is called .env.txt.", "Rename it to .env; Windows's Explorer hides such an ending."
)
"""What Windows's Notepad makes of a file that is saved as `.env`."""


def read_dotenv(path: Path | str | None = None) -> DotEnv:
    """Read a `.env` file with python-dotenv, and tell what was odd about it.

    Args:
        path: The file. None: the one that ANYMODEL_DOTENV names, else `.env` in the working directory or the nearest
            above it.

    Returns:
        Its values without placeholders and empty ones. No file at all is no problem.
    """
    wanted = path or os.environ.get("ANYMODEL_DOTENV") or find_dotenv(usecwd=True)
    if not wanted:
        return DotEnv(problems=(NAMED_TXT,) if find_dotenv(".env.txt", usecwd=True) else ())
    file = Path(wanted)
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        return DotEnv()
    except OSError as error:
        problem = Problem(None, f"{file.name} cannot be read ({error.strerror}).", "Check that it is a file of yours.")
        return DotEnv(file, problems=(problem,))
    return parse_dotenv(raw, file)


def parse_dotenv(raw: bytes, path: Path | None = None) -> DotEnv:
    """Read the bytes of a `.env` file; see `read_dotenv`.

    Example:
        >>> found = parse_dotenv(b'export GEMINI_API_KEY="abcdefghijklmnop4f2a"')
        >>> found.values
        {'GEMINI_API_KEY': ends in 4f2a}
    """
    text, problems = _decoded(raw)
    usable: dict[str, Secret] = {}
    lines: dict[str, list[int]] = {}  # where each variable stands
    counts: dict[str, int] = {}  # where the value stands that counts
    for binding in parse_stream(io.StringIO(text)):
        said = binding.original.string.lstrip()  # a statement owns the blank lines above it
        number = binding.original.line + binding.original.string[: -len(said)].count("\n")
        named = binding.key is None or (_is_name(binding.key) and binding.value is not None)
        if binding.error or not named:
            problems.append(Problem(number, _unreadable(said.strip()), "Write NAME=value.", names=_named_in(said)))
            continue
        if binding.key is None:
            continue
        lines.setdefault(binding.key, []).append(number)
        if not binding.value:
            continue
        if re.match(r"export\s", said):
            problems.append(
                Problem(number, "`export` is for shells.", "It was skipped; leave it or not.", harmless=True)
            )
        value, odd = _as_read(binding.key, binding.value, number, _named_in(said))
        problems += odd
        if value:
            usable[binding.key], counts[binding.key] = Secret(value), number
    problems += [_repeated(name, lines[name], number) for name, number in counts.items() if len(lines[name]) > 1]
    return DotEnv(path, usable, tuple(sorted(problems, key=lambda problem: problem.line or 0)))


def _decoded(raw: bytes) -> tuple[str, list[Problem]]:
    """Return a file's text, empty where it is none, and what is odd about the file as a whole."""
    problems: list[Problem] = []
    encoding = "utf-8"
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
        what, fix = "The file is UTF-16, as PowerShell's > writes it.", "It was read; other programs want UTF-8."
        problems.append(Problem(None, what, fix, harmless=True))
    elif raw.startswith(b"\xef\xbb\xbf"):
        encoding = "utf-8-sig"
        what, fix = "The file starts with a byte order mark.", "It was skipped; other programs may not skip it."
        problems.append(Problem(None, what, fix, harmless=True))
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:  # no text has one; UTF-16 without its mark has many
        return "", [Problem(None, "The file is not UTF-8 text.", "Save it as UTF-8 in your editor.")]
    if "\r\n" in text:
        what, fix = "Lines end as on Windows (CRLF).", "They were read; a shell's `source` would keep the \\r."
        problems.append(Problem(None, what, fix, harmless=True))
    return text.replace("\r\n", "\n"), problems


def _repeated(name: str, lines: list[int], counts: int) -> Problem:
    often = "twice" if len(lines) == 2 else f"{len(lines)} times"
    fix = f"Of these, the one in line {counts} counts."
    return Problem(lines[-1], f"{name} stands here {often}.", fix, harmless=True)


def read_environment() -> DotEnv:
    """Read the learner's own variables in the environment, offline too, as `read_dotenv` reads a file."""
    own = {n: Secret(v) for n, v in os.environ.items() if n in _KNOWN and v.strip() and not _is_ours(n, v)}
    usable: dict[str, Secret] = {}
    problems: list[Problem] = []
    for name, raw in (_kept(os.environ) | own).items():
        value, odd = _as_read(name, raw.reveal())
        problems += odd
        if value:
            usable[name] = Secret(value)
    return DotEnv(None, usable, tuple(sorted(problems, key=lambda problem: problem.what)))


def _as_read(
    name: str, raw: str, line: int | None = None, also: frozenset[str] = frozenset()
) -> tuple[str, list[Problem]]:
    """Return what counts of a variable's value, and what is odd about it; an empty text where nothing counts.

    Args:
        name: The variable.
        raw: Its value as it stands there.
        line: Where in `.env`. None: it stands in the environment.
        also: Other variables that a problem with it is about.
    """

    def odd(what: str, fix: str, harmless: bool = False) -> Problem:
        return Problem(line, f"{name}{'' if line else ' in the environment'} {what}", fix, harmless, also | {name})

    value = unquoted(raw)
    if "${" in value:
        what = "refers to another variable, and those are not filled in here."
        return "", [odd(what, "Write the value itself.")]
    if _is_placeholder(name, value):
        own = "address" if is_address(name) else "key"
        return "", [odd("still holds a placeholder.", f"Put your {own} there.{_where(name)}")]
    problems = []
    if value and value != raw:
        what = "has spaces or quotes around its value."
        problems.append(odd(what, "They were left off; take them out.", harmless=True))
    if _is_garbled(name, value):
        problems.append(odd(f"{GARBLED}.", "Copy the key again."))
    return value, problems


def _is_name(text: str) -> bool:
    """Whether this can be a variable's name, which is shown. A key that ends in = can look like one."""
    is_like_a_key = re.fullmatch(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d)\w{20,}", text)
    return bool(re.fullmatch(r"[A-Za-z_]\w*", text)) and not is_like_a_key


def _named_in(statement: str) -> frozenset[str]:
    """Return the first provider's variable of each line: a quote that is not closed swallows the lines below."""
    known = ([word for word in re.findall(r"\w+", line) if word in _KNOWN] for line in statement.splitlines())
    return frozenset(words[0] for words in known if words)


GARBLED = "has a space, a line break or another character inside that no key has"
_HOLDS_A_KEY = re.compile(r"(KEY|TOKEN|SECRET)(?!.*FILE$)")


def is_address(name: str) -> bool:
    """Say whether a variable's name is one that holds a host."""
    return name.endswith(("BASE", "URL", "HOST", "ENDPOINT"))


def unquoted(value: str) -> str:
    """Leave off what people and shells put around a value: white space and quotes of any kind."""
    return re.sub(r"""^[\s"'`“”„‘’‚]+|[\s"'`“”„‘’‚]+$""", "", value)


def _is_placeholder(name: str, value: str) -> bool:
    """Whether a key or an address is still to be filled in. Other values may well be "my-profile"."""
    return bool((_HOLDS_A_KEY.search(name) or is_address(name)) and PLACEHOLDER.search(value))


def _is_garbled(name: str, value: str) -> bool:
    """Whether a key cannot be sent in a header. The HTTP library's complaint would show it, so nobody is to try."""
    return bool(_HOLDS_A_KEY.search(name) and value and not re.fullmatch(r"[!-~]+", value))


def _unreadable(line: str) -> str:
    if line.lower().startswith(("set ", "setx ", "$env:")):
        return "This is a Windows command, not a line of a .env file."
    if "=" not in line:
        return "There is a : where a = belongs." if ":" in line else "There is no = in this line."
    if not _is_name(re.sub(r"^export\s+", "", line).partition("=")[0].strip()):
        return "What stands before the = is no variable's name."
    return "This line cannot be read: a quote is not closed, or something follows it."


def _where(name: str) -> str:
    page = next((p.key_page for p in PROVIDERS.values() if any(name in s for s in p.key_sets)), None)
    return f" {page}" if page else ""


@dataclass(frozen=True)
class Key:
    """How a provider's key stands. It holds no key: only what may be shown."""

    provider: str
    variable: str | None = None
    source: str | None = None
    shown: str = ""
    missing: str = ""

    def __bool__(self) -> bool:
        """Whether the provider can go live."""
        return not self.missing

    def __str__(self) -> str:
        """Return one line, such as "set, from .env, ends in 4f2a"."""
        if self.missing:
            return self.missing
        return f"set, from {self.source}, {self.shown}" if self.source else "needs no key"


_asked: dict[str, Secret] = {}  # by ask_key; for this kernel only
_aside: dict[str, Secret] = {}  # the environment's own values, while the stand-in's are in their place


def ask_key(name: str) -> Key:
    """Ask for a provider's key without showing it. It is kept in this kernel's memory and nowhere else.

    Args:
        name: The provider, such as "anthropic".

    Raises:
        ValueError: The provider is unknown, or takes no key; or what was typed is a placeholder or can be no key. Then
            nothing of it is kept.
    """
    row = provider(name)
    if not row.key_sets:
        raise ValueError(f"{row.title} runs on your own machine and takes no key.")
    typed = {}
    for variable in row.key_sets[0]:
        value = unquoted(getpass(f"{variable} (hidden, for this kernel only): "))
        if _is_placeholder(variable, value):
            raise ValueError(f"What was typed for {variable} only stands in a key's place. A key: {row.key_page}")
        if _is_garbled(variable, value):
            raise ValueError(f"What was typed for {variable} {GARBLED}. Copy the key again: {row.key_page}")
        if value:
            typed[variable] = Secret(value)
    _asked.update(typed)
    return key(name)


def key(name: str) -> Key:
    """Say how a provider's key stands, without showing it.

    Example:
        >>> print(key("ollama"))
        needs no key
    """
    row = provider(name)
    if not row.key_sets:
        return Key(row.name)
    sources = _sources()
    found = _counting(sources)
    for names in row.key_sets_as_tried:
        if all(n in found for n in names):
            garbled = next((n for n in names if _is_garbled(n, found[n][1].reveal())), None)
            if garbled:
                source = found[garbled][0]
                return Key(row.name, garbled, source, missing=f"{garbled}, from {source}, {GARBLED}")
            source, value = found[names[0]]
            return Key(row.name, names[0], source, repr(value))
    wanted = " and ".join(n for n in row.key_sets[0] if n not in found)
    why = _why_missing({n for names in row.key_sets for n in names if n not in found}, sources)
    return Key(row.name, row.key_sets[0][0], missing=f"no key: set {wanted} in .env{why}")


def _why_missing(names: set[str], sources: Mapping[str, DotEnv]) -> str:
    """Say in brackets what in `.env` or the environment may be why these variables have no value."""
    problems = [problem for read in sources.values() for problem in read.problems]
    fitting = [p for p in problems if not p.harmless and (names & p.names or not p.names)]
    if not fitting:
        return ""
    first = next((p for p in fitting if p.names), fitting[0])
    more = "; course.doctor() tells more" if len(fitting) > 1 else ""
    return f" ({first.placed.removesuffix('.')}{more})"


def values_of(row: Provider) -> dict[str, Secret]:
    """Return every variable of a provider that has a value of the learner's own. For going live, not for showing."""
    found = own_values()
    return {name: found[name][1] for name in row.endpoint.variables if name in found}


def own_values() -> dict[str, tuple[str, Secret]]:
    """Return the learner's own variables, offline too: where each value comes from, and the value, which hides itself.

    Later sources win: `.env`, the environment, `ask_key`. Placeholders and the stand-in's values are none.
    """
    return _counting(_sources())


def _sources() -> dict[str, DotEnv]:
    """Read what may hold the learner's own variables; the later one wins."""
    return {".env": read_dotenv(), "the environment": read_environment()}


def _counting(sources: Mapping[str, DotEnv]) -> dict[str, tuple[str, Secret]]:
    """Return what counts of these sources, and of what was asked for."""
    found = {name: (source, value) for source, read in sources.items() for name, value in read.values.items()}
    for row in PROVIDERS.values():
        signing = {name for name in row.endpoint.variables if _SIGNS_IN.search(name)}
        if signing & _asked.keys():  # what was asked for is what gets used: an old session's token fits no new key
            found = {n: v for n, v in found.items() if n not in signing - set(row.key_sets[0])}
    return found | {name: ("ask_key", value) for name, value in _asked.items()}


def set_aside_names() -> set[str]:
    """Return the names of the learner's own variables that `set_aside` keeps out of the environment or replaces."""
    return set(_aside)


_KNOWN = frozenset(name for endpoint in ENDPOINTS.values() for name in endpoint.variables)


_SIGNS_IN = re.compile(r"KEY|TOKEN|SECRET|PROFILE|ROLE|SESSION|IDENTITY|FEDERATION|ACCOUNT|CLIENT|TENANT|EXTERNAL")
"""In the names of variables that say who calls. A region, an address or a version says something else."""

_placed: dict[str, Secret] = {}  # what `set_aside` put into the environment last, to know it again


def _is_ours(name: str, value: str) -> bool:
    return value == DUMMY_KEY or Secret(value) == _placed.get(name)


def _kept(environ: Mapping[str, str]) -> dict[str, Secret]:
    """Return what was set aside, but for what the learner has deleted or emptied since: that is not to come back."""
    return {n: v for n, v in _aside.items() if (environ[n].strip() if n in environ else n not in _placed)}


def set_aside(environ: MutableMapping[str, str], base: str, live: frozenset[str] = frozenset()) -> None:
    """Put the stand-in's variables in the place of the learner's own, except for the providers that are live.

    Args:
        environ: `os.environ`.
        base: The stand-in's address.
        live: Names of providers whose own variables belong there.
    """
    for name in _aside.keys() - _kept(environ).keys():
        del _aside[name]
    for name in _KNOWN & environ.keys():
        if environ[name].strip() and not _is_ours(name, environ[name]):
            _aside[name] = Secret(environ[name])
    own = {name: values_of(row) for name, row in PROVIDERS.items() if name in live}
    for name in _KNOWN:
        environ.pop(name, None)
    _placed.clear()
    for row in PROVIDERS.values():
        if row.name in live:
            _placed.update(own[row.name])
        else:
            _placed.update({v.name: Secret(v.value) for v in redirect(row.endpoint, base)})
    environ.update({name: value.reveal() for name, value in _placed.items()})
