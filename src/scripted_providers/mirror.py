"""The answer where nothing is scripted: what arrived, said back. A mirror, never a guess at what a model would say."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from .replies import Ask, Call, Reply

MARK = "[scripted] No script for this."


def mirror(ask: Ask, hint: str = "") -> Reply:
    """Say back what arrived, and `hint`; where JSON or a tool call is demanded, give the smallest one that fits."""
    forced = next((t for t in ask.tools if ask.forced in (t.name, "*")), None)
    if forced:
        arguments = smallest(forced.parameters)
        return Reply(calls=(Call(forced.name, arguments if isinstance(arguments, Mapping) else {}),))
    if ask.schema is not None:
        return Reply(json=smallest(ask.schema))
    words = len(ask.instructions.split())
    received = [
        f"instructions ({words} {'word' if words == 1 else 'words'})" if words else "no instructions",
        f"{len(ask.messages)} {'message' if len(ask.messages) == 1 else 'messages'}",
        "tools " + ", ".join(f"{t.name}({', '.join(_names(t.parameters))})" for t in ask.tools)
        if ask.tools
        else "no tools",
        "no output_type",
    ]
    return Reply(text=f"{MARK} I received: {', '.join(received)}. {hint}".rstrip())


def _names(parameters: Mapping[str, Any]) -> list[str]:
    properties = parameters.get("properties")
    return [str(name) for name in properties] if isinstance(properties, Mapping) else []


def smallest(schema: Mapping[str, Any]) -> Any:
    """Return the smallest value that fits a JSON schema: the part of it that Pydantic and the SDK write.

    Not heeded are `pattern`, `propertyNames`, `uniqueItems`, and a `format` that `_FORMATS` lacks. A text has at most
    1000 characters, and a list or an object at most 100 items, whatever is asked for.

    Example:
        >>> smallest({"type": "object", "properties": {"n": {"type": "integer", "minimum": 3}}, "required": ["n"]})
        {'n': 3}
    """
    definitions = schema.get("$defs", {})
    definitions = definitions if isinstance(definitions, Mapping) else {}
    return _smallest(schema, definitions, depth=0, budget=iter(range(10_000)))


def _smallest(schema: Any, definitions: Mapping[str, Any], depth: int, budget: Iterator[int]) -> Any:
    # A schema may refer to itself, and a few nested arrays may ask for millions of values: each takes from the budget.
    if not isinstance(schema, Mapping) or depth > 20:
        return None
    if isinstance(schema.get("$ref"), str):
        return _smallest(definitions.get(schema["$ref"].rpartition("/")[2]), definitions, depth + 1, budget)
    for fixed in ("const", "default"):
        if fixed in schema:
            return schema[fixed]
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return schema["enum"][0]
    for union in ("anyOf", "oneOf", "allOf"):
        options = schema.get(union)
        if isinstance(options, list) and options:
            if {"type": "null"} in options and union != "allOf":
                return None
            return _smallest(options[0], definitions, depth + 1, budget)
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = "null" if "null" in kind else next(iter(kind), None)
    kind = str(kind).lower()  # Gemini writes its types in capitals
    if kind == "object":
        properties = schema.get("properties")
        properties = properties if isinstance(properties, Mapping) else {}
        required = schema.get("required")
        required = required if isinstance(required, list) else []
        names = [name for name in required if isinstance(name, str)]
        paid = zip(names, budget, strict=False)
        found = {name: _smallest(properties.get(name), definitions, depth + 1, budget) for name, _ in paid}
        more = [str(n) for n in range(_count(schema.get("minProperties")) - len(found))]  # a dict may have int keys
        other, paid = schema.get("additionalProperties"), zip(more, budget, strict=False)
        return found | {name: _smallest(other, definitions, depth + 1, budget) for name, _ in paid}
    if kind == "array":
        count = _count(schema.get("minItems"))
        first = schema.get("prefixItems")
        items = [*first[:count]] if isinstance(first, list) else []
        items += [schema.get("items")] * (count - len(items))
        return [_smallest(item, definitions, depth + 1, budget) for item, _ in zip(items, budget, strict=False)]
    if kind in ("integer", "number"):
        return _number(schema)
    if kind == "string":
        length = schema.get("minLength")
        least = "-" * min(length, 1000) if isinstance(length, int) else ""
        return _FORMATS.get(str(schema.get("format")), least)
    return {"boolean": False, "null": None}.get(kind, {} if depth == 0 else None)


def _count(least: Any) -> int:
    return min(least, 100) if isinstance(least, int) else 0


_FORMATS = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "duration": "PT0S",
    "ipv4": "0.0.0.0",
    "ipv6": "::",
    "email": "nobody@example.com",
    "uri": "https://example.com",
    "uuid": "00000000-0000-0000-0000-000000000000",
}


def _number(schema: Mapping[str, Any]) -> int | float:
    def bound(name: str, otherwise: float) -> int | float:
        value = schema.get(name)
        return value if isinstance(value, int | float) and abs(value) < 1e300 else otherwise

    low, high = bound("minimum", -math.inf), bound("maximum", math.inf)
    above, below = bound("exclusiveMinimum", -math.inf), bound("exclusiveMaximum", math.inf)
    likely = [low, 0, above + 1, high, below - 1, (above + min(high, below)) / 2]
    step = bound("multipleOf", 0)
    if step > 0:  # the two multiples next to the lower end, else to the upper one
        end = next((n for n in (max(low, above), min(high, below)) if math.isfinite(n)), 0)
        likely = [(end // step + n) * step for n in (0, 1, -1)]
    if schema.get("type") == "integer":  # a schema may say that it is at least 0.5
        likely = [whole(n) for n in likely if math.isfinite(n) for whole in (math.ceil, math.floor)]
    return next((n for n in likely if low <= n <= high and above < n < below and math.isfinite(n)), 0)
