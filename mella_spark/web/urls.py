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
_USER_SAFE = "%!$&'()*+,"
_QUERY_SAFE = "%/!$&()*+,;=:@|[]\\?`{}^"
# Characters that stay as they are both in a path and in a query, whatever the encoding.
_PLAIN = re.compile(r"[A-Za-z0-9._~!$&()*+,;=@/?%-]+")
_PLAIN_ABSOLUTE = re.compile(r"(https?)://([^/?#@\\\s]+)(/[A-Za-z0-9._~!$&()*+,;=:@/?%-]*)")
_PLAIN_PATH = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@/%|\[\]-]*")
_CLIMBS = re.compile(r"(?:\.\./)+")
_JOINERS = "\u200c\u200d"
_ENCODED_DOT = re.compile("%2e", re.IGNORECASE)


class Url(NamedTuple):
    """An absolute http(s) address in its parts, each in browser spelling."""

    scheme: str
    origin: str
    path: str
    folder: str  # what relative references start in; ends with a slash
    query: str | None


def normalise(url: str) -> str | None:
    """The absolute ``url`` in browser spelling without its fragment; None if not valid http(s)."""
    return resolve(url, None)


def resolve(reference: str, base: str | None, encoding: str = "utf-8") -> str | None:
    """The address that ``reference`` means on a page at ``base``; None if it is not valid http(s).

    ``encoding`` is the page's character encoding (a Python codec), used for the query only.
    """
    if len(reference) <= MAX_URL:
        plain = _plain(reference, base)
        if plain is not None:
            return plain
    reference = reference.strip(_EDGES).partition("#")[0]
    if "\n" in reference or "\t" in reference or "\r" in reference:
        reference = reference.translate(_INSIDE)
    if len(reference) > MAX_URL:
        return None
    before, mark, query = reference.partition("?")
    if "\\" in before:  # browsers read those before the query as slashes
        before = before.replace("\\", "/")
    written = _query(query, encoding) if mark else None
    parsed_base = parse(base) if base is not None else None
    scheme = _SCHEME.match(before) if ":" in before else None
    if scheme:
        name = scheme.group()[:-1].lower()
        if name not in DEFAULT_PORTS:
            return None
        rest = before[scheme.end() :]
        # "http:picture.png" is relative to a page of the same scheme.
        if parsed_base and name == parsed_base.scheme and not rest.startswith("//"):
            return _relative(rest, written, parsed_base)
        return _absolute(name, rest.lstrip("/"), written)
    return None if parsed_base is None else _relative(before, written, parsed_base)


def _plain(reference: str, base: str | None) -> str | None:
    """The address of a reference as most are written; None if there is more to it.

    It has only letters, digits and signs that nothing happens to. It may begin with a slash or
    climb folders, but has no other dot segments, and no mark inside that needs a closer look.
    """
    if _PLAIN.fullmatch(reference):
        parsed = parse(base) if base is not None else None
        if parsed is None:
            return None
        climbs = _CLIMBS.match(reference) if reference[0] == "." else None
        rest = reference[climbs.end() :] if climbs else reference
        if not rest or rest[0] in ".?" or "/." in rest or _has_encoded_dot(rest):
            return None
        if climbs:
            return f"{parsed.origin}{_climb(parsed.folder, climbs.end() // 3)}{rest}"
        if rest[0] != "/":
            return f"{parsed.origin}{parsed.folder}{rest}"
        return None if rest.startswith("//") else parsed.origin + rest
    absolute = _PLAIN_ABSOLUTE.fullmatch(reference) if reference.startswith("http") else None
    if absolute is None:
        return None
    scheme, host, rest = absolute.groups()
    if "/." in rest or _has_encoded_dot(rest):
        return None
    authority = _authority(scheme, host)
    return None if authority is None else f"{scheme}://{authority}{rest}"


def _has_encoded_dot(text: str) -> bool:
    return "%2" in text and _ENCODED_DOT.search(text) is not None


def _climb(folder: str, count: int) -> str:
    """The folder ``count`` levels above ``folder``, which ends with a slash."""
    end = len(folder) - 1
    for _ in range(count):
        if end <= 0:
            return "/"
        end = folder.rfind("/", 0, end)
    return folder[: end + 1] or "/"


@lru_cache(maxsize=256)
def parse(url: str) -> Url | None:
    """The parts of an absolute http(s) address; None if it is not valid."""
    text = resolve(url, None)
    if text is None:
        return None
    before, mark, query = text.partition("?")
    slash = before.index("/", 8)
    folder = before[slash : before.rindex("/") + 1]
    scheme = before[: before.index(":")]
    return Url(scheme, before[:slash], before[slash:], folder, query if mark else None)


def _absolute(scheme: str, rest: str, query: str | None) -> str | None:
    authority, _, path = rest.partition("/")
    written = _authority(scheme, authority)
    if written is None:
        return None
    return _joined(f"{scheme}://{written}", _path("/", path), query)


def _relative(path: str, query: str | None, base: Url) -> str | None:
    if path.startswith("//"):
        return _absolute(base.scheme, path.lstrip("/"), query)
    if path.startswith("/"):
        return _joined(base.origin, _path("/", path[1:]), query)
    if path:
        return _joined(base.origin, _path(base.folder, path), query)
    return _joined(base.origin, base.path, base.query if query is None else query)


def _joined(origin: str, path: str, query: str | None) -> str:
    return f"{origin}{path}" if query is None else f"{origin}{path}?{query}"


def _path(folder: str, path: str) -> str:
    """``path`` below ``folder``, dot segments resolved, percent-encoded; starts with a slash."""
    if not _PLAIN_PATH.fullmatch(path):
        path = quote_from_bytes(path.encode("utf-8", "replace"), _PATH_SAFE)
    if path[:1] != "." and "/." not in path and not _has_encoded_dot(path):
        return folder + path
    segments = folder.split("/")[1:-1]
    *pieces, last = ((_ENCODED_DOT.sub(".", p) if "%2" in p else p, p) for p in path.split("/"))
    for plain, piece in pieces:
        if plain == "..":
            del segments[-1:]
        elif plain != ".":
            segments.append(piece)
    plain, piece = last
    if plain == "..":
        del segments[-1:]
    segments.append("" if plain in (".", "..") else piece)
    return "/" + "/".join(segments)


def _query(query: str, encoding: str) -> str:
    if query.isascii() or encoding.startswith("utf-16"):  # the standard's output encoding
        encoding = "utf-8"
    return quote_from_bytes(query.encode(encoding, "mella-url"), _QUERY_SAFE)


def _reference(error: UnicodeError) -> tuple[str, int]:
    """A character that the page's encoding lacks, as its encoded numeric reference."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(f"%26%23{ord(character)}%3B" for character in missing), error.end


codecs.register_error("mella-url", _reference)


@lru_cache(maxsize=4096)
def _authority(scheme: str, authority: str) -> str | None:
    """``authority`` in browser spelling; None if it is not valid."""
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
    return f"{_user(credentials) if at else ''}{host}{colon}"


def _user(credentials: str) -> str:
    name, _, password = (
        quote_from_bytes(part.encode("utf-8", "replace"), _USER_SAFE)
        for part in credentials.partition(":")
    )
    if not name and not password:
        return ""
    return f"{name}:{password}@" if password else f"{name}@"


def _host(name: str) -> str | None:
    """Lower-case ASCII spelling of a host; None if browsers refuse it."""
    if "%" in name:
        name = unquote_to_bytes(name).decode("utf-8", "replace")
    name = name.lower()
    if not name.isascii():
        name = _to_ascii(name) or ""
    if not name or _FORBIDDEN_HOST.search(name):
        return None
    last = name.removesuffix(".").rpartition(".")[2]
    if last.isdigit() or re.fullmatch("0x[0-9a-f]*", last):
        return _ipv4(name)
    return name


def _to_ascii(name: str) -> str | None:
    """UTS 46 ToASCII; labels that IDNA 2008 refuses (emoji) are still encoded, as browsers do."""
    try:
        labels = re.split("[.。．｡]", idna.uts46_remap(name, std3_rules=False))
        return ".".join(map(_label, labels))
    except ValueError:  # idna's errors too
        return None


def _label(label: str) -> str:
    """One label of a host in ASCII. Raises ValueError if it is not valid."""
    if label.startswith("xn--"):
        text = label[4:].encode("ascii").decode("punycode")
        if text.isascii() or idna.uts46_remap(text, std3_rules=False) != text:
            raise ValueError(f"{label!r} stands for no label in Unicode")
    if label.isascii():
        return label
    for position, character in enumerate(label):
        if character in _JOINERS and not idna.valid_contextj(label, position):
            raise ValueError(f"{label!r} joins what cannot be joined")
    return "xn--" + label.encode("punycode").decode("ascii")


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
