"""`explain(error)`: what happened, at which provider, the likely causes in order, and the fix as code.

One row a known error. A row is recognised by the exception's class, its HTTP status and its text together, because no
one of them is enough: a wrong key is an AuthenticationError here and a BadRequestError with status 401 there.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass

from ..providers import PROVIDERS, Provider, provider


@dataclass(frozen=True)
class Explanation:
    """What is known of an error. Prints as text; shows as a list in a notebook.

    Attributes:
        error: The exception's class, and its HTTP status where it has one.
        what: What happened, in a sentence.
        where: The provider's title, or an empty string.
        causes: The likely causes, the likeliest first.
        fix: Code, or a step outside of Python.
        known: False where the course does not know this error; then there is no cause and no fix.
    """

    error: str
    what: str
    where: str = ""
    causes: tuple[str, ...] = ()
    fix: str = ""
    known: bool = True

    def __str__(self) -> str:
        """Return it as lines of text."""
        lines = [self.error + (f" at {self.where}" if self.where else ""), f"What happened: {self.what}"]
        lines += [f"{'Likely cause' if n == 1 else 'Or'}: {cause}" for n, cause in enumerate(self.causes, 1)]
        if self.fix:
            lines += ["Fix:", *(f"    {line}" for line in self.fix.splitlines())]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        at = f" at {html.escape(self.where)}" if self.where else ""
        causes = "".join(f"<li>{html.escape(cause)}</li>" for cause in self.causes)
        fix = f"<p>Fix:</p><pre>{html.escape(self.fix)}</pre>" if self.fix else ""
        likely = f"<p>Likely causes, the likeliest first:</p><ol>{causes}</ol>" if causes else ""
        return f"<p><b>{html.escape(self.error)}</b>{at}: {html.escape(self.what)}</p>{likely}{fix}"


@dataclass(frozen=True)
class _Seen:
    """What can be told from an exception."""

    name: str
    status: int | None
    text: str
    at: Provider | None

    def says(self, pattern: str) -> bool:
        """Whether the text holds the pattern, case ignored."""
        return re.search(pattern, self.text, re.IGNORECASE) is not None


@dataclass(frozen=True)
class _Row:
    fits: Callable[[_Seen], bool]
    what: str
    causes: tuple[str, ...]
    fix: str


_ROWS = (
    _Row(
        lambda e: e.name == "RuntimeError" and e.says(r"run_sync\(\) cannot be called"),
        "run_sync starts an event loop of its own, and a notebook has one running already.",
        ("You are in Jupyter, where the kernel runs the loop.",),
        "result = await Runner.run(agent, prompt)",
    ),
    _Row(
        lambda e: e.name == "UserError" and e.says("unknown prefix"),
        "The SDK read the part before the slash as one of its own routes, and it knows only openai/ and litellm/.",
        ("A LiteLLM id was given as a plain string.",),
        'Agent(model=LitellmModel(model="{model}"))\n# or, as a string:\nAgent(model="litellm/{model}")',
    ),
    _Row(
        lambda e: e.says("LLM Provider NOT provided"),
        "LiteLLM could not tell which provider serves this model. Nothing was sent.",
        ("The id has no provider/ in front.", "The prefix is misspelt."),
        'LitellmModel(model="{model}")  # provider/model, always',
    ),
    _Row(
        lambda e: e.name == "TypeError" and e.says("api_base"),
        "LitellmModel has no parameter api_base; LiteLLM's own functions do.",
        ("An older tutorial.",),
        'LitellmModel(model="{model}", base_url="https://…", api_key="…")',
    ),
    _Row(
        lambda e: e.says("you are offline, and this looks like a real key"),
        "The server on this machine got a key that is not the course's own. The key went nowhere else.",
        ("A key was set in a cell after course.start().",),
        "# Put the key into .env and say that you want to spend money:\n"
        'course.start(live=["{name}"])\n# or go back offline:\ncourse.start()',
    ),
    _Row(
        lambda e: e.says("missing credentials|missing .*api key|api_key .*must be set|unable to locate credentials"),
        "There is no key at all. Nothing was sent.",
        ("{variable} is not set.", ".env lies in a folder that is not above this notebook."),
        'print(course.key("{name}"))  # then set {variable} in .env',
    ),
    _Row(
        lambda e: e.status == 401 or e.name == "AuthenticationError",
        "The provider refused the key.",
        ("The key is mistyped, revoked, or another provider's.", "The variable holds quotes, spaces or a placeholder."),
        'print(course.key("{name}"))  # where it comes from; then mend that place\ncourse.doctor()',
    ),
    _Row(
        lambda e: e.status == 429 or e.name == "RateLimitError",
        "The provider takes no more requests from this key for now.",
        ("Too many requests or tokens in a minute.", "The account has no credit left: the text says so."),
        "# Wait as long as the provider says, or let the SDK do so:\n"
        "ModelSettings(retry=ModelRetrySettings(max_retries=3, policy=retry_policies.http_status([429])))",
    ),
)


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
    seen = _Seen(type(error).__name__, _status(error), str(error), _provider_of(error))
    label = seen.name + (f" (status {seen.status})" if seen.status else "")
    where = seen.at.title if seen.at else ""
    row = next((row for row in _ROWS if row.fits(seen)), None)
    if row is None:
        what = "The course does not know this error. The last line of the traceback is the place to start reading."
        return Explanation(label, what, where, known=False)
    model = (seen.at or PROVIDERS["openai"]).model
    name = seen.at.name if seen.at else "…"
    variable = " and ".join(seen.at.key_sets[0]) if seen.at and seen.at.key_sets else "the provider's key"
    fills = {"model": model, "name": name, "variable": variable}
    causes = tuple(_fill(cause, fills) for cause in row.causes)
    return Explanation(label, row.what, where, causes, _fill(row.fix, fills))


def _fill(text: str, fills: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda m: fills.get(m[1], m[0]), text)


def _status(error: BaseException) -> int | None:
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def _provider_of(error: BaseException) -> Provider | None:
    try:
        return provider(getattr(error, "llm_provider", "") or "")
    except (TypeError, ValueError):
        return None
