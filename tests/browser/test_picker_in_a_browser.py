"""The picker as a learner meets it: by label, by role, by keyboard only, in both themes; and what gets saved."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

from lab_in_a_browser import Lab

KEY = "sk-planted-0123456789abcd4f2a"
CELLS = (
    # The key is planted before start(), in pieces, so that the notebook itself holds none.
    "import os\n"
    'os.environ["ANTHROPIC_API_KEY"] = "-".join(["sk", "planted", "0123456789abcd4f2a"])\n'
    "import anymodel_course as course\n"
    "course.start()",
    "picker = course.ProviderPicker()\npicker",
    "print(picker.provider, picker.model)",
    "course.start()",
    "print('still', picker.model)",
)


@pytest.fixture
def notebook(lab: Lab) -> Iterator[str]:
    name = "picker.ipynb"
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), lab.folder / name)
    yield name
    (lab.folder / name).unlink()
    shutil.rmtree(lab.folder / ".ipynb_checkpoints", ignore_errors=True)


def run_cell(page: Page, number: int) -> Locator:
    """Run one cell and return its output."""
    page.evaluate(
        """async number => {
            window.jupyterapp.shell.currentWidget.content.activeCellIndex = number;
            await window.jupyterapp.commands.execute('notebook:run-cell');
        }""",
        number,
    )
    return page.locator(".jp-NotebookPanel .jp-CodeCell").nth(number).locator(".jp-OutputArea-output")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(200)  # a list that opens tells nobody when it is open


def save(page: Page, lab: Lab, notebook: str) -> str:
    """Save as a learner does, and return the file."""
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    return (lab.folder / notebook).read_text(encoding="utf-8")


def test_it_is_operated_by_label_and_role_and_the_choice_arrives_in_the_next_cell(
    lab: Lab, notebook: str, photograph: Callable[[Page, str], None]
) -> None:
    page = lab.open(notebook)
    lab.run_all(page)
    status = page.get_by_role("status").filter(has_text="known:")
    expect(status).to_contain_text("openai/gpt-4.1-mini: known: $0.4 in, $1.6 out per million tokens")
    expect(status).to_contain_text("OFFLINE: 9 providers are scripted")
    expect(page.get_by_role("button", name="Go live with OpenAI")).to_be_disabled()
    expect(page.get_by_role("button", name="Check key")).to_be_disabled()
    photograph(page, "picker-openai")

    page.get_by_label("Provider").select_option("Anthropic")
    expect(page.get_by_label("Model id")).to_have_value("anthropic/claude-sonnet-5-5")
    expect(status).to_contain_text(
        "Anthropic is offline. It can go live (its key is set, from the environment, ends in 4f2a)"
    )
    expect(page.get_by_text('course.make_agent("anthropic/claude-sonnet-5-5")', exact=True)).to_be_visible()
    expect(run_cell(page, 2)).to_have_text("anthropic anthropic/claude-sonnet-5-5")

    page.get_by_label("Model id").fill("openai/gpt-4.1-mini")
    page.get_by_label("Model id").press("Enter")
    problem = page.get_by_role("status").filter(has_text="Cannot be used")
    expect(problem).to_contain_text("goes to OpenAI. Choose that above, or begin the id with 'anthropic/'.")
    photograph(page, "picker-problem")
    expect(run_cell(page, 2).filter(has_text="ValueError").first).to_contain_text("goes to OpenAI")

    page.get_by_label("Model id").fill("anthropic/claude-haiku-5-5")
    page.get_by_label("Model id").press("Enter")
    expect(status).to_contain_text("anthropic/claude-haiku-5-5: known: $0.1 in, $0.5 out")
    expect(run_cell(page, 2)).to_have_text("anthropic anthropic/claude-haiku-5-5")
    page.close()


def test_it_goes_live_aloud_and_neither_the_page_nor_the_file_keeps_a_key(
    lab: Lab, notebook: str, photograph: Callable[[Page, str], None]
) -> None:
    page = lab.open(notebook)
    lab.run_all(page)
    page.get_by_label("Provider").select_option("Anthropic")
    page.get_by_role("button", name="Go live with Anthropic").click()
    status = page.get_by_role("status").filter(has_text="LIVE:")
    expect(status).to_contain_text(
        "LIVE: anthropic (key from the environment, ends in 4f2a). Calls are real and cost money"
    )
    expect(page.get_by_role("button", name="Go back offline")).to_be_enabled()
    photograph(page, "picker-live")

    page.get_by_label("Model id").fill(KEY)
    page.get_by_label("Model id").press("Enter")
    expect(page.get_by_role("status").filter(has_text="That looked like a key")).to_be_visible()
    expect(page.get_by_label("Model id")).to_have_value("anthropic/claude-sonnet-5-5")
    saved = save(page, lab, notebook)
    assert "widgets" not in json.loads(saved)["metadata"]
    assert 'ProviderPicker: course.make_agent(\\"openai/gpt-4.1-mini\\")' in saved
    # What it would hold if the learner told JupyterLab to save widget state.
    toggle_widget_state(page)
    with_state = save(page, lab, notebook)
    toggle_widget_state(page)
    state = json.dumps(json.loads(with_state)["metadata"]["widgets"])
    assert "anthropic/claude-sonnet-5-5" in state
    assert "0123456789" not in state
    planting = json.dumps(CELLS[0].splitlines()[1])[1:-1]
    assert "0123456789" not in saved.replace(planting, "")

    expect(run_cell(page, 3)).to_contain_text("OFFLINE")
    expect(page.get_by_role("status").filter(has_text="OFFLINE")).to_contain_text("Anthropic is offline.")
    expect(page.get_by_role("button", name="Go live with Anthropic")).to_be_enabled()
    page.close()


def test_it_works_by_keyboard_alone(lab: Lab, notebook: str, photograph: Callable[[Page, str], None]) -> None:
    page = lab.open(notebook)
    lab.run_all(page)
    provider = page.get_by_label("Provider")
    provider.focus()
    # A list that is open has its arrow keys for itself; see KEYBOARD in picker.py.
    press(page, "Space", "ArrowDown", "ArrowDown", "Enter")
    expect(page.get_by_label("Model id")).to_have_value("gemini/gemini-3.8-flash")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Model id")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("gemini/gemini-2.5-flash")
    page.keyboard.press("Tab")  # the value counts when the box is left
    status = page.get_by_role("status").filter(has_text="gemini/gemini-2.5-flash")
    expect(status).to_contain_text("known: $0.3 in, $2.5 out per million tokens")
    expect(run_cell(page, 2)).to_have_text("gemini gemini/gemini-2.5-flash")

    provider.focus()
    press(page, "Space", "ArrowUp", "Enter")
    expect(provider.locator("option:checked")).to_have_text("Anthropic")
    expect(page.get_by_label("Model id")).to_have_value("anthropic/claude-sonnet-5-5")
    for name in ("Go live with Anthropic", "Check key"):
        expect(page.get_by_role("button", name=name)).to_be_enabled()
    press(page, "Tab", "Tab")
    expect(page.get_by_role("button", name="Go live with Anthropic")).to_be_focused()
    photograph(page, "picker-keyboard")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Go back offline")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_role("status").filter(has_text="OFFLINE")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Check key")).to_be_focused()
    expect(page.locator(".jp-CodeCell")).to_have_count(len(CELLS))  # no key was taken for a command of JupyterLab's
    page.close()


def toggle_widget_state(page: Page) -> None:
    """Flip "Save Widget State Automatically", which is off unless a learner turns it on."""
    page.evaluate(
        """async () => {
            const {commands} = window.jupyterapp, id = '@jupyter-widgets/jupyterlab-manager:saveWidgetState';
            const before = commands.isToggled(id);
            await commands.execute(id);
            while (commands.isToggled(id) === before) await new Promise(done => setTimeout(done, 50));
        }"""
    )
