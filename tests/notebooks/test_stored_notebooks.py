"""What no stored notebook may be: unexecuted, failing by accident, tied to a machine, or a secret's hiding place.

nbval compares a notebook with itself; these tests say what has to be in it.
"""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import nbformat
import pytest

from anymodel_course.providers import PROVIDERS
from scripted_providers.mirror import MARK

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
KEY_SHAPED = re.compile(
    r"sk-[A-Za-z0-9_-]{16,}|AIza[A-Za-z0-9_-]{20,}|A[KS]IA[A-Z0-9]{12,}|Bearer [A-Za-z0-9._-]{16,}"
    r"|(?:gsk|hf|ghp|tgp_v1)_[A-Za-z0-9_-]{16,}"
    r"|(?<![0-9A-Za-z])(?!0{20})[0-9a-f]{32}(?![0-9A-Za-z])"  # Mistral's and Azure's; a stored widget's begins with 0s
    r"|(?<![\w/+=])(?=[\w/+]*\d)(?=[\w/+]*[A-Z])[A-Za-z0-9/+]{40}(?![\w/+=])"  # AWS's secret
)
MACHINE = re.compile(
    r"(?<![\w.])(/(?:home|root|Users|work|tmp|mnt|private|var/folders)/|[A-Z]:\\+\w)"
    r"|127\.0\.0\.1:\d|object at 0x"
)
OTHER_PREFIXES = {"ollama", "cohere_chat", "vertex_ai", "bedrock_converse", "azure_ai", "groq", "xai", "deepseek"}
PREFIXES = "|".join(sorted({p.prefix for p in PROVIDERS.values()} | OTHER_PREFIXES))
MODEL_ID = re.compile(rf"(?:(?<![/\w])|(?<=litellm/))(?:{PREFIXES})/[\w.:-]+(?:/[\w.:-]+)*")
BARE_ID = re.compile(r"""["']((?:gpt|o\d|claude|gemini|mistral|command|llama)[\w.-]*\d[\w.-]*)["']""")


def problems_of(notebook: nbformat.NotebookNode) -> list[str]:
    """List everything that keeps a notebook from being stored. The tests below plant each of these once."""
    found: list[str] = []
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        found.append("not executed once from top to bottom")
    if "widgets" in notebook.metadata:
        found.append("stores widget state")
    if not 20 <= len(notebook.cells) <= 40:
        found.append(f"has {len(notebook.cells)} cells, not 20 to 40")
    for number, cell in enumerate(notebook.cells):
        tags = cell.metadata.get("tags", [])
        text = cell.source + ("" if cell.cell_type == "markdown" else str(cell.outputs))
        for what, pattern in (("something like a key", KEY_SHAPED), ("a path or address of a machine", MACHINE)):
            if hit := pattern.search(text):
                found.append(f"cell {number} holds {what}: {hit[0][:8]}…")
        for model in MODEL_ID.findall(cell.source) + BARE_ID.findall(cell.source):
            if not known(model) and "old-ids" not in tags:
                found.append(f"cell {number} names a model that the course does not: {model}")
        if cell.cell_type == "markdown":
            continue
        if len(cell.source.splitlines()) > 15:
            found.append(f"cell {number} has more than 15 lines")
        for output in cell.outputs:
            if output.output_type == "error" and "raises-exception" not in tags:
                found.append(f"cell {number} stores an error without the tag raises-exception")
            if output.get("name") == "stderr":
                found.append(f"cell {number} stores stderr: {output.text[:60]}")
        if (MARK in str(cell.outputs)) != ("mirror" in tags):
            found.append(f"cell {number}: the mirror's text and the tag `mirror` go together")
        if re.search(r"^\s*[!%]", cell.source, re.MULTILINE):
            found.append(f"cell {number} has a magic or a shell command")
    return found


OTHERS = {
    "openai/house-model": "a gateway's own name",
    "azure/my-deployment": "whatever a deployment is called",
    "ollama/llama3.1": "LiteLLM's other route to Ollama",
}


def known(model: str) -> bool:
    """Whether an id is one of the registry's, or stands for something else on purpose."""
    ids = {p.model for p in PROVIDERS.values()}
    return model in ids | {i.rpartition("/")[2] for i in ids} | OTHERS.keys() or model.endswith("/")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_stored_notebook_is_fit_to_be_given_to_a_learner(path: Path) -> None:
    assert problems_of(nbformat.read(path, as_version=4)) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_opens_as_all_do(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    first, start, note = notebook.cells[:3]
    assert first.source.startswith("# ")
    assert [row.split("|")[1].strip() for row in first.source.splitlines()[4:]] == [
        "Time",
        "What you need",
        "What it costs",
        "You will be able to",
    ]
    assert re.search(r"offline: nothing · live: (\d+ model calls?, about \$|nothing)", first.source)
    assert start.source == "import anymodel_course as course\n\ncourse.start()"
    assert note.source.startswith('*"No module named anymodel_course"?')
    headings = [line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines()]
    levels = [len(m[1]) for line in headings if (m := re.match(r"(#+) ", line))]
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in zip(levels, levels[1:], strict=False)), "headings skip a level"
    for wanted in ("## Your turn", "## Quiz", "## Take-aways"):
        assert any(line.startswith(wanted) for line in headings), wanted


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_links_lead_to_files_that_exist_and_are_in_a_learners_folder_too(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", markdown_of(path)):
        assert target.startswith("https://") or target in {p.name for p in NOTEBOOKS}, target


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_folds_title_is_html_and_has_no_backticks(path: Path) -> None:
    assert [title for title in re.findall(r"<summary>(.*?)</summary>", markdown_of(path)) if "`" in title] == []


def markdown_of(path: Path) -> str:
    return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_program_whose_words_are_read_as_utf_8_is_told_to_write_it(path: Path) -> None:
    code = "\n".join(cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "code")
    read = re.search(r"subprocess\.run\([^)]*encoding=", code)
    assert not read or '"PYTHONIOENCODING"' in code[: read.start()]  # in a pipe, Windows writes another encoding


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_cells_import_only_what_a_learner_has(path: Path) -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {re.split(r"[\[<>=!~]", d)[0].replace("-", "_").lower() for d in declared}
    allowed = names | {"agents", "dotenv", "yaml", "anymodel_course", "scripted_providers"}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        for node in ast.walk(ast.parse(cell.source, type_comments=False)):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for module in modules:
                top = module.split(".")[0]
                assert top in allowed or top in __import__("sys").stdlib_module_names, module


@pytest.fixture
def sound() -> nbformat.NotebookNode:
    return nbformat.read(NOTEBOOKS[0], as_version=4)


def test_an_unexecuted_cell_is_found(sound: nbformat.NotebookNode) -> None:
    next(c for c in sound.cells if c.cell_type == "code").execution_count = None
    assert problems_of(sound) == ["not executed once from top to bottom"]


def test_widget_state_is_found(sound: nbformat.NotebookNode) -> None:
    sound.metadata["widgets"] = {}
    assert problems_of(sound) == ["stores widget state"]


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ("sk-" + "a" * 20, "something like a key"),
        ("AIza" + "b" * 30, "something like a key"),
        ("hf_" + "c" * 20, "something like a key"),
        (" 0123456789abcdef" + "0123456789abcdef", "something like a key"),
        (" wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY", "something like a key"),
        ("/home/" + "ada/course", "a path or address of a machine"),
        ("C:\\Users" + "\\ada", "a path or address of a machine"),
        ("/var/folders" + "/x1", "a path or address of a machine"),
        ("127.0.0.1" + ":8123", "a path or address of a machine"),
        ("openai/gpt-3.5-turbo", "a model that the course does not"),
        ("groq/some-model", "a model that the course does not"),
        ("Agent(model='gpt-4o')", "a model that the course does not"),
    ],
)
def test_what_does_not_belong_there_is_found(sound: nbformat.NotebookNode, planted: str, found: str) -> None:
    sound.cells[0].source += planted
    assert found in " ".join(problems_of(sound))


def test_an_error_without_its_tag_is_found(sound: nbformat.NotebookNode) -> None:
    failing = next(c for c in sound.cells if c.cell_type == "code" and not c.metadata.get("tags"))
    failing.outputs.append(nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=["no"]))
    assert "without the tag raises-exception" in " ".join(problems_of(sound))


def test_a_mirror_that_nobody_announced_is_found(sound: nbformat.NotebookNode) -> None:
    mirror = next(c for c in sound.cells if "mirror" in c.metadata.get("tags", []))
    mirror.metadata.tags = []
    assert "go together" in " ".join(problems_of(sound))
