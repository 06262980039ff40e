"""The course's helper: keys, the offline session, agents in one line, usage, and what makes a run visible.

    import anymodel_course as course

    course.start()

Everything else is imported at first use, so that this import costs nothing; the SDK and LiteLLM arrive with `start`,
or quietly with a name that needs them before it: an editor's Tab key is enough to ask for one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scripted_providers.replies import call, fails

    from .factory import make_agent
    from .instruments import checks
    from .instruments.budget import budget
    from .instruments.comparison import Prompt, compare, last_comparison
    from .instruments.doctor import doctor
    from .instruments.explain import explain
    from .instruments.key_check import check_key
    from .instruments.trace_collector import TraceCollector
    from .instruments.trace_tree import trace_tree
    from .instruments.widgets.picker import ProviderPicker
    from .instruments.wire import wire
    from .keys import ask_key, key, read_dotenv
    from .local_ollama import ollama
    from .metering import meter
    from .models import model_facts
    from .providers import PROVIDERS, provider
    from .session import environment, model_says, stand_in, start
    from .tables import Table
    from .tracing import setup_tracing
    from .usage import usage_of

_HOMES = {
    "PROVIDERS": ".providers",
    "Prompt": ".instruments.comparison",
    "ProviderPicker": ".instruments.widgets.picker",
    "Table": ".tables",
    "TraceCollector": ".instruments.trace_collector",
    "ask_key": ".keys",
    "budget": ".instruments.budget",
    "call": "scripted_providers.replies",
    "check_key": ".instruments.key_check",
    "compare": ".instruments.comparison",
    "doctor": ".instruments.doctor",
    "environment": ".session",
    "explain": ".instruments.explain",
    "fails": "scripted_providers.replies",
    "key": ".keys",
    "last_comparison": ".instruments.comparison",
    "make_agent": ".factory",
    "meter": ".metering",
    "model_facts": ".models",
    "model_says": ".session",
    "ollama": ".local_ollama",
    "provider": ".providers",
    "read_dotenv": ".keys",
    "stand_in": ".session",
    "setup_tracing": ".tracing",
    "start": ".session",
    "trace_tree": ".instruments.trace_tree",
    "usage_of": ".usage",
    "wire": ".instruments.wire",
}

__all__ = [
    "PROVIDERS",
    "Prompt",
    "ProviderPicker",
    "Table",
    "TraceCollector",
    "ask_key",
    "budget",
    "call",
    "check_key",
    "checks",
    "compare",
    "doctor",
    "environment",
    "explain",
    "fails",
    "key",
    "last_comparison",
    "make_agent",
    "meter",
    "model_facts",
    "model_says",
    "ollama",
    "provider",
    "read_dotenv",
    "setup_tracing",
    "stand_in",
    "start",
    "trace_tree",
    "usage_of",
    "wire",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"The course has no {name!r}. It has: {', '.join(__all__)}.")
    import_module(".session", __name__).keep_quiet()
    if name == "checks":
        return import_module(".instruments.checks", __name__)
    return getattr(import_module(_HOMES[name], __name__), name)


def __dir__() -> list[str]:
    return __all__
