"""The doctor: every finding with its fix, no secret in any, and never in the way of what it looks at."""

import importlib.metadata
import importlib.util
import os
import re
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from anymodel_course import session, stacks
from anymodel_course.instruments import doctor as module
from anymodel_course.instruments.doctor import Finding, Report, doctor, main
from anymodel_course.providers import PROVIDERS
from scripted_providers import ENDPOINTS
from scripted_providers.server import Server

KEY = "sk-real-0123456789abcd4f2a"
COURSE_STACK = {"openai-agents": "0.20.0", "litellm": "1.106.2", "openai": "2.54.0"}


@pytest.fixture(autouse=True)
def usual_machine(learner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which everything is as it should be, whatever this one is like."""
    monkeypatch.setattr("anymodel_course.local_ollama.PORT", dead_port())
    monkeypatch.setattr(stacks, "installed", lambda name: COURSE_STACK.get(name, "1.0"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.delenv("ANYMODEL_DOTENV")
    (learner / ".env").touch()


def dead_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def listening(answer: bytes | None) -> Iterator[int]:
    """A program on some port that gives everybody the same answer, or takes calls and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection = server.accept()[0]
                except OSError:
                    return
                if answer is None:
                    silent.append(connection)
                else:
                    with connection:
                        connection.recv(4096)
                        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + answer)

        silent: list[socket.socket] = []
        threading.Thread(target=serve, daemon=True).start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)
        for connection in silent:
            connection.close()


def found(name: str) -> list[Finding]:
    return [finding for finding in doctor().findings if finding.name == name]


def the(name: str) -> Finding:
    (finding,) = found(name)
    return finding


# --- the report ---


def test_a_machine_as_it_should_be_has_no_problem() -> None:
    report = doctor()
    assert (report.ok, report.problems) == (True, [])
    assert str(report).endswith("\nNo problem found.")
    assert {f.name for f in report.findings} >= {
        "Python",
        "kernel",
        "packages",
        "versions",
        ".env",
        "proxy",
        "loopback",
    }


def test_a_report_is_text_and_a_table_and_names_its_problems() -> None:
    report = Report((Finding("this", "ok", "fine."), Finding("<that>", "problem", "broken.", "Mend it.")))
    assert str(report) == "ok       this: fine.\nproblem  <that>: broken. Mend it.\n1 problem found: <that>."
    assert repr(report) == str(report)
    assert [p.name for p in report.problems] == ["<that>"]
    assert not report.ok
    page = re.sub(r"<(\w+) [^>]*>", r"<\1>", report._repr_html_())  # how a cell is laid out is no matter
    assert "<td>problem</td><td>&lt;that&gt;</td><td>broken.</td><td>Mend it.</td>" in page
    assert page.endswith("<p>1 problem found: &lt;that&gt;.</p>")


def test_long_findings_are_wrapped_below_themselves() -> None:
    lines = str(Report((Finding("long", "note", "word " * 60),))).splitlines()[:-1]
    assert len(lines) > 2
    assert all(line.startswith(" " * 9) and len(line) <= 110 for line in lines[1:])


def test_the_exit_code_tells_a_script_of_problems_only(capsys: pytest.CaptureFixture[str], dotenv: Any) -> None:
    dotenv("export OPENAI_API_KEY=\nexport A=1")
    assert main([]) == 0
    assert "note     .env: line 2: `export` is for shells." in capsys.readouterr().out
    dotenv("OPENAI_API_KEY=sk-...")
    assert main([]) == 1
    assert capsys.readouterr().out.endswith("1 problem found: .env.\n")


def test_there_is_nothing_to_tell_the_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["openai"])
    assert "unrecognized arguments: openai" in capsys.readouterr().err


def test_a_check_that_breaks_is_a_finding_and_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def _broken_part() -> Iterator[Finding]:
        raise ValueError(KEY)
        yield

    monkeypatch.setattr(module, "CHECKS", (_broken_part, *module.CHECKS))
    report = doctor()
    assert (report.findings[0].name, report.findings[0].level) == ("broken part", "problem")
    assert report.findings[0].found == "could not be looked at (ValueError)."
    assert report.findings[1].name == "Python"
    assert KEY not in str(report)


# --- Python and packages ---


@pytest.mark.parametrize(
    ("version", "level"), [((3, 10, 9), "problem"), ((3, 11, 0), "ok"), ((3, 13, 2), "ok"), ((3, 14, 0), "problem")]
)
def test_the_pythons_that_the_course_runs_on(version: Any, level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    (finding,) = module._python()
    assert (finding.level, finding.found) == (level, f"{'.'.join(map(str, version))}.")


def test_another_kernel_than_the_projects_own_is_told_with_what_to_choose(
    learner: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "__file__", str(learner / "src/anymodel_course/instruments/doctor.py"))
    assert the("kernel").found.startswith("an environment of your own")
    (learner / ".venv").mkdir()
    elsewhere = the("kernel")
    assert elsewhere.level == "note"
    assert "Select Kernel, Python Environments, .venv" in elsewhere.fix
    monkeypatch.setattr(sys, "prefix", str(learner / ".venv"))
    assert the("kernel") == Finding("kernel", "ok", "the project's own .venv.")


@pytest.mark.parametrize(
    ("agents", "litellm", "openai", "level", "words"),
    [
        ("0.20.0", "1.106.2", "2.54.0", "ok", "stack A, the course's own"),
        ("0.20.3", "1.106.9", "2.54.1", "ok", "stack A"),
        ("0.24.0", "1.109.1", "3.54.0", "note", "stack B, newer than the course's"),
        ("0.24.0", "1.83.0", "3.54.0", "problem", "the trap of a bare `pip install 'openai-agents[litellm]'`"),
        ("0.24.0", "1.106.2", "3.54.0", "note", "not a stack that the course has been run on"),
        ("0.20.0", "1.106.2", None, "problem", "openai missing"),
        (None, None, None, "problem", "openai-agents missing, litellm missing, openai missing"),
    ],
)
def test_versions_are_held_against_the_stacks(
    agents: str, litellm: str, openai: str, level: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = {"openai-agents": agents, "litellm": litellm, "openai": openai}
    monkeypatch.setattr(stacks, "installed", versions.get)
    finding = the("versions")
    assert finding.level == level
    assert words in finding.found
    assert "lab.py" in finding.fix or level == "ok" or "stack B" in words


@pytest.mark.parametrize("version", ["1.82.7", "1.82.8"])
def test_malware_is_a_problem_with_what_to_do(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacks, "installed", {**COURSE_STACK, "litellm": version}.get)
    finding = the("litellm")
    assert (finding.level, finding.found) == ("problem", f"{version} is malware that steals credentials.")
    assert "replace every key" in finding.fix
    assert found("versions") == []


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = {"litellm", "starlette"}
    monkeypatch.setattr(stacks, "installed", lambda name: None if name in gone else "1.0")
    assert the("packages") == Finding(
        "packages",
        "problem",
        "missing or broken: litellm, starlette.",
        "Run `python3 lab.py` (Windows: `py -3.13 lab.py`).",
    )


@pytest.mark.parametrize("broken", [KeyError("Version"), OSError("disk"), importlib.metadata.PackageNotFoundError("x")])
def test_a_broken_distribution_counts_as_missing(broken: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    def fail(_: str) -> str:
        raise broken

    monkeypatch.setattr(importlib.metadata, "version", fail)
    assert stacks.installed("litellm") is None


def test_imports_that_stay_slow_are_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found("bytecode") == []
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert the("bytecode").level == "note"
    here = importlib.util.spec_from_file_location("litellm", __file__)
    assert here
    here.cached = __file__
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: here)
    assert the("bytecode").level == "ok"


# --- .env and keys ---


def test_a_file_is_counted_and_each_oddity_told(dotenv: Any) -> None:
    dotenv(f"\r\nOPENAI_API_KEY={KEY}\r\nCO_API_KEY=<key>\r\nMISTRAL_API_KEY: {KEY}\r\n")
    read, crlf, placeholder, colon = found(".env")
    assert read.found == "read; it sets 1 variable."
    assert (crlf.level, crlf.found) == ("note", "Lines end as on Windows (CRLF).")
    assert (placeholder.level, placeholder.found) == ("problem", "line 3: CO_API_KEY still holds a placeholder.")
    assert placeholder.fix.endswith("https://dashboard.cohere.com/api-keys")
    assert (colon.level, colon.fix) == ("problem", "Write NAME=value.")


def test_no_file_is_told_apart_from_one_that_is_misnamed(learner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYMODEL_DOTENV", str(learner / "nowhere.env"))
    assert the(".env").level == "note"
    assert "nowhere" not in the(".env").found
    monkeypatch.setattr("anymodel_course.keys.find_dotenv", lambda *_, usecwd: "")
    monkeypatch.delenv("ANYMODEL_DOTENV")
    assert the(".env") == Finding(
        ".env", "ok", "there is none, and offline needs none. To go live, copy .env.example to .env."
    )


def test_a_file_named_txt_is_a_problem_and_not_none(learner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANYMODEL_DOTENV", raising=False)
    (learner / ".env").rename(learner / ".env.txt")
    found = the(".env")
    assert (found.level, found.found) == ("problem", "The file here is called .env.txt.")
    assert found.fix.startswith("Rename it to .env")


def test_each_key_is_told_of_by_its_source_and_last_four(dotenv: Any) -> None:
    dotenv(f"ANTHROPIC_API_KEY={KEY}")
    os.environ["GOOGLE_API_KEY"] = "AIza-0123456789-9999"
    os.environ["CO_API_KEY"] = f"Bearer {KEY}"
    assert the("key of Anthropic") == Finding("key of Anthropic", "ok", "set, from .env, ends in 4f2a.")
    assert the("key of Google Gemini").found == "set, from the environment, ends in 9999."
    assert the("key of Ollama").found == "needs no key."
    garbled = the("key of Cohere")
    assert (garbled.level, "Copy it again" in garbled.fix) == ("problem", True)
    missing = the("key of OpenAI")
    assert missing.level == "ok"
    assert missing.found.endswith("To go live: OPENAI_API_KEY in .env, from https://platform.openai.com/api-keys")


@pytest.mark.parametrize("before", ["", "start", "live"])
def test_odd_values_in_the_environment_are_notes(before: str) -> None:
    assert found("environment") == []
    os.environ |= {"ANTHROPIC_API_KEY": f'"{KEY}"', "MISTRAL_API_KEY": "sk-...", "AZURE_API_BASE": "https://<resource>"}
    if before:
        session.start(live=["anthropic"] if before == "live" else [])
    assert [(f.level, f.found, f.fix) for f in found("environment")] == [
        (
            "note",
            "ANTHROPIC_API_KEY in the environment has spaces or quotes around its value.",
            "They were left off; take them out.",
        ),
        (
            "note",
            "AZURE_API_BASE in the environment still holds a placeholder.",
            "Put your address there. https://portal.azure.com",
        ),
        (
            "note",
            "MISTRAL_API_KEY in the environment still holds a placeholder.",
            "Put your key there. https://console.mistral.ai/api-keys",
        ),
    ]
    assert the("key of Anthropic").found == "set, from the environment, ends in 4f2a."
    assert the("key of Mistral").found.startswith("none")
    assert found("address") == []


@pytest.mark.parametrize("before", ["", "start", "live"])
def test_no_secret_is_shown_wherever_it_stands(before: str, dotenv: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for endpoint in ENDPOINTS.values():
        os.environ.update(dict.fromkeys(endpoint.variables, KEY))
    for name in ("OPENAI_BASE_URL", "MISTRAL_AZURE_API_BASE", "HTTPS_PROXY", "all_proxy", "ANYMODEL_LIVE"):
        os.environ[name] = f"http://user:{KEY}@gateway.example:8080/{KEY}?key={KEY}#{KEY}"
    os.environ["OLLAMA_API_BASE"] = f"http://[{KEY}"
    dotenv(f"{KEY}\nset X={KEY}\nA_KEY={KEY} {KEY}\nOTHER_API_BASE=http://{KEY}@here\n{KEY}={KEY}\nB='{KEY}")
    if before:
        session.start(live=["openai"] if before == "live" else [])
    report = doctor()
    shown = str(report) + report._repr_html_() + repr(report.findings) + capsys.readouterr().out
    assert "0123456789" not in shown
    assert "gateway.example:8080" in shown


def test_what_goes_live_by_itself_is_told_of(dotenv: Any) -> None:
    assert found("going live") == []
    dotenv("ANYMODEL_LIVE=openai")
    assert the("going live").level == "note"


# --- addresses and proxies ---


def test_a_base_on_this_machine_where_nothing_answers_is_a_problem() -> None:
    port = dead_port()
    os.environ["OPENAI_BASE_URL"] = f"http://127.0.0.1:{port}/openai/v1"
    (finding,) = found("address")
    assert finding.level == "problem"
    assert finding.found == (
        f"OPENAI_BASE_URL, from the environment, leads OpenAI to 127.0.0.1:{port}, where nothing answers."
    )
    assert "Unset OPENAI_BASE_URL" in finding.fix


def test_a_base_that_answers_or_is_elsewhere_is_a_note(dotenv: Any) -> None:
    with listening(b"") as port:
        os.environ["ANTHROPIC_BASE_URL"] = f"http://localhost:{port}"
        dotenv("COHERE_API_BASE=https://gateway.example/v2/chat")
        assert [(f.level, f.found) for f in found("address")] == [
            ("note", f"ANTHROPIC_BASE_URL, from the environment, leads Anthropic to localhost:{port}."),
            ("note", "COHERE_API_BASE, from .env, leads Cohere to gateway.example:443."),
        ]


def test_ollama_and_azure_have_no_host_of_their_own() -> None:
    os.environ |= {"AZURE_API_BASE": "https://mine.openai.azure.com", "OLLAMA_HOST": "0.0.0.0:11434"}
    assert found("address") == []
    os.environ["OLLAMA_API_BASE"] = f"http://localhost:{dead_port()}"
    assert [f.level for f in found("address")] == ["note"]
    os.environ["AZURE_API_BASE"] = f"http://localhost:{dead_port()}"
    assert {f.level for f in found("address")} == {"note", "problem"}


def test_what_start_placed_is_not_held_against_the_learner_but_what_it_set_aside_is(started: Server) -> None:
    before = doctor()
    assert found("address") == []
    started.stop()
    assert found("address") == []
    os.environ["TOGETHER_AI_API_BASE"] = "https://gateway.example/v1"
    session.start()
    assert [f.found for f in found("address")] == [
        "TOGETHER_AI_API_BASE, from the environment, leads Together AI to gateway.example:443."
    ]
    assert [f.name for f in before.findings] == [f.name for f in doctor().findings if f.name != "address"]


def test_a_proxy_is_told_of_with_what_start_does_about_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert the("proxy") == Finding("proxy", "ok", "none.")
    os.environ["HTTPS_PROXY"] = "http://me:sesame@proxy.example:3128/path"
    finding = the("proxy")
    assert finding.level == "note"
    assert finding.found.startswith("https over proxy.example:3128, and for requests to this machine too")
    assert "start() adds 127.0.0.1 and localhost to NO_PROXY" in finding.fix
    session.start()
    assert the("proxy").level == "ok"
    assert the("proxy").found == "https over proxy.example:3128; not for this machine's own addresses."


@pytest.mark.parametrize("spared", ["*", "localhost, 127.0.0.1"])
def test_a_proxy_that_spares_this_machine_is_fine(spared: str) -> None:
    os.environ |= {"http_proxy": "proxy.example:3128", "no_proxy": spared}
    assert the("proxy").level == "ok"


@pytest.mark.skipif(importlib.util.find_spec("socksio") is not None, reason="socksio is installed")
def test_a_socks_proxy_without_its_package_is_a_problem_as_it_stops_every_request() -> None:
    os.environ |= {"ALL_PROXY": "socks5://127.0.0.1:9", "NO_PROXY": "127.0.0.1,localhost"}
    with pytest.raises(ImportError, match="socksio"):
        httpx.Client()
    assert the("proxy").level == "ok"
    assert "The likely cause is ALL_PROXY" in the("HTTP").found
    assert "pip install socksio" in the("HTTP").fix


@pytest.mark.parametrize(
    ("variable", "value", "error"),
    [
        ("SSL_CERT_FILE", "/nonexistent.pem", "FileNotFoundError"),
        ("NO_PROXY", "[::1],localhost", "InvalidURL"),
        ("ALL_PROXY", "ftp://me:sesame@x", "ValueError"),
        ("HTTPS_PROXY", "me:sesame@x:port", "InvalidURL"),
    ],
)
def test_a_variable_with_which_no_request_can_be_made_is_a_problem_and_named(
    variable: str, value: str, error: str
) -> None:
    assert found("HTTP") == []
    os.environ[variable] = value
    with pytest.raises(Exception, match=".") as raised:
        httpx.Client()
    assert raised.type.__name__ == error
    finding = the("HTTP")
    assert finding.level == "problem"
    assert f"({error}). The likely cause is {variable}" in finding.found
    assert finding.fix
    assert "sesame" not in str(doctor())


# --- this machine ---


@pytest.mark.parametrize(
    ("answer", "level", "words"),
    [
        (b'{"models": [{"name": "llama3.1:latest"}]}', "ok", "with llama3.1:latest"),
        (b'{"models": []}', "ok", "without a model"),
        (b"<html>", "note", "another program answers on"),
        (b"", "note", "another program answers on"),
        (None, "ok", "nothing answers on port"),
    ],
)
def test_ollama_is_known_by_its_answer(
    answer: bytes | None, level: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening(answer) as port:
        monkeypatch.setattr("anymodel_course.local_ollama.PORT", port)
        finding = the("Ollama")
    assert finding.level == level
    assert words in finding.found


def test_no_ollama_is_fine_and_says_where_to_get_it() -> None:
    finding = the("Ollama")
    assert finding.level == "ok"
    assert "Fine offline, where it is scripted" in finding.found
    assert "https://ollama.com/download" in finding.fix


def test_a_sandbox_without_loopback_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> socket.socket:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(socket, "create_server", refuse)
    finding = the("loopback")
    assert finding.level == "problem"
    assert "(Operation not permitted)" in finding.found


def test_every_provider_is_looked_at() -> None:
    named = [f.name for f in doctor().findings if f.name.startswith("key of")]
    assert named == [f"key of {row.title}" for row in PROVIDERS.values()]


def test_a_model_that_ends_soon_is_a_note_and_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    model = PROVIDERS["anthropic"].model
    monkeypatch.setattr("anymodel_course.price_list.bundled", lambda: {model: {"deprecation_date": "2026-11-30"}})
    report = doctor()
    (finding,) = [f for f in report.findings if f.name == "model"]
    assert (finding.level, report.ok) == ("note", True)
    assert f"{model} is served until 2026-11-30 only." in finding.found
