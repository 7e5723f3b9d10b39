"""LSync's address among the org's trusted ones: Remote Site Setting and CSP trusted site, by the Tooling API."""

from lsync_flask.salesforce.api import SalesforceApi, SalesforceRefused

NAME = "LSync"
_TAKEN = frozenset({"DUPLICATE_VALUE", "DUPLICATE_DEVELOPER_NAME"})


def add_remote_site(api: SalesforceApi, url: str) -> bool:
    """Let Apex code of the org call this address; False: it is there already.

    Raises:
        SalesforceRefused: the user may not (Customize Application is needed), or the org does not take it.
    """
    metadata = {"description": "LSync", "disableProtocolSecurity": False, "isActive": True, "url": url}
    return _add(api, "RemoteProxy", metadata)


def add_csp_site(api: SalesforceApi, url: str) -> bool:
    """Let Lightning pages of the org frame this address; False: it is there already. Raises as above."""
    metadata = {
        "description": "LSync",
        "context": "All",
        "endpointUrl": url,
        "isActive": True,
        "isApplicableToFrameSrc": True,
    }
    return _add(api, "CspTrustedSite", metadata)


def _add(api: SalesforceApi, kind: str, metadata: object) -> bool:
    try:
        api.request("POST", f"tooling/sobjects/{kind}", json={"FullName": NAME, "Metadata": metadata})
    except SalesforceRefused as error:
        if error.codes & _TAKEN:
            return False
        raise
    return True
