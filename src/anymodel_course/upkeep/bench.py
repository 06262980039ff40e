"""`bench`: what the course promises about time and memory, measured as medians and ratios within one run.

One line a figure: name, value, unit, goal, and `ok` or `short`. The exit status is 1 when a figure falls short. A test
never measures time: a busy machine would fail it for nothing.
"""

from __future__ import annotations

import asyncio
import gc
import math
import os
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from scripted_providers.environment import DUMMY_KEY, QUIET
from scripted_providers.server import Server

from .isolation import isolated


@dataclass(frozen=True)
class Figure:
    """One measured figure and the most that it may be; a goal of infinity is none, and the figure stands for itself."""

    name: str
    value: float
    unit: str
    goal: float = math.inf

    def __str__(self) -> str:
        """Return the line."""
        verdict = "ok" if self.value <= self.goal else "short"
        goal = f"at most {self.goal:g}" if math.isfinite(self.goal) else "no goal"
        return f"{self.name:58} {self.value:9.3f} {self.unit:6} {goal}  {verdict}"


def main(arguments: list[str]) -> int:
    """Measure everything and print it."""
    if arguments:
        print("bench takes no arguments.", file=sys.stderr)
        return 2
    from .bench_comparison import comparison  # it needs this module's `Figure`

    short = False
    for part in (imports, stand_in, calls, through_litellm, traces, comparison, idle_gaps):
        for figure in part():
            print(figure, flush=True)
            short = short or figure.value > figure.goal
    return int(short)


def imports() -> Iterator[Figure]:
    """Measure what a learner waits for before the first cell has run, each time in a new process."""
    light = [_seconds("import anymodel_course") for _ in range(5)]
    yield Figure("import anymodel_course", statistics.median(light), "s", 0.1)
    bare, started = [], []
    for _ in range(9):  # in turn, so that a busy moment meets both; the median of five still came out by chance
        bare.append(_seconds("import litellm, agents; from agents.extensions.models import litellm_model"))
        started.append(_seconds("import anymodel_course as c; c.start()"))
    ratio = statistics.median(started) / statistics.median(bare)
    yield Figure(f"start() against the bare imports ({statistics.median(bare):.1f} s)", ratio, "ratio", 0.75)
    again = _seconds("c.start()", before="import anymodel_course as c; c.start()")
    yield Figure("start() again in the same kernel", again * 1000, "ms", 10)


def _seconds(code: str, before: str = "pass") -> float:
    """Time some code in a new Python, inside of it: starting the interpreter does not count."""
    program = f"{before}\nimport time; t = time.perf_counter()\n{code}\nprint(time.perf_counter() - t)"
    quiet = {variable.name: variable.value for variable in QUIET}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=isolated(os.environ) | quiet
    )
    return float(done.stdout.split()[-1])


def stand_in() -> Iterator[Figure]:
    """Measure what the server adds to a kernel that has the SDK."""
    program = """
import agents, litellm, time, resource, sys
from agents.extensions.models import litellm_model
def megabytes():
    try:
        return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 1e6
    except OSError:  # no such file outside of Linux: the peak has to do
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
before, t = megabytes(), time.perf_counter()
from scripted_providers import Server
Server().start()
print((time.perf_counter() - t) * 1000, megabytes() - before)
"""
    if sys.platform == "win32":
        return
    quiet = isolated(os.environ) | {variable.name: variable.value for variable in QUIET}
    runs = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=quiet)
        runs.append(tuple(map(float, done.stdout.split())))
    yield Figure("the stand-in starts, the SDK being imported", statistics.median(r[0] for r in runs), "ms", 50)
    yield Figure("memory that the stand-in adds", statistics.median(r[1] for r in runs), "MB", 10)


def calls() -> Iterator[Figure]:
    """Measure a warm scripted text call over raw HTTP, each wire against a bare ASGI echo of the same body."""
    requests = asyncio.run(_requests())
    with Server() as server, _Echo() as echo, httpx.Client(timeout=10) as client:
        for provider, (path, body, headers) in requests.items():
            post = {
                kind: _poster(client, f"{base}/{provider}{path}", body, headers)
                for kind, base in (("scripted", server.base), ("echo", echo.base))
            }
            taken: dict[str, list[float]] = {"scripted": [], "echo": []}
            for turn in range(450):
                for kind, send in post.items():
                    t = time.perf_counter()
                    send()
                    if turn >= 50:  # the first ones warm up
                        taken[kind].append(time.perf_counter() - t)
            medians = {kind: statistics.median(times) for kind, times in taken.items()}
            ratio = medians["scripted"] / medians["echo"]
            yield Figure(
                f"{provider}: a raw call against an echo ({medians['echo'] * 1000:.2f} ms)", ratio, "ratio", 2.0
            )


class _Echo(Server):
    """The same server with an app that only sends the body back."""

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        length = str(len(body)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


async def _requests() -> dict[str, tuple[str, Any, dict[str, str]]]:
    """Let LiteLLM write one request for each provider, and take it from the stand-in's log."""
    import anymodel_course as course

    kept = isolated(os.environ)
    os.environ.clear()
    os.environ.update(kept)
    course.start(live=[])
    from agents import Runner

    keys = {"x-api-key": DUMMY_KEY, "x-goog-api-key": DUMMY_KEY, "api-key": DUMMY_KEY}
    written = {}
    for name in course.PROVIDERS:
        await Runner.run(course.make_agent(name, instructions="Be brief."), "What is the capital of France?")
        sent = course.stand_in().log[-1]
        harmless = {
            n: v for n, v in sent.request_headers.items() if n in ("content-type", "accept", "anthropic-version")
        }
        written[name] = (sent.path, sent.request, harmless | keys | {"authorization": f"Bearer {DUMMY_KEY}"})
    return written


def _poster(client: httpx.Client, url: str, body: Any, headers: dict[str, str]) -> Callable[[], None]:
    request = client.build_request("POST", url, json=body, headers=headers)

    def post() -> None:
        client.send(request).raise_for_status()

    return post


def through_litellm() -> Iterator[Figure]:
    """Measure the same call through LiteLLM, scripted, beside LiteLLM's own mock, which sends nothing."""
    for name, (scripted, mocked) in asyncio.run(_through_litellm()).items():
        yield Figure(f"{name}: a call through LiteLLM ({mocked:.2f} ms with its own mock)", scripted, "ms")


async def _through_litellm() -> dict[str, tuple[float, float]]:
    import anymodel_course as course

    course.start(live=[])
    import litellm

    messages = [{"role": "user", "content": "What is the capital of France?"}]
    medians = {}
    for row in course.PROVIDERS.values():
        taken: dict[str | None, list[float]] = {None: [], "Paris.": []}
        for turn in range(120):
            for mock, times in taken.items():
                t = time.perf_counter()
                await litellm.acompletion(row.model, messages, mock_response=mock)
                if turn >= 20:
                    times.append((time.perf_counter() - t) * 1000)
        medians[row.name] = (statistics.median(taken[None]), statistics.median(taken["Paris."]))
    return medians


def traces() -> Iterator[Figure]:
    """Measure what recording a run costs, what a thousand of them leave behind, and how long a big tree takes."""
    ratio, plain, grown, rendered = asyncio.run(_traces())
    yield Figure(f"a run with tracing on against off ({plain:.2f} ms)", ratio, "ratio", 1.05)
    yield Figure("memory that meter and recorder keep of 1,000 runs", grown, "MB", 20)
    yield Figure("the tree of a trace of 200 spans, as text and as HTML", rendered, "ms", 100)


async def _traces() -> tuple[float, float, float, float]:
    import anymodel_course as course

    course.start(live=[])
    import agents
    from agents import RunConfig, Runner

    from ..session import recorder
    from ..tracing import KEPT

    agent = course.make_agent("openai", instructions="Be brief.", tools=[agents.function_tool(_look)])
    taken: dict[bool, list[float]] = {False: [], True: []}
    configs = {off: RunConfig(tracing_disabled=off) for off in taken}
    for turn in range(220):
        for off in (False, True) if turn % 2 else (True, False):
            course.model_says(course.call("_look"), "Fine.")
            t = time.perf_counter()
            await Runner.run(agent, "Look.", run_config=configs[off])
            if turn >= 20:
                taken[off].append((time.perf_counter() - t) * 1000)
    medians = {off: statistics.median(times) for off, times in taken.items()}

    await course.meter.settled()
    course.meter.reset()
    recorder().traces.clear()
    for number in range(1000):
        if number == 1000 - 2 * KEPT:  # what is older than the traces that are kept is gone, and watching is slow
            tracemalloc.start()
        course.model_says(course.call("_look"), "Fine.")
        await Runner.run(agent, "Look.")
    await course.meter.settled()
    full = _traced_memory()
    recorder().traces.clear()
    course.meter.reset()
    kept = full - _traced_memory()
    tracemalloc.stop()

    course.model_says(*[course.call("_look")] * 70, "Fine.")
    await Runner.run(agent, "Look.", max_turns=100)
    spans = len(recorder().traces[-1].spans)
    assert spans >= 200, spans
    rendered = []
    for _ in range(9):
        t = time.perf_counter()
        tree = course.trace_tree()
        str(tree), tree._repr_html_()
        rendered.append((time.perf_counter() - t) * 1000)
    return medians[False] / medians[True], medians[True], kept, statistics.median(rendered)


def _look() -> str:
    """Look again."""
    return "nothing new"


def _traced_memory() -> float:
    gc.collect()
    return tracemalloc.get_traced_memory()[0] / 1e6


def idle_gaps() -> Iterator[Figure]:
    """Count lost calls among 500 on kept connections, with gaps longer than uvicorn's usual 5 s keep-alive."""
    lost = 0
    body = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
    with Server() as server, httpx.Client(timeout=10) as client:
        url = f"{server.base}/openai/v1/chat/completions"
        post = _poster(client, url, body, {"authorization": f"Bearer {DUMMY_KEY}"})
        for turn in range(500):
            if turn % 100 == 99:
                time.sleep(5.5)
            try:
                post()
            except httpx.HTTPError:
                lost += 1
    yield Figure("calls lost among 500 with idle gaps", lost, "calls", 0)
