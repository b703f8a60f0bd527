"""What one WAT record says of a page: its JSON to a WatRecord, by the quick reader or the slow.

The quick one (``watkernel``) is compiled and handles the shape that Common Crawl's extractor
writes; the slow one is the ``json`` module and handles every shape. Where the quick one has an
answer it is the slow one's, so the rules are those of ``json``: a body that is not UTF-8 or not
JSON is unreadable, ``NaN``, numbers of any length and half a surrogate pair are not. In text, what
no table can hold or no page contains is U+FFFD: half surrogate pairs and null characters.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson

from mella_spark.web import picture, urlkernel, watkernel
from mella_spark.web.page import collapse

_HTML = ("text/html", "application/xhtml+xml")
_COMMONS = b"creativecommons.org"
# Attributes that the extractor looks for in all elements, before those of their own.
_GLOBAL = frozenset({"data-uri"})
_OTHER = str(urlkernel.OTHER)
_UNSPEAKABLE = re.compile("[\x00\ud800-\udfff]")

Fields = dict[str, str]


@dataclass(slots=True)
class WatRecord:
    """``kind`` is ``page``, or what the record is instead; only then the rest is filled in.

    Images with a worded alt are four lists: alt with white space collapsed, reference as written,
    its kind (a digit of ``urlkernel``; the ``../`` of a CLIMB are left out), title. ``seen``,
    ``no_alt`` and ``blank_alt`` count image elements. ``headers``, ``metas`` and ``links`` have at
    least those that say something of language, character set, licence and opt-out. ``texts`` are
    those of links, in UTF-8, with spaces between.
    """

    kind: str
    url: str = ""
    date: str = ""
    file: str = ""
    offset: str = ""
    truncated: bool = False
    content_type: str = ""
    title: str = ""
    base: str = ""
    seen: int = 0
    no_alt: int = 0
    blank_alt: int = 0
    alts: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=list)
    metas: list[Fields] = field(default_factory=list)
    links: list[Fields] = field(default_factory=list)
    texts: bytes = b""


NOT_RESPONSE, HTTP_ERROR, NOT_HTML, NO_IMAGE = map(
    WatRecord, ("not_response", "http_error", "not_html", "no_image")
)
_OTHERS = {
    watkernel.NOT_RESPONSE: NOT_RESPONSE,
    watkernel.HTTP_ERROR: HTTP_ERROR,
    watkernel.NOT_HTML: NOT_HTML,
    watkernel.NO_IMAGE: NO_IMAGE,
}


def read_record(body: bytes) -> WatRecord:
    """What a WAT ``metadata`` record says. Raises ValueError if it is not JSON or no WAT's."""
    return _read_quickly(body) or read_slowly(body)


def _is_html(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() in _HTML


class _Space(threading.local):
    """Memory for the quick reader, the same for every record."""

    def __init__(self) -> None:
        self.room = np.empty(1 << 18, np.uint8)
        self.notes = np.empty(3 * watkernel.MAX_NOTED, np.int64)
        self.counts = np.empty(watkernel.NUMBERS, np.int64)


_SPACE = _Space()


def _read_quickly(body: bytes) -> WatRecord | None:
    space, size = _SPACE, len(body)
    room, notes, counts = space.room, space.notes, space.counts
    if 2 * size > len(room):
        room = np.empty(2 * size, np.uint8)
    record = np.frombuffer(body, np.uint8)
    verdict = watkernel.scan(record, room, notes, counts, _COMMONS in body)
    if verdict != watkernel.PAGE:
        return _OTHERS.get(verdict)
    count = counts[: watkernel.COUNTS].tolist()
    texts = room[: count[watkernel.HEAD_END]].tobytes().decode().split("\0")
    url, date, file, offset, content_type, title, base, _ = texts[-8:]
    items: list[list[Fields]] = [[], [], []]
    noted = iter(notes[: 3 * count[watkernel.NOTED]].tolist())
    for kind, start, end in zip(noted, noted, noted, strict=True):
        items[kind].append(_fields(_parsed(body[start:end])))
    headers: list[tuple[str, str]] = []
    if count[watkernel.HEADERS]:
        span = body[count[watkernel.HEADERS] : count[watkernel.HEADERS_END]]
        headers = list(_headers(_parsed(span)))
    return WatRecord(
        "page",
        url,
        date,
        file,
        offset,
        bool(count[watkernel.TRUNCATED]),
        content_type,
        title,
        base,
        count[watkernel.SEEN],
        count[watkernel.NO_ALT],
        count[watkernel.BLANK_ALT],
        texts[:-8:4],
        texts[1:-8:4],
        texts[2:-8:4],
        texts[3:-8:4],
        headers,
        items[watkernel.NOTED_META],
        items[watkernel.NOTED_HEAD_LINK] + items[watkernel.NOTED_LINK],
        room[size : count[watkernel.TEXTS_END]].tobytes(),
    )


def read_slowly(body: bytes) -> WatRecord:
    """The same by way of ``json`` alone."""
    try:
        document = json.loads(body, parse_int=_whole)
        envelope = _mapping(document["Envelope"])
        warc = _mapping(envelope["WARC-Header-Metadata"])
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"not a WAT record: {error}") from error
    response = _mapping(_mapping(envelope.get("Payload-Metadata")).get("HTTP-Response-Metadata"))
    if text_of(warc.get("WARC-Type")) != "response" or not response:
        return NOT_RESPONSE
    status = _mapping(response.get("Response-Message")).get("Status")
    if not 200 <= (integer(status) or 0) < 300:
        return HTTP_ERROR
    headers = list(_headers(_mapping(response.get("Headers"))))
    content_type = next((value for name, value in headers if name.lower() == "content-type"), "")
    html = _mapping(response.get("HTML-Metadata"))
    if not html:
        return NO_IMAGE if _is_html(content_type) else NOT_HTML
    head, container = _mapping(html.get("Head")), _mapping(document.get("Container"))
    links = [_fields(link) for link in _list(html.get("Links"))]
    record = WatRecord(
        "page",
        text_of(warc.get("WARC-Target-URI")) or "",
        text_of(warc.get("WARC-Date")) or "",
        text_of(container.get("Filename")) or "",
        _digits(container.get("Offset")),
        "WARC-Truncated" in warc,
        content_type,
        text_of(head.get("Title")) or "",
        text_of(head.get("Base")) or "",
        headers=headers,
        metas=[_fields(meta) for meta in _list(head.get("Metas"))],
        links=[_fields(link) for link in _list(head.get("Link"))] + links,
        texts="".join(f"{link['text']} " for link in links if "text" in link).encode(),
    )
    for attributes in _elements(links):
        record.seen += 1
        alt = collapse(attributes.get("alt"))
        if alt:
            record.alts.append(alt)
            record.references.append(picture.choose(attributes, ()))
            record.kinds.append(_OTHER)
            record.titles.append(collapse(attributes.get("title")))
        elif "alt" in attributes:
            record.blank_alt += 1
        else:
            record.no_alt += 1
    return record if record.seen else NO_IMAGE


def _elements(links: Iterable[Fields]) -> Iterator[Fields]:
    """Attributes of each image element, put together from its consecutive links.

    The extractor itself writes one link for an element with ``src``. It keeps no other address, but
    for ``data-uri``, ahead; other extractors write a link for each (``IMG@/srcset``).
    """
    current: Fields = {}
    for link in links:
        tag, _, attribute = link.get("path", "").lower().partition("@/")
        if tag != "img" or "url" not in link:
            if current:
                yield current
            current = {}
            continue
        if attribute in watkernel.NO_PICTURE:
            continue
        begins = attribute == "src" and not _GLOBAL.issuperset(current)
        if current and (begins or attribute in _GLOBAL or attribute in current):
            yield current
            current = {}
        current[attribute] = link["url"]
        current.update((name, link[name]) for name in ("alt", "title") if name in link)
    if current:
        yield current


def _headers(headers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names and values; since CC-MAIN-2024-51 a repeated header has a list of them."""
    for name, value in headers.items():
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, str):
                yield name, text_of(item) or ""


def _fields(item: Any) -> Fields:
    """The texts of an object, names as written."""
    if not isinstance(item, dict):
        return {}
    return {name: text for name, value in item.items() if (text := text_of(value)) is not None}


def _parsed(document: bytes) -> Any:
    """A part of a document that is known to be JSON."""
    try:
        return orjson.loads(document)
    except orjson.JSONDecodeError:  # half a surrogate pair
        return json.loads(document, parse_int=_whole)


def _whole(digits: str) -> int | float:
    """A number without a fraction. Python refuses to read thousands of digits."""
    return int(digits) if len(digits) < 20 else float(digits)


def _digits(value: Any) -> str:
    number = integer(value)
    return "" if number is None else str(number)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def text_of(value: Any) -> str | None:
    """A string, or the first of a list of them, as it can be stored; else None."""
    if isinstance(value, list):
        value = next((item for item in value if isinstance(item, str)), None)
    if not isinstance(value, str):
        return None
    if value.isascii() and "\0" not in value:
        return value
    return _UNSPEAKABLE.sub("\ufffd", value)


def integer(value: Any) -> int | None:
    """A whole number given as one or in digits."""
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None
