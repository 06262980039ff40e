"""What every check of an exercise shares: it takes whatever it is given, ends in time, never raises, and coaches."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import ctypes
import functools
import inspect
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from agents import Agent, RunConfig, Runner, RunResult
from agents.extensions.models.litellm_model import LitellmModel

from scripted_providers.environment import DUMMY_KEY
from scripted_providers.server import Server

from ...providers import PROVIDERS
from ...unreported import unreported
from ...usage import model_id_of

LONGEST = 10.0  # seconds that a learner's code may take in a check
GRACE = 1.0  # seconds more for code that is told to end

TOO_LONG = "your code took longer than {:g} seconds. Does it wait too long, or does a loop or an `await` never end?"
UNTOUCHED = "replace the `...` in the cell above, run it, then run this cell again."
NOTHING = "your variable is None: what you assigned to it returns nothing. Assign the object that the task asks for."
ASYNC = "write `async def`: a notebook has a running loop, where `asyncio.run` fails and `gather` has to be awaited."
PLAIN = "this is an `async def`, and calling it gives a coroutine that nobody awaits: write a plain `def`."


class NotYet(Exception):
    """Something is still missing; the message says what to change."""


@dataclass(frozen=True)
class Verdict:
    """A check's answer. It shows as one line that begins with "Passed" or "Not yet"."""

    passed: bool
    message: str

    def __repr__(self) -> str:
        """Return the line."""
        return f"{'Passed' if self.passed else 'Not yet'}: {self.message}"


def check(judge: Callable[[Any], Awaitable[str]]) -> Callable[[Any], Awaitable[Verdict]]:
    """Make a check of a coroutine that looks at the learner's object.

    The coroutine raises `NotYet` with what to change, or returns what the learner has shown. Everything else that goes
    wrong in the learner's code becomes a "not yet" too, `sys.exit()` and a loop without an end included. An untouched
    stub, `...`, is told apart from a mistake, and from None. Only an interrupt goes through, the cell's or the
    keyboard's.
    """

    @functools.wraps(judge)
    async def verdict(given: Any) -> Verdict:
        if given is None or given is ...:
            return Verdict(False, NOTHING if given is None else UNTOUCHED)
        # A task, because code that swallows its cancellation can be left behind in one.
        judging = asyncio.create_task(_outcome(judge, given))
        over = threading.Event()
        here = (asyncio.get_running_loop(), threading.get_ident())
        threading.Thread(target=_break_into, args=(*here, over), daemon=True).start()
        try:
            await asyncio.wait([judging], timeout=LONGEST)
            if not judging.done():
                judging.cancel()
                await asyncio.wait([judging], timeout=GRACE)
                return Verdict(False, TOO_LONG.format(LONGEST))
            if judging.cancelled():
                return Verdict(False, "your code cancelled the task that it runs in.")
            outcome = judging.result()
        finally:
            judging.cancel()
            over.set()
            if inspect.iscoroutine(given):
                given.close()
        if isinstance(outcome, Verdict):
            return outcome
        raise outcome

    return verdict


async def _outcome(judge: Callable[[Any], Awaitable[str]], given: Any) -> Verdict | KeyboardInterrupt:
    """Judge, and return what an exception means. Two kinds would end a task's event loop: they may not leave it."""
    try:
        with unreported():
            return Verdict(True, await judge(given))
    except NotYet as missing:
        return Verdict(False, str(missing))
    except KeyboardInterrupt as interrupt:
        return interrupt
    except asyncio.CancelledError:
        raise
    except _Overtime:
        return Verdict(False, TOO_LONG.format(LONGEST))
    except BaseException as error:  # SystemExit is none of Exception
        return Verdict(False, f"your code raised {line(error)}")


def line(error: BaseException) -> str:
    """Name an exception and what it says, in one line."""
    try:
        said = str(error).strip().partition("\n")[0]
    except Exception:  # its own __str__ fails
        said = ""
    return f"{type(error).__name__}{': ' if said else '.'}{said}"


class _Overtime(BaseException):
    """Ends code that never gives control back; no `except Exception` of the learner's stops it."""


def _break_into(loop: asyncio.AbstractEventLoop, thread: int, over: threading.Event) -> None:
    """End the code that keeps the event loop from running: no timeout of asyncio's ever would, and no "interrupt"."""
    while not over.wait(LONGEST + GRACE):
        alive = threading.Event()
        loop.call_soon_threadsafe(alive.set)
        if not alive.wait(GRACE) and not over.is_set():
            _end(thread)


def _end(thread: int) -> None:
    """Raise in another thread, at its next step in Python. A call that waits in C (`time.sleep`) comes back first."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(_Overtime))


def require(condition: object, change: str) -> None:
    """Raise `NotYet` unless the condition holds; `change` tells what to change."""
    if not condition:
        raise NotYet(change)


def require_function(given: Any, *, plain: bool = False) -> None:
    """Raise `NotYet` unless this is a function, and no coroutine function where a plain one is asked for."""
    require(callable(given), f"give me the function itself, not its result (this is a {type(given).__name__}).")
    require(not (plain and inspect.iscoroutinefunction(given)), PLAIN)


async def result_of(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call the learner's function, be it sync or async, without blocking the notebook."""
    if inspect.iscoroutinefunction(function):
        return await function(*arguments)
    value = await _in_a_thread(function, *arguments)
    return await value if inspect.isawaitable(value) else value


async def awaited(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function of the learner's that has to be an `async def`, or to return something that can be awaited."""
    if inspect.iscoroutinefunction(function):
        return await function(*arguments)
    try:
        value = await _in_a_thread(function, *arguments)
    except RuntimeError:  # what needs a running loop, such as `gather`, finds none in a thread
        raise NotYet(ASYNC) from None
    require(inspect.isawaitable(value), ASYNC)
    return await value


async def _in_a_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    """Do what `asyncio.to_thread` does, in a thread that nobody waits for: no time limit, and not Python's exit."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    returned: list[Any] = []
    raised: list[BaseException] = []

    def run() -> None:
        with suppress(_Overtime):
            try:
                returned.append(function(*arguments))
            except BaseException as error:
                raised.append(error)
            with suppress(RuntimeError):  # the loop is gone
                loop.call_soon_threadsafe(done.set)

    worker = threading.Thread(target=contextvars.copy_context().run, args=(run,), daemon=True)
    worker.start()
    try:
        await done.wait()
    finally:
        if not (returned or raised):
            _end(worker.ident or 0)
    if raised:
        raise raised[0]
    return returned[0]


@contextmanager
def stage(*replies: Any) -> Iterator[tuple[Server, RunConfig]]:
    """Set up a stand-in for one check, with replies in its queue; the learner's own, and live ones, stay out of it.

    Yields:
        The server, whose log shows what the agent asked, and the `RunConfig` that leads a run to it.
    """
    with Server() as server:
        server.says(*replies)
        model = LitellmModel(PROVIDERS["openai"].model, base_url=f"{server.base}/openai/v1", api_key=DUMMY_KEY)
        yield server, RunConfig(model=model, tracing_disabled=True)


def _contained(instructions: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """Wrap a function for the SDK, which calls it in a task of its own: what ends a loop would end the kernel's."""

    async def asked(context: Any, agent: Any) -> Any:
        try:
            return await result_of(instructions, context, agent)
        except (SystemExit, KeyboardInterrupt) as error:
            raise NotYet(f"your code raised {line(error)}") from None

    return asked


def copied(agent: Agent[Any]) -> Agent[Any]:
    """Copy an agent, without hooks and output type. A class of one's own need not take what `clone` hands it."""
    bare = copy.copy(agent)
    bare.hooks = bare.output_type = None
    return bare


async def play(agent: Agent[Any], prompt: str, config: RunConfig, *, turns: int = 6) -> RunResult:
    """Run the learner's agent on a stage.

    Its hooks and guardrails stay out, because a check is no live call, and its output type, because a stage says prose.
    """
    bare = copied(agent)
    bare.input_guardrails, bare.output_guardrails = [], []
    if callable(agent.instructions):
        bare.instructions = _contained(agent.instructions)
    return await Runner.run(bare, prompt, run_config=config, max_turns=turns)


def through_litellm(agent: Agent[Any]) -> str:
    """Return the id of the model that an agent reaches through LiteLLM, or say that it reaches none that way."""
    model = agent.model
    if isinstance(model, LitellmModel) or (isinstance(model, str) and model.startswith("litellm/")):
        return model_id_of(agent)
    raise NotYet(
        "the agent does not go through LiteLLM: use model=LitellmModel(…), a string that begins with litellm/, or "
        "course.make_agent(…)."
    )


def require_agent(given: Any) -> Agent[Any]:
    """Return the agent that was given, or say what it is instead."""
    if isinstance(given, type) and issubclass(given, Agent):
        raise NotYet("this is the class Agent itself; give me an agent: Agent(name=…, …).")
    if inspect.iscoroutine(given):
        given.close()
        raise NotYet("this is a coroutine: put `await` in front, or give me the agent rather than its run.")
    if not isinstance(given, Agent):
        raise NotYet(f"I need an Agent, and this is a {type(given).__name__}.")
    return given
