"""`python -m scripted_providers`: serve, run and check."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from scripted_providers import DUMMY_KEY, ENDPOINTS, Server
from scripted_providers.__main__ import main

HELLO = {"model": "gpt-4.1-mini", "messages": [{"role": "user", "content": "Hello."}]}
AUTH = {"authorization": "Bearer good-key"}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    file = tmp_path / "rules.yaml"
    file.write_text(
        "- {when: {user: hello}, text: Hi.}\n"
        "- {when: {user: hello there}, text: Shadowed.}\n"
        "- {when: {user: never}, text: Unreached.}\n",
        encoding="utf-8",
    )
    return file


def ask(base: str, said: str = "Hello.", key: str = "good-key") -> httpx.Response:
    body = HELLO | {"messages": [{"role": "user", "content": said}]}
    headers = {"authorization": f"Bearer {key}"}
    return httpx.post(base + "/openai/v1/chat/completions", headers=headers, json=body, trust_env=False)


# --- serve -------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="interrupts a process as a terminal does")
def test_serve_says_first_where_and_answers_until_interrupted(rules: Path) -> None:
    command = [sys.executable, "-m", "scripted_providers", "serve", "--scenario", str(rules), "--key", "good-key"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as serving:
        try:
            assert serving.stdout is not None
            first = serving.stdout.readline()
            assert first.startswith("listening on http://127.0.0.1:")
            base = first.split()[-1]
            assert ask(base).json()["choices"][0]["message"]["content"] == "Hi."
            assert ask(base, key="other-key").status_code == 401
            port = base.rpartition(":")[2]
            taken = subprocess.run([*command, "--port", port], capture_output=True, text=True, timeout=20, check=False)
            assert (taken.returncode, taken.stdout) == (2, "")
            assert taken.stderr.endswith("is taken or not allowed; choose another or 0.\n")
            assert taken.stderr.count("\n") == 1
            serving.send_signal(signal.SIGINT)
            out, err = serving.communicate(timeout=10)
            assert (serving.returncode, out, err) == (0, "", "")
        finally:
            serving.kill()


# --- run ---------------------------------------------------------------------------------------------------------

SCRIPT = """
import json, os, sys, urllib.request
body = json.dumps({"model": "m", "messages": [{"role": "user", "content": sys.argv[2]}]}).encode()
headers = {"authorization": "Bearer " + os.environ["OPENAI_API_KEY"], "content-type": "application/json"}
url = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
    said = json.load(answer)["choices"][0]["message"]["content"]
print(json.dumps({"said": said, "arguments": sys.argv[1:], "environment": dict(os.environ)}))
sys.exit(3)
"""


def test_run_gives_a_program_scripted_providers_and_none_of_the_learners_keys(
    rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for endpoint in ENDPOINTS.values():
        for name in endpoint.variables:
            monkeypatch.setenv(name, f"planted-{name}")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "kept.example")
    monkeypatch.setenv("UNRELATED", "kept")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    status = main(["run", "--scenario", str(rules), str(script), "--port", "hello", "-x", "--scenario"])
    said = capfd.readouterr()
    assert (status, said.err) == (3, "")
    told = json.loads(said.out)
    assert told["said"] == "Hi."
    assert told["arguments"] == ["--port", "hello", "-x", "--scenario"]
    environment = told["environment"]
    assert "planted" not in json.dumps(environment)
    assert environment["OPENAI_API_KEY"] == DUMMY_KEY
    assert environment["OPENAI_AGENTS_DISABLE_TRACING"] == "1"
    assert (environment["UNRELATED"], environment["NO_PROXY"]) == ("kept", "kept.example,127.0.0.1,localhost")
    assert os.environ["OPENAI_API_KEY"] == "planted-OPENAI_API_KEY"


def test_run_tells_of_a_program_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for missing in (tmp_path / "none.py", tmp_path):
        assert main(["run", str(missing)]) == 2
        assert capsys.readouterr().err == f"{missing}: no such program.\n"


# --- check -------------------------------------------------------------------------------------------------------


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the log of a run with three requests and one that the queue answered."""
    folder = tmp_path / "log"
    monkeypatch.setenv("SCRIPTED_PROVIDERS_LOG", str(folder))
    with Server(record=True) as server:
        for said in ("Hello.", "Hello there!", "Goodbye.", "Goodbye."):
            ask(server.base, said)
        server.says("From the queue.")
        ask(server.base, "A queued one.")
        ask(server.base, "Refused.", key="bad-key")
    return folder


def test_check_names_the_unreached_the_shadowed_and_the_unanswered(
    rules: Path, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = (
        "rules.yaml:3: no prompt reaches this rule\n"
        "rules.yaml:2: shadowed by rules.yaml:1\n"
        "no rule answers: 'Goodbye.'\n"
        "4 requests, 3 findings\n"
    )
    for logged in (log, next(log.iterdir())):
        assert main(["check", "--scenario", str(rules), str(logged)]) == 1
        assert capsys.readouterr().out == expected


def test_check_is_content_where_every_rule_and_prompt_has_its_match(
    rules: Path, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules.write_text("- {when: {user: there}, text: a}\n- {text: b}\n", encoding="utf-8")
    assert main(["check", "--scenario", str(rules), str(log)]) == 0
    assert capsys.readouterr().out == "4 requests, 0 findings\n"


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"ask": {"provider": 1}, "answered_by": "mirror"}', "null", ""])
def test_check_names_the_line_of_a_log_that_is_none(
    rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"ask": null, "answered_by": "provider"}\n' + line + "\n", encoding="utf-8")
    assert main(["check", "--scenario", str(rules), str(broken)]) == 2
    assert capsys.readouterr().err == "broken.jsonl:2: expected an exchange as SCRIPTED_PROVIDERS_LOG writes it\n"


# --- mistakes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "the following arguments are required: verb"),
        (["srve"], "invalid choice: 'srve'"),
        (["serve", "--prt", "1"], "unrecognized arguments: --prt 1"),
        (["serve", "--port", "one"], "argument --port: invalid int value: 'one'"),
        (["run"], "the following arguments are required: script"),
        (["check"], "the following arguments are required: log"),
        (["serve", "--port", "70000"], "port=70000: a port is a whole number from 0 to 65535."),
        (["serve", "--scenario", "none.yaml"], "none.yaml: expected a scenario file in UTF-8: "),
        (["serve", "--scenario", ""], "expected the name of a scenario file, and got an empty one"),
        (["check", "none.jsonl"], "No such file or directory: 'none.jsonl'"),
    ],
)
def test_a_wrong_option_is_told_in_a_sentence_and_the_status_is_2(
    arguments: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        status: object = main(arguments)
    except SystemExit as left:  # argparse's own
        status = left.code
    said = capsys.readouterr()
    assert (status, said.out) == (2, "")
    assert told in said.err
    assert "Traceback" not in said.err


@pytest.mark.skipif(os.name == "nt", reason="no process ends by a signal there")
def test_a_program_that_a_signal_ended_has_the_status_that_a_shell_tells(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\n", encoding="utf-8")
    assert main(["run", str(script)]) == 128 + 15


def test_a_scenario_without_end_is_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "deep.yaml"
    file.write_text("[" * 3000, encoding="utf-8")
    assert main(["serve", "--scenario", str(file)]) == 2
    assert capsys.readouterr().err.startswith("deep.yaml:1: expected YAML: ")


def test_a_mistake_in_a_scenario_is_told_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("- text: a\n- txt: b\n", encoding="utf-8")
    assert main(["serve", "--scenario", str(file)]) == 2
    assert capsys.readouterr().err.startswith("wrong.yaml:2: txt: not known here; expected one of text, json, ")
