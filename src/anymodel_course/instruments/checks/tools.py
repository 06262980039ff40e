"""Checks of notebook 07."""

from __future__ import annotations

import copy
import inspect
import json
from typing import Any

from agents import Agent, FunctionTool, Runner, function_tool
from agents.tool import set_function_tool_failure_error_function
from agents.tool_context import ToolContext

from scripted_providers.replies import call

from ...providers import PROVIDERS
from .engine import NotYet, check, line, require, require_function, result_of, stage

SPEEDS = ["express", "standard"]


@check
async def parcel_tool(given: Any) -> str:
    """A function tool with a nested argument and one that allows two values only."""
    if not isinstance(given, FunctionTool):
        made = "put @function_tool above the function." if callable(given) else f"this is a {type(given).__name__}."
        raise NotYet(f"I need a tool: {made}")
    require(given.name == "send_parcel", f"the tool's name is {given.name!r}; the model is to know it as send_parcel.")
    schema = given.params_json_schema
    arguments = schema.get("properties", {})
    require(given.description.strip(), "the tool has no description: give the function a docstring.")
    for name in ("address", "speed"):
        require(name in arguments, f"the schema has no argument {name!r}; it has {', '.join(arguments) or 'none'}.")
    require(len(arguments) == 2, f"two arguments, address and speed; the schema has {', '.join(arguments)}.")
    address = _resolved(arguments["address"], schema)
    require(
        address.get("type") == "object" and address.get("properties"),
        "the address is no object with fields of its own: annotate it with a Pydantic model or a TypedDict.",
    )
    parts = address["properties"]
    for name in ("street", "city"):
        require(parts.get(name, {}).get("type") == "string", f"the address has no {name} that is a string.")
    speed = _resolved(arguments["speed"], schema)
    values = _allowed(speed, schema)
    if values is None:
        raise NotYet(f"speed allows any value: annotate it with Literal[{', '.join(map(repr, SPEEDS))}].")
    require(sorted(set(map(str, values))) == SPEEDS, f"speed is one of {' and '.join(SPEEDS)}, not {values}.")
    for name in ("address", "speed"):
        require(
            arguments[name].get("description") or _resolved(arguments[name], schema).get("description"),
            f"the model reads nothing about {name}: describe it in the docstring, under `Args:`, which counts only "
            "below a first line about the tool.",
        )
    try:
        answer = await _called(given, {"address": {"street": "Karl Johans gate 1", "city": "Oslo"}, "speed": "express"})
    except Exception as error:
        more = ", ".join(name for name in address.get("required", ()) if name not in ("street", "city"))
        require(not more, f"the address has a street and a city; yours needs {more}, too.")
        raise NotYet(
            f"called with a street, a city and express, the tool fails, as it always would: {line(error)}"
        ) from None
    require(not inspect.isawaitable(answer), "the tool returns a coroutine: an `await` is missing in it.")
    return "a description, a nested object, two allowed values, and every argument explained."


def _resolved(part: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference, which Pydantic writes where nothing stands beside it."""
    name = str(part.get("$ref", "")).rpartition("/")[2]
    found: dict[str, Any] = schema.get("$defs", {}).get(name, part)
    return found


def _allowed(part: dict[str, Any], schema: dict[str, Any]) -> list[Any] | None:
    """List the values that a part of a schema allows, or return None where they have no end."""
    part = _resolved(part, schema)
    if "const" in part:
        return [part["const"]]
    if "enum" in part:
        return list(part["enum"])
    branches = [_allowed(branch, schema) for branch in part.get("anyOf", part.get("oneOf", ()))]
    ends = [branch for branch in branches if branch is not None]
    return sum(ends, []) if branches and len(ends) == len(branches) else None


async def _called(tool: FunctionTool, arguments: dict[str, Any]) -> Any:
    """Call a tool, and let an exception in it through, which the SDK would make a text for the model."""
    bare, sent = set_function_tool_failure_error_function(copy.copy(tool), None), json.dumps(arguments)
    context = ToolContext(None, tool_name=tool.name, tool_call_id="call_1", tool_arguments=sent)
    return await bare.on_invoke_tool(context, sent)


@check
async def tell_model(given: Any) -> str:
    """A `failure_error_function` that helps the model to do better."""
    require_function(given)
    said = (LookupError("No such place. There is Oslo."), TimeoutError("The kitchen does not answer."))
    heard = []
    for raises, arguments in (
        (said[0], {"city": "Atlantis", "guests": 17}),
        (said[1], {"city": "Bergen", "guests": 23}),
        (said[0], {"city": "Oslo", "guests": "a dozen"}),
    ):
        context, error = await _failure(raises, arguments)
        answer = await result_of(given, context, error)
        require(answer is not None, "the function returns nothing: return the text that the model will read.")
        require(isinstance(answer, str), f"return a text; I got a {type(answer).__name__}.")
        heard.append(answer)
    *raised, invalid = heard
    for text, failure in zip(raised, said, strict=True):
        require(
            str(failure) in text, f"the tool raised {failure!r}, and your text does not say so: put the error into it."
        )
    require(
        "a dozen" in invalid and "Oslo" in invalid,
        "where the arguments do not fit the schema, the error names none of them. Quote what the model sent: "
        "context.tool_arguments.",
    )
    for text, values in zip(raised, (("Atlantis", "17"), ("Bergen", "23")), strict=True):
        require(
            all(value in text for value in values),
            "where the tool itself failed, say what it was given, too: context.tool_arguments.",
        )
        require(
            "city" in text and "guests" in text,
            "the model sent names and values: quote both, as they stand in context.tool_arguments.",
        )
    return "the model hears what went wrong and what it had sent."


async def _failure(raises: Exception, arguments: dict[str, Any]) -> tuple[Any, Exception]:
    """Let a tool fail for real, and catch what the SDK hands to a failure function."""
    caught: list[tuple[Any, Exception]] = []

    def catch(context: Any, error: Exception) -> str:
        caught.append((context, error))
        return "caught"

    @function_tool(failure_error_function=catch)
    def find_table(city: str, guests: int) -> str:
        """Look for a free table."""
        raise raises

    with stage(call("find_table", **arguments), "Sorry.") as (_, config):
        agent: Agent[None] = Agent("Assistant", tools=[find_table])
        await Runner.run(agent, "A table, please.", run_config=config)
    return caught[0]


TOOLS_PASSED_ON = {
    PROVIDERS["openai"].model: (True, "its tools are passed on"),
    PROVIDERS["anthropic"].model: (True, "its tools are passed on"),
    "bedrock/us.deepseek.r1-v1:0": (False, "LiteLLM refuses tools for it"),
    "ollama_chat/llama3.1": (True, "LiteLLM passes tools on, whatever supports_function_calling says"),
    "ollama/llama3.1": (False, "this route takes no tools, whatever supports_function_calling says"),
    "together_ai/openai/gpt-oss-120b": (True, "only the first slash divides provider and model"),
    "azure/my-deployment": (True, "LiteLLM does not know the model and passes tools on"),
    PROVIDERS["openai"].model.partition("/")[2]: (True, "LiteLLM knows whose model this is without a prefix"),
    "bedrock/anthropic.claude-v1": (True, "its tools are passed on, though `tool_choice` is not"),
    "llama3.1": (False, "it has no provider, and LiteLLM returns None instead of a list"),
    "nosuch/model": (False, "LiteLLM has no such provider and returns None instead of a list"),
}


@check
async def can_use_tools(given: Any) -> str:
    """A function that says whether LiteLLM passes tools on to a model."""
    require_function(given, plain=True)
    for model, (right, why) in TOOLS_PASSED_ON.items():
        try:
            got = await result_of(given, model)
        except Exception as error:
            raise NotYet(f"for {model!r} it should say {right} ({why}), and it raises {line(error)}") from None
        require(got is not None, f"for {model!r} the function returns nothing: return True or False.")
        require(isinstance(got, bool), f"return True or False, rather than a {type(got).__name__}.")
        require(got is right, f"{model!r}: you say {got}, but {why}.")
    return "asked of the code that would refuse, and no answer counts as no."
