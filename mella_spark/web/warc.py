"""WARC files to records (WARC 1.1, ISO 28500:2017): FastWARC reads, this module keeps it honest.

One damaged record must cost one record. FastWARC stops at damage in the container (a broken gzip
member, a wrong length, garbage between records) and reads a record that was cut short as if it were
whole. Here a short record is a Reject, and after damage reading goes on at the next place where a
record provably starts: a gzip member or zstd frame that unpacks to ``WARC/``, or a line that begins
with it in a plain file. The compression is recognised by content, never by name.
"""

from __future__ import annotations

import io
import mmap
import os
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from fastwarc.stream_io import ZstdReader
from fastwarc.warc import ArchiveIterator, WarcRecord

from mella_spark.errors import InputError
from mella_spark.web.body import BodyTooLarge, decode_body

SAMPLE_BYTES = 2048
# A record larger than this is a film or a disk image: no page, and no picture worth its memory.
MAX_RECORD_BYTES = 64 << 20

_GZIP = b"\x1f\x8b\x08"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
_NO_LENGTH = "the record's header tells no length"
_HEADER_BYTES = 1 << 20
_BLOCK = 1 << 16
_WITH_BODY = frozenset({"response", "resource", "metadata", "conversion"})
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_STATUS = re.compile(rb"HTTP/[0-9.]+[ \t]+([0-9]{3})")

Opener = Callable[[str], BinaryIO]


@dataclass(slots=True)
class Record:
    """One record. ``body`` is the HTTP payload with its encodings undone, for ``response``; the
    block for the other types that carry content; empty for requests and the like.

    ``offset`` is None where the record cannot be read on its own, in a file packed as one gzip
    stream. ``headers`` are those of HTTP, in order, with names as written.
    """

    type: str
    url: str
    date: datetime | None
    offset: int | None
    media_type: str
    charset: str | None
    status: int | None
    headers: tuple[tuple[str, str], ...]
    body: bytes
    truncated: bool

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


def read_records(
    path: str,
    start: int = 0,
    end: int | None = None,
    *,
    opener: Opener | None = None,
    max_bytes: int = MAX_RECORD_BYTES,
) -> Iterator[Record | Reject]:
    """The records that start in bytes ``[start, end)`` of a file, in order.

    What cannot be read is a Reject: ``unreadable_file``, ``not_warc`` (both for the file as a
    whole), ``truncated_file`` (an unreadable end), ``unreadable_record``, ``too_large``. However a
    file is split, its parts together are the whole, each record once. Raises nothing.
    """
    try:
        stream = (opener or open_file)(path)
    except OSError as error:
        if start == 0:
            yield Reject(0, "unreadable_file", str(error), b"")
        return
    with stream:
        try:
            place = 0
            for item in _end_named(_Reader(stream, max_bytes).records()):
                place = place if item.offset is None else item.offset
                if start <= place and (end is None or place < end):
                    yield item
        except OSError as error:
            yield Reject(0, "unreadable_file", str(error), b"")


def _end_named(items: Iterator[Record | Reject]) -> Iterator[Record | Reject]:
    """The same, but a part of a record with nothing readable behind it is ``truncated_file``."""
    held: Record | Reject | None = None
    for item in items:
        if held is not None:
            yield held
        held = item
    if isinstance(held, Reject) and _is_broken(held) and held.detail != _NO_LENGTH:
        held.reason = "truncated_file"
    if held is not None:
        yield held


def read_record_at(
    path: str,
    offset: int,
    *,
    opener: Opener | None = None,
    max_bytes: int = MAX_RECORD_BYTES,
) -> Record:
    """The one record that starts at ``offset`` bytes into the file.

    Raises InputError if the file or the record cannot be read.
    """
    try:
        with (opener or open_file)(path) as stream:
            stream.seek(offset)
            raw = next(ArchiveIterator(stream, parse_http=False, max_header_len=_HEADER_BYTES))
            found = _record(raw, offset, max_bytes)
    except (OSError, StopIteration) as error:
        raise InputError(
            f"No record at byte {offset} of {path}: {error or 'end of file'}."
        ) from error
    if isinstance(found, Reject):
        raise InputError(f"The record at byte {offset} of {path} is damaged: {found.detail}.")
    return found


def open_file(path: str) -> BinaryIO:
    """The file at a local path or ``file:`` URI, opened for reading. Raises OSError."""
    return open(re.sub(r"^file:(//(localhost)?(?=/))?", "", path), "rb")


class _Reader:
    """Reads on where FastWARC stops."""

    def __init__(self, stream: BinaryIO, max_bytes: int) -> None:
        self.stream = stream
        self.max_bytes = max_bytes
        self.size = stream.seek(0, os.SEEK_END)
        descriptor = stream.fileno()
        self.view = mmap.mmap(descriptor, 0, mmap.MAP_PRIVATE, mmap.PROT_READ) if self.size else b""
        magic = self.view[:4]
        self.gzip = magic.startswith(_GZIP)
        self.zstd = magic == _ZSTD or bool(_ZSTD_SKIPPABLE.match(magic))

    def records(self) -> Iterator[Record | Reject]:
        start: int | None = 0
        readable = False
        pending: Reject | None = None  # damage behind a good record: its own record may come next
        while start is not None:
            last, broken, problem, alone = start, True, "", True
            for event in self._run(start):
                if isinstance(event, str):
                    problem = event
                    break
                last, item = event
                broken = _is_broken(item)
                if pending and not (broken and pending.offset == last):
                    yield pending
                pending = None
                readable |= not broken
                alone = isinstance(item, Reject) or item.offset is not None
                yield item
                if broken:
                    break
            else:  # the end, says FastWARC, also of an empty gzip member or of part of one
                end = start if broken else self._end(last) if alone else self.size
                if not self.gzip or end >= self.size:
                    break
                start = self._next_start(end)
                reason = "unreadable_record" if readable or start is not None else "not_warc"
                yield Reject(end, reason, "no record, or a part of one", self._sample(end))
                continue
            start = self._next_start(last + 1)
            if problem and broken:  # nothing could be read at ``last``
                if pending and pending.offset != last:
                    yield pending
                pending = None
                reason = "unreadable_record" if readable or start is not None else "not_warc"
                yield Reject(last, reason, problem, self._sample(last))
            elif problem:
                end = self._end(last)
                pending = Reject(end, "unreadable_record", problem, self._sample(end))
        if pending:
            yield pending
        if self.size == 0:
            yield Reject(0, "not_warc", "the file is empty", b"")

    def _run(self, start: int) -> Iterator[tuple[int, Record | Reject] | str]:
        """Records from ``start`` on with positions; last a message where reading broke off."""
        self.stream.seek(start)
        previous = -1
        try:
            for raw in ArchiveIterator(self.stream, parse_http=False, max_header_len=_HEADER_BYTES):
                position = raw.stream_pos
                alone = position > previous and self._starts_at(position)
                previous = position
                found = _record(raw, position if alone else None, self.max_bytes)
                if isinstance(found, Reject):
                    found.offset = position
                    found.sample = found.sample or self._sample(position)
                yield position, found
        except OSError as error:
            yield str(error)

    def _starts_at(self, position: int) -> bool:
        if not self.gzip:
            return True
        return self.view[position : position + 3] == _GZIP

    def _sample(self, offset: int) -> bytes:
        """First bytes at ``offset``, unpacked if they can be."""
        raw = self.view[offset : offset + SAMPLE_BYTES]
        return self._unpack(raw, SAMPLE_BYTES) or raw

    def _unpack(self, raw: bytes, count: int) -> bytes:
        try:
            if raw.startswith(_GZIP):
                return zlib.decompressobj(31).decompress(raw, count)
            if raw.startswith(_ZSTD):
                return bytes(ZstdReader(io.BytesIO(raw)).read(count))
        except (zlib.error, OSError):
            pass
        return b""

    def _next_start(self, position: int) -> int | None:
        """The first place at or after ``position`` where a record provably starts."""
        magic = _GZIP if self.gzip else _ZSTD if self.zstd else b"WARC/"
        index = self.view.find(magic, position)
        while index >= 0:
            if self._is_start(index):
                return index
            index = self.view.find(magic, index + 1)
        return None

    def _is_start(self, position: int) -> bool:
        if self.gzip or self.zstd:
            return self._unpack(self.view[position : position + 4096], 5) == b"WARC/"
        return position == 0 or self.view[position - 1 : position] == b"\n"

    def _end(self, position: int) -> int:
        """Where the good record at ``position`` ends."""
        if self.zstd:  # frames cannot be measured from outside: where the next one starts
            return self._next_start(position + 1) or self.size
        if not self.gzip:
            head, _, _ = self.view[position : position + _HEADER_BYTES].partition(b"\r\n\r\n")
            length = re.search(rb"(?i)^content-length:\s*([0-9]+)", head, re.MULTILINE)
            return position + len(head) + int(length.group(1) if length else 0) + 8
        member = zlib.decompressobj(31)
        while not member.eof and (data := self.view[position : position + _BLOCK]):
            position += len(data)
            try:
                member.decompress(data)
            except zlib.error:
                break
        return position - len(member.unused_data)


def _is_broken(item: Record | Reject) -> bool:
    return isinstance(item, Reject) and item.reason == "unreadable_record"


def _record(raw: WarcRecord, offset: int | None, max_bytes: int) -> Record | Reject:
    headers = raw.headers
    kind = str(raw.record_type)
    if not (headers.get_bytes(b"Content-Length") or b"").strip().isdigit():
        return Reject(0, "unreadable_record", _NO_LENGTH, b"")
    if raw.content_length > max_bytes:
        return Reject(0, "too_large", f"{raw.content_length} bytes", b"")
    expected = raw.content_length
    block = raw.reader.read()
    if len(block) < expected:
        detail = f"the record is cut short: {len(block)} of {expected} bytes"
        return Reject(0, "unreadable_record", detail, b"")
    uri = (headers.get_bytes(b"WARC-Target-URI") or b"").decode("utf-8", "replace")
    record = Record(
        type=kind,
        url=uri.strip().removeprefix("<").removesuffix(">"),
        date=raw.record_date,
        offset=offset,
        media_type="",
        charset=None,
        status=None,
        headers=(),
        body=block if kind in _WITH_BODY else b"",
        truncated=headers.get_bytes(b"WARC-Truncated") is not None,
    )
    if kind == "response" and block.startswith(b"HTTP/"):
        return _with_http(record, block, max_bytes)
    media_type = (headers.get_bytes(b"Content-Type") or b"").decode("latin-1")
    record.media_type, record.charset = content_type(media_type)
    return record


def _with_http(record: Record, block: bytes, max_bytes: int) -> Record | Reject:
    end = _HEAD_END.search(block)
    head, body = (block[: end.start()], block[end.end() :]) if end else (block, b"")
    status = _STATUS.match(head)
    record.status = int(status.group(1)) if status else None
    record.headers = parse_headers(head)
    record.media_type, record.charset = content_type(record.header("content-type"))
    transfer, content = record.header("transfer-encoding"), record.header("content-encoding")
    if transfer or content:
        try:
            body = decode_body(body, transfer, content, max_bytes)
        except BodyTooLarge as error:
            return Reject(0, "too_large", str(error), b"")
    record.body = body
    return record


def parse_headers(head: bytes) -> tuple[tuple[str, str], ...]:
    """Names and values below the first line of an HTTP head; UTF-8, else Latin-1."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError:
        text = head.decode("latin-1")
    pairs: list[tuple[str, str]] = []
    for line in text.split("\n")[1:]:
        if line[:1] in (" ", "\t") and pairs:  # a folded line goes on with the one before
            pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if colon:
            pairs.append((name.strip(), value.strip()))
    return tuple(pairs)


def content_type(value: str) -> tuple[str, str | None]:
    """Media type in lower case, and the charset parameter, of a ``Content-Type`` value."""
    media_type, _, parameters = value.partition(";")
    charset = re.search(r"""charset\s*=\s*["']?([^\s;"',]+)""", parameters, re.IGNORECASE)
    return media_type.strip().lower(), charset.group(1) if charset else None
