"""The page of one record in the tab: what Single Enrich sees, from the record's page in Lightning to the new values."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from lsync_flask.demo.job import OrgDoor

from .test_main_job import take_picture

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def leads(demo):
    """Leads with a company, such as the provider can look up."""
    user = next(one for one in demo.org["users"] if one["permission_sets"] == ["LSync_Admin"])
    query = "SELECT Id, Name FROM Lead WHERE IsConverted = false AND Country != null ORDER BY Id LIMIT 20"
    return OrgDoor(demo.org, user).query(query)


@pytest.fixture
def open_record(open_tab, demo):
    """Opens Lightning's page of a record, with LSync on it, as a user."""

    def open_as(record, who="LSync_Single_Enrich", **options):
        page = open_tab(who, **options)
        site = urlsplit(demo.org["lightning_url"])
        page.goto(f"{site.scheme}://{site.netloc}/lightning/r/Lead/{record}/view")
        page.frame_locator("iframe").locator("h1").wait_for()
        return page

    return open_as


def test_single_enrich_enriches_the_record_it_stands_on_and_sees_nothing_else(open_record, leads, check_accessible):
    lead = leads[0]
    page = open_record(lead["Id"])
    frame = page.frame_locator("iframe")

    expect(frame.get_by_role("heading", name=lead["Name"])).to_be_visible()
    assert frame.get_by_role("navigation", name="LSync").get_by_role("link").all_inner_texts() == ["Home"]
    expect(frame.get_by_role("table")).to_contain_text("When the provider has a value")
    check_accessible(page, "a record before")
    take_picture(page, "record")
    frame.get_by_role("button", name="Enrich this record").press("Enter")

    last = frame.get_by_role("region", name="Last time")
    expect(last).to_contain_text("credit", timeout=60_000)
    expect(frame.get_by_role("button", name="Enrich this record")).to_be_enabled()
    check_accessible(page, "a record after")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (400, "light"), (400, "dark")])
def test_the_page_of_a_record_fits_narrow_and_dark(open_record, leads, check_accessible, frame_of, width, scheme):
    page = open_record(leads[1]["Id"], "LSync_Manager", width=width, color_scheme=scheme)

    expect(page.frame_locator("iframe").get_by_role("heading", name=leads[1]["Name"])).to_be_visible()
    check_accessible(page, f"a record {width} {scheme}")
    assert frame_of(page).evaluate("document.documentElement.scrollWidth <= innerWidth")
