"""One crawl file to what it holds: pages, image captures, and everything that is neither.

Only responses with a 2xx status are read, as Common Crawl itself publishes only those as captures:
the page of a 404 is the server speaking, not an author. A page is text/html or XHTML by its
``Content-Type``, or by its first bytes where the type is missing; an image is recognised by its
first bytes, else by its type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from mella_spark.settings import ExtractSettings
from mella_spark.web.html import read_page
from mella_spark.web.limit import Limit, OutOfTime
from mella_spark.web.page import Page
from mella_spark.web.urls import MAX_URL, normalise
from mella_spark.web.warc import SAMPLE_BYTES, Opener, Record, Reject, open_file, read_records
from mella_spark.web.wat import read_wat

# What is read of a file of each kind.
_TYPES = {"warc": "response", "wat": "metadata"}
HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
# Types that say nothing, for which browsers look at the bytes (MIME Sniffing Standard).
_UNTYPED = frozenset({"", "application/unknown", "unknown/unknown", "*/*"})
_HTML_START = re.compile(
    rb"[\t\n\f\r ]*(?:<!--|<\?xml|<(?:!doctype html|html|head|body|script|iframe|h1|div|font|"
    rb"table|a|style|title|b|br|p)[\s/>])",
    re.IGNORECASE,
)
_MAGIC = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"....ftypavi[fs]", re.DOTALL), "image/avif"),
    (re.compile(rb"....ftyp(?:heic|heix|mif1)", re.DOTALL), "image/heic"),
    (re.compile(rb"II\*\x00|MM\x00\*"), "image/tiff"),
    (re.compile(rb"\x00\x00\x01\x00"), "image/x-icon"),
    (re.compile(rb"BM....\x00{4}", re.DOTALL), "image/bmp"),
)


@dataclass(slots=True)
class Found:
    """A page with image elements, and the record it came from."""

    page: Page
    url: str
    date: datetime | None
    warc_file: str
    warc_offset: int | None
    truncated: bool


@dataclass(slots=True)
class Capture:
    """An image response in the crawl; ``url`` is spelled like the addresses in pairs."""

    url: str
    mime: str
    http_status: int
    bytes: int
    warc_file: str
    warc_offset: int
    date: datetime | None


@dataclass(slots=True)
class Skipped:
    """A record without an image element, and why."""

    reason: str


Event = Found | Capture | Skipped | Reject


def harvest(
    path: str,
    kind: str,
    settings: ExtractSettings,
    start: int = 0,
    end: int | None = None,
    opener: Opener = open_file,
) -> Iterator[Event]:
    """Events of a file of ``kind`` ``warc`` or ``wat``: one for each record. Raises nothing.

    ``start`` and ``end`` are bytes into the file: records that start between them are read.
    """
    limit = record_limit(settings)
    for record in read_records(path, start, end, opener=opener):
        yield judge(record, path, kind, settings, limit)


def record_limit(settings: ExtractSettings) -> Limit:
    """The limit of CPU time of a record, with the compiled code loaded that a record needs."""
    read_page(b"<img src=a alt=a>", "http://a/")
    read_wat(b'{"Envelope": {"WARC-Header-Metadata": {}}}')
    return Limit(settings.record_seconds)


def judge(
    record: Record | Reject, path: str, kind: str, settings: ExtractSettings, limit: Limit
) -> Event:
    """What a record of the file at ``path`` holds. Raises nothing."""
    if isinstance(record, Reject):
        return record
    if record.type != _TYPES[kind]:
        return Skipped("not_response")
    try:
        with limit:
            return (_from_wat if kind == "wat" else _from_warc)(record, path, settings)
    except OutOfTime as error:
        return _reject(record, "record_timeout", str(error))
    except Exception as error:  # one page must never cost the file; quarantine says which
        return _reject(record, "parser_error", f"{type(error).__name__}: {error}")


def sniff_image(body: bytes) -> str | None:
    """Media type of an image by its first bytes; None if they are not one's."""
    if body[:1] == b"<":
        return None
    return next((mime for magic, mime in _MAGIC if magic.match(body)), None)


def _reject(record: Record, reason: str, detail: str) -> Reject:
    return Reject(record.offset or 0, reason, detail, record.body[:SAMPLE_BYTES])


def _from_warc(record: Record, path: str, settings: ExtractSettings) -> Event:
    if record.status is None:
        return Skipped("not_response")
    if not 200 <= record.status < 300:
        return Skipped("http_error")
    body = record.body
    mime = sniff_image(body)
    if mime is None and record.media_type.startswith("image/") and body:
        mime = record.media_type
    if mime:
        url = normalise(record.url)
        if url is None or record.offset is None:
            return Skipped("image_unaddressable")
        return Capture(url, mime, record.status, len(body), path, record.offset, record.date)
    if record.media_type not in HTML_TYPES and not (
        record.media_type in _UNTYPED and _HTML_START.match(body)
    ):
        return Skipped("not_html")
    if len(record.url) > MAX_URL:  # it would be in every row of the page
        return Skipped("page_unaddressable")
    described = settings.detail == "full"
    page = read_page(
        body, record.url, record.charset, record.headers, settings.context_chars, described
    )
    if not page.seen:
        return Skipped("no_image")
    return Found(page, record.url, record.date, path, record.offset, record.truncated)


def _from_wat(record: Record, path: str, settings: ExtractSettings) -> Event:
    try:
        wat = read_wat(record.body, settings.detail == "full")
    except ValueError as error:
        return _reject(record, "unreadable_record", str(error))
    if wat.page is None:
        return Skipped(wat.kind)
    return Found(wat.page, wat.url, wat.date, wat.warc_file or path, wat.warc_offset, wat.truncated)
