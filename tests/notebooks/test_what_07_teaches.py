"""What notebook 07 has to show: schemas, what nine providers get of them, mistakes the model hears of, and who can."""

from __future__ import annotations

import json

from anymodel_course.providers import PROVIDERS
from stored import shown


def rows_of(code: str) -> dict[str, list[str]]:
    """Return a table's rows by their first cell; cells stand two blanks apart."""
    _, _, *rows = shown("07", code)
    split = [[cell.strip() for cell in row.split("  ") if cell.strip()] for row in rows]
    return {first: rest for first, *rest in split}


def test_a_schema_says_what_the_function_says_and_strict_requires_everything() -> None:
    *arguments, strict, loose = shown("07", "booking, loose =")
    parts = {name: json.loads(rest) for name, _, rest in (line.partition(" ") for line in arguments)}
    assert parts["city"]["description"] == "Where, such as Oslo."
    assert parts["meal"]["enum"] == ["lunch", "dinner"]
    assert parts["party"] == {"$ref": "#/$defs/Party"}
    assert strict == "strict: ['city', 'party', 'meal']"
    assert loose == "loose:  ['city', 'party']"


def test_one_tool_works_nine_times_and_two_providers_get_less_of_its_schema() -> None:
    rows = rows_of("words = (")
    assert list(rows) == list(PROVIDERS)
    assert {row[-1] for row in rows.values()} == {"Done. Dinner in Oslo for 2."}
    assert {name for name, (_, _, closed, _, _) in rows.items() if closed == "-"} == {"gemini"}
    assert {name for name, (_, _, _, strict, _) in rows.items() if strict == "-"} == {"anthropic", "gemini"}


def test_the_wire_shows_where_three_providers_keep_the_schema_and_nothing_else() -> None:
    lines = shown("07", "compare=three")
    assert [line for line in lines if not line.startswith(" ")][0] == "tools"
    text = "\n".join(lines)
    assert all(word in text for word in ('"parameters"', '"input_schema"', '"function_declarations"'))
    assert "messages\n" not in text


def test_a_wrong_argument_never_reaches_the_function_and_the_model_hears_too_little() -> None:
    heard = [line.split(" → ")[1] for line in shown("07", "right | wrong")]
    assert heard[0] == "Lunch in Oslo for 2."
    assert len(heard) == 4
    assert all(line.endswith("Error: Invalid JSON input for tool book_table") for line in heard[1:])


def test_a_failing_tool_is_news_for_the_model_or_the_end_of_the_run() -> None:
    first, second = shown("07", "failure_error_function")
    assert first.startswith("The model hears: ")
    assert "There are some in Oslo and Rome." in first
    assert second == "The run ends: UserError from LookupError"


def test_a_choice_travels_in_the_providers_words_or_not_at_all_or_is_refused() -> None:
    rows = rows_of("tool_choice=choice")
    assert rows["openai"][0] == '"required"'
    assert rows["mistral"][:2] == ['"any"', "nothing"]
    assert rows["anthropic"][:2] == ["UnsupportedParamsError"] * 2
    assert rows["cohere"] == rows["ollama"] == [*["nothing"] * 3, "UnsupportedParamsError"]
    assert rows["bedrock"][2] == "UnsupportedParamsError"
    assert {name for name, row in rows.items() if row[-1] == "nothing"} == {"gemini", "bedrock"}


def test_calls_of_one_answer_run_at_once_and_the_choice_is_taken_back() -> None:
    assert shown("07", "asyncio.sleep(0)") == [
        "asked: Oslo",
        "asked: Rome",
        "told:  Oslo",
        "told:  Rome",
        "tool_choice: ['required', None]",
    ]


def test_a_tool_agent_reads_one_line_and_a_handoff_the_conversation() -> None:
    lines = shown("07", "chef.as_tool")
    takes_over = lines.index("Chef: Soup.")
    assert lines[0] == "Desk: The chef says: soup."
    assert takes_over == 2
    assert '"something warm"' in lines[1]
    assert len(lines) - takes_over - 1 == 3
    assert "transfer_to_chef" in lines[-2]


def test_an_older_claude_has_to_call_a_tool_that_is_not_yours() -> None:
    text = "\n".join(shown("07", "output_type=Order"))
    assert text.count("Order(dish='fish soup')") == 2
    choice = text.partition("\ntool choice\n")[2].partition("\noutput format\n")[0]
    assert '{"tool": {"name": "json_tool_call"}}' in choice
    assert "anthropic  —" in choice
    assert "output_format" in text.partition("\noutput format\n")[2]


def test_the_two_questions_disagree_and_three_kinds_of_refusal_are_told_apart() -> None:
    rows = rows_of("litellm.supports_function_calling(model)")
    assert rows["ollama_chat/llama3.1"] == ["False", "True", "Hello", "1"]
    assert rows["ollama/llama3.1"] == ["True", "False", "Hello", "1"]
    assert rows["azure/my-deployment"] == ["False", "True", "Hello", "1"]
    assert rows["ollama_chat/tinyllama"] == ["False", "True", "BadRequestError", "1"]
    assert rows["bedrock/us.deepseek.r1-v1:0"] == ["False", "False", "UnsupportedParamsError", "0"]
    assert sum(row[0] != row[1] for row in rows.values()) == 4


def test_one_route_to_ollama_returns_a_result_as_if_the_user_had_said_it() -> None:
    text = "\n".join(shown("07", 'print("---", model)'))
    chat, generate = text.split("--- ollama/llama3.1")
    assert "tool | 12:00" in chat
    assert "### User:\n12:00" in generate
