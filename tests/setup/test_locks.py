"""The locks, the conda pins and the bounds: they agree, they are complete, and they name no machine."""

import ast
import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from anymodel_course.upkeep.renew import CONDA, DEV_LOCK, LEARNER_LOCK, machine_trace, versions

LOCKS = [LEARNER_LOCK, DEV_LOCK]
STACK = ("openai-agents", "litellm", "openai")


@pytest.fixture
def project(root: Path) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text())


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_and_carries_a_hash(root: Path, name: str):
    packages = re.sub(r"\\\n", "", (root / name).read_text()).splitlines()
    packages = [line for line in packages if not line.startswith("#")]
    assert len(packages) > 100
    for line in packages:
        assert re.match(r"[a-z0-9._-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line


@pytest.mark.parametrize("name", LOCKS)
def test_no_lock_names_an_index_or_a_machine(root: Path, name: str):
    assert machine_trace((root / name).read_text()) is None


def test_both_locks_hold_the_same_versions(root: Path):
    def lines(name: str) -> set[str]:
        return set(re.findall(r"^\S+==.*", (root / name).read_text(), re.MULTILINE))

    assert lines(LEARNER_LOCK) < lines(DEV_LOCK)


def test_the_locks_fit_the_bounds(root: Path, project: dict):
    backend, learner = project["build-system"]["requires"], project["project"]["dependencies"]
    wanted = {
        LEARNER_LOCK: backend + learner,
        DEV_LOCK: backend + learner + project["project"]["optional-dependencies"]["test"],
    }
    for name, requirements in wanted.items():
        locked = versions((root / name).read_text())
        for requirement in map(Requirement, requirements):
            assert requirement.name in locked, f"{requirement.name} is missing in {name}: python3 lab.py renew"
            assert requirement.specifier.contains(locked[requirement.name]), f"{requirement}: python3 lab.py renew"


@pytest.mark.parametrize(("folder", "extra"), [("src", []), ("tests", ["test"])])
def test_what_is_imported_is_declared_and_not_left_to_somebody_elses_dependency(
    root: Path, project: dict, folder: str, extra: list[str]
):
    groups = project["project"]["optional-dependencies"]
    declared = project["project"]["dependencies"] + [text for name in extra for text in groups[name]]
    names = {canonicalize_name(Requirement(text).name) for text in declared} | {"anymodel-course"}
    made_by = packages_distributions()
    modules = {module for path in (root / folder).rglob("*.py") for module in imported(path)}
    undeclared = {
        module: sorted(by)
        for module in modules & made_by.keys()
        if not names & (by := {canonicalize_name(name) for name in made_by[module]})
    }
    assert undeclared == {}


def imported(path: Path) -> set[str]:
    """Return the top-level modules that a file imports."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.append(node.module or "")
    return {module.partition(".")[0] for module in found}


def test_the_conda_pins_are_the_locks(root: Path, project: dict):
    conda = yaml.safe_load((root / CONDA).read_text())
    locked = versions((root / DEV_LOCK).read_text())
    assert conda["dependencies"][0] == f"python{project['project']['requires-python']}"
    *pins, ourselves = conda["dependencies"][-1]["pip"]
    assert ourselves == "-e .[test]"
    named = ["jupyterlab", "ipywidgets", "openai-agents", "litellm", "nbval", "python-dotenv"]
    assert pins == [f"{name}=={locked[name]}" for name in named]


def test_the_stacks_bounds_are_closed_at_both_ends(project: dict):
    bounds = {Requirement(text).name: Requirement(text).specifier for text in project["project"]["dependencies"]}
    for name in STACK:
        operators = {bound.operator for bound in bounds[name]}
        assert {">=", "<"} <= operators, name


def test_the_versions_that_were_malware_are_excluded_by_name(project: dict):
    litellm = next(text for text in project["project"]["dependencies"] if text.startswith("litellm"))
    assert {"!=1.82.7", "!=1.82.8"} <= {str(bound) for bound in Requirement(litellm).specifier}
