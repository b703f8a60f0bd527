"""HTTP requests that may be sent on: what passes, what does not, and where a redirect may lead.

Redirects are followed by hand, because where a server sends us is not where the user sent us: see
``_target`` and ``_public_socket``.
"""

from __future__ import annotations

import email.utils
import ipaddress
import logging
import socket
import ssl
import time
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError, SSLError

from mella_spark import __version__
from mella_spark.remote.file import ForbiddenError, MissingError, Passing, RemoteError, shown
from mella_spark.settings import RemoteSettings

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
# At its DEBUG level urllib3 logs whole addresses, signatures in their queries included.
logging.getLogger("urllib3").setLevel(logging.INFO)


class HttpClient:
    """Requests with redirects followed; connections are kept. For one process, any thread."""

    def __init__(self, settings: RemoteSettings) -> None:
        self.settings = settings
        self._named = self._pools()
        self._public = self._pools()
        self._public.pool_classes_by_scheme = {"http": _PublicHTTPPool, "https": _PublicHTTPSPool}

    def _pools(self) -> urllib3.PoolManager:
        settings = self.settings
        return urllib3.PoolManager(
            maxsize=settings.connections,
            retries=False,
            timeout=urllib3.Timeout(connect=settings.connect_seconds, read=settings.read_seconds),
            headers={"User-Agent": f"mella-spark/{__version__}", "Accept-Encoding": "identity"},
        )

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None = None
    ) -> urllib3.BaseHTTPResponse:
        """The answer at the end of all redirects, its body unread; status 200, 206 or 416.

        Raises Passing for trouble that may pass, RemoteError for all else.
        """
        target = url
        for _ in range(self.settings.max_redirects + 1):
            pools = self._named if _same_server(url, target) else self._public
            response = self._ask(pools, method, target, dict(headers or {}))
            if response.status not in _REDIRECTS:
                return _judged(response, url)
            location = response.headers.get("Location", "")
            response.close()
            target = _target(url, target, location)
        raise RemoteError(f"{shown(url)} redirects more than {self.settings.max_redirects} times.")

    def _ask(
        self, pools: urllib3.PoolManager, method: str, url: str, headers: dict[str, str]
    ) -> urllib3.BaseHTTPResponse:
        try:
            return pools.request(
                method,
                url,
                headers={**pools.headers, **headers},
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        except (HTTPError, OSError, ValueError) as error:
            raise trouble(error, url) from error


def _judged(response: urllib3.BaseHTTPResponse, url: str) -> urllib3.BaseHTTPResponse:
    """``response`` where its body is of use. Raises Passing or RemoteError."""
    status = response.status
    if status in (200, 206, 416):
        return response
    after = retry_after(response.headers.get("Retry-After"))
    response.close()
    if status in _PASSING:
        raise Passing(f"the server answers {status}", after)
    if status in (404, 410):
        raise MissingError(f"There is no {shown(url)} (HTTP {status}).")
    if status in (401, 403):
        raise ForbiddenError(f"{shown(url)} may not be read (HTTP {status}).")
    raise RemoteError(f"{shown(url)} cannot be read (HTTP {status}).")


def retry_after(value: str | None) -> float | None:
    """Seconds that a ``Retry-After`` header asks for (a number or a date); None without sense."""
    text = (value or "").strip()
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def trouble(error: Exception, url: str) -> Exception:
    """``error`` as one of ours; without its own text where that may hold the address."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, RemoteError | Passing):
            return cause
        if isinstance(cause, ssl.SSLCertVerificationError):
            return RemoteError(f"The certificate of {shown(url)} is not valid.")
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, NameResolutionError):
        return Passing("there is no host of that name")
    if isinstance(error, NewConnectionError):
        return Passing("no connection to its host")
    if isinstance(error, urllib3.exceptions.TimeoutError | TimeoutError):
        return Passing("its host does not answer in time")
    if isinstance(error, urllib3.exceptions.LocationValueError | ValueError):
        return RemoteError(f"{shown(url)} is not an address.")
    if isinstance(error, SSLError):
        return Passing("no secure connection to its host")
    return Passing(f"the connection broke ({type(error).__name__})")


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", port


def _same_server(named: str, target: str) -> bool:
    """Whether ``target`` is on the server that the user named, or is its https side."""
    one, other = _origin(named), _origin(target)
    return one == other or other == ("https", one[1], 443)


def _target(named: str, current: str, location: str) -> str:
    """Where a redirect may lead. Raises RemoteError.

    Only to http and https, never from https to http, never with a user or password. Beyond the
    origin that the user named, the connection is to public addresses only (``_PublicHTTPPool``).
    """
    problem = f"{shown(named)} redirects to"
    try:
        target = urljoin(current, location)
        scheme, host, _ = _origin(target)
    except ValueError:
        raise RemoteError(f"{problem} something that is not an address.") from None
    if scheme not in ("http", "https") or not host or not location:
        raise RemoteError(f"{problem} what is not on the web ({scheme or 'nowhere'}).")
    if urlsplit(current).scheme == "https" and scheme == "http":
        raise RemoteError(f"{problem} an insecure address.")
    if "@" in urlsplit(target).netloc:
        raise RemoteError(f"{problem} an address with a user or password.")
    return target


def _public_socket(connection: HTTPConnection) -> socket.socket:
    """A socket to the connection's host, all of whose addresses are public.

    The connection goes to one of the very addresses that were judged, so that no second answer of
    a name server can slip in between. Raises RemoteError, NewConnectionError.
    """
    from mella_spark.images.guard import is_public  # only here: it brings a second HTTP client

    host = connection._dns_host.strip("[]")
    found = socket.getaddrinfo(host, connection.port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not is_public(ipaddress.ip_address(address.partition("%")[0])):
            raise RemoteError(f"A redirect leads to {host}, which is not a public address.")
    problem: Exception | None = None
    for address in addresses:
        try:
            return urllib3.util.connection.create_connection(
                (address, connection.port), connection.timeout, None, connection.socket_options
            )
        except OSError as error:
            problem = error
    raise NewConnectionError(connection, "no connection") from problem


class _PublicHTTPConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _public_socket(self)


class _PublicHTTPSConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _public_socket(self)


class _PublicHTTPPool(HTTPConnectionPool):
    ConnectionCls = _PublicHTTPConnection


class _PublicHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _PublicHTTPSConnection
