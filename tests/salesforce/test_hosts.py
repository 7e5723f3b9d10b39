import pytest

from lsync_flask.errors import FatalError
from lsync_flask.salesforce.hosts import check_org_url

EXTRA = frozenset({"127.0.0.1:7101", "org.localhost:7102", "10.0.0.1:443", "sim.test:80"})


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://acme.my.salesforce.com", "https://acme.my.salesforce.com"),
        ("https://ACME--uat.sandbox.my.salesforce.com:443/", "https://acme--uat.sandbox.my.salesforce.com"),
        (
            "https://orgfarm-1-dev-ed.develop.my.salesforce.com",
            "https://orgfarm-1-dev-ed.develop.my.salesforce.com",
        ),
        ("https://acme.my.salesforce.mil", "https://acme.my.salesforce.mil"),
        ("http://127.0.0.1:7101/", "http://127.0.0.1:7101"),
        ("http://org.localhost:7102", "http://org.localhost:7102"),
        ("https://10.0.0.1:443", "https://10.0.0.1:443"),
    ],
)
def test_an_org_is_known_by_its_address(url, origin):
    assert check_org_url(url, EXTRA) == origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "acme.my.salesforce.com",
        "http://acme.my.salesforce.com",
        "https://acme.my.salesforce.com.evil.example",
        "https://evil.example/.my.salesforce.com",
        "https://evil.example#.my.salesforce.com",
        "https://evil.example?.my.salesforce.com",
        "https://evil.example\\.my.salesforce.com",
        "https://acme.my.salesforce.com@evil.example",
        "https://user@acme.my.salesforce.com",
        "https://acme.my.salesforce.com:8443",
        "https://acme.my.salesforce.com/path",
        "https://acme.my.salesforce.com/?a",
        "https://acme.my.salesforce.com#",
        "https://.my.salesforce.com",
        "https://a.b.c.my.salesforce.com",
        "https://acmé.my.salesforce.com",
        "https://acme.my.salesforce.com\n",
        "https://acme.my.salesforce.com:99999999",
        "https://login.salesforce.com",
        "http://127.0.0.1:7102",
        "http://10.0.0.1:443",
        "http://sim.test:80",
        "ftp://127.0.0.1:7101",
        "file:///etc/passwd",
        "https://[::1",
    ],
)
def test_a_token_goes_nowhere_else(url):
    with pytest.raises(FatalError, match="no address of a Salesforce org"):
        check_org_url(url, EXTRA)
