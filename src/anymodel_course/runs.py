"""Runs of the SDK that are under way, found where they wait or stand: with tracing off they show nowhere else."""

from __future__ import annotations

import asyncio
import inspect


def under_way(loop: asyncio.AbstractEventLoop | None) -> bool:
    """Tell whether a run is under way: a task of this loop is inside of one, or whoever calls this is.

    A task is a chain of coroutines, each waiting for the next. One of them from the SDK's `agents.run` makes it a run.
    While its code is at work, a task waits for nothing; then that code stands among the frames of the caller.

    Example:
        >>> under_way(asyncio.get_running_loop())  # doctest: +SKIP
        False
    """
    frame = inspect.currentframe()
    while frame:
        if _of_a_run(frame.f_globals):
            return True
        frame = frame.f_back
    return loop is not None and not loop.is_closed() and any(map(_waits_in_a_run, asyncio.all_tasks(loop)))


def _waits_in_a_run(task: asyncio.Task[object]) -> bool:
    waiting: object = task.get_coro()
    while inspect.iscoroutine(waiting) and waiting.cr_frame:
        if _of_a_run(waiting.cr_frame.f_globals):
            return True
        waiting = waiting.cr_await
    return False


def _of_a_run(module: dict[str, object]) -> bool:
    return str(module.get("__name__")).startswith("agents.run")
