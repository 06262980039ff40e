"""`explain(error)`: what happened, at which provider, the likely causes in order, and the fix as code.

What it knows stands in `known_errors`, one row an error.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from ..providers import PROVIDERS, Provider, provider
from ..sent import own_secrets, scrubbed
from .known_errors import ROWS, Seen

LIBRARIES = ("litellm", "openai", "agents")
DEEPEST = 8  # exceptions, one underneath the other, that are looked at


@dataclass(frozen=True)
class Explanation:
    """What is known of an error. Prints as text; shows as a list in a notebook.

    Attributes:
        error: The exception's class, and its HTTP status where it has one.
        what: What happened, in a sentence.
        where: The provider's title, or an empty string.
        causes: The likely causes, the likeliest first.
        fix: Code, or a step outside of Python.
        traps: What misleads in the error's class or status.
        known: False where the course does not know this error; then there is no cause and no fix.
    """

    error: str
    what: str
    where: str = ""
    causes: tuple[str, ...] = ()
    fix: str = ""
    traps: tuple[str, ...] = ()
    known: bool = True

    def __str__(self) -> str:
        """Return it as lines of text."""
        lines = [self.error + (f" at {self.where}" if self.where else ""), f"What happened: {self.what}"]
        lines += [f"{'Likely cause' if n == 1 else 'Or'}: {cause}" for n, cause in enumerate(self.causes, 1)]
        lines += [f"Mind: {trap}" for trap in self.traps]
        if self.fix:
            lines += ["Fix:", *(f"    {line}" for line in self.fix.splitlines())]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        at = f" at {html.escape(self.where)}" if self.where else ""
        causes = "".join(f"<li>{html.escape(cause)}</li>" for cause in self.causes)
        fix = f"<p>Fix:</p><pre>{html.escape(self.fix)}</pre>" if self.fix else ""
        likely = f"<p>Likely causes, the likeliest first:</p><ol>{causes}</ol>" if causes else ""
        traps = "".join(f"<p>Mind: {html.escape(trap)}</p>" for trap in self.traps)
        return f"<p><b>{html.escape(self.error)}</b>{at}: {html.escape(self.what)}</p>{likely}{traps}{fix}"


def explain(error: BaseException) -> Explanation:
    """Explain an exception that a run raised.

    Args:
        error: What `except Exception as error` caught.

    Returns:
        What is known of it; `known` is False where that is nothing.

    Raises:
        TypeError: It is no exception.

    Example:
        >>> print(explain(TypeError("LitellmModel.__init__() got an unexpected keyword argument 'api_base'")).what)
        LitellmModel has no parameter api_base; LiteLLM's own functions do.
    """
    if not isinstance(error, BaseException):
        raise TypeError(f"explain takes the exception that was caught, not {type(error).__name__}.")
    seen = Seen(type(error).__name__, _status(error), _text(error), _provider_of(error), _of_a_library(error))
    where = seen.at.title if seen.at else ""
    row = next((row for row in ROWS if row.fits(seen)), None)
    if row is None:
        what = "The course does not know this error. The last line of the traceback is the place to start reading."
        return Explanation(seen.label, what, where, known=False)
    name = seen.at.name if seen.at else ""
    fills = _fills(error, seen)
    causes = (*row.causes, *filter(None, [row.also.get(name)]))
    traps = [row.traps.get(name, row.trap)]
    if row.usual and seen.label != row.usual and name not in row.traps:
        traps.insert(0, f"Most providers' is {row.usual}: catch neither by class alone nor by status alone.")
    return Explanation(
        seen.label,
        _fill(row.what, fills),
        where,
        tuple(_fill(cause, fills) for cause in causes),
        _fill(row.fix, fills),
        tuple(filter(None, traps)),
    )


def _fills(error: BaseException, seen: Seen) -> dict[str, str]:
    """Return what is put into a row's blanks. What comes from the error itself is checked: a key may stand anywhere."""
    at = seen.at or PROVIDERS["openai"]
    model_id = str(getattr(error, "model", ""))
    plain = re.fullmatch(r"[\w.:/-]{1,60}", model_id) and scrubbed(model_id, own_secrets()) == model_id
    tool = re.match(r"Error running tool ([\w-]{1,64}):", seen.text)
    setting = re.search(r"support(?: parameters:)? \[?'?(\w+)", seen.text)
    return {
        "model": at.model,
        "other": PROVIDERS["mistral" if at.name != "mistral" else "openai"].model,
        "asked": (model_id if plain else at.model).removeprefix(f"{at.prefix}/"),
        "name": seen.at.name if seen.at else "…",
        "title": seen.at.title if seen.at else "The provider",
        "variable": " and ".join(at.key_sets[0]) if seen.at and at.key_sets else "the provider's key",
        "setting": setting[1] if setting else "such setting",
        "tool": tool[1] if tool else "that the model called",
        "raised": type(error.__cause__).__name__ if error.__cause__ else "an error",
    }


def _fill(text: str, fills: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda m: fills.get(m[1], m[0]), text)


def _of_a_library(error: BaseException) -> bool:
    """Tell whether LiteLLM, OpenAI's client or the SDK raised it: by its class, or by what LiteLLM attaches."""
    attached = any(getattr(error, name, None) is not None for name in ("llm_provider", "status_code"))
    return attached or type(error).__module__.partition(".")[0] in LIBRARIES


def _status(error: BaseException) -> int | None:
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def _said(error: BaseException | None) -> str:
    try:
        return str(error)
    except Exception:  # an exception of somebody's own may fail at that
        return ""


def _text(error: BaseException) -> str:
    """Return what the exception says, without the traceback that LiteLLM may paste into it.

    OpenAI's client says "Connection error." whatever happened; then the first exception underneath that says more.
    """
    below: BaseException | None = error
    for _ in range(DEEPEST):
        text = _said(below).partition("\nTraceback (most recent call last)")[0].strip()
        deeper = below and (below.__cause__ or (None if below.__suppress_context__ else below.__context__))
        if not deeper or not re.search(r"connection error\.?$", text, re.IGNORECASE):
            return text
        below = deeper
    return text


def _provider_of(error: BaseException) -> Provider | None:
    """Tell whose error it is: by LiteLLM's word, or its text, or because it is the OpenAI client's own."""
    told = str(getattr(error, "llm_provider", "") or "")
    if told == "vertex_ai_beta":  # what LiteLLM calls Gemini while it streams
        told = "gemini"
    refused = re.match(r"litellm\.UnsupportedParamsError: (\w+) does not support parameters", _said(error))
    openais = "openai" if type(error).__module__.partition(".")[0] == "openai" else ""
    for name in (told, refused[1] if refused else "", openais):
        try:
            return provider(name)
        except ValueError:
            continue
    return None
