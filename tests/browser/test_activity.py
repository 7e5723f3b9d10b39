"""An activity as its owner sees it in the tab: while it runs, when it has ended, record by record."""

import os
from pathlib import Path

import pytest

PICTURES = Path(__file__).parents[2] / "docs" / "images"


@pytest.fixture
def ask(frame_of):
    """A call of the API with the session of the tab."""

    def call(page, method, path):
        return frame_of(page).evaluate(
            """async ([method, path]) => {
                const session = document.querySelector('meta[name="lsync-session"]').content;
                const answer = await fetch("/api/v1/" + path, {method, headers: {Authorization: "Bearer " + session}});
                return await answer.json();
            }""",
            [method, path],
        )

    return call


@pytest.fixture
def take_picture(frame_of):
    """Keeps a picture of the tab, as tall as LSync in it, for the documentation when LSYNC_PICTURES=1."""

    def take(page, name):
        if os.environ.get("LSYNC_PICTURES") != "1":
            return
        page.wait_for_timeout(400)
        height = frame_of(page).evaluate("document.documentElement.scrollHeight")
        page.screenshot(
            path=PICTURES / name,
            clip={"x": 0, "y": 0, "width": page.viewport_size["width"], "height": min(height + 120, 1100)},
            full_page=True,
        )

    return take


@pytest.fixture
def ended(open_tab, ask, go):
    """The tab of the manager on an activity that was watched from its start to its end, and its number."""
    page = open_tab("LSync_Manager")
    definition = next(one for one in ask(page, "GET", "definitions")["definitions"] if one["object"] == "Lead")
    number = ask(page, "POST", f"definitions/{definition['id']}/run")["activity"]
    tab = go(page, f"/activities/{number}")
    tab.locator("#live .chip", has_text="Success").wait_for(timeout=60_000)
    tab.locator("#records tbody tr").first.wait_for()
    return page, tab, number


def test_an_activity_is_watched_to_its_end_and_every_field_is_explained(ended, check_accessible, take_picture):
    page, tab, _number = ended

    assert tab.locator("#lost").is_hidden()
    assert tab.locator("#live[hx-get]").count() == 0, "it stops asking"
    assert tab.get_by_role("button", name="Cancel").count() == 0
    first = tab.locator("#records tbody tr").first
    assert first.locator("th a").get_attribute("href").startswith("http")
    assert tab.locator("ins").first.inner_text().strip()
    check_accessible(page, "activity, ended")
    take_picture(page, "activity.png")
    page.set_viewport_size({"width": 400, "height": 900})
    check_accessible(page, "activity at 400 px")


def test_records_are_filtered_and_downloaded_with_the_session_of_the_tab(ended):
    page, tab, number = ended
    fate = tab.locator("#records tbody .chip").first.inner_text()

    tab.locator("#records").get_by_label("Outcome", exact=True).select_option(label=fate)
    tab.locator("#by-fate option[selected]", has_text=fate).wait_for(state="attached")
    with page.expect_download() as download:
        tab.get_by_role("link", name="Results as CSV").click()

    assert set(tab.locator("#records tbody .chip").all_inner_texts()) == {fate}
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert download.value.suggested_filename == f"activity-{number}-outcomes.csv"
    assert text.startswith("Record Id,Outcome,Code,Message,")
    assert len(text.splitlines()) > 100
