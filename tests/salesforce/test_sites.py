"""LSync's address among the org's trusted ones."""

import pytest

from lsync_flask.salesforce.refusals import SalesforceRefused
from lsync_flask.salesforce.sites import add_csp_site, add_remote_site

URL = "https://lsync.acme.example"


@pytest.mark.parametrize(
    ("add", "kind", "key"), [(add_remote_site, "RemoteProxy", "url"), (add_csp_site, "CspTrustedSite", "endpointUrl")]
)
def test_a_site_is_added_once_and_a_refusal_is_said(org, api, add, kind, key):
    path = f"tooling/sobjects/{kind}"
    org.answer("POST", path, {"id": "0rpLs0000000001", "success": True}, status=201)
    org.refuse("POST", path, "DUPLICATE_VALUE", "Remote Site Name already exists")
    org.refuse("POST", path, "INSUFFICIENT_ACCESS", "You may not", status=403)

    assert add(api, URL) is True
    assert add(api, URL) is False
    with pytest.raises(SalesforceRefused, match="You may not"):
        add(api, URL)
    sent = org.calls("POST", path)[0].json
    assert (sent["FullName"], sent["Metadata"][key], sent["Metadata"]["isActive"]) == ("LSync", URL, True)
