"""What notebook 11 has to show: nine answers, a project that imports nothing of ours, and a quiz over all of it."""

from __future__ import annotations

import ast
import re
import tomllib

from packaging.requirements import Requirement

from anymodel_course.providers import PROVIDERS
from stored import notebook, shown


def files() -> dict[str, str]:
    """Return the texts that the cells assign, by the name of the variable."""
    found = {}
    for cell in notebook("11").cells:
        for statement in ast.parse(cell.source).body if cell.cell_type == "code" else []:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))):
                    found[name] = text
    return found


def imported(program: str) -> set[str]:
    nodes = list(ast.walk(ast.parse(program)))
    names = [a.name for n in nodes if isinstance(n, ast.Import) for a in n.names]
    return {name.partition(".")[0] for name in [*names, *(n.module for n in nodes if isinstance(n, ast.ImportFrom))]}


def test_nine_models_answer_the_same_and_count() -> None:
    rows = shown("11", "in course.PROVIDERS.values()")
    assert [row.split()[0] for row in rows] == [row.model for row in PROVIDERS.values()]
    assert all(re.search(r"The capital of France is Paris\. \([1-9]\d* tokens\)$", row) for row in rows)


def test_the_project_imports_nothing_of_ours_but_in_its_test() -> None:
    written = files()
    modules = imported(written["MAIN"]) | imported(written["ASKING"])
    assert modules == {"agents", "asking", "asyncio", "dotenv", "litellm", "sys"}
    assert "scripted_providers" in imported(written["TESTS"])


def test_the_projects_versions_are_closed_and_let_the_courses_in() -> None:
    project = tomllib.loads(files()["PYPROJECT"])
    pins = [Requirement(text) for text in [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]]
    for pin in pins:
        assert {">=", "<"} <= {bound.operator for bound in pin.specifier}, pin
    assert "0.20.0" in pins[0].specifier
    assert "1.106.2" in pins[1].specifier


def test_the_program_goes_on_to_the_next_model() -> None:
    failed, answered = shown("11", '"scripted_providers", "run"')
    assert failed == f"{PROVIDERS['anthropic'].model}: InternalServerError"
    assert answered == f"Paris. ({PROVIDERS['gemini'].model})"


def test_the_projects_test_passes() -> None:
    assert shown("11", 'run("pytest"') == ["1 passed"]


def test_the_quiz_asks_eleven_questions_with_one_right_answer_each() -> None:
    text = "\n".join(cell.source for cell in notebook("11").cells if cell.cell_type == "markdown")
    quiz = text.partition("## Quiz")[2].partition("## Further reading")[0]
    questions = re.split(r"^\*\*\d+\. ", quiz, flags=re.MULTILINE)[1:]
    assert len(questions) == 11
    for question in questions:
        folds = re.findall(r"</summary>\n\n(.+?)\n</details>", question, re.DOTALL)
        assert len(folds) >= 2
        assert sum(fold.startswith("Yes") for fold in folds) == 1, question[:60]


def test_every_other_notebook_is_summed_up() -> None:
    text = "\n".join(cell.source for cell in notebook("11").cells if cell.cell_type == "markdown")
    assert re.findall(r"^\| \[(\d\d) ", text, re.MULTILINE) == [f"{number:02}" for number in range(11)]
