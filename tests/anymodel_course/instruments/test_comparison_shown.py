"""What a comparison says: constraints that a machine can check, marks for live rows only, a picture and its numbers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from anymodel_course import call
from anymodel_course.instruments.comparison.chart import Chart
from anymodel_course.instruments.comparison.progress import Progress
from anymodel_course.instruments.comparison.prompts import Prompt, count_sentences
from anymodel_course.instruments.comparison.records import Record, frame_of
from anymodel_course.instruments.comparison.summary import CHEAPEST, FASTEST, summary_of
from scripted_providers.replies import Call


def record(model: str, **known: Any) -> Record:
    usual = {"source": "live", "status": "ok", "answer": "Yes.", "length": 4, "latency": 1.0, "first_token": 0.5}
    usual |= {"input_tokens": 10, "output_tokens": 2, "cost": 0.001, "price_from": "LiteLLM's list", "repeat": 1}
    return Record(model=model, **{"prompt": "Well?"} | usual | known)


def marks(*records: Record) -> dict[str, tuple[str, ...]]:
    return {group.model: group.marks for group in summary_of(records).groups}


# --- constraints -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("One", 1),
        ("One. Two.", 2),
        ("One. Two", 2),
        ("One! Two? Three…", 3),
        ("Version 2.0 is out. Get it.", 2),
        ("APIs, e.g. REST, are contracts. They last.", 2),
        ('He said: "Yes." Then he left.', 2),
        ("1. First this.\n2. Then that.", 2),
        ("**Bold ends here.** Plain follows.", 2),
        ("Wait... what? Yes.", 2),
        ("今天下雨。明天晴天。", 2),
        ("...", 1),
    ],
)
def test_sentences_are_counted_by_their_ends(text: str, count: int) -> None:
    assert count_sentences(text) == count


def test_every_constraint_has_a_verdict_of_its_own() -> None:
    prompt = Prompt(
        "?",
        sentences=2,
        most_words=3,
        mentions=["API"],
        checks={"polite": lambda text: "please" in text, "odd": lambda text: 1 / 0},
    )
    assert prompt.judged("An api is it. Please!") == {
        "exactly 2 sentences": "pass",
        "at most 3 words": "fail",
        "mentions 'API'": "pass",
        "polite": "fail",
        "odd": "fail (ZeroDivisionError)",
    }


def test_calls_are_compared_in_any_order_and_each_once() -> None:
    oslo, rome = Call("get_weather", {"city": "Oslo"}), Call("get_weather", {"city": "Rome"})
    needed = Prompt("?", calls=[call("get_weather", city="Oslo"), call("get_weather", city="Rome")])
    assert needed.judged_calls([rome, oslo]) == ("pass", "")
    assert needed.judged_calls([oslo, oslo]) == (
        "fail",
        "wrong arguments: get_weather(city='Oslo') instead of get_weather(city='Rome')",
    )
    assert needed.judged_calls([oslo]) == ("fail", "missing: get_weather(city='Rome')")
    assert Prompt("?", calls=[]).judged_calls([]) == ("pass", "")
    assert Prompt("?").judged_calls([oslo]) == ("not applicable", "")


def test_needed_arguments_are_compared_as_json_brings_them_back() -> None:
    needed = Prompt("?", calls=[call("total", numbers=(1, 2), names={"by_id": {7: ("a",)}})])
    made = Call("total", {"numbers": [1, 2], "names": {"by_id": {"7": ["a"]}}})
    assert needed.judged_calls([made]) == ("pass", "")
    assert needed.judged_calls([Call("total", {"numbers": [2, 1]})])[0] == "fail"


async def coroutine(answer: str) -> bool:
    return True


@pytest.mark.parametrize(
    ("argument", "error", "says"),
    [
        ({"text": 5}, TypeError, "a text, not int"),
        ({"text": ""}, ValueError, "empty"),
        ({"sentences": 0}, ValueError, "from 1"),
        ({"sentences": "two"}, TypeError, "whole number"),
        ({"most_words": True}, TypeError, "whole number"),
        ({"mentions": "API"}, TypeError, "list of words"),
        ({"mentions": [5]}, TypeError, "list of words"),
        ({"checks": {"x": True}}, TypeError, "takes the answer"),
        ({"checks": [len]}, TypeError, "by name"),
        ({"checks": {"x": coroutine}}, TypeError, "plain function"),
        ({"calls": call("get_weather")}, TypeError, "give a list"),
        ({"calls": ["get_weather"]}, TypeError, "give a list"),
        ({"calls": 5}, TypeError, "give a list"),
        ({"calls": [call("total", numbers={1, 2})]}, TypeError, "what JSON can say"),
        ({"calls": [call("total", number=float("nan"))]}, TypeError, "what JSON can say"),
    ],
)
def test_a_prompt_that_makes_no_sense_is_refused(argument: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        Prompt(**{"text": "?"} | argument)


# --- ranks -------------------------------------------------------------------------------------------------------


def test_fastest_and_cheapest_are_marked_in_words() -> None:
    records = [record("a", latency=2.0, cost=0.001), record("b", latency=1.0, cost=0.002), record("c", latency=3.0)]
    assert marks(*records) == {"a": (CHEAPEST,), "b": (FASTEST,), "c": (CHEAPEST,)}
    assert "fastest" in str(summary_of(records))


def test_a_scripted_row_is_never_ranked_however_good_it_looks() -> None:
    script = record("script", source="scripted", latency=0.001, cost=0.0)
    assert marks(script, record("a"), record("b", latency=2.0, cost=0.002)) == {
        "script": (),
        "a": (FASTEST, CHEAPEST),
        "b": (),
    }
    assert marks(script, record("other", source="scripted")) == {"script": (), "other": ()}
    assert marks(script, record("a")) == {"script": (), "a": ()}, "one alone is no winner"
    mixed = record("a", repeat=2, source="scripted")
    assert marks(record("a"), mixed, record("b"), record("c"))["a"] == ()


def test_who_failed_has_no_known_price_or_only_estimated_tokens_is_not_ranked() -> None:
    failed = record("failed", status="error", error="RateLimitError", latency=0.01, cost=None)
    unknown = record("unknown", cost=None, price_from="unknown", latency=2.0)
    estimated = record("estimated", cost=0.0001, price_from="LiteLLM's list, tokens estimated", latency=2.0)
    got = marks(failed, unknown, estimated, record("a"), record("b", cost=0.002, latency=2.0))
    assert got == {"failed": (), "unknown": (), "estimated": (), "a": (FASTEST, CHEAPEST), "b": ()}


def test_each_prompt_has_ranks_of_its_own() -> None:
    records = [
        record(model, prompt=prompt, latency=latency)
        for model, prompt, latency in [("a", "x", 1.0), ("a", "y", 2.0), ("b", "x", 2.0), ("b", "y", 1.0)]
    ]
    groups = summary_of(records, by_prompt=True).groups
    assert [(g.prompt, g.model, FASTEST in g.marks) for g in groups] == [
        ("x", "a", True),
        ("x", "b", False),
        ("y", "a", False),
        ("y", "b", True),
    ]


def test_repeats_show_median_least_most_and_how_many_agree() -> None:
    answers = ["A.", "B.", " A."]
    text = str(summary_of([record("a", repeat=n, latency=float(n), answer=a) for n, a in enumerate(answers, 1)]))
    assert "2.00 (1.00 to 3.00)" in text
    assert "2 of 3" in text


def test_the_table_says_what_is_scripted_unknown_and_wrong_and_how_to_mend_it() -> None:
    failed = record("c", status="error", error="RateLimitError (status 429)", message="Slow down.", fix="# Wait.")
    text = str(summary_of([record("a", source="scripted"), record("b", cost=None, input_tokens=None), failed]))
    assert "they measure no model, and are never ranked" in text
    assert text.count("unknown") == 2
    assert "c: RateLimitError (status 429). Slow down. Fix: # Wait." in text
    assert "0 of 1" in text


def test_a_fix_of_several_lines_stands_in_one_and_is_still_code() -> None:
    fix = "first(\n    1,\n    2)\n# or, for this run only:\nsecond()\nthird()  # at last"
    text = str(summary_of([record("a", status="error", error="RateLimitError", message="No.", fix=fix)]))
    assert text.endswith("Fix: first( 1, 2) # or, for this run only: second(); third() # at last")


def test_html_is_escaped() -> None:
    shown = summary_of([record("a", answer="<script>")])._repr_html_()
    assert "&lt;script&gt;" in shown
    assert "<script>" not in shown


def test_a_summary_is_a_frame_too() -> None:
    frame = summary_of([record("a"), record("a", repeat=2, latency=3.0)]).frame
    assert frame.loc[0, ["latency_median", "latency_least", "latency_most"]].tolist() == [2.0, 1.0, 3.0]
    assert frame.loc[0, "agreement_passed"] == 2


def test_what_nobody_knows_is_missing_in_the_frame_and_not_zero() -> None:
    frame = frame_of([Record("a", "?", 1)])
    assert frame[["latency", "first_token", "cost", "input_tokens", "length"]].isna().all(axis=None)


# --- the picture -------------------------------------------------------------------------------------------------


@pytest.fixture
def chart() -> Chart:
    return Chart(
        summary_of(
            [
                record("live", latency=3.0),
                record("script", source="scripted"),
                record("unpriced", cost=None),
                record("broken", status="error", error="RateLimitError"),
            ]
        )
    )


def test_scripted_is_hatched_an_unknown_price_is_hollow_an_error_is_a_cross(chart: Chart) -> None:
    latency, cost, tokens = chart.figure.axes
    assert [bool(bar.get_hatch()) for bar in latency.patches] == [False, False, True, True, False, False]
    assert [bar.get_width() for bar in latency.patches[:2]] == [0.5, 2.5]
    hollow = [not len(dots.get_facecolor()) for dots in cost.collections]
    assert hollow == [False, False, True]
    assert [bool(dots.get_hatch()) for dots in cost.collections] == [False, True, False]
    for axes in (latency, tokens):
        assert [text.xy[1] for text in axes.texts if text.get_text() == "✕"] == [3]
    assert "hatched: scripted, no measurement · a cross: an error" in str(chart.figure.get_supxlabel())


def test_scripted_and_of_unknown_price_is_hatched_and_hollow() -> None:
    (dot,) = Chart(summary_of([record("a", source="scripted", cost=None)])).figure.axes[1].collections
    assert not len(dot.get_facecolor())
    assert dot.get_hatch()
    assert len(dot.get_edgecolor()), "which colours the hatch"


def signs(chart: Chart) -> list[dict[str, float]]:
    """Return what stands in the rows of both bar charts, and in which."""
    return [{text.get_text(): text.xy[1] for text in chart.figure.axes[n].texts} for n in (0, 2)]


def test_who_was_stopped_by_a_budget_has_no_cross_and_is_told_apart() -> None:
    stopped = {"status": "not run", "error": "BudgetSpent", "latency": 0.0, "cost": None}
    chart = Chart(summary_of([record("a"), record("a", repeat=2, **stopped), record("b", **stopped)]))
    assert signs(chart) == [{"not run": 1}] * 2
    assert chart.figure.get_supxlabel() == ""
    assert "0 with errors (a cross), 1 not run." in chart.alt
    for text in (str(chart), str(summary_of([record("a"), record("a", repeat=2, **stopped)]))):
        assert "1 of 2 (1 not run)" in text
    assert "0 of 1 (1 not run)" in str(chart)


def test_what_never_ran_is_not_called_an_error_or_scripted_by_any_of_picture_text_and_count() -> None:
    summary = summary_of([Record("a", "?", 1), Record("b", "?", 1)])
    chart = Chart(summary)
    assert signs(chart) == [{"not run": 1}] * 2
    assert chart.figure.get_supxlabel() == ""
    assert "0 scripted (hatched), 0 with errors (a cross), 2 not run." in chart.alt
    assert [(group.failed, group.not_run) for group in summary.groups] == [(0, 1)] * 2


def test_a_sign_stands_within_the_axes_whichever_rows_have_no_bar() -> None:
    failed = {"status": "error", "error": "RateLimitError", "cost": None}
    rows = [record("a"), record("b", **failed), Record("c", "?", 1), record("d", **failed)]
    for records in (rows, rows[1:], rows[1:2]):
        figure = Chart(summary_of(records)).figure
        figure.draw_without_rendering()
        for axes in (figure.axes[0], figure.axes[2]):
            boxes = [text.get_window_extent() for text in axes.texts]
            assert boxes
            assert all(axes.bbox.count_contains(box.corners()) == 4 for box in boxes)
            assert axes.get_xlim()[0] == 0


@pytest.mark.parametrize("apart", [0.0, 0.01, 0.05])
def test_the_numbers_of_dots_that_lie_close_together_can_all_be_read(apart: float) -> None:
    far = record("far", latency=9.0, cost=0.01)
    figure = Chart(summary_of([far, *(record(f"m{n}", latency=1 + n * apart) for n in range(6))])).figure
    figure.draw_without_rendering()
    cost = figure.axes[1]
    numbers = {text.get_text(): Text.get_window_extent(text) for text in cost.texts}
    assert list(numbers) == [str(n) for n in range(1, 8)]
    middles = [cost.transData.transform(dots.get_offsets()[0]) for dots in cost.collections]
    dots = [Bbox.from_bounds(x - 6, y - 6, 12, 12) for x, y in middles]
    for number, box in numbers.items():
        assert not box.count_overlaps([other for n, other in numbers.items() if n != number] + dots), number
        assert cost.bbox.count_contains(box.corners()) == 4, number


def test_a_picture_without_anything_scripted_or_wrong_needs_no_signs() -> None:
    assert Chart(summary_of([record("live")])).figure.get_supxlabel() == ""


def test_the_numbers_stand_beside_the_picture_and_in_its_place(chart: Chart) -> None:
    shown = chart._repr_html_()
    (alt,) = re.findall(r'<img alt="([^"]+)"', shown)
    assert "1 scripted (hatched), 1 with errors (a cross)" in alt
    for text in (shown, str(chart)):
        for number in ("3.00", "0.50", "$0.001", "unknown", "0 of 1"):
            assert number in text
    assert shown.index("<img") < shown.index("<table>")


def test_a_comparison_that_was_never_run_can_be_drawn() -> None:
    assert "<img" in Chart(summary_of([Record("a", "?", 1)]))._repr_html_()


# --- progress ----------------------------------------------------------------------------------------------------


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What a notebook would have been given to show."""
    bundles: list[dict[str, Any]] = []
    monkeypatch.setattr("anymodel_course.instruments.comparison.progress._in_a_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.publish_display_data", bundles.append)
    return bundles


def test_a_notebook_gets_a_bar_for_each_model_and_a_line_for_screen_readers(shown: list[dict[str, Any]]) -> None:
    with Progress(["a", "b"], 2) as progress:
        progress.step("a", failed=False)
        progress.step("a", failed=True)
        bars = progress._bars
        assert [(bar.description, bar.value, bar.max) for bar in bars.values()] == [("a", 2, 2), ("b", 0, 2)]
        assert progress._line.value == '<p role="status">2 of 4 runs, 1 without an answer.</p>'
    assert progress._line.value.startswith('<p role="status">Done: ')
    (bundle,) = shown
    assert bundle["text/plain"] == "Progress of 4 runs", "the same in every stored notebook"
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_after_an_interrupt_the_bars_begin_with_what_is_there(shown: list[dict[str, Any]]) -> None:
    with Progress(["a", "b"], 2, [record("a"), record("a", status="error"), record("b")]) as progress:
        assert [bar.value for bar in progress._bars.values()] == [2, 1]
        assert progress._line.value == '<p role="status">3 of 4 runs, 1 without an answer.</p>'
        progress.step("b", failed=False)
        assert [bar.value for bar in progress._bars.values()] == [2, 2]
    assert progress._line.value == '<p role="status">Done: 4 of 4 runs, 1 without an answer.</p>'


def test_an_interrupt_shows(shown: list[dict[str, Any]]) -> None:
    progress = Progress(["a"], 2)
    with pytest.raises(KeyboardInterrupt), progress:
        raise KeyboardInterrupt
    assert progress._line.value == '<p role="status">Stopped: 0 of 2 runs.</p>'


def test_a_program_gets_no_bars(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(["a"], 1) as progress:
        progress.step("a", failed=False)
    assert progress.text == "1 of 1 runs."
    assert capsys.readouterr() == ("", "")
