"""`python -m scripted_providers`: serve the stand-in, run a program against it, or check a scenario."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from .check import asks_in, check
from .environment import ENDPOINTS
from .scenario import ScenarioError, read
from .server import Server, any_key_but_bad


def main(arguments: list[str] | None = None) -> int:
    """Run one verb and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m scripted_providers", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    scenario = argparse.ArgumentParser(add_help=False)
    scenario.add_argument(
        "--scenario", action="append", default=[], metavar="FILE", help="rules that answer (YAML); repeatable"
    )

    serve = verbs.add_parser("serve", parents=[scenario], help="serve until interrupted; the first line says where")
    serve.add_argument("--port", type=int, default=0, help="a free one by default")
    serve.add_argument("--key", help='the only key that passes; without it, any but "bad-key"')

    run = verbs.add_parser("run", parents=[scenario], help="run a Python program with every provider scripted")
    run.add_argument("script", type=Path)
    run.add_argument("arguments", nargs=argparse.REMAINDER, help="handed to the program")

    judge = verbs.add_parser("check", parents=[scenario], help="hold a scenario against logged requests")
    judge.add_argument(
        "log", nargs="+", help="what SCRIPTED_PROVIDERS_LOG=FOLDER made a run write: files or the folder"
    )

    given = parser.parse_args(arguments)
    try:
        rules = read(*given.scenario)
        if given.verb == "serve":
            only = given.key
            judge_key = any_key_but_bad if only is None else (lambda key: None if key == only else "")
            Server(rules, judge=judge_key, port=given.port, record=True).serve_forever()
            return 0
        if given.verb == "run":
            if not given.script.is_file():
                raise ValueError(f"{given.script}: no such program.")
            with Server(rules, hint="Add a rule for it to a scenario file (--scenario).", record=True) as server:
                return _run(server, [str(given.script), *given.arguments])
        report = check(rules, asks_in(*given.log))
        print(report)
        return 0 if report.clean else 1
    except (ScenarioError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2


def _run(server: Server, command: list[str]) -> int:
    own = {name for endpoint in ENDPOINTS.values() for name in endpoint.variables}
    environ = {name: value for name, value in os.environ.items() if name not in own}
    environ |= server.env(environ)
    # A dummy OpenAI key would make the SDK try to export traces to OpenAI; this is its switch against that.
    environ["OPENAI_AGENTS_DISABLE_TRACING"] = "1"
    try:
        status = subprocess.run([sys.executable, *command], env=environ, check=False).returncode
        return status if status >= 0 else 128 - status  # as a shell tells of a signal
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
