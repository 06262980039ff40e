"""A prompt together with what a machine can check of its answer: constraints, and the tool calls it should lead to."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from scripted_providers.replies import Call, Reply, reply_from

PASS, FAIL, NOT_APPLICABLE = "pass", "fail", "not applicable"

_END = re.compile(r"[.!?…]+[\"')\]»”’*_]*(?=\s|$)|[。！？]")
_NO_END = {"e.g.", "i.e.", "etc.", "vs.", "cf.", "dr.", "mr.", "mrs.", "ms.", "prof.", "st.", "approx."}


@dataclass(frozen=True)
class Prompt:
    """A prompt and what its answer has to hold. None of this is sent but the text; `compare` checks the rest.

    Args:
        text: What the models are asked.
        sentences: Exactly this many sentences.
        most_words: At most this many words.
        mentions: Words that have to be there; case does not matter.
        checks: Constraints of your own, by name: functions that get the answer (the object, where there is an output
            type) and return whether it holds.
        calls: The tool calls that a right answer needs, in any order: `[call("get_weather", city="Oslo")]`. An empty
            list: none is needed, and each one is needless. None: calls are not judged.

    Raises:
        TypeError: An argument is of another kind, or a call's arguments are not what JSON can say.
        ValueError: The text is empty, or a number is less than 1.

    Example:
        >>> Prompt("Explain what an API is in exactly 2 sentences.", sentences=2).judged("One. Two. Three.")
        {'exactly 2 sentences': 'fail'}
    """

    text: str
    sentences: int | None = None
    most_words: int | None = None
    mentions: Sequence[str] = ()
    checks: Mapping[str, Callable[[Any], object]] = field(default_factory=dict)
    calls: Sequence[Reply] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise TypeError(f"A prompt is a text, not {type(self.text).__name__}.")
        if not self.text.strip():
            raise ValueError("This prompt is empty; nobody can answer it.")
        for name in ("sentences", "most_words"):
            number = getattr(self, name)
            if number is not None and (isinstance(number, bool) or not isinstance(number, int)):
                raise TypeError(f"{name}={number!r}: give a whole number.")
            if number is not None and number < 1:
                raise ValueError(f"{name}={number!r}: give a number from 1.")
        if not isinstance(self.mentions, list | tuple) or not all(isinstance(word, str) for word in self.mentions):
            raise TypeError(f"mentions={self.mentions!r}: give a list of words, such as ['request'].")
        if not isinstance(self.checks, Mapping):
            raise TypeError(f"checks={self.checks!r}: give functions by name, such as {{'polite': is_polite}}.")
        for name, check in self.checks.items():
            if not callable(check) or inspect.iscoroutinefunction(check):
                raise TypeError(f"checks[{name!r}] has to be a plain function that takes the answer, not {check!r}.")
        if self.calls is not None and (
            not isinstance(self.calls, list | tuple) or not all(isinstance(c, Reply) and c.calls for c in self.calls)
        ):
            raise TypeError(f"calls={self.calls!r}: give a list, such as [course.call('get_weather', city='Oslo')].")
        if self.calls is not None:
            object.__setattr__(self, "calls", [_as_it_comes_back(reply) for reply in self.calls])

    def judged(self, answer: Any) -> dict[str, str]:
        """Check every constraint; a check of one's own that raises has failed, and its exception is named.

        Args:
            answer: The final output of a run.

        Returns:
            "pass", or "fail" and perhaps why, by the constraint's name.
        """
        text = said(answer)
        found: dict[str, str] = {}
        if self.sentences is not None:
            name = f"exactly {self.sentences} sentence{'' if self.sentences == 1 else 's'}"
            found[name] = _verdict(count_sentences(text) == self.sentences)
        if self.most_words is not None:
            found[f"at most {self.most_words} words"] = _verdict(len(text.split()) <= self.most_words)
        for word in self.mentions:
            found[f"mentions {word!r}"] = _verdict(word.casefold() in text.casefold())
        for name, check in self.checks.items():
            try:
                found[name] = _verdict(check(answer))
            except Exception as error:  # a check meets answers that nobody thought of
                found[name] = f"{FAIL} ({type(error).__name__})"
        return found

    def judged_calls(self, made: Sequence[Call]) -> tuple[str, str]:
        """Compare the tool calls that were made with those that were needed.

        Returns:
            "pass", "fail" or "not applicable", and what is wrong: a call that is missing, has other arguments, or is
            needless.
        """
        if self.calls is None:
            return NOT_APPLICABLE, ""
        needed = [call for reply in self.calls for call in reply.calls]
        left = list(made)
        missing = []
        for call in needed:
            if call in left:
                left.remove(call)
            else:
                missing.append(call)
        told = []
        for call in missing:
            other = next((c for c in left if c.name == call.name), None)
            if other:
                left.remove(other)
                told.append(f"wrong arguments: {_shown(other)} instead of {_shown(call)}")
            else:
                told.append(f"missing: {_shown(call)}")
        told += [f"needless: {_shown(call)}" for call in left]
        return _verdict(not told), "; ".join(told)


def prompts_of(given: Any) -> tuple[Prompt, ...]:
    """Return what `compare` was given as prompts.

    Raises:
        TypeError: It is neither a text, nor a Prompt, nor a list of these.
        ValueError: There is none, or one of them stands there twice.
    """
    listed = [given] if isinstance(given, str | Prompt) else given
    if not isinstance(listed, Iterable) or isinstance(listed, bytes | Mapping):
        raise TypeError(f"prompts={given!r}: give a text, a Prompt, or a list of these.")
    prompts = tuple(p if isinstance(p, Prompt) else Prompt(p) for p in listed)
    if not prompts:
        raise ValueError("There is no prompt to compare with: give at least one.")
    texts = [prompt.text for prompt in prompts]
    if twice := next((text for text in texts if texts.count(text) > 1), None):
        raise ValueError(f"The prompt {twice!r} stands there twice; to ask it more than once, say repeats=2.")
    return prompts


def said(answer: Any) -> str:
    """Return an answer as text: an object as JSON."""
    if isinstance(answer, str):
        return answer
    if hasattr(answer, "model_dump_json"):
        return str(answer.model_dump_json())
    try:
        return json.dumps(answer, ensure_ascii=False)
    except (TypeError, ValueError):
        return repr(answer)


def count_sentences(text: str) -> int:
    """Count sentences by their end marks: ". ! ? …" before a space, and what is left without one.

    A rule of thumb, the same for every model: it knows a few abbreviations and numbered lists, not every language.

    Example:
        >>> count_sentences("An API, e.g. a web API, is a contract. Version 2.0 is out!")
        2
    """
    count, start = 0, 0
    for mark in _END.finditer(text):
        word = text[: mark.end()].rsplit(None, 1)[-1].lower().lstrip("(\"'*_")
        rest = text[mark.end() :].lstrip()
        if rest and (word in _NO_END or re.fullmatch(r"\d+\.", word) or rest[0].islower()):
            continue
        count, start = count + 1, mark.end()
    return count + bool(re.search(r"\w", text[start:]))


def _verdict(holds: object) -> str:
    return PASS if holds else FAIL


def _as_it_comes_back(reply: Reply) -> Reply:
    """Return calls as a model can make them: their arguments are JSON, which has no tuple."""
    calls = reply_from(reply).calls
    return replace(reply, calls=tuple(replace(c, arguments=json.loads(json.dumps(dict(c.arguments)))) for c in calls))


def _shown(call: Call) -> str:
    return f"{call.name}({', '.join(f'{name}={value!r}' for name, value in call.arguments.items())})"
