"""Offline by default, live aloud, and never a switch under a run's feet."""

import asyncio
import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from agents import Agent, RunConfig, Runner, SQLiteSession, function_tool, trace
from agents.extensions.models.litellm_model import LitellmModel

from anymodel_course import keys, session, stacks
from anymodel_course.factory import make_agent
from anymodel_course.local_ollama import Ollama
from anymodel_course.providers import PROVIDERS
from scripted_providers import DUMMY_KEY, ENDPOINTS, call, fails
from scripted_providers.replies import Pace, Reply
from scripted_providers.server import Server

KEY = "sk-real-0123456789abcd4f2a"
SLOW = Reply(text="A long answer, word by word.", pace=Pace(first=0.1, total=30))
UNTRACED = RunConfig(tracing_disabled=True)


def plain(name: str) -> Agent[Any]:
    """The agent that a learner writes, with nothing of the course in it."""
    return Agent(name="Plain", model=LitellmModel(model=PROVIDERS[name].model))


def own_variables(name: str) -> dict[str, str | None]:
    return {variable: os.environ.get(variable) for variable in ENDPOINTS[name].variables}


# --- imports ---


def fresh(code: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=180, env=os.environ | environ
    )


@pytest.mark.usefixtures("learner")
def test_the_package_and_the_keys_import_nothing_heavy_and_the_doctor_no_more_than_httpx() -> None:
    done = fresh(
        "import sys, anymodel_course as course\n"
        "heavy = {'litellm', 'agents', 'openai', 'starlette', 'uvicorn', 'httpx', 'pydantic', 'yaml'}\n"
        "first = heavy & set(sys.modules)\n"
        "course.key('openai')\n"
        "second = heavy & set(sys.modules)\n"
        "course.doctor()\n"
        "print(sorted(first), sorted(second), sorted(heavy & set(sys.modules)))"
    )
    assert done.stdout == "[] [] ['httpx']\n", done.stderr


@pytest.mark.usefixtures("learner")
def test_a_start_after_litellm_was_imported_works_and_says_what_that_means() -> None:
    done = fresh(
        "import os\n"
        "os.environ['LITELLM_LOCAL_MODEL_COST_MAP'] = 'True'  # this test goes nowhere\n"
        "import litellm, anymodel_course as course\n"
        "course.start()\n"
        "print(os.environ['OPENAI_API_KEY'], litellm.suppress_debug_info)\n",
        OPENAI_API_KEY=KEY,
    )
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["Loading", "litellm", "OFFLINE:", DUMMY_KEY]
    assert "restart the kernel and call start() first" in lines[1]
    assert lines[3].endswith("True")
    assert done.stderr == ""


@pytest.mark.parametrize("name", ["budget", "model_facts", "checks"])
def test_a_name_asked_for_before_the_start_goes_nowhere_and_reads_no_key(name: str, learner: Path) -> None:
    (learner / ".env").write_text(f"MISTRAL_API_KEY={KEY}\n", encoding="utf-8")
    done = fresh(
        "import os, anymodel_course as course\n"
        f"course.{name}\n"  # the network guard writes down whoever goes outside
        "print(os.environ.get('MISTRAL_API_KEY'))\n"
        "course.start()\n"
    )
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["None", "Loading", "OFFLINE:"]
    assert done.stderr == ""


def test_malware_is_not_started(learner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacks, "installed", {"litellm": "1.82.8"}.get)
    before = dict(os.environ)
    with pytest.raises(RuntimeError, match=r"litellm 1\.82\.8 is malware.*replace every key"):
        session.start()
    assert dict(os.environ) == before


# --- offline ---


@pytest.mark.usefixtures("started")
def test_the_banner_is_one_line_and_the_same_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    session.start()
    session.start(live=[])
    session.start(live=" ,")
    out = "OFFLINE: 9 providers are scripted by a server on this machine. No key, no network, no bill.\n"
    assert capsys.readouterr() == (out * 3, "")


def test_starting_again_keeps_the_server_and_empties_the_queue(started: Server) -> None:
    session.model_says("left over")
    session.start()
    assert session.stand_in() is started
    assert (started.waiting, len(started.log)) == (0, 0)


@pytest.mark.usefixtures("started")
def test_environment_lists_what_was_set_and_why() -> None:
    rows = session.environment()
    assert {row.name: os.environ[row.name] for row in rows} == {row.name: row.value for row in rows}
    assert all(row.why for row in rows)
    wanted = {"NO_PROXY", "no_proxy", "LITELLM_MODE", "HF_HUB_OFFLINE", "LITELLM_LOCAL_MODEL_COST_MAP"}
    assert wanted | {e.redirect for e in ENDPOINTS.values()} <= {row.name for row in rows}
    assert len(rows) == len({row.name for row in rows})


def test_environment_tells_of_the_learners_own_values_without_showing_them(started: Server) -> None:
    os.environ.update(MISTRAL_API_KEY=KEY, CO_API_KEY=KEY)
    session.start(live="mistral")
    rows = {row.name: row for row in session.environment()}
    assert (rows["MISTRAL_API_KEY"].value, rows["CO_API_KEY"].value) == ("(yours)", "")
    assert "taken away" in rows["CO_API_KEY"].why
    assert "MISTRAL_AZURE_API_BASE" not in rows
    assert rows["COHERE_API_BASE"].value == os.environ["COHERE_API_BASE"]
    assert KEY not in repr(rows)


def test_going_live_with_ollama_speaks_of_no_money_and_says_whether_it_runs(
    started: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "ollama", Ollama)
    session.start(live="ollama")
    said = capsys.readouterr().out
    assert "LIVE: ollama. Calls are real and cost nothing" in said
    assert "No call will get through yet: nothing answers on port 11434. For models on this machine: https://" in said
    monkeypatch.setattr(session, "ollama", lambda: Ollama(running=True, models=("llama3.1",)))
    session.start(live="ollama")
    assert "through" not in capsys.readouterr().out


def test_entries_of_no_proxy_are_kept(learner: Path) -> None:
    os.environ["NO_PROXY"] = "intranet.example"
    session.start()
    session.start()
    assert os.environ["NO_PROXY"] == os.environ["no_proxy"] == "intranet.example,127.0.0.1,localhost"


@pytest.mark.parametrize("name", PROVIDERS)
async def test_a_real_key_typed_after_start_is_refused_told_of_and_not_kept(name: str, started: Server) -> None:
    row = PROVIDERS[name]
    for variable in row.key_sets[0] if row.key_sets else ("OLLAMA_API_KEY",):
        if variable not in ("AWS_REGION_NAME", "AZURE_API_BASE"):
            os.environ[variable] = KEY
    with pytest.raises(Exception, match="you are offline, and this looks like a real key") as caught:
        await Runner.run(plain(name), "Hello!")
    # What each vendor answers to a wrong key. LiteLLM tells of Gemini's 400 as of a 401.
    assert started.log[-1].status == {"gemini": 400, "bedrock": 403}.get(name, 401)
    assert getattr(caught.value, "status_code", None) in (401, 403)
    assert "0123456789" not in str(caught.value)
    assert "0123456789" not in json.dumps([dataclasses.asdict(e) for e in started.log], default=str)


async def test_a_key_is_found_nowhere_after_a_run(started: Server, capfd: pytest.CaptureFixture[str]) -> None:
    for endpoint in ENDPOINTS.values():
        os.environ.update(dict.fromkeys(endpoint.variables, KEY))
    session.start()
    for name in PROVIDERS:
        await Runner.run(plain(name), "Hello!")
    seen = json.dumps([dataclasses.asdict(e) for e in started.log], default=str)
    seen += "".join(capfd.readouterr()) + repr(session.environment()) + repr(dict(os.environ))
    assert "0123456789" not in seen
    assert [e.provider for e in started.log] == list(PROVIDERS)


# --- live ---


@pytest.mark.parametrize("name", PROVIDERS)
async def test_offline_live_and_back_for(name: str, learner: Path, vendor: Any) -> None:
    before = dict.fromkeys(ENDPOINTS[name].variables) | vendor.own(name)
    os.environ.update(vendor.own(name))
    session.start()
    stand_in = session.stand_in()
    vendor.server.says("From the vendor.", times=9)

    session.model_says("From the script.", times=9)
    assert (await Runner.run(plain(name), "Hello!")).final_output == "From the script."
    assert (len(vendor.server.log), len(stand_in.log)) == (0, 1)

    session.start(live=[name])
    assert own_variables(name) == before
    assert (await Runner.run(plain(name), "Hello!")).final_output == "From the vendor."
    assert (len(vendor.server.log), len(stand_in.log)) == (1, 0)
    if PROVIDERS[name].key_sets:
        assert vendor.seen == [before[PROVIDERS[name].key_sets[0][0]]]
    other = "openai" if name != "openai" else "anthropic"
    session.model_says("From the script.")
    assert (await Runner.run(plain(other), "Hello!")).final_output == "From the script."

    session.start()
    session.model_says("From the script.")
    assert (await Runner.run(plain(name), "Hello!")).final_output == "From the script."
    assert (len(vendor.server.log), len(stand_in.log)) == (1, 1)
    assert not set(before.values()) - {None, "eu-north-1"} & set(os.environ.values())


@pytest.mark.parametrize("name", [n for n, p in PROVIDERS.items() if len(p.key_sets) > 1])
async def test_the_key_that_is_told_of_is_the_key_that_litellm_sends(name: str, learner: Path, vendor: Any) -> None:
    row = PROVIDERS[name]
    left = {n: f"own-{n.lower()}-0123456789" for names in row.key_sets for n in names}
    os.environ.update(left | vendor.own(name) | {n: v for n, v in left.items() if n != "AWS_REGION_NAME"})
    for _ in row.key_sets:
        session.start(live=[name])
        told = keys.key(name)
        await Runner.run(plain(name), "Hello!")
        assert told.variable
        assert vendor.seen[-1] == left[told.variable]
        for kept in (os.environ, keys._aside):
            kept.pop(told.variable, None)


def test_the_banner_says_what_is_live_and_no_key(
    started: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "ollama", lambda: Ollama(running=True, models=("llama3.1",)))
    os.environ["ANTHROPIC_API_KEY"] = KEY
    session.start(live=["anthropic", "ollama"], max_calls=7)
    assert capsys.readouterr().out == (
        "LIVE: anthropic (key from the environment, ends in 4f2a), ollama. Calls are real and cost money; agents from "
        "make_agent stop after 7. The other 7 are scripted on this machine.\n"
    )


def test_the_banner_of_nine_live_providers_promises_no_script(
    started: Server, vendor: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in PROVIDERS:
        os.environ.update(vendor.own(name))
    session.start(live=PROVIDERS)
    assert capsys.readouterr().out.endswith("Nothing is scripted.\n")
    with pytest.raises(RuntimeError, match="Every provider is live"):
        session.model_says("Hello.")


@pytest.mark.parametrize("live", ["together_ai", ["together_ai"], " Together ", "together_ai/openai/gpt-oss-120b"])
def test_litellms_prefix_stands_for_the_provider(live: Any, started: Server) -> None:
    os.environ["TOGETHER_API_KEY"] = KEY
    session.start(live=live)
    assert session.is_live("together")
    assert "TOGETHER_AI_API_BASE" not in os.environ


def test_a_provider_outside_the_nine_can_be_named(started: Server, capsys: pytest.CaptureFixture[str]) -> None:
    session.start(live=["groq"])
    assert session.is_live("groq")
    assert "LIVE: groq. " in capsys.readouterr().out
    assert "The other 9 are scripted" in session.banner()


@pytest.mark.parametrize(
    ("live", "kind", "message"),
    [
        (["antropic"], ValueError, r"No provider is called 'antropic', which live names\. Did you mean 'anthropic'"),
        (["anthropic"], ValueError, r"anthropic, which live names, cannot go live: no key: set ANTHROPIC_API_KEY in"),
        (True, TypeError, r'live=True: name providers, as in live=\["anthropic"\]'),
        ([7], TypeError, r"live=\[7\]: name providers"),
    ],
)
def test_a_live_that_cannot_be_is_refused_and_changes_nothing(
    live: Any, kind: type[Exception], message: str, started: Server
) -> None:
    session.model_says("kept")
    before = dict(os.environ)
    with pytest.raises(kind, match=message):
        session.start(live=live)
    assert dict(os.environ) == before
    assert session.banner().startswith("OFFLINE")
    assert started.waiting == 1


def test_a_refusal_says_what_is_wrong_where_the_key_should_stand(started: Server, dotenv: Any) -> None:
    dotenv(f"# mine\nANTHROPIC_API_KEY: {KEY}")
    os.environ["OPENAI_API_KEY"] = "sk-..."
    with pytest.raises(ValueError, match=r"in \.env \(line 2: There is a : where a = belongs\)\. See") as raised:
        session.start(live=["anthropic"])
    assert KEY[:-4] not in str(raised.value)
    with pytest.raises(ValueError, match=r"\(OPENAI_API_KEY in the environment still holds a placeholder\)"):
        session.start(live=["openai"])


def test_what_goes_live_is_the_key_without_the_quotes_around_it(
    started: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    os.environ["ANTHROPIC_API_KEY"] = f'"{KEY}" '
    session.start(live=["anthropic"])
    assert os.environ["ANTHROPIC_API_KEY"] == KEY
    assert f"anthropic (key from the environment, ends in {KEY[-4:]})" in capsys.readouterr().out
    session.start()
    assert os.environ["ANTHROPIC_API_KEY"] == DUMMY_KEY


def test_a_refused_switch_leaves_what_is_live_live(started: Server) -> None:
    os.environ["OPENAI_API_KEY"] = KEY
    session.start(live="openai")
    with pytest.raises(ValueError, match="no key"):
        session.start(live="cohere")
    assert (session.is_live("openai"), os.environ["OPENAI_API_KEY"]) == (True, KEY)


def test_a_refused_first_start_spends_no_key_either(learner: Path) -> None:
    os.environ["OPENAI_API_KEY"] = KEY
    with pytest.raises(ValueError, match="no key"):
        session.start(live=["openai", "cohere"])
    assert os.environ["OPENAI_API_KEY"] == DUMMY_KEY


@pytest.mark.usefixtures("learner")
def test_a_kernel_whose_first_start_was_refused_is_one_that_runs_offline() -> None:
    done = fresh(
        "import asyncio, anymodel_course as course\n"
        "try:\n"
        "    course.start(live=['anthropic'])\n"
        "except ValueError as error:\n"
        "    print(error)\n"
        "from agents import Runner\n"
        "async def main():\n"
        "    result = await Runner.run(course.make_agent('openai'), 'Hello!')\n"
        "    await course.meter.settled()\n"
        "    print(list(course.meter.counts)[0][0], course.trace_tree(result).nodes[0].kind)\n"
        "asyncio.run(main())\n"
    )
    assert done.stdout.splitlines()[-1] == "scripted task", done.stdout + done.stderr


@pytest.mark.parametrize("max_calls", [0, -1, 1.5, "9", True, None])
def test_a_cap_is_a_whole_number_of_calls(max_calls: Any, started: Server) -> None:
    with pytest.raises(ValueError, match="give a whole number of calls, at least 1"):
        session.start(max_calls=max_calls)


def test_anymodel_live_speaks_where_start_says_nothing(
    started: Server, dotenv: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    os.environ["OPENAI_API_KEY"] = KEY
    dotenv("ANYMODEL_LIVE=ollama")
    session.start()
    assert capsys.readouterr().out.startswith("LIVE: ollama.")
    os.environ["ANYMODEL_LIVE"] = '"OpenAI, ollama"'  # the environment goes before the file; cmd keeps quotes
    session.start()
    assert capsys.readouterr().out.startswith("LIVE: ollama, openai (key from the environment, ends in 4f2a).")
    session.start(live=[])
    assert capsys.readouterr().out.startswith("OFFLINE")
    os.environ["ANYMODEL_LIVE"] = "opnai"
    with pytest.raises(ValueError, match="'opnai', which ANYMODEL_LIVE names. Did you mean 'openai'"):
        session.start()
    os.environ["ANYMODEL_LIVE"] = KEY * 2  # in the wrong line of a file
    with pytest.raises(ValueError, match="No provider is called that .*, which ANYMODEL_LIVE names"):
        session.start()


# --- not while a run is under way ---


@asynccontextmanager
async def under_way(started: Server, run: Callable[[], Any]) -> AsyncIterator[asyncio.Task[Any]]:
    task = asyncio.ensure_future(run())
    for _ in range(500):
        if any(e.answered_by == "queue" and e.seconds is None for e in started.log):
            break
        await asyncio.sleep(0.01)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def soon(start: Callable[[], None]) -> None:
    """Call it until it is allowed: a closed connection is noticed in milliseconds, but not at once."""
    deadline = time.monotonic() + 60  # a busy machine has its time; this only ends a hang
    while True:
        try:
            return start()
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.01)


async def read_through(agent: Agent[Any], config: RunConfig | None) -> None:
    async for _ in Runner.run_streamed(agent, "Hello!", run_config=config).stream_events():
        pass


@pytest.mark.parametrize("config", [None, UNTRACED], ids=["traced", "untraced"])
@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
async def test_switching_is_refused_while_a_run_is_under_way_and_no_longer(
    started: Server, streamed: bool, config: RunConfig | None
) -> None:
    agent = make_agent("openai")
    os.environ["ANTHROPIC_API_KEY"] = KEY
    session.model_says(SLOW)

    def run() -> Any:
        return read_through(agent, config) if streamed else Runner.run(agent, "Hello!", run_config=config)

    async with under_way(started, run) as task:
        for live in (["anthropic"], None):
            with pytest.raises(RuntimeError, match="still under way.*Await it or cancel it"):
                session.start(live=live)
        task.cancel()  # what interrupting the kernel does
        with pytest.raises(asyncio.CancelledError):
            await task
        await soon(lambda: session.start(live=["anthropic"]))


@pytest.mark.parametrize("config", [None, UNTRACED], ids=["traced", "untraced"])
@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("where", ["in a thread", "in the loop", "in a task of its own"])
async def test_switching_is_refused_between_two_turns_too(
    started: Server, where: str, streamed: bool, config: RunConfig | None
) -> None:
    refused: list[str] = []

    def switch() -> str:
        """Go live in the middle of a run."""
        try:
            session.start()
        except RuntimeError as error:
            refused.append(str(error))
        return "done"

    async def switch_in_the_loop() -> str:
        """Go live in the middle of a run."""
        return switch()

    async def switch_in_a_task() -> str:
        """Go live in the middle of a run."""
        await asyncio.sleep(0)
        return await asyncio.create_task(switch_in_the_loop())

    function = {"in a thread": switch, "in the loop": switch_in_the_loop, "in a task of its own": switch_in_a_task}[
        where
    ]
    agent = make_agent("openai", tools=[function_tool(function, name_override="switch")])
    session.start()  # here, where the event loop is
    session.model_says(call("switch"), "Over.")
    await (read_through(agent, config) if streamed else Runner.run(agent, "Hello!", run_config=config))
    assert len(refused) == 1, refused
    assert "still under way" in refused[0]
    session.start()


class Switching(SQLiteSession):
    """A session of the SDK, which runs in the midst of it, that tries to switch."""

    said = ""

    async def get_items(self, limit: int | None = None) -> list[Any]:
        try:
            session.start()
        except RuntimeError as error:
            self.said = str(error)
        return []


@pytest.mark.parametrize("config", [None, UNTRACED], ids=["traced", "untraced"])
async def test_switching_is_refused_from_within_the_sdks_own_code(started: Server, config: RunConfig | None) -> None:
    memory = Switching("here")
    await Runner.run(make_agent("openai"), "Hello!", session=memory, run_config=config)
    assert "still under way" in memory.said


def test_a_run_left_in_a_loop_that_is_closed_is_over(started: Server) -> None:
    sdk: dict[str, Any] = {"__name__": "agents.run", "asyncio": asyncio}
    exec("async def run(): await asyncio.sleep(60)", sdk)  # the SDK's own would complain when it is thrown away

    async def leave_one_behind() -> asyncio.Task[Any]:
        session.start()
        left = asyncio.create_task(sdk["run"]())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="still under way"):
            session.start()
        return left

    loop = asyncio.new_event_loop()
    left = loop.run_until_complete(leave_one_behind())
    loop.close()
    session.start()
    assert not left.done()
    left._log_destroy_pending = False  # type: ignore[attr-defined]


async def test_a_task_that_is_no_run_keeps_nobody_from_switching(started: Server) -> None:
    waiting = asyncio.create_task(asyncio.sleep(60))
    await asyncio.sleep(0)
    session.start()
    waiting.cancel()


@pytest.mark.parametrize("failure", ["bad_request", "disconnect"])
async def test_a_failed_run_is_over(failure: str, started: Server) -> None:
    session.model_says(fails(failure), times=5)
    with pytest.raises(Exception, match="litellm"):
        await Runner.run(plain("anthropic"), "Hello!")
    session.start()


async def test_a_streamed_run_that_nobody_reads_to_its_end_is_over_in_the_end(started: Server) -> None:
    session.model_says("One two three.")
    result = Runner.run_streamed(make_agent("openai"), "Hello!")
    async for _ in result.stream_events():
        break
    await soon(session.start)


async def test_a_run_that_has_just_ended_is_over(started: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    close = started.log.close

    def late(exchange: Any) -> None:
        time.sleep(0.05)  # the server's thread is slower than the client that has read the answer
        close(exchange)

    monkeypatch.setattr(started.log, "close", late)
    await Runner.run(plain("openai"), "Hello!")
    session.start()


async def test_an_open_trace_is_no_run(started: Server) -> None:
    with trace("a lesson with several runs"):
        await Runner.run(plain("openai"), "Hello!")
        session.start()
    forgotten = trace("never closed")
    forgotten.start()
    session.start()


# --- the server can go ---


async def test_a_stopped_server_is_replaced_by_the_next_start(started: Server) -> None:
    old = started.base
    started.stop()
    for refused in (session.environment, lambda: session.model_says("Hello.")):
        with pytest.raises(RuntimeError, match=r"call course\.start\(\) first"):
            refused()
    session.start()
    assert os.environ["OPENAI_BASE_URL"].startswith(session.stand_in().base)
    assert session.stand_in().base != old
    session.model_says("Here again.")
    assert (await Runner.run(plain("openai"), "Hello!")).final_output == "Here again."


async def test_a_server_that_died_while_it_answered_blocks_no_start(started: Server) -> None:
    session.model_says(SLOW, times=5)
    async with under_way(started, lambda: Runner.run(plain("anthropic"), "Hello!", run_config=UNTRACED)):
        assert started._uvicorn
        assert started._thread
        started._uvicorn.end()
        await asyncio.to_thread(started._thread.join, 10)
    session.start()


# --- model_says ---


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize(
    ("arguments", "options", "kind", "message"),
    [
        ((), {}, TypeError, "give at least one reply"),
        ((7,), {}, TypeError, "A model cannot say 7. It can say a string"),
        ((None,), {}, TypeError, "A model cannot say None"),
        ((["text", fails("rate_limit")],), {}, TypeError, "A list is one answer"),
        (("x",), {"provider": "antropic"}, ValueError, "Did you mean 'anthropic'"),
        (("x",), {"provider": ["openai"]}, TypeError, "named by a string"),
        (("x",), {"times": 0}, ValueError, "times=0"),
    ],
)
def test_model_says_refuses_what_no_model_says(
    arguments: tuple[Any, ...], options: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        session.model_says(*arguments, **options)
    assert session.stand_in().waiting == 0


def test_model_says_refuses_a_provider_that_is_live(started: Server) -> None:
    os.environ["TOGETHER_API_KEY"] = KEY
    session.start(live="together")
    for name in ("together", "together_ai"):
        with pytest.raises(RuntimeError, match=r"together is live: nobody can decide.*Call start\(\)"):
            session.model_says("Hello.", provider=name)
    session.model_says("Hello.")
    session.model_says("Hello.", provider="openai")


@pytest.mark.usefixtures("learner")
def test_before_the_first_start_everything_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_server", None)
    for refused in (session.environment, session.stand_in, lambda: session.model_says("Hello.")):
        with pytest.raises(RuntimeError, match=r"Nothing is running yet: call course\.start\(\) first"):
            refused()


async def test_a_reply_for_one_provider_waits_for_it(started: Server) -> None:
    session.model_says("For Gemini.", provider="gemini")
    session.model_says("For anybody.")
    assert (await Runner.run(plain("openai"), "Hello!")).final_output == "For anybody."
    assert (await Runner.run(plain("gemini"), "Hello!")).final_output == "For Gemini."
