"""A whole demo in processes of its own, and tabs of its users in a real Chromium: LSync in a cross-site frame."""

import tempfile
from pathlib import Path

import pytest

from lsync_flask.demo.start import DemoOptions, start_demo
from lsync_flask.demo.supervisor import Supervisor, free_port

AXE = (Path(__file__).parent / "axe" / "axe-4.14.1.min.js").read_text()


def pytest_collection_modifyitems(items):
    """All browser tests share one process, and so one demo and one browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def demo():
    """Everything that `lsync demo` starts, with 300 leads: `web_url`, and `org`, the simulator's line."""
    with tempfile.TemporaryDirectory(prefix="lsync-tab-", dir="/tmp") as name:
        supervisor = Supervisor(Path(name) / "demo.log")
        options = DemoOptions(folder=Path(name), port=free_port(), records=300, workers=1)
        try:
            yield start_demo(options, supervisor)
        finally:
            supervisor.stop()


LEFT = ("htmx:sendAbort", "htmx:afterRequest")
"""What htmx says of a poll that is cut because its page is left; a request that fails says htmx:sendError besides."""


@pytest.fixture
def open_tab(browser, demo):
    """Opens Lightning's page with the LSync tab as a user of the org, named by a permission set or by username.

    The page comes back; `page.frame_locator("iframe")` is LSync in it. What the browser's console complains of fails the
    test, but for lines that hold one of `expected`.
    """
    contexts, complaints, foreseen = [], [], list(LEFT)

    def open_as(who="LSync_Admin", *, width=1280, height=900, expected=(), **options):
        foreseen.extend(expected)
        user = next(u for u in demo.org["users"] if who in (u["username"], *u["permission_sets"]))
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if line.type in {"error", "warning"} else None)
        page.goto(f"{demo.org['lightning_url']}?user={user['username']}")
        page.frame_locator("iframe").locator("main").wait_for()
        # The page's own scripts are deferred: they have run when it is loaded, and not before.
        next(one for one in page.frames if one != page.main_frame).wait_for_load_state("load")
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert [line for line in complaints if not any(one in line for one in foreseen)] == []


@pytest.fixture
def frame_of():
    """LSync's frame in a tab, for scripts; `page.frame_locator("iframe")` is for pressing and reading."""
    return lambda page: next(one for one in page.frames if one != page.main_frame)


@pytest.fixture
def check_accessible(frame_of):
    """Fails when axe-core finds anything in LSync's frame; `where` names the page in the message."""

    def check(page, where=""):
        frame = frame_of(page)
        frame.evaluate(AXE)
        found = frame.evaluate("async () => (await axe.run()).violations")
        said = [f"{where} {one['id']}: {one['help']}: {node['html'][:200]}" for one in found for node in one["nodes"]]
        assert said == []

    return check


@pytest.fixture
def go(frame_of):
    """Opens an address of LSync in the tab, as a link of its page would."""

    def open_address(page, address):
        frame = frame_of(page)
        frame.evaluate(
            """async address => {
                while (!window.htmx) await new Promise(done => setTimeout(done, 20));
                const settled = new Promise(done => addEventListener("htmx:afterSettle", done, {once: true}));
                htmx.ajax("GET", address, {target: "body", swap: "innerHTML"});
                await settled;
            }""",
            address,
        )
        return page.frame_locator("iframe")

    return open_address
