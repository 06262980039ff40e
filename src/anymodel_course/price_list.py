"""LiteLLM's price list as data: finding an id in it, and telling which ids end soon. Importing this imports nothing big.

The list is a file inside the LiteLLM package, https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.json
as it was when that version was made. It knows a model's last day only where the provider has announced one.
"""  # noqa: E501

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

NOTICE = 60  # days before a model's last one from which the course says so

Prices = Mapping[str, Mapping[str, Any]]


def bundled() -> Prices:
    """Read the list from LiteLLM's files. It takes some 50 ms, where importing LiteLLM takes seconds.

    Raises:
        FileNotFoundError: LiteLLM is not installed, or keeps its list elsewhere.
    """
    package = importlib.util.find_spec("litellm")  # finds a package without importing it
    if package is None or not package.origin:
        raise FileNotFoundError("LiteLLM is not installed.")
    file = Path(package.origin).with_name("model_prices_and_context_window_backup.json")
    prices: Prices = json.loads(file.read_text(encoding="utf-8"))
    return prices


def entry_of(model: str, prices: Prices) -> Mapping[str, Any] | None:
    """Return the list's entry for a full id, or None.

    The list has some ids with the provider in front and others without; then the entry names the provider, or a part of
    it ("cohere_chat"). A model on Ollama stands under `ollama/`, whichever of LiteLLM's two routes the id names.

    Example:
        >>> entry_of("openai/gpt-9", {"gpt-9": {"litellm_provider": "openai"}})
        {'litellm_provider': 'openai'}
    """
    prefix, _, name = model.partition("/")
    entry = prices.get(f"ollama/{name}" if prefix == "ollama_chat" else model)
    if entry is None:
        bare = prices.get(name)
        maker = str(bare.get("litellm_provider")) if bare else ""
        entry = bare if prefix and re.match(rf"{re.escape(prefix)}(_|\b)", maker) else None
    return entry


def last_day(entry: Mapping[str, Any]) -> date | None:
    """Return the day from which the provider no longer serves the model, where one is announced."""
    announced = entry.get("deprecation_date")
    return date.fromisoformat(announced) if announced else None


def ending(models: Iterable[str], prices: Prices, today: date) -> dict[str, date]:
    """Return those of the models that end within `NOTICE` days, or have ended, each with its last day.

    Example:
        >>> soon = {"openai/a": {"deprecation_date": "2026-12-24"}, "openai/b": {}}
        >>> ending(soon, soon, date(2026, 11, 25))
        {'openai/a': datetime.date(2026, 12, 24)}
    """
    days = {model: last_day(entry_of(model, prices) or {}) for model in models}
    return {model: day for model, day in days.items() if day and day <= today + timedelta(days=NOTICE)}
