"""What a person may let a model say, how it is brought into a request's form, and the mirror's smallest values."""

from __future__ import annotations

import datetime
import ipaddress
import json
import math
import uuid
from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Any, Literal, Union

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter

from scripted_providers import ERRORS, FAULTS, call, fails
from scripted_providers.mirror import mirror, smallest
from scripted_providers.replies import Ask, Call, Failure, Message, Reply, Tool, Usage, pieces, reply_from, settle

quick = settings(deadline=None, derandomize=True, database=None)
HELLO = (Message("user", "Hello."),)


class City(BaseModel):
    city: str
    founded: datetime.date = datetime.date(1048, 1, 1)


def ask(**more: Any) -> Ask:
    return Ask("openai", "some-model", HELLO, **more)


# --- what a person writes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "reply"),
    [
        ("Paris.", Reply(text="Paris.")),
        ("", Reply()),
        (call("ping"), Reply(calls=(Call("ping"),))),
        (call("get_weather", city="Oslo"), Reply(calls=(Call("get_weather", {"city": "Oslo"}),))),
        (call("tool", name="a", self=1), Reply(calls=(Call("tool", {"name": "a", "self": 1}),))),
        (["So:", call("a"), call("b")], Reply(text="So:", calls=(Call("a"), Call("b")))),
        (["One.", "", "Two."], Reply(text="One. Two.")),
        ({"city": "Oslo"}, Reply(json={"city": "Oslo"})),
        (City(city="Oslo"), Reply(json={"city": "Oslo", "founded": "1048-01-01"})),
        (fails("rate_limit", retry_after=2), Reply(failure=Failure("rate_limit", 2))),
        (fails("bad_request", message="No."), Reply(failure=Failure("bad_request", message="No."))),
        (Reply(text="a", usage=Usage(1, 2)), Reply(text="a", usage=Usage(1, 2))),
    ],
)
def test_what_a_person_writes_becomes_a_reply(written: Any, reply: Reply) -> None:
    assert reply_from(written) == reply


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (None, "A model cannot say None. It can say a string"),
        (42, "A model cannot say 42"),
        (b"Paris.", "A model cannot say b'Paris.'"),
        (City, "A model cannot say <class"),
        ([1], "A model cannot say 1"),
        ([fails("timeout"), "a"], "A list is one answer"),
        ([{"city": "Oslo"}], "A list is one answer"),
        ([Reply(text="a", usage=Usage(1, 2)), call("b")], "usage or pace to one Reply"),
        ({"when": datetime.date(2026, 1, 1)}, "not: Object of type date is not JSON serializable"),
        ({"n": math.nan}, "not: Out of range float values are not JSON compliant"),
        (call("tool", what={1, 2}), "not: Object of type set is not JSON serializable"),
        ([call("tool", what=object())], "not: Object of type object is not JSON serializable"),
    ],
)
def test_what_no_model_can_say_is_told(written: Any, told: str) -> None:
    with pytest.raises(TypeError, match=told):
        reply_from(written)


def test_parts_of_a_count_are_no_more_than_the_whole() -> None:
    for parts in ({"cached": 11}, {"reasoning": 6}):
        with pytest.raises(ValueError, match="cached is a part of input, and reasoning a part of output"):
            Usage(10, 5, **parts)


def test_every_failure_has_a_name_and_a_wrong_one_gets_them_all() -> None:
    for kind in (*ERRORS, *FAULTS):
        assert fails(kind).failure == Failure(kind)
    for wrong in ("rate-limit", "", None, ["timeout"]):
        with pytest.raises(ValueError, match="No failure is called .* There are: wrong_key, .*, not_json."):
            fails(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'rate_limt'. Did you mean 'rate_limit'"):
        fails("rate_limt")


@pytest.mark.parametrize("seconds", [-1, math.nan, math.inf, "1", None])
def test_a_retry_hint_is_a_number_of_seconds(seconds: Any) -> None:
    with pytest.raises(ValueError, match="retry_after=.*: expected seconds, a number from 0"):
        fails("rate_limit", retry_after=seconds)
    with pytest.raises(TypeError, match="message=3: expected a sentence"):
        fails("rate_limit", message=3)  # type: ignore[arg-type]


def test_a_failure_says_the_providers_words_unless_replaced_and_its_note_after_them() -> None:
    assert Failure("wrong_key").says("Wrong.") == "Wrong."
    assert Failure("wrong_key", note="You are offline.").says("Wrong.") == "Wrong. You are offline."
    assert Failure("wrong_key", message="No.", note="Sorry.").says("Wrong.") == "No. Sorry."


# --- in the request's form ---------------------------------------------------------------------------------------

TOOLS = (Tool("one"), Tool("two"))


def test_json_is_text_where_no_tool_is_forced() -> None:
    for asked in (ask(), ask(schema={}), ask(tools=TOOLS), ask(tools=TOOLS, forced="unknown")):
        settled = settle(asked, Reply(json={"city": "Zürich"}))
        assert (settled.text, settled.json, settled.calls) == ('{"city": "Zürich"}', None, ())
    assert settle(ask(), Reply(json=False)).text == "false"


def test_json_is_the_arguments_of_the_forced_tool() -> None:
    for forced, name in [("*", "one"), ("two", "two")]:
        settled = settle(ask(tools=TOOLS, forced=forced), Reply(json={"city": "Oslo"}))
        assert (settled.text, settled.json, settled.calls) == ("", None, (Call(name, {"city": "Oslo"}),))
    assert settle(ask(tools=TOOLS, forced="*"), Reply(json=[1])).calls == (Call("one", {"value": [1]}),)


def test_counts_that_nobody_scripted_are_estimated_and_say_so() -> None:
    settled = settle(ask(instructions="x" * 40, tools=TOOLS), Reply(text="y" * 80))
    assert settled.usage is not None
    assert (settled.usage.estimated, settled.usage.output) == (True, 21)
    shorter = settle(ask(), Reply(text="y")).usage
    assert shorter is not None
    assert 0 < shorter.input < settled.usage.input
    assert settle(ask(), Reply(text="y", usage=Usage(7, 8))).usage == Usage(7, 8)


@settings(quick, max_examples=500)
@given(st.text(alphabet=st.sampled_from("ab \n\t\r\x0b\x1c\x85\xa0\u2028.é🙂")) | st.text())
def test_pieces_join_to_the_text_and_none_is_empty(text: str) -> None:
    cut = pieces(text)
    assert "".join(cut) == text
    assert "" not in cut
    assert len(cut) == max(len(text.split()), bool(text))


# --- the mirror --------------------------------------------------------------------------------------------------


def test_the_mirror_says_what_arrived_in_one_sentence() -> None:
    weather = Tool("get_weather", {"properties": {"city": {}, "day": {}}})
    full = Ask("openai", "m", HELLO * 3, instructions="Answer in one word.", tools=(weather, Tool("ping")))
    assert mirror(full, "Decide my answer.").text == (
        "[scripted] No script for this. I received: instructions (4 words), 3 messages, tools get_weather(city, day), "
        "ping(), no output_type. Decide my answer."
    )
    assert mirror(ask(instructions="Hi.")).text == (
        "[scripted] No script for this. I received: instructions (1 word), 1 message, no tools, no output_type."
    )
    assert "I received: no instructions, 0 messages" in mirror(Ask("openai", "m", ())).text


def test_the_mirror_gives_the_smallest_json_or_call_where_one_is_demanded() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    assert mirror(ask(schema=schema)) == Reply(json={"n": 0})
    assert mirror(ask(schema={})) == Reply(json={})
    tools = (Tool("one", schema), Tool("two"))
    assert mirror(ask(tools=tools, forced="*")) == Reply(calls=(Call("one", {"n": 0}),))
    assert mirror(ask(tools=tools, forced="two", schema=schema)) == Reply(calls=(Call("two", {}),))
    assert mirror(ask(tools=tools, forced="three", schema=schema)) == Reply(json={"n": 0})


def test_a_tool_in_the_place_of_its_name_gets_the_line_to_write() -> None:
    def get_weather() -> None: ...

    with pytest.raises(TypeError, match=r"call\('get_weather', …\), and not the tool itself"):
        call(get_weather)  # type: ignore[arg-type]


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Point(BaseModel):
    x: int = Field(ge=3)
    y: float = Field(gt=0, le=1)
    z: float = Field(gt=0, lt=1)
    depth: int = Field(le=-5)
    height: int = Field(gt=-1, lt=1)
    dozens: int = Field(ge=13, multiple_of=12)
    lower: int = Field(le=-5, multiple_of=4)


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: Annotated[int, Field(ge=1, le=9)]


class Dog(BaseModel):
    kind: Literal["dog"]


class Node(BaseModel):
    name: str
    children: list[Node]
    parent: Node | None


class Everything(BaseModel):
    colour: Colour
    size: Literal["s", "m"]
    name: str = Field(min_length=3)
    nickname: str | None
    maybe: int | None = None
    points: list[Point] = Field(min_length=2)
    none: list[Point]
    pair: tuple[int, Point]
    table: dict[str, int]
    node: Node
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    either: Union[Point, str]  # noqa: UP007
    day: datetime.date
    at: datetime.datetime
    clock: datetime.time
    span: datetime.timedelta
    id: uuid.UUID
    flag: bool
    free: Any
    preset: int = 7


class Tables(BaseModel):
    table: dict[str, int] = Field(min_length=1)
    by_number: dict[int, Point] = Field(min_length=2)
    free: dict[str, Any] = Field(min_length=1)
    four: ipaddress.IPv4Address
    six: ipaddress.IPv6Address


def strict(schema: Any) -> Any:
    """Return the schema as the Agents SDK sends it: everything is required, nothing more is allowed."""
    if isinstance(schema, Mapping):
        schema = {key: strict(value) for key, value in schema.items()}
        if "properties" in schema:
            schema |= {"required": list(schema["properties"]), "additionalProperties": False}
    return [strict(item) for item in schema] if isinstance(schema, list) else schema


@pytest.mark.parametrize("model", [City, Point, Node, Everything, Tables])
def test_the_smallest_value_is_one_that_pydantic_takes(model: type[BaseModel]) -> None:
    for schema in (model.model_json_schema(), strict(model.model_json_schema())):
        value = smallest(schema)
        model.model_validate_json(json.dumps(value))
        assert set(value) >= {name for name, field in model.model_fields.items() if field.is_required()}


def test_the_smallest_value_is_small() -> None:
    value = smallest(strict(Everything.model_json_schema()))
    assert (value["colour"], value["size"], value["name"], value["nickname"]) == ("red", "s", "---", None)
    assert (len(value["points"]), value["none"], value["table"], value["flag"]) == (2, [], {}, False)
    assert (value["points"][0]["x"], value["pet"], value["preset"]) == (3, {"kind": "cat", "lives": 1}, 7)


def test_an_integer_is_whole_whatever_its_bounds() -> None:
    value = smallest({"type": "integer", "minimum": 0.5})
    assert (value, type(value)) == (1, int)
    assert smallest({"type": "integer", "exclusiveMinimum": 2.5, "maximum": 3.5}) == 3


def test_a_type_in_capitals_or_with_null_in_a_list_is_understood() -> None:
    assert smallest({"type": "OBJECT", "properties": {"n": {"type": "INTEGER"}}, "required": ["n"]}) == {"n": 0}
    assert smallest({"type": ["string", "null"]}) is None
    assert smallest({"type": ["string"]}) == ""


numbers = st.integers(-20, 20) | st.floats(-20, 20, allow_subnormal=False).map(lambda n: round(n, 3))
bounds = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"], numbers)
)


@settings(quick, max_examples=300)
@given(bounds)
def test_a_number_lies_within_its_bounds_where_any_does(bounds: dict[str, float]) -> None:
    low, high = bounds.get("minimum", -math.inf), bounds.get("maximum", math.inf)
    above, below = bounds.get("exclusiveMinimum", -math.inf), bounds.get("exclusiveMaximum", math.inf)
    number = smallest({"type": "number", **bounds})
    floor, ceiling = max(low, above), min(high, below)
    possible = floor < ceiling or (floor == ceiling and floor > above and ceiling < below)
    if possible and not (low > -math.inf and above > -math.inf):  # nobody says both
        assert low <= number <= high
        assert above < number < below


@settings(quick, max_examples=300)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.sampled_from(["object", "array", "string", "#/$defs/a", "a"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "type",
                        "properties",
                        "required",
                        "items",
                        "$ref",
                        "$defs",
                        "anyOf",
                        "enum",
                        "minItems",
                        "minProperties",
                        "additionalProperties",
                        "minimum",
                        "a",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=10,
    )
)
def test_any_schema_gives_some_json(schema: Any) -> None:
    value = smallest(schema if isinstance(schema, dict) else {"$defs": {"a": schema}, "$ref": "#/$defs/a"})
    TypeAdapter(Any).dump_json(value)
    json.dumps(value, allow_nan=False)
