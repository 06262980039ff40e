"""What notebook 09 has to show: eight mistakes of which a run names one, a mended program, and a test with teeth."""

from __future__ import annotations

import ast
import re

from stored import notebook, shown


def program() -> list[str]:
    return [line[3:] for line in shown("09", "PROGRAM = HEAD + BODY")]


def test_the_program_has_the_lines_that_the_check_speaks_of() -> None:
    lines = program()
    assert len(lines) == 26
    ast.parse("\n".join(lines))
    marks = {
        1: "openai-agents",
        7: "SERIALIZER_PATCH",
        8: "API_KEY",
        9: "set_tracing_export_api_key(",
        10: '"mistral-large-latest"',
        11: "api_base=",
        12: '"ollama/',
        21: "Agent(",
        22: "run_streamed(",
        25: "usage.total_tokens",
        # and these are right
        4: "import",
        15: "def order_status",
        17: "return",
        20: "for model in",
        23: "async for",
        24: "pass",
        26: "asyncio.run(",
    }
    assert [number for number, mark in marks.items() if mark not in lines[number - 1]] == []


def test_a_run_names_one_mistake_of_eight() -> None:
    assert shown("09", '"helpdesk.py")\n') == [
        "TypeError: LitellmModel.__init__() got an unexpected keyword argument 'api_base'"
    ]


def test_every_mistake_is_linked_to_a_section_that_exists() -> None:
    table = next(c.source for c in notebook("09").cells if "Where you learned it" in c.source)
    rows = [line for line in table.splitlines() if re.match(r"\| \d", line)]
    assert len(rows) == 8
    for row in rows:
        number, section = re.search(r"\[(\d\d)(?:, \"(.+?)\")?", row).groups()
        if section and number in ("01", "03", "04", "05", "06"):
            assert f"## {section}\n" in "\n".join(c.source for c in notebook(number).cells) + "\n", section


def test_the_mended_program_answers_on_three_models_and_counts() -> None:
    answers = shown("09", '"mended.py"')
    assert len(answers) == 3
    assert all(re.fullmatch(r"Order 7 is on its way\. [1-9]\d*", line) for line in answers)


def test_programs_that_bring_their_own_rules_are_no_live_calls() -> None:
    assert "live: nothing" in notebook("09").cells[0].source


def test_who_retries_differs() -> None:
    told = [line for line in shown("09", 'course.fails("rate_limit"), times=3') if "OFFLINE" not in line]
    assert [line.split() for line in told] == [
        ["openai", "RateLimitError,", "requests:", "3"],
        ["anthropic", "RateLimitError,", "requests:", "1"],
    ]


def test_an_unknown_price_keeps_a_budget_from_beginning() -> None:
    name, said = shown("09", "course.budget(usd=0.05)")
    assert name == "BudgetSpent"
    assert "unknown" in said


def test_the_test_passes_and_fails_when_what_it_guards_is_broken() -> None:
    assert shown("09", '"pytest", *OPTIONS, "test_desk.py"') == ["1 passed"]
    told = "\n".join(shown("09", "--tb=line"))
    assert "FAILED test_desk.py::test_the_status_reaches_the_model" in told
    assert "ERROR test_desk.py::test_without_a_script" in told
    assert "No reply was scripted for 'Are you there?'." in told
