"""One kernel's session: which providers are scripted, which are live, and the switch between the two.

Offline works through environment variables alone: `start` points LiteLLM and the SDK at a server on this machine.
`environment()` lists what it set, and why.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripted_providers import environment as variables
from scripted_providers.environment import DUMMY_KEY, Variable
from scripted_providers.naming import nearest

from . import keys, runs, stacks
from .local_ollama import ollama
from .providers import PROVIDERS, course_name, shown
from .providers import provider as provider_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripted_providers.log import Exchange
    from scripted_providers.server import Server

    from .precall import Reports
    from .sent import Sent
    from .tracing import Recorder

SCENARIOS = Path(__file__).with_name("scenarios")
CLOSING_TIME = 0.25  # seconds: the server, in its thread, notes an answer's end just after the client has read it
USUAL_CAP = 50  # live calls of one kernel through `make_agent`

_server: Server | None = None
_recorder: Recorder | None = None
_reports: Reports | None = None
_live: frozenset[str] = frozenset()
_cap = USUAL_CAP
_calls = 0
_placed: dict[str, Variable] = {}
_loop: asyncio.AbstractEventLoop | None = None  # the kernel's; a tool that calls `start` may run in another thread
_watchers: list[Callable[[], None]] = []
_listeners: list[Any] = []  # what stands in `litellm.callbacks`


class LiveCap(RuntimeError):
    """The session has made as many live calls as `start` allowed."""


def start(live: Iterable[str] | str | None = None, *, max_calls: int = USUAL_CAP) -> None:
    """Begin, or begin anew: every provider is scripted except those named live.

    The first call imports the SDK and LiteLLM and starts the stand-in server. Each call empties the queue of
    `model_says`, starts all scripted sequences again and prints one line that says what is live.

    Args:
        live: Names of providers to call for real, with your key and at your cost. None: those that ANYMODEL_LIVE names,
            in the environment or in `.env`, separated by commas; usually none. Providers outside the course's nine
            are named by LiteLLM's prefix.
        max_calls: How many live calls agents from `make_agent` may make until the next `start`. A call that the SDK or
            a provider's client repeats by itself is one.

    Raises:
        ValueError: A provider is unknown or has no key, or `max_calls` is less than 1.
        RuntimeError: A run is under way: switching would send its next turn somewhere else. (With tracing off, one in
            another thread's event loop is seen only while it waits for an answer.) Or the installed LiteLLM is one of
            the releases that steal credentials.

    Example:
        >>> start(live=["anthropic"])  # doctest: +SKIP
        LIVE: anthropic (key from .env, ends in 4f2a). Calls are real and cost money; agents from make_agent stop after
        50. The other 8 are scripted on this machine.
    """
    global _live, _cap, _calls
    if not isinstance(max_calls, int) or isinstance(max_calls, bool) or max_calls < 1:
        raise ValueError(f"max_calls={max_calls!r}: give a whole number of calls, at least 1.")
    stacks.refuse_malware()
    said = live_by_default() if live is None else live
    wanted = _names(said)
    _refuse_while_running()
    early = "litellm" in sys.modules and not _placed
    _place(variables.QUIET)
    _place(variables.past_the_proxy(os.environ))
    with _collector_paused():
        server = _serve()
        keys.set_aside(os.environ, server.base, _live)  # before anything can fail: from here on no key is spent unasked
        _import_quietly(early)
    _listen(server.base)
    _check(wanted, where="ANYMODEL_LIVE" if live is None else "live")
    _trace_here()
    keys.set_aside(os.environ, server.base, wanted)
    server.reset()
    kept_client = "openai" in _live - wanted
    if _reports:
        _reports.calls.clear()
    _live, _cap, _calls = wanted, max_calls, 0
    print(banner())
    if "ollama" in wanted and not os.environ.get("OLLAMA_API_BASE") and not (found := ollama()).models:
        print(f"No call will get through yet: {found.what} {found.next_step}")
    if kept_client:
        print(
            "With a RunConfig from before, an Agent without a LiteLLM model still calls OpenAI: the SDK keeps its "
            "client in there. Make a new RunConfig, or restart the kernel."
        )
    for told in _watchers:
        told()


def environment() -> list[Variable]:
    """Return every variable that `start` has set or taken away, its value and why; printing one shows all three.

    Your own values are not shown: what was taken away has none here, and what a live provider uses says "(yours)".

    Example:
        >>> for row in environment():  # doctest: +SKIP
        ...     print(row.name, row.value, row.why)
    """
    base = stand_in().base
    rows = list(_placed.values())
    for name, row in PROVIDERS.items():
        if name in _live:
            own = [variable for variable in row.endpoint.variables if variable in os.environ]
            rows += [Variable(variable, "(yours)", f"{name}: live, with your own value") for variable in own]
        else:
            placed = variables.redirect(row.endpoint, base)
            gone = sorted(keys.set_aside_names() & set(row.endpoint.variables) - {v.name for v in placed})
            rows += [*placed, *(Variable(n, "", f"{name}: taken away; yours comes back when it is live") for n in gone)]
    return rows


def model_says(*replies: Any, provider: str | None = None, times: int = 1) -> None:
    """Decide what the model answers next. You play the model; then the script resumes.

    Args:
        replies: One for each coming call: a text, `call("tool", argument=…)`, a list of these for one answer with
            several calls, a dict or Pydantic object as JSON, or `fails("rate_limit")`.
        provider: Only calls to this provider take them. None: any call does.
        times: How often the whole sequence is said.

    Raises:
        TypeError: A reply is nothing that a model can say, or there is none.
        ValueError: The provider is unknown, or `times` is less than 1.
        RuntimeError: `start` has not been called, or nothing is scripted because the provider is live.

    Example:
        >>> model_says(call("get_weather", city="Oslo"), "Sunny.")  # doctest: +SKIP
    """
    server = stand_in()
    if not replies:
        raise TypeError('Nothing to say: give at least one reply, as in course.model_says("Paris.").')
    name = provider_row(provider).name if provider is not None else None
    if name in _live or PROVIDERS.keys() <= _live:
        raise RuntimeError(
            f"{name or 'Every provider'} is live: nobody can decide what it says. Call start() to go back offline."
        )
    server.says(*replies, provider=name, times=times)


def stand_in() -> Server:
    """Return the stand-in server of this kernel.

    Raises:
        RuntimeError: `start` has not been called.
    """
    if _server is None or not _server.running:
        raise RuntimeError(NOT_STARTED)
    return _server


def recorder() -> Recorder:
    """Return what keeps the traces of this kernel.

    Raises:
        RuntimeError: `start` has not been called.
    """
    if _recorder is None:
        raise RuntimeError(NOT_STARTED)
    return _recorder


def reported() -> list[Sent]:
    """Return the last calls that went elsewhere than to the stand-in, as LiteLLM reported them; oldest first."""
    return list(_reports.calls) if _reports else []


def is_live(name: str) -> bool:
    """Say whether calls to this provider are real."""
    return name in _live


def live_names() -> frozenset[str]:
    """Return the names of the providers whose calls are real."""
    return _live


def when_switched(told: Callable[[], None]) -> None:
    """Have a function called after each `start`: what shows the state on a page must not go on saying "offline"."""
    _watchers.append(told)


def count_live_call(name: str) -> None:
    """Count one call that is about to be made; the hook of `make_agent` calls this.

    Raises:
        LiveCap: The provider is live and the cap is reached; the call is not made.
    """
    if name in _live:
        spend_call()


def spend_call() -> None:
    """Count one real call, whether or not its provider is live: a key check makes one offline too.

    Raises:
        LiveCap: The cap is reached; the call is not made.
    """
    global _calls
    if _calls >= _cap:
        raise LiveCap(
            f"{_calls} live calls since start(), which is as many as it allowed, so this one was not made. "
            f"To go on: course.start(live={sorted(_live)!r}, max_calls={_cap * 2})."
        )
    _calls += 1


def banner() -> str:
    """Return the line that says what is scripted and what is live. Offline it is the same on every machine."""
    if not _live:
        return (
            f"OFFLINE: {len(PROVIDERS)} providers are scripted by a server on this machine. "
            "No key, no network, no bill."
        )
    told = []
    for name in sorted(_live):
        known = keys.key(name) if name in PROVIDERS else None
        detail = f" (key from {known.source}, {known.shown})" if known and known.source else ""
        told.append(name + detail)
    others = len(PROVIDERS.keys() - _live)
    verb = "is" if others == 1 else "are"
    rest = f"The other {others} {verb} scripted on this machine." if others else "Nothing is scripted."
    cost = "cost nothing but your machine's time" if _live == {"ollama"} else "cost money"
    return f"LIVE: {', '.join(told)}. Calls are real and {cost}; agents from make_agent stop after {_cap}. {rest}"


NOT_STARTED = "Nothing is running yet: call course.start() first."


def live_by_default() -> str:
    """Return what ANYMODEL_LIVE says, in the environment or else in `.env`: what `start()` makes live by itself."""
    written = keys.read_dotenv().values.get("ANYMODEL_LIVE")
    said = keys.unquoted(os.environ.get("ANYMODEL_LIVE", ""))
    return said or (written.reveal() if written else "")


def _names(live: Iterable[str] | str) -> frozenset[str]:
    try:
        given = [name.strip().lower() for name in (live.split(",") if isinstance(live, str) else live)]
    except (TypeError, AttributeError):
        raise TypeError(f'live={live!r}: name providers, as in live=["anthropic"].') from None
    return frozenset(course_name(name) for name in given if name)


def _check(wanted: frozenset[str], where: str) -> None:
    from .models import litellm_serves

    for name in sorted(wanted):
        if name in PROVIDERS:
            found = keys.key(name)
            if not found:
                raise ValueError(
                    f"{name}, which {where} names, cannot go live: {found.missing}. See .env.example for how, or call "
                    f"course.ask_key({name!r}). Nothing was changed. A key: {PROVIDERS[name].key_page}"
                )
        elif not litellm_serves(name):
            raise ValueError(f"No provider is called {shown(name)}, which {where} names. {nearest(name, PROVIDERS)}")


def _refuse_while_running() -> None:
    global _loop
    with suppress(RuntimeError):  # a program may call `start` before it has a loop
        _loop = asyncio.get_running_loop()
    names = _recorder.names if _recorder else []
    waiting = _unanswered()
    deadline = time.monotonic() + CLOSING_TIME
    while waiting and not names and time.monotonic() < deadline:
        time.sleep(0.005)
        waiting = _unanswered()
    untraced = runs.under_way(_loop)
    if names or waiting or untraced:
        what = f"the run {names[0]!r}" if names else f"a request to {waiting[0].provider}" if waiting else "a run"
        raise RuntimeError(
            f"{what} is still under way, and its next turn would go somewhere else. Await it or cancel it, then call "
            "start() again; restarting the kernel helps always."
        )


def _unanswered() -> list[Exchange]:
    return [exchange for exchange in _server.log if exchange.seconds is None] if _server else []


def _listen(base: str) -> None:
    """Let LiteLLM tell of every call, also after somebody has emptied its lists, and know those to the stand-in."""
    import litellm

    from .metering import meter

    meter.watch(base)
    if _reports:
        _reports.watch(base)
        if _reports not in litellm.input_callback:
            litellm.input_callback.append(_reports)
    litellm.callbacks += [listener for listener in _listeners if listener not in litellm.callbacks]


def _trace_here() -> None:
    """Put the recorder in the place of whatever would send traces away, or keeps the runs under way from being seen."""
    import agents

    if _recorder:
        agents.set_trace_processors([_recorder])
        agents.set_tracing_disabled(os.environ.get("OPENAI_AGENTS_DISABLE_TRACING", "").lower() in ("1", "true"))


def _serve() -> Server:
    global _server
    if _server is None or not _server.running:  # the first time, or somebody stopped it
        from scripted_providers.scenario import read
        from scripted_providers.server import Server

        scenario = _server.scenario if _server else read(SCENARIOS)
        hint = "Decide my answer with course.model_says(…)."
        _server = Server(scenario, judge=_judge, hint=hint, record=True).start()
    return _server


def _judge(key: str) -> str | None:
    if key == DUMMY_KEY:
        return None
    return (
        "This key was not accepted: you are offline, and this looks like a real key. It went to the server on this "
        "machine only and was not kept. To use it, put it into .env and call course.start(live=[…])."
    )


def keep_quiet() -> None:
    """Keep LiteLLM, which is not imported yet, from fetching, reading a `.env` and printing when it is."""
    if "litellm" not in sys.modules:
        _place(variables.QUIET)


def _place(rows: Iterable[Variable]) -> None:
    for row in rows:
        os.environ[row.name] = row.value
        _placed[row.name] = row


def _import_quietly(early: bool) -> None:
    """Import the SDK and LiteLLM once, and take away what they would print, fetch or send by themselves."""
    global _recorder, _reports
    if _recorder is not None:
        return
    print("Loading the Agents SDK and LiteLLM (the first time takes a while) …", flush=True)
    import agents
    import litellm
    from agents.extensions.models import litellm_model  # noqa: F401  (the slow part of what every notebook imports)
    from agents.tracing.provider import DefaultTraceProvider

    from .metering import meter
    from .precall import Reports
    from .tracing import Answers, Recorder

    gc.freeze()  # what imports have made stays: later collections pass over it
    agents.set_trace_provider(DefaultTraceProvider())  # else the SDK makes the one that sends to OpenAI, then drops it
    litellm.suppress_debug_info = True  # no "Give Feedback" lines
    _recorder = Recorder()
    _reports = Reports()
    _listeners.extend((meter, Answers(_recorder)))
    _trace_here()  # should this start be refused for what it names live, the kernel is one that runs offline
    if early:
        print(
            "litellm was imported before course.start(), so it may have fetched its price list or read a .env file by "
            "itself. Prices can differ from those shown; restart the kernel and call start() first."
        )


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Importing makes a million objects that stay: going through them again and again takes a quarter of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
