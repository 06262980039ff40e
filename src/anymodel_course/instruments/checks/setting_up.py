"""Checks of notebook 01."""

from __future__ import annotations

from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from ...keys import parse_dotenv
from .engine import NotYet, check, require

WANTED = {  # the made-up keys of the text on the page
    "OPENAI_API_KEY": "made-up-openai-key-1111",
    "ANTHROPIC_API_KEY": "made-up-anthropic-key-2222",
    "GEMINI_API_KEY": "made-up-gemini-key-3333",
}


@check
async def mended_env(given: Any) -> str:
    """The text of a `.env` file without a problem and with three keys in it."""
    require(isinstance(given, str), f"give me the file's text as a string, not a {type(given).__name__}.")
    found = parse_dotenv(str(given).encode())
    serious = [problem for problem in found.problems if not problem.harmless]
    if serious:
        first = serious[0]
        # What is said about a placeholder in a file, "put your key there", would put a real one into a cell here.
        fix = "Leave the line out; no key belongs in a cell." if "placeholder" in first.what else first.fix
        raise NotYet(f"{len(serious)} left to mend; the first: {first.placed} {fix}")
    missing = [name for name in WANTED if name not in found.values]
    require(not missing, f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set.")
    for name, value in WANTED.items():
        require(found.values[name].reveal() == value, f"{name} has to keep its value, {value}.")
    if found.problems:
        raise NotYet(f"every key can be read now. Change this, too: {found.problems[0].placed}")
    return "all three keys can be read, and nothing in the file needs mending."


VERSIONS = {
    # package: versions that must be let in, versions that must be kept out (and what each of them is)
    "openai-agents": (
        ("0.20.0",),
        {
            "0.21.0": "wants openai 3, which LiteLLM 1.106 does not",
            "0.19.0": "is older",
            "0.22.0": "wants openai 3, too",
            "1.0.0": "nobody has seen yet",
        },
    ),
    "litellm": (
        ("1.106.2",),
        {
            "1.83.0": "is where a resolver lands that walks backwards",
            "1.82.8": "was malware",
            "1.105.0": "is older",
            "1.107.0": "has never met these notebooks",
            "1.108.0": "has never met them, either",
            "2.0.0": "nobody has seen yet",
        },
    ),
}


@check
async def closed_pins(given: Any) -> str:
    """Two requirements that let stack A in and keep the trap, the malware, the past and the future out."""
    require(isinstance(given, list | tuple | set | frozenset), "give me a list of requirement strings.")
    pins: dict[str, Requirement] = {}
    for text in given:
        require(isinstance(text, str), f"write each requirement as a text; one of yours is a {type(text).__name__}.")
        try:
            pin = Requirement(text)
        except InvalidRequirement:
            raise NotYet(f"{text!r} is no requirement; one looks like 'package>=1.2,<1.3'.") from None
        applies = pin.marker is None or pin.marker.evaluate()
        require(applies, f"{str(text)!r} does not apply here, so nothing is pinned: leave out what follows the `;`.")
        pins[canonicalize_name(pin.name)] = pin
    require(len(given) <= len(VERSIONS), f"two strings are enough, one for each package; you give {len(given)}.")
    for name, (wanted, unwanted) in VERSIONS.items():
        require(name in pins, f"{name} is not in the list: left out, any version of it will do.")
        for version in wanted:
            require(version in pins[name].specifier, f"{pins[name]} shuts out {name} {version}, the course's own.")
        for version, why in unwanted.items():
            require(version not in pins[name].specifier, f"{pins[name]} lets in {name} {version}, which {why}.")
    extras = {canonicalize_name(extra) for extra in pins["openai-agents"].extras}
    require("litellm" in extras, "openai-agents is there without its extra: openai-agents[litellm].")
    return "the course's versions fit; the trap, the malware and what comes next do not."
