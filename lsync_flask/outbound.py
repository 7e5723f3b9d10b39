"""The guarded way out for providers and notifiers: no internal address, no redirect, limits on time and size.

An address that an admin types must not become a way to this machine's neighbours. Names are resolved once, all of
their addresses are checked, and the connection goes to an address that was checked, so that no second answer of the
name server can lead elsewhere (`reference/reliability.md` A3).
"""

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, PoolManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.util import Url, parse_url

from lsync_flask.errors import FatalError, LsyncError, OutcomeUnknown, RetryableError
from lsync_flask.plugin_api import HttpReply

CONNECT_S = 5.0
LARGEST_BODY = 64 * 1024 * 1024
CHUNK = 1 << 16
CONNECTIONS = 32

_PORTS = {"http": 80, "https": 443}
_NAT64 = ip_network("64:ff9b::/96")
_REFUSED = frozenset({ip_address("168.63.129.16")})
"""A public address that Azure answers on from inside each machine."""


class GuardedHttp:
    """Sends requests for plugins. `allowed_hosts` are internal ones, as `host:port`, that the operator lets through."""

    def __init__(self, allowed_hosts: frozenset[str], ca_bundle: str | None) -> None:
        self._allowed = frozenset(host.lower() for host in allowed_hosts)
        self._guarded = _open_pools(ca_bundle, {"https": _GuardedPool})
        self._trusted = _open_pools(ca_bundle, {"http": _TrustedHttpPool, "https": _TrustedHttpsPool})

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> HttpReply:
        """Send one request and read the whole answer; a redirect is an answer like any other.

        Raises:
            RetryableError: no connection could be made; nothing was sent.
            OutcomeUnknown: the request left and no whole answer came back.
            FatalError: the address is not allowed, or the answer is larger than 64 MB.
        """
        pools = self._choose(url)
        ends_at = time.monotonic() + timeout_s
        try:
            response = pools.request(
                method,
                url,
                headers=_headers(headers),
                body=body,
                timeout=Timeout(connect=min(CONNECT_S, timeout_s), read=timeout_s),
                redirect=False,
                retries=False,
                preload_content=False,
            )
            return _read(response, ends_at)
        except (HTTPError, OSError) as error:
            raise OutcomeUnknown(f"{_host(url)} did not send a whole answer.") from error
        except (ValueError, UnicodeError) as error:
            raise FatalError(f"The request to {_host(url)} cannot be sent: a header or the address is odd.") from error

    def _choose(self, url: str) -> PoolManager:
        """The connections that may be used for an address; FatalError when none may."""
        parts = _parse(url)
        host = f"{parts.host}:{parts.port or _PORTS.get(parts.scheme or '', 0)}".lower()
        if parts.scheme in _PORTS and host in self._allowed:
            return self._trusted
        if parts.scheme != "https":
            raise FatalError(f"{url[:100]} is not allowed: only https addresses are.")
        return self._guarded


def _parse(url: str) -> Url:
    try:
        parts = parse_url(url)
    except LocationParseError:
        raise FatalError(f"“{url[:100]}” is no web address.") from None
    if not parts.host or parts.auth:
        raise FatalError("A web address needs a host, and must not carry a user name.")
    return parts


def _host(url: str) -> str:
    return parse_url(url).host or ""


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    # Other encodings than gzip can unpack to sizes that are only known when the memory is full.
    kept = {name: value for name, value in headers.items() if name.lower() not in {"accept-encoding", "host"}}
    return {"User-Agent": "LSync", **kept, "Accept-Encoding": "gzip"}


def _read(response: BaseHTTPResponse, ends_at: float) -> HttpReply:
    parts = []
    size = 0
    # A connection whose answer is read to the end is kept for the next request; closing then changes nothing.
    with contextlib.closing(response):
        for part in response.stream(CHUNK, decode_content=True):
            size += len(part)
            if size > LARGEST_BODY:
                raise FatalError(f"The answer is larger than {LARGEST_BODY // 1024 // 1024} MB.")
            if time.monotonic() > ends_at:
                raise OutcomeUnknown("The answer took too long.")
            parts.append(part)
    headers = {name.lower(): value for name, value in response.headers.items()}
    return HttpReply(response.status, headers, b"".join(parts))


def _open_pools(ca_bundle: str | None, classes: Mapping[str, type[HTTPConnectionPool]]) -> PoolManager:
    pools = PoolManager(num_pools=CONNECTIONS, maxsize=CONNECTIONS, ca_certs=ca_bundle or DEFAULT_CA_BUNDLE_PATH)
    pools.pool_classes_by_scheme = dict(classes)
    return pools


def _connect(connect: Callable[[], None], host: str) -> None:
    """Connect, and say of a failure that nothing was sent yet."""
    try:
        connect()
    except LsyncError:
        raise
    except ssl.SSLCertVerificationError as error:
        raise FatalError(f"The certificate of {host} is not trusted, so nothing was sent.") from error
    except (OSError, HTTPError) as error:
        raise RetryableError(f"{host} could not be reached.") from error


class _TrustedHttp(HTTPConnection):
    def connect(self) -> None:
        _connect(super().connect, self.host)


class _TrustedHttps(HTTPSConnection):
    def connect(self) -> None:
        _connect(super().connect, self.host)


class _GuardedHttps(_TrustedHttps):
    def _new_conn(self) -> socket.socket:
        return open_checked(self.host, self.port or _PORTS["https"], self.timeout or CONNECT_S)


class _TrustedHttpPool(HTTPConnectionPool):
    ConnectionCls = _TrustedHttp


class _TrustedHttpsPool(HTTPSConnectionPool):
    ConnectionCls = _TrustedHttps


class _GuardedPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedHttps


def open_checked(host: str, port: int, timeout_s: float) -> socket.socket:
    """A connection to one of the host's addresses, none of which is internal.

    Raises:
        FatalError: one of them is. RetryableError: the name is not known, or nobody answers.
    """
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise RetryableError(f"The address of {host} is not known.") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    check_addresses(host, addresses)
    for address in addresses:
        with contextlib.suppress(OSError):
            opened = socket.create_connection((address, port), timeout_s)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return opened
    raise RetryableError(f"{host} could not be reached.")


def check_addresses(host: str, addresses: list[str]) -> None:
    """Raises FatalError when any of a host's addresses is not a public one."""
    if not addresses or not all(is_public(ip_address(address.partition("%")[0])) for address in addresses):
        raise FatalError(
            f"{host} is an internal address, which LSync does not call. The operator can allow it with "
            "LSYNC_ALLOWED_PROVIDER_HOSTS."
        )


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Does this address lead to the public internet, and to nothing that is wrapped in it either?"""
    if isinstance(address, IPv6Address):
        inner = _inner(address)
        if inner is not None:
            return is_public(inner)
        if address.sixtofour is not None or address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved and address not in _REFUSED


def _inner(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that this one stands for, if it does."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
