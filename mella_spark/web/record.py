"""One record of a crawl file: the block that FastWARC read, and the HTTP response in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from fastwarc.warc import HeaderMap, WarcHeader, WarcRecord

from mella_spark.web.body import BodyTooLarge, decode_body

SAMPLE_BYTES = 2048
# A record larger than this is a film or a disk image: no page, and no picture that is fetched
# (``fetch.max_bytes``). It is held in memory up to three times.
MAX_RECORD_BYTES = 24 << 20
BROKEN = "unreadable_record"
NO_LENGTH = "the record's header tells no length"

_WITH_BODY = frozenset({"response", "resource", "metadata", "conversion"})
_PIECE = 1 << 20
_HEAD_END = re.compile(rb"\n\r?\n")
_STATUS = re.compile(rb"HTTP/[0-9.]+[ \t]+([0-9]{3})")
_VALUE = rb"[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)"
_TYPES = re.compile(rb"\ncontent-type" + _VALUE)
_ENCODINGS = re.compile(rb"\n(content|transfer)-encoding" + _VALUE)
_FOLD = re.compile(r"\r?\n[ \t]++")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s;"',]+)""", re.IGNORECASE)
# WARC 1.1 allows dates that tell less than the day.
_SHORT_DATE = re.compile(r"\d{4}(-\d\d)?")
_URI, _DATE, _TYPE = WarcHeader.WARC_TARGET_URI, WarcHeader.WARC_DATE, WarcHeader.CONTENT_TYPE
_LENGTH, _TRUNCATED = WarcHeader.CONTENT_LENGTH, WarcHeader.WARC_TRUNCATED


@dataclass(slots=True)
class Record:
    """One record. ``body`` is the HTTP payload with its encodings undone, for ``response``; the
    block for the other types that carry content; empty for requests and the like.

    ``offset`` is None where the record cannot be read on its own, in a file packed as one stream.
    ``fields`` are the record's own headers and ``head`` is that of the HTTP response.
    """

    type: str
    url: str
    offset: int | None
    media_type: str
    charset: str | None
    status: int | None
    head: bytes
    body: bytes
    fields: HeaderMap

    @property
    def date(self) -> datetime | None:
        """When it was captured; None where that is not told."""
        return parse_date((self.fields.get_bytes(_DATE) or b"").decode("latin-1"))

    @property
    def truncated(self) -> bool:
        """Whether the crawler took only the beginning."""
        return self.fields.get_bytes(_TRUNCATED) is not None

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The headers of HTTP, in order, with names as written."""
        return parse_headers(self.head)

    def header(self, name: str) -> str:
        """All values of an HTTP header, joined by commas; empty without any."""
        return ", ".join(value for key, value in self.headers if key.lower() == name)


@dataclass(slots=True)
class Reject:
    """Something unreadable: where (bytes into the file), why, what the reader said, first bytes."""

    offset: int
    reason: str
    detail: str
    sample: bytes


def tells_length(raw: WarcRecord) -> bool:
    """Whether a record without content says so: FastWARC gives 0 as well where it finds no length,
    as in a header that is cut short."""
    text = raw.headers.get_bytes(_LENGTH)
    return text is not None and text != b"" and not text.strip(b" \t0")


def read_record(raw: WarcRecord, offset: int | None, max_bytes: int) -> Record | Reject:
    """The record that FastWARC stands at, read to its end; a Reject has no offset or sample yet.

    A Reject ``too_large`` of a record is not read to its end. Raises OSError on damage.
    """
    length = raw.content_length
    headers = raw.headers
    if length == 0 and not tells_length(raw):
        return Reject(0, BROKEN, NO_LENGTH, b"")
    if length > max_bytes:
        return Reject(0, "too_large", f"{length} bytes", b"")
    kind = str(raw.record_type)
    if kind in _WITH_BODY:
        block = raw.reader.read()
        size = len(block)
    else:
        block = b""
        size = raw.reader.consume()
    if size < length:
        return Reject(0, BROKEN, f"the record is cut short: {size} of {length} bytes", b"")
    url = (headers.get_bytes(_URI) or b"").decode("utf-8", "replace").strip()
    record = Record(
        kind,
        url[1:].removesuffix(">") if url[:1] == "<" else url,
        offset,
        "",
        None,
        None,
        b"",
        block,
        headers,
    )
    if kind == "response" and block.startswith(b"HTTP/"):
        del block  # it may be large, and is not needed beside the body
        return _with_http(record, max_bytes)
    media_type = headers.get_bytes(_TYPE)
    if media_type:
        record.media_type, record.charset = _content_type(media_type)
    return record


def _with_http(record: Record, max_bytes: int) -> Record | Reject:
    block = record.body
    end = _HEAD_END.search(block)
    if end:
        head, record.body = block[: end.start() + 1], block[end.end() :]
        del end
    else:
        head, record.body = block, b""
    del block
    status = _STATUS.match(head)
    record.status = int(status.group(1)) if status else None
    record.head = head
    lower = head.lower()
    for found in _TYPES.finditer(lower):  # of several the last counts, as in browsers
        value = head[found.start(1) : found.end(1)]
        record.media_type, record.charset = _content_type(value)
    if b"-encoding" in lower:
        encodings = {b"content": "", b"transfer": ""}
        for found in _ENCODINGS.finditer(lower):
            encodings[found.group(1)] += "," + found.group(2).decode("latin-1")
        transfer, content = encodings[b"transfer"], encodings[b"content"]
        try:
            record.body = decode_body(record.body, transfer, content, max_bytes)
        except BodyTooLarge as error:
            return Reject(0, "too_large", str(error), b"")
    return record


def parse_headers(head: bytes) -> tuple[tuple[str, str], ...]:
    """Names and values below the first line of an HTTP head; UTF-8, else Latin-1."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError:
        text = head.decode("latin-1")
    text = text.partition("\n")[2]
    if "\n " in text or "\n\t" in text:  # a folded line goes on with the one before
        text = _FOLD.sub(" ", text)
    pairs: list[tuple[str, str]] = []
    for line in text.split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            pairs.append((name.strip(), value.strip()))
    return tuple(pairs)


def content_type(value: str) -> tuple[str, str | None]:
    """Media type in lower case, and the charset parameter, of a ``Content-Type`` value."""
    media_type, semicolon, parameters = value.partition(";")
    charset = _CHARSET.search(parameters) if semicolon else None
    return media_type.strip().lower(), charset.group(1) if charset else None


@lru_cache(maxsize=1024)
def _content_type(value: bytes) -> tuple[str, str | None]:
    return content_type(value.decode("latin-1"))


def parse_date(text: str) -> datetime | None:
    """A date as W3C-DTF writes it (WARC 1.1, 5.4), in UTC where it names no zone; else None."""
    if _SHORT_DATE.fullmatch(text):
        text += "-01-01" if len(text) == 4 else "-01"
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
