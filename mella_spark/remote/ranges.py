"""Single records out of many WARC files: near ones by one request, several requests at a time."""

from __future__ import annotations

import io
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mella_spark.errors import InputError
from mella_spark.remote.commoncrawl import joined
from mella_spark.remote.file import ForbiddenError, MissingError, shown
from mella_spark.remote.opener import Opener
from mella_spark.remote.urlindex import NotAnIndexError, read_places
from mella_spark.settings import ExtractSettings, RemoteSettings
from mella_spark.web.harvest import Event, judge, record_limit
from mella_spark.web.warc import MAX_RECORD_BYTES, SAMPLE_BYTES, Record, Reject, read_record_at

# Rows sorted together, so that records near each other are got together.
_WINDOW_ROWS = 1 << 16
# Files in a row whose server fails, for all its retries, before a task asks nothing more.
_FAILURES = 3

Item = tuple[str, Record | Reject]


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes ``[start, stop)`` of a file, and the records (offset, length) in them."""

    address: str
    start: int
    stop: int
    records: tuple[tuple[int, int], ...]


def read_indexed(
    path: str, start: int, end: int | None, settings: RemoteSettings, open_: Opener
) -> Iterator[Item]:
    """A record or Reject for each row of a URL index in the languages ``index_languages``.

    Each comes with the address of its WARC file (of a row without one, and of an index that cannot
    be read: ``path``). ``start`` and ``end`` are bytes of the index file, as for
    ``urlindex.read_places``. Raises nothing. Rejects: ``not_index`` and ``unreadable_file`` for the
    index itself; for single rows ``bad_index_row``, ``too_large``, ``unreachable_record`` (its
    bytes could not be had) and ``unreadable_record``.
    """
    codes = settings.index_languages or ()
    try:
        size = open_.size(path)
        with open_(path) as stream, _Fetcher(settings, open_) as fetcher:
            if size is None:
                size = stream.seek(0, os.SEEK_END)
            for places in _windows(read_places(stream, size, start, end, codes)):
                sorted_ = _Sorted(places, settings)
                yield from sorted_.bad(path)
                yield from fetcher.records(sorted_.spans())
    except NotAnIndexError as error:
        if start == 0:
            yield path, Reject(0, "not_index", str(error), b"")
    except (OSError, pa.ArrowException, ValueError) as error:
        yield path, Reject(start, "unreadable_file", str(error), b"")


def harvest_index(
    path: str,
    settings: ExtractSettings,
    remote: RemoteSettings,
    start: int = 0,
    end: int | None = None,
) -> Iterator[Event]:
    """Events of the records that a URL index names: one for each selected row. Raises nothing."""
    limit = record_limit(settings)
    for address, record in read_indexed(path, start, end, remote, Opener(remote)):
        event = judge(record, address, "warc", settings, limit)
        if isinstance(event, Reject) and address not in event.detail:
            event.detail = f"{shown(address)}: {event.detail}"
        yield event


def _windows(portions: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in larger portions."""
    held: list[pa.Table] = []
    for places in portions:
        held.append(places)
        if sum(part.num_rows for part in held) >= _WINDOW_ROWS:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held)


class _Sorted:
    """Places by WARC file and offset, and which of them are none."""

    def __init__(self, places: pa.Table, settings: RemoteSettings) -> None:
        self.settings = settings
        names = places.column("name").unify_dictionaries().combine_chunks()
        self.names = names.dictionary.to_pylist()
        self.addresses = [_address(settings.crawl_base, name) for name in self.names]
        file, row, offset, length = (
            names.indices.to_numpy(),
            *(places.column(name).to_numpy() for name in ("row", "offset", "length")),
        )
        rank = np.empty(len(self.names), dtype=np.int64)
        rank[sorted(range(len(self.names)), key=self.names.__getitem__)] = range(len(self.names))
        order = np.lexsort((row, offset, rank[file]))
        self.file, self.row = file[order], row[order]
        self.offset, self.length = offset[order], length[order]
        here = np.array([address is not None for address in self.addresses])
        self.good = here[self.file] & (self.offset >= 0) & (self.length > 0)
        self.large = self.length > MAX_RECORD_BYTES

    def bad(self, path: str) -> Iterator[Item]:
        """A Reject for each row that names no record of bearable size."""
        for at in np.flatnonzero(~self.good | self.large):
            offset, length = int(self.offset[at]), int(self.length[at])
            if self.good[at]:
                address = self.addresses[self.file[at]] or path
                yield address, Reject(offset, "too_large", f"{length} bytes packed", b"")
                continue
            name = self.names[self.file[at]][:200]
            detail = f"row {self.row[at]}: {length} bytes at {offset} of {name!r}"
            yield path, Reject(int(self.row[at]), "bad_index_row", detail, b"")

    def spans(self) -> Iterator[Span]:
        """What to get: records of one file at most ``gap_bytes`` apart, ``range_bytes`` at once."""
        held: list[tuple[int, int]] = []
        file, stop = -1, 0
        for at in np.flatnonzero(self.good & ~self.large):
            offset, length = int(self.offset[at]), int(self.length[at])
            apart = self.file[at] != file or offset - stop > self.settings.gap_bytes
            if held and (apart or offset + length - held[0][0] > self.settings.range_bytes):
                yield Span(self.addresses[file] or "", held[0][0], stop, tuple(held))
                held = []
            stop = max(stop, offset + length) if held else offset + length
            held.append((offset, length))
            file = self.file[at]
        if held:
            yield Span(self.addresses[file] or "", held[0][0], stop, tuple(held))


def _address(base: str, name: str) -> str | None:
    try:
        return joined(base, name)
    except ValueError:
        return None


class _Fetcher:
    """Gets spans, several at a time, and hands out their records in the order of the spans."""

    def __init__(self, settings: RemoteSettings, open_: Opener) -> None:
        self.settings, self.open = settings, open_
        self.pool = ThreadPoolExecutor(settings.connections, "ranges")
        self.given_up: dict[str, str] = {}  # files of which nothing more is asked, and why
        self.failures = 0

    def __enter__(self) -> _Fetcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)

    def records(self, spans: Iterable[Span]) -> Iterator[Item]:
        """Each span's records. At most ``range_bytes`` are held beyond the span handed out."""
        waiting: deque[tuple[Span, Future[bytes] | None]] = deque()
        held = 0
        for span in spans:
            while waiting and (
                held + span.stop - span.start > self.settings.range_bytes
                or len(waiting) >= 2 * self.settings.connections
            ):
                first, future = waiting.popleft()
                held -= first.stop - first.start
                yield from self._records(first, future)
            lost = span.address in self.given_up or self.failures >= _FAILURES
            future = None if lost else self.pool.submit(self._get, span)
            waiting.append((span, future))
            held += span.stop - span.start
        while waiting:
            yield from self._records(*waiting.popleft())

    def _get(self, span: Span) -> bytes:
        return self.open.part(span.address, span.start, span.stop)

    def _records(self, span: Span, future: Future[bytes] | None) -> Iterator[Item]:
        problem = self.given_up.get(span.address, "its server failed before")
        data = None
        if future is not None:
            try:
                data = future.result()
                self.failures = 0
            except OSError as error:
                if not isinstance(error, MissingError | ForbiddenError | FileNotFoundError):
                    self.failures += span.address not in self.given_up
                problem = self.given_up[span.address] = str(error)
        for offset, length in span.records:
            if data is None:
                yield span.address, Reject(offset, "unreachable_record", problem, b"")
            else:
                begin = offset - span.start
                yield span.address, _record(span.address, offset, data[begin : begin + length])


def _record(address: str, offset: int, data: bytes) -> Record | Reject:
    """The record that ``data`` should be, and nothing behind it."""
    try:
        return read_record_at(address, offset, opener=lambda _: _Piece(data, offset))
    except InputError as error:
        return Reject(offset, "unreadable_record", error.message, data[:SAMPLE_BYTES])


class _Piece(io.BytesIO):
    """Bytes of a file from ``offset`` on, under the positions they have in the file."""

    def __init__(self, data: bytes, offset: int) -> None:
        super().__init__(data)
        self.offset = offset

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        shift = self.offset if whence == os.SEEK_SET else 0
        return super().seek(offset - shift, whence) + self.offset

    def tell(self) -> int:
        return super().tell() + self.offset
