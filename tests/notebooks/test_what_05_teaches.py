"""What notebook 05 has to show: counts that are not 0, a 0 that is shown on purpose, and a run that stops."""

from __future__ import annotations

from anymodel_course.providers import PROVIDERS
from stored import shown


def numbers(line: str) -> list[int]:
    return [int(word.rstrip(",:")) for word in line.replace(",", "").split() if word.rstrip(":").isdigit()]


def test_the_second_call_sends_more_and_the_run_is_their_sum() -> None:
    first, second = (numbers(line)[-2:] for line in shown("05", "enumerate(result.raw_responses, 1)"))
    assert second[0] > first[0] > 0
    total = numbers(shown("05", "request_usage_entries")[0])
    assert total == [2, first[0] + second[0], first[1] + second[1]]


def test_a_stream_reports_nothing_until_it_is_asked() -> None:
    silent, asked = shown("05", '"without include_usage:"')
    assert silent == "without include_usage: 0"
    assert numbers(asked)[0] > 0


def test_cached_and_reasoning_tokens_are_parts_of_the_others() -> None:
    for line in shown("05", "cached_tokens"):
        part, whole = numbers(line)
        assert 0 < part < whole


def test_an_unknown_price_is_unknown_even_where_litellm_says_zero() -> None:
    rows = {line.split()[0]: line.split()[1:] for line in shown("05", "litellm.cost_per_token")}
    assert [model for model, (litellms, ours) in rows.items() if litellms == "0.0"] == [
        "anthropic/claude-sonnet-4-20250514"
    ]
    assert {m: ours for m, (_, ours) in rows.items() if "unknown" not in ours} == {
        PROVIDERS["cohere"].model: "$0.0125",
        PROVIDERS["ollama"].model: "$0",
    }
    assert len(rows) == 5


def test_one_counter_gives_one_number_for_four_models() -> None:
    counted = [numbers(line)[-1] for line in shown("05", "litellm.token_counter")]
    assert len(counted) == 4
    assert len(set(counted)) == 1


def test_nine_models_have_an_estimate() -> None:
    rows = shown("05", "tokens_in, tokens_out")[2:]
    assert [row.split()[0] for row in rows] == [row.model for row in PROVIDERS.values()]


def test_the_meter_sees_what_was_run_before_with_tracing_off_too() -> None:
    table = shown("05", "course.meter.settled()")
    models = {line.split()[0]: line.split()[2] for line in table[2:-1]}
    assert models[PROVIDERS["mistral"].model] == "1"
    assert models[PROVIDERS["openai"].model] == "4"


def test_runs_stop_before_the_call_that_is_not_paid_for() -> None:
    assert shown("05", "hooks=ThreeCalls()") == ["No calls left. Requests made: 3"]
    name, said = shown("05", "course.budget(usd=0.05, tokens=200)")
    assert name == "BudgetSpent"
    assert "4 calls, 283 tokens" in said
    assert "The next call was not made." in said
