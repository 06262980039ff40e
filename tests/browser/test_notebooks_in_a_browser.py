"""What a learner sees: the stored outputs of a fresh clone, and the same after running everything, in both themes."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from lab_in_a_browser import Lab


def test_a_fresh_clone_shows_its_outputs_before_anything_runs(
    lab: Lab, photograph: Callable[[Page, str], None]
) -> None:
    page = lab.open("00_start_here.ipynb")
    answer = page.locator(".jp-OutputArea-output", has_text="The capital of France is Paris.").first
    answer.scroll_into_view_if_needed()
    expect(answer).to_be_visible()
    expect(page.locator(".jp-OutputArea-output", has_text="OFFLINE: 9 providers are scripted").first).to_be_attached()
    photograph(page, "00-fresh")


def test_everything_runs_and_the_loop_is_seen(lab: Lab, photograph: Callable[[Page, str], None]) -> None:
    page = lab.open("00_start_here.ipynb")
    lab.run_all(page)
    heading = page.get_by_role("heading", name="You play the model")
    heading.scroll_into_view_if_needed()
    loop = page.locator(".jp-OutputArea-output", has_text="your function runs: get_temperature('Oslo')").first
    expect(loop).to_be_visible()
    photograph(page, "00-run")
    page.get_by_role("heading", name="Your turn: two calls at once").scroll_into_view_if_needed()
    hint = page.get_by_text("Hint 1").last
    hint.scroll_into_view_if_needed()
    hint.focus()
    page.keyboard.press("Enter")  # folds open by keyboard
    expect(page.get_by_role("paragraph").filter(has_text="The model answers twice, so")).to_be_visible()
    photograph(page, "00-exercise")


def test_03_runs_whole_and_the_pickers_choice_arrives_in_its_next_cell(
    lab: Lab, photograph: Callable[[Page, str], None]
) -> None:
    page = lab.open("03_supported_providers.ipynb")
    lab.run_all(page)
    wires = page.locator(".jp-OutputArea-output", has=page.get_by_role("columnheader", name="gemini")).first
    wires.scroll_into_view_if_needed()
    expect(wires.get_by_role("rowheader", name="system prompt")).to_be_visible()
    photograph(page, "03-wire")
    page.get_by_label("Provider", exact=True).select_option("Mistral")
    expect(page.get_by_role("status").filter(has_text="mistral/")).to_contain_text("OFFLINE: 9 providers are scripted")
    after = page.locator(".jp-CodeCell", has_text="print(picker.model)")
    after.click()
    page.keyboard.press("Control+Enter")
    expect(after.locator(".jp-OutputArea-output")).to_contain_text("mistral/mistral-large-latest")
    expect(after.locator(".jp-OutputArea-output")).to_contain_text("Hello from the script for mistral.")
    photograph(page, "03-picker")
    page.close()
