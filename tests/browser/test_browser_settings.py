"""The tab in browsers as companies set them up: cookies of third parties allowed or blocked, and all storage blocked."""

import json

import pytest
from sqlalchemy import create_engine

from tests.conftest import CHROMIUM

pytestmark = pytest.mark.long

SETTINGS = {
    "third-party cookies allowed": ([], {"profile": {"cookie_controls_mode": 0, "block_third_party_cookies": False}}),
    "third-party cookies blocked": (
        ["--test-third-party-cookie-phaseout"],
        {"profile": {"cookie_controls_mode": 1, "block_third_party_cookies": True}},
    ),
    "all cookies and storage blocked": ([], {"profile": {"default_content_setting_values": {"cookies": 2}}}),
}
SEES = {
    "LSync_Admin": "Settings",
    "LSync_Manager": "Sync definitions",
    "LSync_Auditor": "Audit",
    "LSync_Single_Enrich": "Open a Lead, Contact or Account",
    "noah.reid": "Ask your Salesforce admin",
}


@pytest.fixture(params=SETTINGS)
def open_as(request, browser, demo, tmp_path):
    """Opens the tab as a user, in a browser with these settings; `open_as.name` says which."""
    arguments, preferences = SETTINGS[request.param]
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(preferences))
    context = browser.browser_type.launch_persistent_context(
        tmp_path, executable_path=CHROMIUM, args=["--no-sandbox", *arguments], timeout=60_000
    )

    def open_tab(who):
        users = demo.org["users"]
        user = next(u for u in users if who in (u["username"].split("@")[0], *u["permission_sets"]))
        page = context.new_page()
        page.goto(f"{demo.org['lightning_url']}?user={user['username']}")
        page.frame_locator("iframe").locator("main").wait_for()
        next(one for one in page.frames if one != page.main_frame).wait_for_load_state("load")
        return page

    open_tab.name = request.param
    yield open_tab
    context.close()


def test_each_role_opens_its_tab_works_and_goes_on_when_the_session_has_ended(open_as, demo, go, frame_of):
    for who, seen in SEES.items():
        page = open_as(who)
        assert seen in page.frame_locator("iframe").locator("body").inner_text()
        page.close()
    page = open_as("LSync_Manager")
    by_cookie = frame_of(page).evaluate("fetch('/api/v1/me').then(answer => answer.status)")
    storage = frame_of(page).evaluate(
        "(() => { try { localStorage.x = 1; return true } catch (e) { return false } })()"
    )

    tab = go(page, "/definitions/new")
    tab.locator('[name="name"]').fill("Half filled in")
    engine = create_engine(f"sqlite:///{demo.settings.instance / 'lsync.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE web_session SET ended_at = 1 WHERE ended_at IS NULL")
    engine.dispose()
    tab.get_by_role("button", name="Apply filters").click()
    tab.get_by_text("300").first.wait_for()

    assert tab.locator('[name="name"]').input_value() == "Half filled in"
    if open_as.name == "third-party cookies allowed":
        assert (by_cookie, storage) == (200, True)
    if open_as.name.startswith("all"):
        assert (by_cookie, storage) == (401, False)
