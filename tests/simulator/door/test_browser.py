"""The page around the frame, in a real browser: it speaks the Canvas messages and fits small and large screens."""

from collections.abc import Iterator

import pytest
from flask import Flask, request
from playwright.sync_api import Browser, Frame, Page

from lsync_flask.simulator.serve import SimulatorOptions, open_simulator
from tests.simulator.door.conftest import framed

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

# What a framed app does, in the words of the wire and without the SDK.
CHILD = """<!doctype html><title>app</title><script>
window.heard = [];
addEventListener("message", (event) => {
  if (/^\\{.*\\}$/.test(event.data)) heard.push({origin: event.origin, ...JSON.parse(event.data)});
});
window.say = (seq, body, origin) => parent.postMessage(JSON.stringify({
  seq, src: "client", clientVersion: "41.0", targetModule: "Canvas",
  body: {config: {client: {instanceId: name.slice("canvas-frame-".length)}}, ...body},
}), origin || "*");
</script><p id="user">%s</p><p id="size">%d</p>"""


@pytest.fixture(scope="module")
def app_url() -> Iterator[str]:
    app = Flask("child")

    @app.post("/canvas")
    def canvas() -> str:
        raw = request.form["signed_request"]
        return CHILD % (request.headers["Sec-Fetch-Site"], len(raw))

    with framed(app) as address:
        yield address


@pytest.fixture(scope="module")
def lightning_url(app_url: str) -> Iterator[str]:
    with open_simulator(SimulatorOptions(records=1, app_url=app_url)) as line:
        yield line["lightning_url"]


@pytest.fixture
def page(browser: Browser, lightning_url: str) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1280, "height": 800})
    opened.goto(lightning_url)
    yield opened
    opened.close()


def frame_of(page: Page) -> Frame:
    page.frame_locator("iframe").locator("#user").wait_for()
    return next(frame for frame in page.frames if frame.name.startswith("canvas-frame-"))


def answer_of(frame: Frame, seq: int) -> dict[str, object]:
    frame.wait_for_function(f"heard.some((message) => message.seq === {seq})")
    return frame.evaluate(f"heard.find((message) => message.seq === {seq})")


def height_of(page: Page) -> str:
    return page.evaluate("document.querySelector('iframe').style.height")


def test_the_signed_request_is_posted_into_a_cross_site_frame(page):
    frame = frame_of(page)

    assert frame.inner_text("#user") == "cross-site"
    assert int(frame.inner_text("#size")) > 2000


def test_the_frame_can_ask_for_its_context(page):
    frame = frame_of(page)
    frame.evaluate("say(1, {type: 'ctx', accessToken: 'x'})")

    answer = answer_of(frame, 1)

    assert (answer["status"], answer["type"], answer["parentVersion"]) == (200, "callback", "67.0")
    assert answer["payload"]["user"]["fullName"] == "Ada Lindgren"
    assert answer["origin"].startswith("http://localhost:")


def test_the_frame_can_refresh_its_signed_request(page):
    frame = frame_of(page)
    frame.evaluate("say(2, {type: 'refresh', accessToken: 'null'})")

    answer = answer_of(frame, 2)

    assert answer["status"] == 200
    assert set(answer["payload"]) == {"auxiliary", "canvasRequest", "response"}
    assert answer["payload"]["response"].count(".") == 1


def test_the_frame_is_resized_and_told_so(page):
    frame = frame_of(page)
    frame.evaluate("say(3, {type: 'subscribe', subscriptions: {'canvas.resize': {}, 'my.event': {}}})")
    answer_of(frame, 3)

    frame.evaluate("say(4, {type: 'resize', size: {height: '1234px', width: ''}})")
    frame.evaluate("say(5, {type: 'publish', event: {name: 'my.event', payload: {a: 1}}})")

    answer_of(frame, 5)
    events = frame.evaluate("heard.filter((message) => message.type === 'event').map((message) => message.payload)")
    assert height_of(page) == "1234px"
    assert [event["name"] for event in events] == ["canvas.resize", "my.event"]
    assert events[0]["payload"] == {"height": "1234px", "width": "100%"}
    assert events[1]["payload"] == {"a": 1}


def test_a_frame_grows_no_further_than_its_cap(page, lightning_url):
    page.goto(f"{lightning_url}?maxHeight=1000px")
    frame = frame_of(page)
    frame.evaluate("say(6, {type: 'resize', size: {height: '5000px'}})")
    frame.evaluate("say(7, {type: 'subscribe', subscriptions: {}})")

    answer_of(frame, 7)

    assert height_of(page) == "1000px"


def test_a_repost_builds_the_frame_anew_with_a_fresh_request(page):
    frame = frame_of(page)
    first = page.evaluate("document.getElementById('canvas-form').elements.signed_request.value")
    frame.evaluate("say(8, {type: 'repost', refresh: true})")

    page.wait_for_function(
        "old => document.getElementById('canvas-form').elements.signed_request.value !== old", arg=first
    )

    assert frame_of(page).inner_text("#user") == "cross-site"


def test_messages_that_are_not_canvas_or_name_another_instance_are_ignored(page):
    frame = frame_of(page)

    frame.evaluate("parent.postMessage('hello', '*')")
    frame.evaluate("parent.postMessage('{\\n}', '*')")
    frame.evaluate("say(9, {type: 'resize', size: {height: '77px'}, config: {client: {instanceId: 'other'}}})")
    frame.evaluate("say(10, {type: 'subscribe', subscriptions: {}})")

    answer_of(frame, 10)
    assert height_of(page) == "900px"
    assert len(frame.evaluate("heard")) == 1


@pytest.mark.parametrize("width", [400, 768, 1600])
def test_the_page_fits_the_screen(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    frame_of(page)

    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_nothing_is_asked_of_other_sites_and_nothing_is_complained_about(browser, lightning_url, app_url):
    opened = browser.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    opened.on("request", lambda sent: asked.append(sent.url.split("/")[2]))
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))

    opened.goto(lightning_url)
    frame_of(opened)
    opened.close()

    assert set(asked) == {lightning_url.split("/")[2], app_url.split("/")[2]}
    assert complaints == []
