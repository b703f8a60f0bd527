"""Which addresses a crawler may be sent to by pages it does not trust.

A page can name any address, so a fetcher that follows it can be made to ask the cluster's own
services (server-side request forgery). Three walls, each enough alone for what it sees: the address
is judged by the same parser that the client connects with; every answer of the name server is
judged, and the connection goes to just those answers (so a second, different answer cannot slip in
between: DNS rebinding); and the socket itself is refused for any other address.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import AddrInfoType, TCPConnector
from yarl import URL

from mella_spark.images.reasons import Rejected

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_REFUSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments (RFC 6890)
        "192.88.99.0/24",  # relays of 6to4 (RFC 7526)
        "168.63.129.16/32",  # a cloud's host agent, public in form only
        "2002::/16",  # 6to4: carries any IPv4 address (RFC 3056)
        "2001::/23",  # Teredo, ORCHID and other protocol assignments (RFC 2928)
        "2001:db8::/32",  # documentation (RFC 3849)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
_HOST_NAME = re.compile(r"(?=.{1,253}\.?$)(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?", re.ASCII)


def is_public(address: Address) -> bool:
    """Whether ``address`` is a unicast address of the public internet.

    By the registries of special-purpose addresses (RFC 6890), of which ``ipaddress`` knows most.
    IPv6 must be global unicast, which leaves out loopback, link-local, unique local, IPv4-mapped
    and NAT64 (64:ff9b::/96) addresses.
    """
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not any(address.version == net.version and address in net for net in _REFUSED)


def check_url(text: str, ports: Collection[int], allow_private: bool = False) -> URL:
    """The parsed address, if a request to it may be tried.

    Raises ``Rejected``: ``bad_url``, ``bad_scheme``, ``bad_port`` or ``private_address``. A host
    given as a number in any of the old notations (``http://2130706433/``, ``0x7f.1``) is judged
    and rewritten as the address it means.
    """
    try:
        url = URL(text)
        host, port = url.raw_host, url.port
    except (ValueError, TypeError) as error:
        raise Rejected("bad_url", str(error)) from None
    if url.scheme not in ("http", "https"):
        raise Rejected("bad_scheme", url.scheme)
    if not host or url.raw_user is not None or url.raw_password is not None:
        raise Rejected("bad_url", "no host" if not host else "credentials in the address")
    if port not in ports:
        raise Rejected("bad_port", str(port))
    address = _literal(host)
    if address is not None:
        _check_address(address, allow_private)
        return url.with_host(str(address)).with_fragment(None)
    if not _HOST_NAME.fullmatch(host):
        raise Rejected("bad_url", "not a host name")
    return url.with_fragment(None)


def _literal(host: str) -> Address | None:
    """The address that ``host`` is written as; ``None`` where it is a name.

    IPv4 as in the WHATWG URL Standard: a host whose last label is a number is an address.
    """
    if ":" in host:
        if "%" in host:
            raise Rejected("bad_url", "an address of one interface")
        try:
            return ipaddress.IPv6Address(host)
        except ValueError:
            raise Rejected("bad_url", "not an IPv6 address") from None
    last = host.removesuffix(".").rpartition(".")[2]
    if not re.fullmatch(r"\d+|0[xX][0-9a-fA-F]*", last, re.ASCII):
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host.removesuffix(".")))
    except (OSError, ValueError):
        raise Rejected("bad_url", "not an IPv4 address") from None


def _check_address(address: Address, allow_private: bool) -> None:
    if not allow_private and not is_public(address):
        raise Rejected("private_address", str(address))


class GuardedResolver(AbstractResolver):
    """Looks names up and refuses a name as soon as one of its addresses is not public."""

    def __init__(self, allow_private: bool, threads: int) -> None:
        self._allow_private = allow_private
        # Its own threads: a lookup cannot be cancelled, and must hold up nobody at the end.
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="dns")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Addresses of ``host``. Raises ``Rejected`` (``dns``, ``private_address``)."""
        try:
            answer = await asyncio.get_running_loop().run_in_executor(
                self._threads, lambda: self._lookup(host, port, family)
            )
        except (OSError, UnicodeError) as error:
            passing = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
            raise Rejected("dns", str(error), retry=passing) from None
        results: list[ResolveResult] = []
        for found, _, protocol, _, sockaddr in answer:
            address = str(sockaddr[0])
            _check_address(ipaddress.ip_address(address), self._allow_private)
            results.append(
                ResolveResult(
                    hostname=host,
                    host=address,
                    port=port,
                    family=found,
                    proto=protocol,
                    flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
                )
            )
        return results

    def _lookup(self, host: str, port: int, family: socket.AddressFamily):
        return socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)

    async def close(self) -> None:
        """Give the threads back without waiting for lookups under way."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def guarded_connector(allow_private: bool, limit: int, ttl_seconds: int = 300) -> TCPConnector:
    """An aiohttp connector that opens sockets to public addresses only, ``limit`` at a time."""

    def open_socket(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, sockaddr = info
        _check_address(ipaddress.ip_address(str(sockaddr[0])), allow_private)
        return socket.socket(family, kind, protocol)

    return TCPConnector(
        resolver=GuardedResolver(allow_private, threads=limit),
        ttl_dns_cache=ttl_seconds,
        limit=limit,
        socket_factory=open_socket,
    )
