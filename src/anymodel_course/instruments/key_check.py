"""`check_key`: does a provider accept the key? One small real call, made in a program of its own.

That program gets the learner's own variables for one provider. This kernel's environment stays as it is, so a check is
possible while the kernel is offline, and a run that is under way does not feel it.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import dataclass

from .. import keys, session
from ..providers import PROVIDERS, Provider
from .explain import explain

PATIENCE = 20.0  # seconds for the provider's answer
LONGEST = 45.0  # seconds for all of it; importing LiteLLM takes some of them
FEW_TOKENS = 16  # the least that OpenAI's newer models accept as a limit

_KNOWN = {name for row in PROVIDERS.values() for name in row.endpoint.variables}


@dataclass(frozen=True)
class KeyCheck:
    """What a check found. It shows as one line, in which no key stands."""

    ok: bool
    said: str

    def __repr__(self) -> str:
        """Return the line."""
        return self.said


def check_key(model: str = "openai") -> KeyCheck:
    """Make one small real call, to see whether a provider accepts your key. It costs a fraction of a cent.

    It counts as one of the live calls that `start` allows, and works while the kernel is offline. It may take a few
    seconds, and never more than 45.

    Args:
        model: A provider's name (its model in this course is asked), or a full model id.

    Raises:
        RuntimeError: `start` has not been called.
        LiveCap: The session has made as many live calls as `start` allowed.
        TypeError, ValueError: The model is none of the course's nine providers'; see `make_agent`.

    Example:
        >>> check_key("anthropic")  # doctest: +SKIP
        OK: Anthropic accepted the key and answered.
    """
    session.stand_in()  # before LiteLLM is imported, which without `start` would fetch its prices
    row, model_id = nine(model)
    found = keys.key(row.name)
    if not found:
        return KeyCheck(False, f"Not checked: {found.missing}.")
    if not row.key_sets:
        return KeyCheck(True, f"{row.title} needs no key.")
    session.spend_call()
    return _ask(row, model_id)


def nine(model: str) -> tuple[Provider, str]:
    """Return the provider's row and the full model id that a name or an id stands for; see `factory.resolve`."""
    from ..factory import resolve

    name, model_id = resolve(model)
    if name not in PROVIDERS:
        raise ValueError(f"{model!r} is none of the course's nine providers. There are: {', '.join(PROVIDERS)}.")
    return PROVIDERS[name], model_id


def _ask(row: Provider, model_id: str) -> KeyCheck:
    own = keys.values_of(row)
    environ = {name: value for name, value in os.environ.items() if name not in _KNOWN}
    environ |= {name: value.reveal() for name, value in own.items()}
    command = [sys.executable, "-P", "-m", __name__, model_id]
    try:
        done = subprocess.run(command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, timeout=LONGEST)
        error = json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        return KeyCheck(False, f"No answer from {row.title} within {LONGEST:g} seconds. Is the network there?")
    except (OSError, ValueError, IndexError):  # what it printed instead is not shown: a key may stand there
        return KeyCheck(False, f"The check of {row.title} broke off. `course.doctor()` may say why.")
    if error:
        return KeyCheck(False, f"{row.title} did not answer. {error}")
    at = f" at the address in {row.endpoint.redirect}" if row.endpoint.redirect in own else ""
    return KeyCheck(True, f"OK: {row.title}{at} accepted the key and answered.")


def main(model_id: str) -> None:
    """Make the call, in the program of its own, and print one line of JSON: null, or what went wrong."""
    import litellm

    litellm.suppress_debug_info = True
    said = None
    try:
        asyncio.run(_call(model_id))
    except Exception as error:
        about = explain(error)
        causes = f" Likely cause: {about.causes[0]}" if about.causes else ""
        said = (
            f"{about.error}: {about.what}{causes}"
            if about.known
            else f"{about.error}, which the course cannot explain."
        )
    print(json.dumps(said))


async def _call(model_id: str) -> None:
    import litellm

    await litellm.acompletion(
        model=model_id,
        messages=[{"role": "user", "content": "Say: ok"}],
        max_tokens=FEW_TOKENS,
        timeout=PATIENCE,
        max_retries=0,  # one call means one
    )


if __name__ == "__main__":
    main(sys.argv[1])
