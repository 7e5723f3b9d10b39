"""The door in a real browser: sessions that end, messages of strangers, pages of strangers."""

import http.server
import threading

import pytest
import requests
from sqlalchemy import create_engine

from lsync_flask.demo.job import OrgDoor


@pytest.fixture
def end_sessions(demo):
    """Ends all sessions in the demo's database, as time would."""

    def end():
        engine = create_engine(f"sqlite:///{next(demo_folder(demo).rglob('lsync.db'))}")
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE web_session SET ended_at = 1 WHERE ended_at IS NULL")
        engine.dispose()

    return end


def demo_folder(demo):
    return demo.settings.instance


def test_when_the_session_ends_while_a_form_is_filled_in_nothing_is_lost_and_the_request_goes_on(
    open_tab, go, end_sessions
):
    page = open_tab("LSync_Manager", expected=("401",))
    tab = go(page, "/definitions/new")
    tab.locator('[name="name"]').fill("Half filled in")

    end_sessions()
    tab.get_by_role("button", name="Apply filters").click()
    tab.get_by_text("300").first.wait_for()

    assert tab.locator('[name="name"]').input_value() == "Half filled in"
    assert page.locator("iframe").count() == 1


def test_the_frame_shrinks_with_its_content(open_tab, go, frame_of):
    page = open_tab()
    go(page, "/settings")
    page.wait_for_timeout(300)
    tall = page.locator("iframe").bounding_box()["height"]

    frame_of(page).evaluate("document.querySelector('main').replaceChildren('short')")
    page.wait_for_timeout(300)

    assert page.locator("iframe").bounding_box()["height"] < tall / 2


def test_a_message_of_a_stranger_gives_the_tab_no_session(open_tab, frame_of, demo):
    page = open_tab("LSync_Manager")
    frame = frame_of(page)
    frame.evaluate(
        """() => {
            window.heard = 0;
            window.addEventListener("message", () => { window.heard += 1; });
        }"""
    )

    frame.evaluate("""() => {
        const stranger = document.createElement("iframe");
        stranger.name = "stranger";
        document.body.append(stranger);
        stranger.contentWindow.parent.postMessage('{"targetModule":"Canvas","type":"callback"}', "*");
        window.postMessage('{"targetModule":"Canvas","type":"callback"}', "*");
    }""")
    page.wait_for_timeout(200)

    assert frame.evaluate("window.heard") == 0


@pytest.fixture
def unapproved(demo):
    """A user whose org leaves it to them to let LSync in, and who has not yet: `user_id`."""
    user = next(one for one in demo.org["users"] if "LSync_Manager" in one["permission_sets"])
    address = f"{demo.org['control_url']}/users/{user['id']}"

    def approve(approved=True):
        requests.post(address, json={"approved": approved}, timeout=10).raise_for_status()

    approve(False)
    approve.user_id = user["id"]
    yield approve
    approve()


@pytest.mark.parametrize("answer", ["Allow", "Deny"])
def test_who_has_yet_to_let_it_in_is_asked_in_a_window_of_salesforces_and_the_tab_goes_on(
    open_tab, unapproved, demo, check_accessible, answer
):
    page = open_tab("LSync_Manager", expected=("400",))
    tab = page.frame_locator("iframe")
    check_accessible(page, "the page that asks for the approval")

    with page.expect_popup() as opened:
        tab.get_by_role("button", name="Allow LSync").click()
    window = opened.value
    window.wait_for_url(f"{demo.org['org_url']}/services/oauth2/authorize**")
    window.locator('[name="user"]').select_option(unapproved.user_id)
    if answer == "Allow":
        # The window closes itself, and the tab goes on without a press.
        with window.expect_event("close"):
            window.get_by_role("button", name=answer).click()
        tab.get_by_role("link", name="Sync definitions").wait_for()
    else:
        window.get_by_role("button", name=answer).click()
        window.get_by_text("LSync was not approved").wait_for()
        assert tab.get_by_role("button", name="Allow LSync").is_visible()


@pytest.fixture
def stranger(demo):
    """A site that frames LSync without being the org; it posts into the frame a request that is really signed."""
    user = next(u for u in demo.org["users"] if "LSync_Admin" in u["permission_sets"])

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            raw = OrgDoor(demo.org, user).signed_request()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(
                f'<iframe name="canvas-frame-x"></iframe><form method="post" target="canvas-frame-x" '
                f'action="{demo.web_url}/canvas"><input name="signed_request" value="{raw}"></form>'
                "<script>document.forms[0].submit()</script>".encode()
            )

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_in_the_frame_of_a_stranger_the_page_stays_blank(browser, stranger):
    context = browser.new_context()
    page = context.new_page()
    said = []
    page.on("console", lambda line: said.append(line.text))
    page.goto(stranger)
    page.wait_for_timeout(1500)

    assert page.frame_locator("iframe").locator("main").count() == 0
    assert any("frame-ancestors" in line for line in said)
    context.close()
