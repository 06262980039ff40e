"""LiteLLM's price list as a file: the same as LiteLLM's own, and the days on which models end."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from anymodel_course import price_list
from anymodel_course.providers import PROVIDERS
from scripted_providers.server import Server


@pytest.fixture(scope="module")
def prices() -> price_list.Prices:
    return price_list.bundled()


def test_the_file_is_the_list_that_litellm_goes_by(prices: price_list.Prices, started: Server) -> None:
    import litellm

    models = [row.model for row in PROVIDERS.values()]
    assert [price_list.entry_of(m, prices) for m in models] == [
        price_list.entry_of(m, litellm.model_cost) for m in models
    ]


@pytest.mark.parametrize("prefix", ["o", "open", "", "openai_"])
def test_a_part_of_a_providers_name_is_not_that_provider(prefix: str) -> None:
    assert price_list.entry_of(f"{prefix}/gpt-9", {"gpt-9": {"litellm_provider": "openai"}}) is None


def test_without_litellm_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="LiteLLM is not installed"):
        price_list.bundled()


@pytest.mark.parametrize(("days", "told"), [(-30, True), (0, True), (60, True), (61, False)])
def test_an_end_is_told_sixty_days_ahead_and_ever_after(days: int, told: bool) -> None:
    today = date(2026, 11, 25)
    last = today + timedelta(days=days)
    prices = {"gpt-9": {"litellm_provider": "openai", "deprecation_date": last.isoformat()}}
    assert price_list.ending(["openai/gpt-9"], prices, today) == ({"openai/gpt-9": last} if told else {})


def test_no_id_of_the_course_ends_soon(prices: price_list.Prices, request: pytest.FixtureRequest) -> None:
    models = {model for row in PROVIDERS.values() for model in (row.model, row.cheap)}
    stale = price_list.ending(models, prices, date.today())
    if stale and not request.config.getoption("--fresh"):
        pytest.skip(f"ends soon: {sorted(stale)}; `lab.py test --fresh` fails here")
    assert stale == {}
