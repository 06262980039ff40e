"""What to say where a name is unknown: the one that was probably meant, and all there are."""

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which of the known names a mistyped one may stand for, or list them all.

    Example:
        >>> nearest("antropic", ["openai", "anthropic"])
        "Did you mean 'anthropic'? There are: openai, anthropic."
    """
    names = list(known)
    close = difflib.get_close_matches(name, names, n=2, cutoff=0.6)
    hint = f"Did you mean {' or '.join(map(repr, close))}? " if close else ""
    return f"{hint}There are: {', '.join(names)}."
