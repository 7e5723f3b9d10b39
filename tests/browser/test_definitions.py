"""The pages of sync definitions, as somebody uses them in the tab."""

import pytest

PAGES = ("/", "/definitions", "/definitions?search=zzz", "/definitions/1", "/definitions/new", "/definitions/2/edit")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_axe_finds_nothing_on_the_pages_and_nothing_is_wider_than_the_frame(
    open_tab, go, check_accessible, frame_of, width, scheme
):
    page = open_tab(width=width, color_scheme=scheme)

    for address in PAGES:
        go(page, address)
        check_accessible(page, f"{address} {width} {scheme}")
        assert frame_of(page).evaluate("document.documentElement.scrollWidth <= innerWidth"), address


@pytest.mark.parametrize(
    "who", ["LSync_Manager", "LSync_Single_Enrich", "LSync_Auditor", "noah.reid@northbridge.example"]
)
def test_axe_finds_nothing_on_what_each_role_sees_first(open_tab, check_accessible, who):
    page = open_tab(who)

    check_accessible(page, who)
