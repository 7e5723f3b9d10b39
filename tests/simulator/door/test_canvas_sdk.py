"""Salesforce's own Canvas SDK, unmodified from npm, in the frame of the local org, in a real browser."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, request, send_file
from playwright.sync_api import Browser, Frame, Page

import lsync_flask
from lsync_flask.simulator.serve import SimulatorOptions, open_simulator
from tests.simulator.door.conftest import framed

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SDK = Path(lsync_flask.__file__).parent / "web" / "static" / "vendor" / "canvas-all-1.41.0.js"
LIMIT_MS = 60_000
APP = """<!doctype html><title>app</title><script src="/sdk.js"></script>
<script id="request" type="application/json">%s</script><div id="tall"></div>
<script>
const sr = JSON.parse(document.getElementById("request").textContent), client = sr.client, sdk = Sfdc.canvas.client;
const asked = (call) => new Promise((tell) => call(tell));
</script><p id="ready">ready</p>"""


@pytest.fixture(scope="module")
def app_url() -> Iterator[str]:
    app = Flask("app")

    @app.post("/canvas")
    def canvas() -> str:
        payload = base64.b64decode(request.form["signed_request"].split(".")[1]).decode()
        return APP % payload.replace("<", "\\u003c")

    @app.get("/canvas")
    def by_get() -> str:
        return (
            f'<!doctype html><p id="ready">{request.args["loginUrl"]}</p><script>window.hash = location.hash</script>'
        )

    @app.get("/sdk.js")
    def sdk():
        return send_file(SDK)

    with framed(app) as address:
        yield address


@pytest.fixture(scope="module")
def lightning_url(app_url: str) -> Iterator[str]:
    with open_simulator(SimulatorOptions(records=20, app_url=app_url)) as line:
        yield line["lightning_url"]


@pytest.fixture
def page(browser: Browser, lightning_url: str) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1280, "height": 800})
    opened.set_default_timeout(LIMIT_MS)
    opened.goto(lightning_url)
    yield opened
    opened.close()


def frame_of(page: Page) -> Frame:
    page.frame_locator("iframe").locator("#ready").wait_for()
    return next(frame for frame in page.frames if frame.name.startswith("canvas-frame-"))


def test_ctx_and_ajax_answer_in_the_sdks_own_words(page):
    frame = frame_of(page)

    context = frame.evaluate("asked((tell) => sdk.ctx(tell, client))")
    soql = "/services/data/v67.0/query?q=SELECT+Id+FROM+Lead+LIMIT+3"
    found = frame.evaluate("(url) => asked((tell) => sdk.ajax(url, {client, success: tell}))", soql)
    record = found["payload"]["records"][0]["Id"]
    change = "(url) => asked((tell) => sdk.ajax(url, {client, method: 'PATCH', data: '{\"City\": \"Rome\"}', success: tell}))"
    changed = frame.evaluate(change, f"/services/data/v67.0/sobjects/Lead/{record}")

    assert (context["status"], context["payload"]["user"]["fullName"]) == (200, "Ada Lindgren")
    assert (found["status"], found["payload"]["totalSize"]) == (200, 3)
    assert found.keys() >= {"seq", "parentVersion", "clientVersion", "statusText", "responseHeaders", "type"}
    assert "sforce-limit-info" in found["responseHeaders"]
    assert changed["status"] == 204


def test_ajax_with_a_dead_token_and_beyond_the_org_is_refused(page):
    frame = frame_of(page)
    ask = "(url) => asked((tell) => sdk.ajax(url, {client: {...client, oauthToken: 'dead'}, success: tell}))"

    dead = frame.evaluate(ask, "/services/data/v67.0/limits")
    elsewhere = frame.evaluate(ask, "/mails")

    assert (dead["status"], dead["payload"][0]["errorCode"]) == (401, "INVALID_SESSION_ID")
    assert (elsewhere["status"], elsewhere["payload"][0]["errorCode"]) == (404, "NOT_FOUND")


def test_events_are_heard_by_those_who_subscribed(page):
    frame = frame_of(page)
    frame.evaluate("""() => {
      window.heard = [];
      sdk.subscribe(client, [
        {name: "my.event", onData: (data) => heard.push(["my.event", data])},
        {name: "canvas.resize", onData: (data) => heard.push(["canvas.resize", data])},
      ]);
      sdk.publish(client, {name: "my.event", payload: {a: 1}});
      sdk.resize(client, {height: "640px"});
    }""")
    frame.wait_for_function("heard.length === 2")
    frame.evaluate(
        "() => { sdk.unsubscribe(client, 'my.event'); sdk.publish(client, {name: 'my.event', payload: {}}); }"
    )
    frame.evaluate("asked((tell) => sdk.ctx(tell, client))")

    heard = frame.evaluate("heard")
    assert heard[0] == ["my.event", {"a": 1}]
    assert heard[1][1]["height"] == "640px"
    assert len(heard) == 2


def test_the_frame_grows_with_its_content(page):
    frame = frame_of(page)

    frame.evaluate("() => { document.getElementById('tall').style.height = '1777px'; sdk.autogrow(client, true, 50); }")

    page.locator("iframe").wait_for()
    frame.wait_for_function("innerHeight >= 1777")
    frame.evaluate("() => sdk.autogrow(client, false)")


def test_a_refreshed_request_is_new_and_a_repost_without_refresh_is_the_old_one(page):
    frame = frame_of(page)
    issued = frame.evaluate("sr.issuedAt")

    refreshed = frame.evaluate("asked((tell) => sdk.refreshSignedRequest(tell))")
    frame.evaluate("window.old = true; sdk.repost()")
    again = new_frame_of(page)
    frame_issued = again.evaluate("sr.issuedAt")

    signed = json.loads(base64.b64decode(refreshed["payload"]["response"].split(".")[1]))
    assert refreshed["status"] == 200
    assert signed["issuedAt"] != issued
    assert frame_issued == signed["issuedAt"]


def new_frame_of(page: Page) -> Frame:
    """The frame once it is another one than that which has `old`."""
    for _ in range(600):
        frame = frame_of(page)
        if not frame.evaluate("window.old === true"):
            return frame
        page.wait_for_timeout(100)
    raise AssertionError("the frame was not built anew")


def test_a_repost_with_refresh_brings_a_new_request(page):
    frame = frame_of(page)
    issued = frame.evaluate("sr.issuedAt")

    frame.evaluate("window.old = true; sdk.repost(true)")

    assert new_frame_of(page).evaluate("sr.issuedAt") != issued


def test_an_app_that_wants_get_finds_its_instance_behind_the_hash(page, lightning_url):
    page.goto(f"{lightning_url}?access=get")

    frame = frame_of(page)

    assert frame.inner_text("#ready").startswith("http://127.0.0.1:")
    assert "instance_id=" in frame.evaluate("window.hash")
