"""What notebook 06 has to show: the tree of a run, where traces would go, three ways off, and tokens counted once."""

from __future__ import annotations

import re

from anymodel_course.providers import PROVIDERS
from stored import notebook, shown

CLAUDE = PROVIDERS["anthropic"].model


def tokens(line: str) -> list[int]:
    return [int(number) for number in re.findall(r"(\d+) \+ (\d+) tokens", line)[0]]


def test_the_first_run_is_a_tree_whose_tokens_are_those_of_its_model_calls() -> None:
    tree = shown("06", "print(course.trace_tree(result))")
    assert [line.strip().split(":")[0] for line in tree[1:-1]] == [
        "task Agent workflow",
        "agent Weather",
        "turn 1",
        f"model call {CLAUDE}",
        "tool get_weather",
        "turn 2",
        f"model call {CLAUDE}",
    ]
    calls = [tokens(line) for line in tree if "tokens" in line and "model call " in line and "+" in line]
    sent, received = (sum(column) for column in zip(*calls, strict=True))
    assert tree[-1] == f"2 model calls: {sent} tokens sent, {received} received."


def test_the_tree_in_the_cell_has_folds_and_figures_beside_its_bars() -> None:
    (cell,) = [c for c in notebook("06").cells if c.source == "course.trace_tree(result)"]
    page = cell.outputs[0]["data"]["text/html"]
    assert page.count("<details>") == 6  # two model calls and a tool, each with what was given and what it gave
    assert "begins at ms" in page
    assert "What is the weather in Oslo?" in page


def test_the_third_agent_stands_inside_the_tool_of_the_second() -> None:
    tree = shown("06", "translator.as_tool")
    depth = {line.strip().split(":")[0]: len(line) - len(line.lstrip()) for line in tree}
    assert depth["agent Desk"] == depth["agent Writer"] < depth["tool translate"] < depth["agent Translator"]
    assert any("handoff Desk → Writer" in line for line in tree)


def test_the_error_stands_under_the_call_that_failed() -> None:
    name, _, *tree = shown("06", 'course.fails("overloaded")')
    assert name.strip() == "InternalServerError"
    at = next(i for i, line in enumerate(tree) if line.strip().startswith("!"))
    assert f"model call {CLAUDE}" in tree[at - 1]
    assert "turn 2" in tree[at - 2]


def test_a_run_on_claude_would_have_gone_to_openai_word_for_word() -> None:
    assert shown("06", "add_trace_processor(BatchTraceProcessor") == ["5 items arrived"]
    told = "\n".join(shown("06", 'print("model: "'))
    assert CLAUDE in told
    assert "The secret word is swordfish." in told
    assert "Hello from the script for anthropic." in told


def test_offline_nothing_is_sent_to_openai() -> None:
    (said,) = shown("06", 'course.setup_tracing("openai")')
    assert said.startswith("RuntimeError: You are offline")


def test_both_ways_off_let_nothing_out() -> None:
    lines = shown("06", "tracing_disabled=True")
    assert [line for line in lines if line.startswith("new items after")] == [
        "new items after the first way: 0",
        "new items after the second: 0",
    ]


def test_without_sensitive_data_the_shape_stays_and_the_words_go() -> None:
    lines = shown("06", "trace_include_sensitive_data=False)\nresult")
    assert len(lines) == 7
    assert all(line.endswith("[]") for line in lines)


def test_adding_up_every_span_gives_three_times_the_truth() -> None:
    added, true = (int(line.split()[-1]) for line in shown("06", "adder = Adder()")[:2])
    assert added == 3 * true > 0


def test_runs_at_once_share_one_trace() -> None:
    tree = shown("06", 'with trace("Two questions"')
    assert tree[0] == "trace 'Two questions', group 'lesson-06'"
    assert sum(line.strip() == "task Agent workflow" for line in tree) == 2
    assert tree[-1].startswith("3 model calls: ")
