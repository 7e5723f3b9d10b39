"""The main job as somebody does it who has never seen LSync: a definition is made, counted, run and watched to its end."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

PICTURES = Path(__file__).parents[2] / "docs" / "images"


def take_picture(page, name):
    """Keeps a picture for the documentation when LSYNC_PICTURES=1; Playwright's own caret style would break our CSP."""
    page.wait_for_timeout(400)
    if os.environ.get("LSYNC_PICTURES") == "1":
        page.screenshot(path=PICTURES / f"{name}-{page.viewport_size['width']}.png", full_page=True, caret="initial")


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


@pytest.mark.parametrize("width", [1280, 400])
def test_each_page_fits_the_frame_with_an_activity_on_it(open_tab, go, frame_of, width):
    page = open_tab("LSync_Admin", width=width)

    for name, address, shown in [
        ("home", "/", "This month"),
        ("definitions", "/definitions", "European accounts without a size"),
        ("definition", "/definitions/1", "All open leads"),
        ("definition_edit", "/definitions/2/edit", "This means"),
    ]:
        frame = go(page, address)
        expect(frame.get_by_text(shown).first).to_be_visible()
        assert frame_of(page).evaluate("document.documentElement.scrollWidth <= innerWidth"), address
        take_picture(page, name)


def test_a_dialog_keeps_the_focus_closes_on_escape_and_gives_it_back(open_tab, go):
    page = open_tab()
    frame = go(page, "/definitions")
    opener = frame.get_by_role("button", name="Import")
    opener.focus()

    page.keyboard.press("Enter")
    expect(frame.get_by_role("dialog")).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
        inside = frame.locator("dialog :focus").count() + (
            frame.locator("nav :focus, main > :not(dialog) :focus").count() == 0
        )
        assert inside
    page.keyboard.press("Escape")

    expect(frame.get_by_role("dialog")).to_be_hidden()
    expect(opener).to_be_focused()


def test_a_field_is_chosen_by_keyboard_alone_and_a_mistake_in_the_logic_is_marked(open_tab, go, check_accessible):
    page = open_tab()
    frame = go(page, "/definitions/new")
    frame.get_by_role("combobox", name="Field").focus()

    page.keyboard.type("number of emp")
    expect(frame.locator(".option[aria-selected=true]")).to_contain_text("NumberOfEmployees")
    check_accessible(page, "an open field picker")
    page.keyboard.press("Enter")
    expect(frame.get_by_role("combobox", name="Field")).to_have_value("Employees")
    frame.get_by_label("Filter logic").fill("1 AND 7")

    expect(frame.locator("#logic-problem mark")).to_have_text("7 ")
    expect(frame.get_by_label("Filter logic")).to_have_attribute("aria-invalid", "true")
    check_accessible(page, "a mistake in the logic")
