"""A whole demo in processes of its own, and tabs of its users in a real Chromium: LSync in a cross-site frame."""

import tempfile
from pathlib import Path

import pytest

from lsync_flask.demo.start import DemoOptions, start_demo
from lsync_flask.demo.supervisor import Supervisor, free_port


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


@pytest.fixture
def open_tab(browser, demo):
    """Opens Lightning's page with the LSync tab as a user of the org, named by a permission set or by username.

    The page comes back; `page.frame_locator("iframe")` is LSync in it. What the browser's console complains of fails the test.
    """
    contexts, complaints = [], []

    def open_as(who="LSync_Admin", *, width=1280, height=900, **options):
        user = next(u for u in demo.org["users"] if who in (u["username"], *u["permission_sets"]))
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if line.type in {"error", "warning"} else None)
        page.goto(f"{demo.org['lightning_url']}?user={user['username']}")
        page.frame_locator("iframe").locator("main").wait_for()
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert complaints == []
