"""What each user sees on opening the tab."""

import pytest


@pytest.mark.parametrize(
    ("who", "tabs"),
    [
        ("LSync_Admin", {"Home", "Sync definitions", "Activities", "Settings", "Audit"}),
        ("LSync_Manager", {"Home", "Sync definitions", "Activities"}),
    ],
)
def test_the_tab_opens_with_the_pages_of_the_role(open_tab, who, tabs):
    page = open_tab(who)

    labels = set(page.frame_locator("iframe").get_by_role("navigation").get_by_role("link").all_inner_texts())

    assert tabs <= labels
    assert ("Settings" in labels) == (who == "LSync_Admin")
