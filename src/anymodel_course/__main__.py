"""`python -m anymodel_course VERB`: what the course does from a shell."""

from __future__ import annotations

import sys
from importlib import import_module

from scripted_providers.naming import nearest

VERBS = {
    "doctor": (".instruments.doctor", "say what on this machine could be in the way, and how to mend it"),
    "refresh": (".upkeep.refresh", "run notebooks offline and store their outputs: refresh [NOTEBOOK …]"),
    "export": (".upkeep.export", "copy the notebooks for a class: export DIR, see --help"),
    "bench": (".upkeep.bench", "measure what the course promises, as ratios within one run"),
    "live-check": (".upkeep.live_check", "run the notebooks on a real provider, at your cost: live-check PROVIDER"),
    "renew": (".upkeep.renew", "lock the newest versions that fit, and environment.yml with them"),
}


def main(arguments: list[str]) -> int:
    """Run one verb and return its exit status."""
    verb, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if verb in VERBS:
        return int(import_module(VERBS[verb][0], __package__).main(rest))
    asked = verb in ("-h", "--help", "help")
    if not asked:
        print(f"No verb {verb!r}. {nearest(verb, VERBS)}" if verb else "Which verb?", file=sys.stderr)
    for name, (_, what) in VERBS.items():
        print(f"  {name:10} {what}")
    return 0 if asked else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
