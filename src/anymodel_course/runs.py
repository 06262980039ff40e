"""Runs of the SDK that are under way, found among an event loop's tasks: with tracing off they show nowhere else."""

from __future__ import annotations

import asyncio
import inspect


def under_way(loop: asyncio.AbstractEventLoop) -> bool:
    """Tell whether a task of this loop is inside of a run, be it between two calls or while a tool works.

    A task is a chain of coroutines, each waiting for the next. One of them from the SDK's `agents.run` makes it a run.

    Example:
        >>> under_way(asyncio.get_running_loop())  # doctest: +SKIP
        False
    """
    return any(_inside_of_a_run(task.get_coro()) for task in asyncio.all_tasks(loop))


def _inside_of_a_run(waiting: object) -> bool:
    while inspect.iscoroutine(waiting) and waiting.cr_frame:
        if str(waiting.cr_frame.f_globals.get("__name__")).startswith("agents.run"):
            return True
        waiting = waiting.cr_await
    return False
