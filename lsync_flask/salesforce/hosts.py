"""Which addresses are a Salesforce org. A token goes nowhere else (`reference/salesforce.md` §1.9)."""

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from lsync_flask.errors import FatalError

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PARTITION = r"(?:sandbox|develop|scratch|demo|trailblaze|free|patch)"
_ORG_HOST = re.compile(
    rf"{_LABEL}(?:\.{_PARTITION})?\.my\.(?:salesforce\.com|salesforce\.mil|sfcrmproducts\.cn)", re.ASCII
)
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\])(?::[0-9]{{1,5}})?", re.ASCII)
_HTTPS_PORT = 443

SITES = (
    (".my.salesforce.com", ".lightning.force.com", ".vf.force.com"),
    (".my.salesforce.mil", ".lightning.crmforce.mil", ".vf.crmforce.mil"),
    (".my.sfcrmproducts.cn", ".lightning.sfcrmapps.cn", ".vf.sfcrmapps.cn"),
)
"""Where the pages of one org are: its My Domain, Lightning, and Visualforce. All three may frame the tab at once."""


def check_org_url(url: str, extra_hosts: frozenset[str]) -> str:
    """The origin, such as `https://acme.my.salesforce.com`, in lower case and without what follows it.

    `extra_hosts` are further hosts as `host:port`; only those on this machine may be plain http.

    Raises:
        FatalError: it is no address of a Salesforce org, or carries more than scheme and host.
    """
    parts = _split(url)
    host = parts.netloc.lower()
    if not _HOST.fullmatch(host) or parts.path not in {"", "/"} or parts.query or parts.fragment or "#" in url:
        raise _refused(url)
    if parts.scheme == "https" and _is_org(host.removesuffix(f":{_HTTPS_PORT}")):
        return f"https://{host.removesuffix(f':{_HTTPS_PORT}')}"
    if host in {extra.lower() for extra in extra_hosts} and _is_scheme_allowed(parts):
        return f"{parts.scheme}://{host}"
    raise _refused(url)


def org_origins(my_domain: str, extra_hosts: frozenset[str]) -> list[str]:
    """The origins of an org's own pages, which may frame the tab and send it messages."""
    host = urlsplit(my_domain).hostname or ""
    for own, lightning, visualforce in SITES:
        if host.endswith(own):
            domain = host.removesuffix(own)
            return [f"https://{domain}{own}", f"https://{domain}{lightning}", _visualforce(domain, visualforce)]
    return _extra_origins(extra_hosts)


def all_org_origins(extra_hosts: frozenset[str]) -> list[str]:
    """The origins of all orgs there are, for pages that say nothing of any org."""
    return [f"https://*{site}" for sites in SITES for site in sites] + _extra_origins(extra_hosts)


def _visualforce(domain: str, site: str) -> str:
    """Visualforce has `--c` after the domain, and a sandbox's kind after that."""
    name, dot, kind = domain.partition(".")
    return f"https://{name}--c{dot}{kind}{site}"


def _extra_origins(hosts: frozenset[str]) -> list[str]:
    return [
        f"{'http' if is_loopback(urlsplit(f'//{host}').hostname or '') else 'https'}://{host}" for host in sorted(hosts)
    ]


def _split(url: str) -> SplitResult:
    if not url.isascii() or any(letter <= " " or letter == "\\" for letter in url):
        raise _refused(url)
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 (reading it checks it)
    except ValueError:
        raise _refused(url) from None
    return parts


def _is_org(host: str) -> bool:
    return _ORG_HOST.fullmatch(host) is not None


def _is_scheme_allowed(parts: SplitResult) -> bool:
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))


def is_loopback(host: str) -> bool:
    """Is this host surely this machine?"""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _refused(url: str) -> FatalError:
    return FatalError(
        f"“{url[:100]}” is no address of a Salesforce org. Give its My Domain, such as https://acme.my.salesforce.com."
    )
