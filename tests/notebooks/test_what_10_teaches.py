"""What notebook 10 has to show: failures stay in the table, nothing scripted is ranked, Cohere refuses a schema."""

from __future__ import annotations

from anymodel_course.instruments.comparison.prompts import count_sentences
from anymodel_course.providers import PROVIDERS
from anymodel_course.session import SCENARIOS
from scripted_providers.scenario import read
from stored import notebook, shown


def test_three_providers_get_one_prompt_and_nobody_is_scripted_as_better() -> None:
    rows = [line.split(maxsplit=2) for line in shown("10", "for name, agent in agents.items()")[1:]]
    assert [name for _, name, _ in rows] == ["openai", "anthropic", "gemini"]
    assert len({told for *_, told in rows}) == 1


def test_all_at_once_is_faster_than_in_turn() -> None:
    assert shown("10", "asyncio.gather(*(Runner") == ["At once was faster: True"]


def test_an_estimate_comes_before_the_first_run() -> None:
    lines = shown("10", "comparison.estimate")
    assert [line.split()[0] for line in lines[2:5]] == [PROVIDERS[n].model for n in ("openai", "anthropic", "gemini")]
    assert lines[5].endswith("$0")


def test_a_failure_is_a_row_and_a_broken_constraint_is_counted() -> None:
    table = "\n".join(shown("10", "comparison.chart()"))
    for counted in ("1 of 2", "5 of 6", "6 of 6", "3 of 3"):
        assert counted in table
    assert "(status 503)" in table


def test_nothing_scripted_is_ranked_and_numbers_stand_beside_the_picture() -> None:
    text = "\n".join(shown("10", "comparison.chart()"))
    assert "they measure no model, and are never ranked" in text
    assert "among live" not in text
    (cell,) = (c for c in notebook("10").cells if c.cell_type == "code" and "comparison.chart()" in c.source)
    page = next(o["data"]["text/html"] for o in cell.outputs if "<img" in o.get("data", {}).get("text/html", ""))
    assert '<img alt="Three charts of 3 models' in page
    assert page.index("<img") < page.index("<table>")


def test_the_blind_rating_shows_no_name_before_it_is_over() -> None:
    (cell,) = (c for c in notebook("10").cells if "ipywidgets.VBox(shown)" in c.source)
    assert not any(row.prefix in str(cell.outputs) for row in PROVIDERS.values())
    rated = shown("10", "in_code =")
    assert [line[:2] for line in rated] == ["A:", "B:", "C:"]
    assert sum("constraints fail" in line for line in rated) == 1


def test_eight_of_nine_return_an_object_and_cohere_refuses() -> None:
    table = "\n".join(shown("10", "output_type=Contact"))
    assert table.count(" pass") == 8
    assert "UnsupportedParamsError" in table


def test_tool_calls_are_scored_and_what_is_wrong_is_named() -> None:
    lines = [line for line in shown("10", "tools=[get_weather, convert]") if not line.startswith("Progress of")]
    assert [line.split()[-2:] for line in lines[1:4]] == [["3", "3"], ["3", "3"], ["1", "3"]]
    assert [line.split(":")[0] for line in lines[4:]] == ["wrong arguments", "needless"]


def test_the_script_itself_keeps_to_the_two_sentences_that_are_asked_for() -> None:
    (rule,) = (r for r in read(SCENARIOS).rules if r.when.user and "webhook" in r.when.user.pattern)
    assert count_sentences(rule.text or "") == 2
    assert rule.when.provider is None
