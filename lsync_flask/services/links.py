"""Addresses that open LSync where people have it: in their org's Lightning tab."""

from urllib.parse import urlencode

from lsync_flask.storage.orgs import OrgRow

TAB = "/lightning/n/LSync"
ACTIVITY = "c__activity"
"""The parameter that the tab's component hands on to LSync; Salesforce lets through what begins with c__."""


def activity_link(org: OrgRow, activity_id: int) -> str:
    """The org's LSync tab with this activity open; whoever is not logged in is asked by Salesforce first."""
    return f"{org.my_domain.rstrip('/')}{TAB}?{urlencode({ACTIVITY: activity_id})}"
