"""Absolute http(s) addresses, written the way a browser writes them (WHATWG URL Standard).

One spelling for each address lets a picture found on a page be joined with the same picture found
as a record of the crawl: relative references are resolved, hosts are lower-case ASCII (IDNA),
default ports, dot segments and fragments are gone, and what may not stand in an address is
percent-encoded; the query in the page's own character encoding, as browsers do.
"""

from __future__ import annotations

import codecs
import ipaddress
import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote_from_bytes, unquote_to_bytes

import idna

DEFAULT_PORTS = {"http": "80", "https": "443"}
# Longer ones are never an address of a picture, but embedded data or a mistake; servers refuse
# them (RFC 9110 asks for 8,000 octets at least).
MAX_URL = 8192

_EDGES = "".join(map(chr, range(0x21)))  # C0 controls and space
_INSIDE = str.maketrans("", "", "\t\n\r")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_FORBIDDEN_HOST = re.compile(r"[\x00-\x20#/:<>?@\[\\\]^|%\x7f]")
# What the standard's path and query percent-encode sets leave as it is.
_PATH_SAFE = "%/!$&'()*+,;=:@|[]\\"
_QUERY_SAFE = "%/!$&()*+,;=:@|[]\\?`{}^"
# Already in browser spelling (letters to start the last label: not a numeric IPv4 host).
_CANONICAL = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z](?:[a-z0-9-]*[a-z0-9])?"
    r"/(?:[A-Za-z0-9_~!$&()*+,;=:@-][A-Za-z0-9._~!$&()*+,;=:@%-]*/)*"
    r"(?:[A-Za-z0-9_~!$&()*+,;=:@-][A-Za-z0-9._~!$&()*+,;=:@%-]*)?"
    r"(?:\?[A-Za-z0-9._~!$&()*+,;=:@/?%-]*)?"
)
_ENCODED_DOT = re.compile("%2e", re.IGNORECASE)


class Url(NamedTuple):
    """An absolute http(s) address in its parts, each in browser spelling."""

    scheme: str
    authority: str
    path: str
    query: str | None

    def __str__(self) -> str:
        query = "" if self.query is None else f"?{self.query}"
        return f"{self.scheme}://{self.authority}{self.path}{query}"


def normalise(url: str) -> str | None:
    """The absolute ``url`` in browser spelling without its fragment; None if not valid http(s)."""
    return resolve(url, None)


def resolve(reference: str, base: str | None, encoding: str = "utf-8") -> str | None:
    """The address that ``reference`` means on a page at ``base``; None if it is not valid http(s).

    ``encoding`` is the page's character encoding (a Python codec), used for the query only.
    """
    reference = reference.strip(_EDGES).translate(_INSIDE).partition("#")[0]
    if len(reference) > MAX_URL:
        return None
    if _CANONICAL.fullmatch(reference):
        return reference
    parsed_base = parse(base) if base is not None else None
    scheme = _SCHEME.match(reference)
    if scheme:
        name = scheme.group()[:-1].lower()
        if name not in DEFAULT_PORTS:
            return None
        rest = reference[scheme.end() :].replace("\\", "/", _before_query(reference))
        # "http:picture.png" is relative to a page of the same scheme.
        if parsed_base and name == parsed_base.scheme and not rest.startswith("//"):
            return _relative(rest, parsed_base, encoding)
        return _absolute(name, rest.lstrip("/"), encoding)
    if parsed_base is None:
        return None
    return _relative(reference.replace("\\", "/", _before_query(reference)), parsed_base, encoding)


@lru_cache(maxsize=256)
def parse(url: str) -> Url | None:
    """The parts of an absolute http(s) address; None if it is not valid."""
    text = resolve(url, None)
    if text is None:
        return None
    scheme, _, rest = text.partition("://")
    before, mark, query = rest.partition("?")
    authority, _, path = before.partition("/")
    return Url(scheme, authority, "/" + path, query if mark else None)


def _before_query(reference: str) -> int:
    """How many backslashes stand before the query: browsers read those as slashes."""
    return reference.partition("?")[0].count("\\")


def _absolute(scheme: str, rest: str, encoding: str) -> str | None:
    before, mark, query = rest.partition("?")
    authority, _, path = before.partition("/")
    written = _authority(scheme, authority)
    if written is None:
        return None
    return str(Url(scheme, written, _path([], path), _query(query, encoding) if mark else None))


def _relative(reference: str, base: Url, encoding: str) -> str | None:
    if reference.startswith("//"):
        return _absolute(base.scheme, reference.lstrip("/"), encoding)
    path, mark, query = reference.partition("?")
    written = _query(query, encoding) if mark else None
    if path.startswith("/"):
        path = _path([], path[1:])
    elif path:
        path = _path(base.path.split("/")[1:-1], path)
    else:
        path, written = base.path, written if mark else base.query
    return str(Url(base.scheme, base.authority, path, written))


def _path(segments: list[str], path: str) -> str:
    """``path`` below ``segments``, dot segments resolved, percent-encoded; starts with a slash."""
    segments = list(segments)
    pieces = path.split("/")
    for index, piece in enumerate(pieces):
        last = index == len(pieces) - 1
        plain = _ENCODED_DOT.sub(".", piece) if "%2" in piece else piece
        if plain == "..":
            if segments:
                segments.pop()
            if last:
                segments.append("")
        elif plain == ".":
            if last:
                segments.append("")
        else:
            segments.append(piece)
    return "/" + quote_from_bytes("/".join(segments).encode("utf-8", "replace"), _PATH_SAFE)


def _query(query: str, encoding: str) -> str:
    return quote_from_bytes(query.encode(encoding, "mella-url"), _QUERY_SAFE)


def _reference(error: UnicodeError) -> tuple[str, int]:
    """A character that the page's encoding lacks, as its encoded numeric reference."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(f"%26%23{ord(character)}%3B" for character in missing), error.end


codecs.register_error("mella-url", _reference)


def _authority(scheme: str, authority: str) -> str | None:
    credentials, at, host_port = authority.rpartition("@")
    if host_port.startswith("["):
        address, bracket, port = host_port[1:].partition("]")
        host = _ipv6(address) if bracket else None
        if port and not port.startswith(":"):
            return None
        port = port[1:]
    else:
        name, _, port = host_port.partition(":")
        host = _host(name)
    if host is None or (port and not (port.isascii() and port.isdigit() and int(port) < 65536)):
        return None
    port = port and str(int(port))
    colon = f":{port}" if port and port != DEFAULT_PORTS[scheme] else ""
    user = (
        quote_from_bytes(credentials.encode("utf-8", "replace"), "%!$&()*+,:") + "@" if at else ""
    )
    return f"{user}{host}{colon}"


@lru_cache(maxsize=4096)
def _host(name: str) -> str | None:
    """Lower-case ASCII spelling of a host; None if browsers refuse it."""
    if "%" in name:
        name = unquote_to_bytes(name).decode("utf-8", "replace")
    name = name.lower()
    if not name.isascii():
        name = _to_ascii(name) or ""
    if not name or _FORBIDDEN_HOST.search(name):
        return None
    last = name.rstrip(".").rpartition(".")[2]
    if last.isdigit() or re.fullmatch("0x[0-9a-f]*", last):
        return _ipv4(name)
    return name


def _to_ascii(name: str) -> str | None:
    """UTS 46 ToASCII; labels that IDNA 2008 refuses (emoji) are still encoded, as browsers do."""
    try:
        name = idna.uts46_remap(name, std3_rules=False)
    except idna.IDNAError:
        return None
    try:
        return ".".join(
            label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")
            for label in re.split("[.。．｡]", name)
        )
    except UnicodeError:
        return None


def _ipv4(name: str) -> str | None:
    """Dotted decimal of an IPv4 host in any of the old spellings (``0x7f.1``)."""
    parts = name.removesuffix(".").split(".")
    if len(parts) > 4:
        return None
    try:
        numbers = [_number(part) for part in parts]
    except ValueError:
        return None
    if any(number > 255 for number in numbers[:-1]) or numbers[-1] >= 256 ** (5 - len(numbers)):
        return None
    total = numbers[-1] + sum(n << (8 * (3 - i)) for i, n in enumerate(numbers[:-1]))
    return str(ipaddress.IPv4Address(total))


def _number(text: str) -> int:
    if text.startswith("0x"):
        return int(text[2:] or "0", 16)
    if not text.isdigit() or len(text) > 32:
        raise ValueError(text)
    return int(text, 8 if len(text) > 1 and text[0] == "0" else 10)


def _ipv6(text: str) -> str | None:
    try:
        return f"[{ipaddress.IPv6Address(text).compressed}]" if "%" not in text else None
    except ValueError:
        return None
