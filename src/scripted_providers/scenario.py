r"""Scenario files: which reply answers which request. YAML, read in name order; the first rule that matches wins.

A file is a list of rules. A rule says `when` it applies and what the model replies:

    - when:
        user: weather in (?P<city>\w+)    # a regular expression, searched in the last user message, case ignored
        provider: anthropic              # openai, anthropic, gemini, …
        model: claude-*                  # a shell pattern, case ignored
        tools: [get_weather]             # all of these are offered
        turn: 1                          # 1 until the model has answered the last user message, then 2, 3, …
      calls:                             # tool calls; several run in parallel
        - get_weather: {city: "{city}"}  # a named group of `user` fills its braces
    - when: {user: weather, after_tool: get_weather}   # only right after this tool's result; `true`: any tool's
      text: "It is {result}."            # also: {results}, all of them; {provider}; {model}; {messages}, how many
      usage: {input: 40, output: 9}      # tokens; estimated where not given. Also: cached, reasoning
      pace: {first: 0.2, total: 1.0}     # seconds until the first piece and until the last
      source: scripted                   # or a recording's model and date
    - when: {user: flaky}
      replies:                           # the first call gets the first, the second the second, then the last again
        - error: rate_limit              # any failure of replies.py: rate_limit, overloaded, timeout, cut_stream, …
        - text: Here we are.
    - when: {user: as json}
      json: {city: Paris}                # what an output_type asks for

A rule without `after_tool` never answers a tool result: otherwise the rule that calls a tool would match its own result
and call it again, for ever. Which replies a rule has given (for `replies`) is the only state.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import reprlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from .environment import ENDPOINTS
from .replies import ERRORS, FAULTS, Ask, Call, Failure, Pace, Reply, Usage


class ScenarioError(ValueError):
    """A mistake in a scenario file. Its message names the file, the line and what was expected."""


def _pattern(value: Any) -> Any:
    if not isinstance(value, str):
        return value  # Pydantic says what it expected
    try:
        return re.compile(value, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"expected a regular expression: {error}") from None


def _provider(value: Any) -> Any:
    if isinstance(value, str) and value not in ENDPOINTS:
        raise ValueError(f"no provider is called {value!r}; expected one of {', '.join(ENDPOINTS)}")
    return value


class _Strict(BaseModel):
    """Every field's description is what a mistake's message says was expected."""

    # Built when the first rule is read: a server without a scenario starts without them.
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, defer_build=True)

    @field_validator("*", mode="before")
    @classmethod
    def _given(cls, value: Any) -> Any:
        if value is None:  # "user:" with nothing after it would mean no condition at all
            raise PydanticCustomError("nothing", "nothing stands here")
        return value


class When(_Strict):
    """The conditions of a rule; all that are given have to hold."""

    user: Annotated[re.Pattern[str] | None, BeforeValidator(_pattern)] = Field(
        None, description="a regular expression, as text in quotes"
    )
    provider: Annotated[str | None, BeforeValidator(_provider)] = Field(
        None, description=f"one of {', '.join(ENDPOINTS)}"
    )
    model: str | None = Field(None, description="a pattern for model names, such as claude-*")
    after_tool: str | bool | None = Field(None, description="a tool's name, or true")
    tools: tuple[str, ...] = Field((), description="a list of tools' names, such as [get_weather]")
    turn: int | None = Field(None, ge=1, description="a whole number from 1")

    def match(self, ask: Ask) -> dict[str, str] | None:
        """Return what fills the reply's braces where the rule applies to this request, and None where not."""
        found = self.user.search(ask.user) if self.user else None
        results = ask.results
        applies = (
            (self.user is None or found)
            and (self.provider is None or self.provider == ask.provider)
            and (self.model is None or fnmatch.fnmatch(ask.model.lower(), self.model.lower()))
            and set(self.tools) <= {tool.name for tool in ask.tools}
            and (self.turn is None or self.turn == ask.turn)
            and self._follows(tuple(m.tool for m in results))
        )
        if not applies:
            return None
        fills = {k: v for k, v in found.groupdict().items() if v is not None} if found else {}
        fills |= {"provider": ask.provider, "model": ask.model, "messages": str(len(ask.messages))}
        if results:
            fills |= {"result": results[-1].text, "results": ", ".join(m.text for m in results)}
        return fills

    def _follows(self, tools: tuple[str | None, ...]) -> bool:
        if isinstance(self.after_tool, str):
            return self.after_tool in tools
        return bool(tools) == bool(self.after_tool)


class ScriptedUsage(_Strict):
    """Token counts that a rule sets."""

    input: int = Field(ge=0, description="a number of tokens")
    output: int = Field(ge=0, description="a number of tokens")
    cached: int = Field(0, ge=0, description="a number of tokens")
    reasoning: int = Field(0, ge=0, description="a number of tokens")

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.cached > self.input or self.reasoning > self.output:
            raise ValueError("expected cached as a part of input, and reasoning as a part of output")
        return self


class ScriptedPace(_Strict):
    """Seconds that a rule lets pass."""

    first: float = Field(0.0, ge=0, le=600, description="seconds, from 0 to 600")
    total: float = Field(0.0, ge=0, le=600, description="seconds, from 0 to 600")


class Answer(_Strict):
    """What the model replies: one of text (with or without calls), json, calls and error."""

    text: str | None = Field(None, description="text; numbers, dates and the like in quotes")
    json_: Any = Field(None, alias="json", description="what JSON can say")
    calls: tuple[dict[str, dict[str, Any]], ...] = Field((), description="a list of `- tool_name: {argument: value}`")
    error: str | None = Field(None, description=f"one of {', '.join(ERRORS | FAULTS)}")
    retry_after: float = Field(0.1, ge=0, le=600, description="seconds, from 0 to 600")
    usage: ScriptedUsage | None = Field(None, description="tokens as {input: 40, output: 9}")
    pace: ScriptedPace = Field(default_factory=ScriptedPace, description="seconds as {first: 0.2, total: 1.0}")
    source: str = Field("scripted", description="scripted, or a recording's model and date")

    @model_validator(mode="after")
    def _checked(self) -> Self:
        self._check()
        return self

    def _check(self) -> None:
        given = [n for n, v in [("text", self.text), ("json", self.json_), ("error", self.error)] if v is not None]
        if len(given) > 1 or (self.calls and given not in ([], ["text"])) or not (given or self.calls):
            raise ValueError("expected one of text (perhaps with calls), json, calls or error")
        if self.error is not None and self.error not in ERRORS | FAULTS:
            raise ValueError(f"no failure is called {self.error!r}; expected one of {', '.join(ERRORS | FAULTS)}")
        if any(len(call) != 1 for call in self.calls):
            raise ValueError("expected each call as one `- tool_name: {argument: value}`")
        try:
            json.dumps([self.json_, self.calls], allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f"expected what JSON can say: {error}") from None

    def reply(self, fills: Mapping[str, str]) -> Reply:
        """Make the reply, with the braces filled."""
        calls = tuple(Call(name, _fill(args, fills)) for call in self.calls for name, args in call.items())
        return Reply(
            text=_fill(self.text or "", fills),
            json=_fill(self.json_, fills),
            calls=calls,
            failure=Failure(self.error, self.retry_after) if self.error else None,
            usage=Usage(**self.usage.model_dump()) if self.usage else None,
            pace=Pace(**self.pace.model_dump()),
            source=self.source,
        )


class Rule(Answer):
    """One entry of a scenario file: `when`, and either one answer or several in `replies`."""

    when: When = Field(default_factory=When, description="conditions as {user: hello, provider: openai}")
    replies: tuple[Answer, ...] = Field((), description="a list of answers")
    _where: str = PrivateAttr("")

    @property
    def where(self) -> str:
        """Where it stands, such as "file.yaml:12"."""
        return self._where

    def _check(self) -> None:
        if not self.replies:
            super()._check()
        elif self.model_fields_set - {"when", "replies"}:
            raise ValueError("expected either `replies` or one answer, not both")

    def answers(self) -> tuple[Answer, ...]:
        """Return the answers in the order in which calls get them."""
        return self.replies or (self,)


class Scenario:
    """The rules of one or more files, and which answers they have given so far."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self.rules = tuple(rules)
        self._given: dict[int, int] = {}

    def reset(self) -> None:
        """Forget which answers were given."""
        self._given.clear()

    def find(self, ask: Ask) -> tuple[Rule, Reply] | None:
        """Return the first rule that answers this request with its next reply, or None."""
        for number, rule in enumerate(self.rules):
            fills = rule.when.match(ask)
            if fills is not None:
                answers = rule.answers()
                turn = self._given.get(number, 0)
                self._given[number] = turn + 1
                return rule, answers[min(turn, len(answers) - 1)].reply(fills)
        return None


def read(*paths: Path | str) -> Scenario:
    """Read scenario files; a folder stands for its `*.yaml` files in name order.

    Raises:
        ScenarioError: A file is missing, not YAML, or has a rule that is not as described on top of this module.

    Example:
        >>> read("scenarios/hello.yaml").rules[0].where  # doctest: +SKIP
        'hello.yaml:1'
    """
    rules: list[Rule] = []
    if "" in paths:
        raise ScenarioError("expected the name of a scenario file, and got an empty one")
    for given in paths:
        if not isinstance(given, str | os.PathLike):
            raise TypeError(f"{given!r}: give the name of a scenario file or of a folder with some.")
        path = Path(given)
        files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
        if not files:
            raise ScenarioError(f"{path}: expected scenario files in this folder, *.yaml; it has none")
        for file in files:
            try:
                rules += parse(file.read_text(encoding="utf-8"), file.name)
            except (OSError, UnicodeDecodeError) as error:
                raise ScenarioError(f"{file}: expected a scenario file in UTF-8: {error}") from None
    return Scenario(rules)


def parse(text: str, name: str) -> list[Rule]:
    """Parse one file's text. `name` stands in the messages.

    Raises:
        ScenarioError: As for `read`.
    """
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        entries = loader.construct_document(root) if root else []
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise ScenarioError(f"{name}:{mark.line + 1 if mark else 1}: expected YAML: {problem}") from None
    if not isinstance(entries, list):
        raise ScenarioError(f"{name}:1: expected a list of rules, each starting with '- when:'")
    rules = []
    for node, entry in zip(root.value if root else (), entries, strict=True):
        try:
            rule = Rule.model_validate(entry)
        except ValidationError as error:
            line, spot, problem = _mistake(error.errors()[0], node)
            raise ScenarioError(f"{name}:{line}: {spot}: {problem}") from None
        rule._where = f"{name}:{node.start_mark.line + 1}"
        rules.append(rule)
    return rules


class _Loader(yaml.SafeLoader):
    """YAML in which a key stands once (the last would win without a word) and a date is text, as in JSON."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen: set[Any] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                problem = f"the key {key.value!r} stands here twice"
                raise yaml.composer.ComposerError(None, None, problem, key.start_mark)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else key)
        return node


_PARTS: dict[str | int, type[_Strict]] = {
    "when": When,
    "usage": ScriptedUsage,
    "pace": ScriptedPace,
    "replies": Answer,
}


def _mistake(error: ErrorDetails, node: yaml.Node) -> tuple[int, str, str]:
    """Return an error's line, the path that leads to it from its rule, and what was expected there."""
    line, path = node.start_mark.line + 1, []
    model: type[_Strict] | None = Rule
    known: dict[str, str | None] = {}
    expected: str | None = "a rule such as {when: {user: hello}, text: Hi.}"
    for step in error["loc"]:
        if isinstance(step, str):
            fields = model.model_fields if model else {}
            known = {field.alias or name: field.description for name, field in fields.items()}
            expected = known.get(step, expected)
            model = _PARTS.get(step) if step in known else None
        if (found := _child(node, step)) is None:
            break  # a key that is missing, or something that is pydantic's and not the file's
        line, node = found
        path.append(str(step))
    given = "nothing" if error["input"] is None else reprlib.repr(error["input"])
    problem = {
        "extra_forbidden": f"not known here; expected one of {', '.join(known)}",
        "invalid_key": f"expected a key that is text, not {given}",
        "missing": f"{error['loc'][-1]} is missing; expected {expected}" if error["loc"] else "",
        "value_error": error["msg"].removeprefix("Value error, "),
    }.get(error["type"], f"expected {expected}, not {given}")
    return line, ".".join(path) or "this rule", problem


def _child(node: yaml.Node, step: str | int) -> tuple[int, yaml.Node] | None:
    """Return what stands at a key or an index, and its line."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return node.value[step].start_mark.line + 1, node.value[step]
    if isinstance(node, yaml.MappingNode):
        # the last: keys that a merge brings come before the mapping's own
        return next(((k.start_mark.line + 1, v) for k, v in reversed(node.value) if k.value == str(step)), None)
    return None


def _fill(value: Any, fills: Mapping[str, str]) -> Any:
    """Put the fills in place of their braces, at any depth; other braces stay as they are."""
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda m: fills.get(m[1], m[0]), value)
    if isinstance(value, Mapping):
        return {k: _fill(v, fills) for k, v in value.items()}
    if isinstance(value, list):
        return [_fill(v, fills) for v in value]
    return value
