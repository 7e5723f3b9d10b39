"""The main job as somebody does it who has never seen LSync: a definition is made, counted, run and watched to its end."""

from pathlib import Path

from playwright.sync_api import expect

PICTURES = Path(__file__).parents[2] / "docs" / "images"


def choose_field(frame, row, search, label):
    picker = row.get_by_role("combobox", name="Field")
    picker.click()
    picker.fill(search)
    row.get_by_role("option", name=label).first.click()


def test_a_definition_is_made_by_mouse_counted_and_run_and_its_activity_moves_on_top(open_tab, check_accessible):
    page = open_tab("LSync_Manager")
    frame = page.frame_locator("iframe")
    frame.get_by_role("link", name="Sync definitions").click()
    frame.get_by_role("link", name="New", exact=True).click()

    frame.get_by_role("textbox", name="Name").fill("Leads of German companies")
    first = frame.locator(".criterion").nth(0)
    choose_field(frame, first, "country", "Country")
    expect(first.get_by_label("Operator")).to_be_enabled()
    first.get_by_label("Value").fill("Germany, United States, United Kingdom, Japan, France")
    frame.get_by_role("button", name="Add a row").click()
    second = frame.locator(".criterion").nth(1)
    choose_field(frame, second, "lead source", "Lead Source")
    second.get_by_label("Operator").select_option("is-empty")
    expect(second.get_by_text("no value needed")).to_be_visible()
    frame.get_by_label("Filter logic").fill("1 AND NOT 2")
    expect(frame.locator("#check")).to_contain_text("not (Lead Source is empty)")
    check_accessible(page, "a filled form")

    frame.get_by_role("button", name="Apply filters").click()
    expect(frame.locator("#counted")).to_contain_text("credits")
    frame.get_by_role("button", name="Save and run").click()
    dialog = frame.get_by_role("dialog")
    expect(dialog).to_contain_text("Fields that may change")
    check_accessible(page, "the dialog before a run")
    dialog.get_by_role("button", name="Run now").click()

    newest = frame.locator("#activities tbody tr").first
    expect(newest).to_contain_text("Activity")
    expect(newest).to_contain_text("Success", timeout=60_000)
    expect(newest).to_contain_text("100 %")
    check_accessible(page, "a definition that has run")
