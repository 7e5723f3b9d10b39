"""The pages of admins, as somebody uses them in the tab."""

import pytest
from playwright.sync_api import expect

PAGES = (
    "/mappings/input/Lead",
    "/mappings/results/Account",
    "/settings",
    "/settings/notices",
    "/settings/tokens",
    "/setup",
    "/access",
    "/plugins",
    "/audit",
)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_axe_finds_nothing_on_the_pages_of_admins_and_nothing_is_wider_than_the_frame(
    open_tab, go, check_accessible, frame_of, width, scheme
):
    page = open_tab(width=width, color_scheme=scheme)

    for address in PAGES:
        go(page, address)
        check_accessible(page, f"{address} {width} {scheme}")
        assert frame_of(page).evaluate("document.documentElement.scrollWidth <= innerWidth"), address


def test_the_ways_of_notices_are_seen_and_chosen_by_keyboard(open_tab, go):
    page = open_tab(expected=["UNPROCESSABLE ENTITY"])
    go(page, "/settings/notices")
    frame = page.frame_locator("iframe")

    for way in ("E-mail (SMTP)", "E-mail (Salesforce)", "Slack", "Webhook"):
        box = frame.get_by_role("checkbox", name=way)
        expect(box).to_be_visible()
        assert box.evaluate("box => box.getBoundingClientRect().width > 8 && getComputedStyle(box).opacity > 0"), way

    slack = frame.get_by_role("checkbox", name="Slack")
    slack.press("Space")
    expect(slack).to_be_checked()
    frame.get_by_role("button", name="Save", exact=True).press("Enter")
    expect(frame.get_by_text("Something must be corrected")).to_be_visible()
    expect(frame.get_by_role("checkbox", name="Slack")).to_be_checked()
