"""What `compare` promises about time and memory: each figure is a ratio within one run, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator

from .bench import Figure
from .isolation import isolated

PROMPTS, REPEATS = 10, 5


def comparison() -> Iterator[Figure]:
    """Measure a comparison against its slowest model, against the loop, and against bare runs of the SDK."""
    done = subprocess.run(
        [sys.executable, "-m", __name__], stdout=subprocess.PIPE, text=True, check=True, env=isolated(os.environ)
    )
    slowest, loop, bare, in_order, megabytes = map(float, done.stdout.split()[-5:])
    yield Figure("compare: nine models against the slowest of them (1 s)", slowest, "ratio", 1.1)
    yield Figure("the loop against the sum of their paces, same run", loop, "ratio")
    runs = 9 * PROMPTS * REPEATS
    yield Figure(f"compare: {runs} runs against a bare gather of run_streamed", bare, "ratio", 1.25)
    yield Figure(f"compare: results out of order among {runs}", runs - in_order, "runs", 0)
    yield Figure(f"compare: memory for {runs} runs", megabytes, "MB", 50)


async def _measure() -> None:
    import anymodel_course as course

    course.start(live=[])
    from agents import Agent, Runner

    from scripted_providers.replies import Pace, Reply

    names = list(course.PROVIDERS)
    paces = {name: 0.2 + 0.8 * n / (len(names) - 1) for n, name in enumerate(names)}

    def queue() -> None:
        course.stand_in().reset()
        for name, pace in paces.items():
            course.model_says(Reply(text="Hello there, you.", pace=Pace(pace / 2, pace)), provider=name)

    async def streamed(agent: Agent, text: str) -> None:
        async for _ in Runner.run_streamed(agent, text).stream_events():
            pass

    await course.compare("Say hello.", names)  # warms everything up, for all that is measured here
    at_once = float("inf")
    for _ in range(3):  # the best one counts: a busy moment is nobody's doing
        queue()
        began = time.perf_counter()
        await course.compare("Hello?", names)
        at_once = min(at_once, time.perf_counter() - began)

    agents = {name: course.make_agent(name) for name in names}
    queue()
    began = time.perf_counter()
    for agent in agents.values():  # as a first comparison is usually written
        await Runner.run(agent, "Hello?")
    in_turn = time.perf_counter() - began

    prompts = [f"Say hello, number {n}." for n in range(PROMPTS)]

    async def bare() -> float:
        began = time.perf_counter()
        await asyncio.gather(*(streamed(a, p) for a in agents.values() for p in prompts for _ in range(REPEATS)))
        return time.perf_counter() - began

    async def compared() -> tuple[float, int]:
        began = time.perf_counter()
        made = await course.compare(prompts, names, repeats=REPEATS)
        took = time.perf_counter() - began
        expected = [(course.PROVIDERS[n].model, p, r + 1) for n in names for p in prompts for r in range(REPEATS)]
        right = zip(made.records, expected, strict=True)
        return took, sum((r.model, r.prompt, r.repeat) == e and r.status == "ok" for r, e in right)

    # In turn, twice each, and again the better one counts.
    times = [(await bare(), *(await compared())) for _ in range(2)]
    ratio = min(took for _, took, _ in times) / min(plain for plain, _, _ in times)
    in_order = min(right for _, _, right in times)

    tracemalloc.start()
    kept = await course.compare(prompts, names, repeats=REPEATS)
    _, peak = tracemalloc.get_traced_memory()
    assert len(kept.records) == in_order
    print(at_once / max(paces.values()), in_turn / sum(paces.values()), ratio, in_order, peak / 1e6)


if __name__ == "__main__":
    asyncio.run(_measure())
