"""Set up the course in .venv and open it. On Windows, say `py -3.13 lab.py`.

    python3 lab.py             set up, copy new notebooks to my/, open JupyterLab there
    python3 lab.py setup       the same, without the browser
    python3 lab.py test ...    set up for tests and run them; the rest goes to pytest, --all and --fresh included
    python3 lab.py VERB ...    set up and run `python -m anymodel_course VERB ...`, for instance doctor

It needs nothing but Python, and installs exactly what the lock files name, checked by hash and resolving nothing.
"""

# No syntax here is newer than Python 3.6: an old Python has to get as far as the sentence that calls it too old.
import contextlib
import hashlib
import importlib.util
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "lab.stamp"  # what stamp() said when a set-up ended; "busy" before that; none where lab.py made nothing
LOCKS = {"learner": "requirements.lock", "dev": "requirements-dev.lock"}  # the second holds all of the first
VERSION = "%d.%d" % sys.version_info[:2]


def stamp(kind):
    """Describe a finished set-up: where it is, what it was made from, and for whom."""
    made_from = b"".join((ROOT / name).read_bytes() for name in sorted(LOCKS.values()) + ["pyproject.toml"])
    return "\n".join([str(ROOT), hashlib.sha256(made_from).hexdigest(), kind])


def fault():
    """Say why .venv has to be made anew, or nothing where it can stay."""
    made_at = STAMP.read_text(encoding="utf-8").split("\n")[0] if STAMP.exists() else ""
    if made_at not in ("", str(ROOT)):
        return "its last set-up was not finished" if made_at == "busy" else "its folder was moved"
    ask, found = [str(PYTHON), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], ""
    with contextlib.suppress(OSError):
        found = subprocess.run(ask, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode().strip()
    return "" if found == VERSION else "its Python is %s, and this one is %s" % (found or "gone", VERSION)


def ready(kind):
    """Tell whether nothing is left to do: what serves the tests serves a learner too."""
    return not fault() and STAMP.exists() and STAMP.read_text(encoding="utf-8") in (stamp(kind), stamp("dev"))


def install(kind):
    """Make .venv where it is missing or unfit, and put KIND's lock in: whole, for pip's resolver trips over extras."""
    uv, why, base = shutil.which("uv"), fault(), getattr(sys, "_base_executable", sys.executable)
    mended = {"PIP_USER": "0", "PIP_REQUIRE_HASHES": "0", "UV_REQUIRE_HASHES": "0"}  # other settings stay

    def step(*words):
        if subprocess.call([str(word) for word in words], cwd=str(ROOT), env=dict(os.environ, **mended)):
            windows = " On Windows, the folder's path must be short, and of plain letters." if os.name == "nt" else ""
            sys.exit("Set-up stopped there. Check the network and the free disk space, and run this again." + windows)

    if not uv and not all(map(importlib.util.find_spec, ["venv", "ensurepip"])):
        sys.exit("This Python lacks its venv module: install uv, or (Debian, Ubuntu) python%s-venv." % VERSION)
    print("Setting up .venv with %s, once; it takes a few minutes at most." % ("uv" if uv else "pip"), flush=True)
    if why and VENV.exists():
        print("The .venv that is here gets replaced: %s." % why, flush=True)
        PYTHON.unlink(missing_ok=True)  # first: where it runs, Windows refuses, and no half of a .venv is left
        shutil.rmtree(str(VENV))
    VENV.mkdir(exist_ok=True)
    if not ready("learner"):  # what the tests need comes on top, so a failure there spoils nothing for a learner
        STAMP.write_text("busy", encoding="utf-8")
    if why:
        step(*[uv, "venv", "-q", "--allow-existing", "-p", base, VENV] if uv else [base, "-m", "venv", VENV])
    if not uv and subprocess.call([str(PYTHON), "-c", "import pip"], stderr=subprocess.DEVNULL):
        step(PYTHON, "-m", "ensurepip")  # uv made this .venv
    pip = ([uv, "pip", "install", "-p", PYTHON] if uv else [PYTHON, "-m", "pip", "install"]) + ["-q", "--no-deps"]
    step(*pip, "--compile-bytecode" if uv else "--compile", "--require-hashes", "-r", LOCKS[kind])
    step(*pip, "--no-build-isolation", "-e", ".")
    subprocess.call([str(PYTHON), "-m", "compileall", "-q", str(ROOT / "src")])
    STAMP.write_text(stamp(kind), encoding="utf-8")


def main(verb="", *rest):
    """Set up what VERB needs, run it, and return its exit code."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        say = "py -3.13 lab.py" if os.name == "nt" else "python3.13 lab.py"
        sys.exit("The course needs Python 3.11, 3.12 or 3.13, and this is %s: get one, and say %s." % (VERSION, say))
    if {"-h", "--help"} & {verb, *(rest if verb in ("setup", "test") else ())}:
        return print(__doc__)
    kind = "dev" if verb == "test" else "learner"
    if not ready(kind):
        # A lock that Linux, macOS and Windows all know, and that goes with its process however that ends.
        with contextlib.closing(sqlite3.connect(str(ROOT / ".lab.lock"), timeout=0, isolation_level=None)) as lock:
            lock.execute("BEGIN EXCLUSIVE")
            install(kind)
    env = dict(os.environ, PATH=str(PYTHON.parent) + os.pathsep + os.environ.get("PATH", ""))  # as when activated
    signal.signal(signal.SIGINT, lambda *_: None)  # from here on Ctrl-C is for the program that runs

    def run(*words, cwd=None):
        return subprocess.call([str(PYTHON), "-m"] + list(words), cwd=cwd, env=env)

    if verb == "test":
        env["PYTHONHASHSEED"] = "0"  # for kernels too: stored outputs may show the order of a set
        return run("pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", *rest, cwd=str(ROOT))
    if verb not in ("", "setup"):
        return run("anymodel_course", verb, *rest)
    failed = run("anymodel_course.upkeep.copies", str(ROOT / "notebooks"), str(ROOT / "my"))
    return failed or (0 if verb else run("jupyterlab", cwd=str(ROOT / "my")))


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("Stopped. Run the same again to go on.")
    except sqlite3.OperationalError:
        sys.exit("Another set-up is at work in this folder: let it end. Or nobody can write or lock here: move it.")
    except OSError as error:
        sys.exit("Stopped: %s. Free the disk space, or end what uses that file, and run this again." % error)
