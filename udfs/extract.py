"""The extract stage inside executors: crawl files in, rows of four tables out.

One schema carries all four, as nullable structs of which exactly one is filled in each row, beside
``input``, the file that was read (a WAT file's pairs name the WARC file it was made from). The
stage splits them. Batches are bounded in rows and in bytes.

The ledger of a file counts items. An item is an image element, or a record without one:
``seen = kept + rejects`` holds exactly, with one reason for every item that made no pair.
"""

from __future__ import annotations

import gc
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mella_spark.lake.schemas import arrow_schema
from mella_spark.settings import ExtractSettings
from mella_spark.text import language
from mella_spark.web.harvest import Capture, Event, Found, Skipped, harvest
from mella_spark.web.warc import Opener, Reject, open_file

if TYPE_CHECKING:
    from mella_spark.settings import RemoteSettings

STAGE = "extract"
TABLES = {"pair": "pairs", "capture": "captures", "ledger": "ledger", "quarantine": "quarantine"}
OUTPUT_SCHEMA = pa.schema(
    [("input", pa.string())]
    + [(column, pa.struct(list(arrow_schema(table)))) for column, table in TABLES.items()]
)
# More rows would only take more memory: they are no longer in the processor's cache.
MAX_ROWS = 2048
_COLLECT_AFTER = 100_000  # objects, of which a row has a few
# Rows per part of a file: enough to see what is wrong with it. The ledger counts all.
MAX_QUARANTINE = 100

# Columns of pairs by where they come from: an image's attribute, or the page's row, in its order.
_IMAGE_COLUMNS = {
    "image_url": attrgetter("url"),
    "alt": attrgetter("alt"),
    "figcaption": attrgetter("figcaption"),
    "title": attrgetter("title"),
    "context": attrgetter("context"),
    "width_declared": attrgetter("width"),
    "height_declared": attrgetter("height"),
}
_PAGE_COLUMNS = (
    "page_url",
    "page_lang_declared",
    "page_language",
    "page_language_score",
    "license_url",
    "optout",
    "charset",
    "truncated",
    "warc_file",
    "warc_offset",
    "warc_date",
)

PARTS_SCHEMA = pa.schema(
    [("path", pa.string()), ("kind", pa.string()), ("start", pa.int64()), ("end", pa.int64())]
)

Part = tuple[str, str, int, int | None]
Identify = Callable[[str], tuple[str, float]]
Row = tuple[object, ...]


def extract_batches(
    batches: Iterator[pa.RecordBatch],
    settings: ExtractSettings,
    remote: RemoteSettings | None = None,
    identify: Identify | None = None,
) -> Iterator[pa.RecordBatch]:
    """Rows of OUTPUT_SCHEMA for parts of crawl files: ``path``, ``kind``, ``start``, ``end``.

    ``start`` and ``end`` are bytes into the file; a null ``end`` is the file's end. ``remote``
    says how addresses are read (without it, local files only). ``identify`` gives the language of
    running text and its probability (the project's own by default). A file that cannot be read is
    a quarantine row and a count, never an exception.
    """
    find_language = identify or language.identify
    opener = _opener(remote)
    for batch in batches:
        for part in batch.select(["path", "kind", "start", "end"]).to_pylist():
            path = part["path"]
            output = _Output(path, settings.output_bytes)
            events = _events(part, settings, remote, opener)
            with _few_collections():
                for column, row, size in _rows(path, events, find_language):
                    yield from output.add(column, row, size)
                yield from output.rest()


@contextmanager
def _few_collections() -> Iterator[None]:
    """Python looks for cycles among objects more seldom: rows wait by the thousand, and have none.

    With the defaults, that takes a tenth of the time of extraction.
    """
    thresholds = gc.get_threshold()
    gc.set_threshold(_COLLECT_AFTER, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


def extract_parts(
    numbers: Iterator[pa.RecordBatch],
    parts: Sequence[Part],
    settings: ExtractSettings,
    remote: RemoteSettings | None = None,
) -> Iterator[pa.RecordBatch]:
    """As ``extract_batches``, of the parts (path, kind, start, end) whose numbers are given."""
    names = PARTS_SCHEMA.names
    batches = (
        pa.RecordBatch.from_pylist(
            [
                dict(zip(names, parts[number], strict=True))
                for number in batch.column(0).to_pylist()
            ],
            PARTS_SCHEMA,
        )
        for batch in numbers
    )
    return extract_batches(batches, settings, remote)


def _events(
    part: dict[str, Any], settings: ExtractSettings, remote: RemoteSettings | None, opener: Opener
) -> Iterator[Event]:
    path, start, end = part["path"], part["start"], part["end"]
    if part["kind"] == "index" and remote is not None:
        from mella_spark.remote.ranges import harvest_index

        return harvest_index(path, settings, remote, start, end)
    return harvest(path, part["kind"], settings, start, end, opener=opener)


def _opener(remote: RemoteSettings | None) -> Opener:
    if remote is None:
        return open_file
    from mella_spark.remote.opener import opener

    return opener(remote)


def pair_id(page_url: str, image_url: str, alt: str) -> str:
    """Key of a pair: the first 32 hex digits of SHA-256 over its three parts, one a line."""
    return hashlib.sha256(f"{page_url}\n{image_url}\n{alt}".encode()).hexdigest()[:32]


def _rows(path: str, events: Iterator[Event], identify: Identify) -> Iterator[tuple[str, Row, int]]:
    """(table column, row, size in bytes), rows in the field order of the tables; ledger last."""
    counts: Counter[str] = Counter(seen=0, kept=0)
    known = _Known()
    quarantined = 0
    for event in events:
        if isinstance(event, Found):
            rows = _pair_rows(event, known, identify)
            counts["seen"] += event.page.seen
            counts["kept"] += len(rows)
            counts["repeated"] += len(event.page.images) - len(rows)
            counts.update(event.page.rejects)
            yield from (("pair", row, size) for row, size in rows)
            continue
        counts["seen"] += 1
        if isinstance(event, Skipped):
            counts[event.reason] += 1
        elif isinstance(event, Capture):
            counts["captured_image"] += 1
            yield "capture", _capture_row(event), 200
        else:
            counts[event.reason] += 1
            if quarantined < MAX_QUARANTINE:
                quarantined += 1
                yield "quarantine", _quarantine_row(path, event), 200 + len(event.sample)
    for reason, count in counts.items():
        if count or reason in ("seen", "kept"):
            yield "ledger", (path, STAGE, reason, count), 100


class _Known:
    """Keys of the pairs that a file has given, by page: 16 bytes for each."""

    def __init__(self) -> None:
        self._keys: dict[str, bytes] = {}

    def fresh(self, page_url: str, keys: list[str]) -> list[bool]:
        """Which keys, of different pairs of a page, are new; then all are known."""
        before = self._keys.get(page_url)
        if before is None:  # as nearly always: a crawl has a page once
            self._keys[page_url] = bytes.fromhex("".join(keys))
            return [True] * len(keys)
        known = {before[place : place + 16].hex() for place in range(0, len(before), 16)}
        new = [key not in known for key in keys]
        added = "".join(key for key, is_new in zip(keys, new, strict=True) if is_new)
        self._keys[page_url] = before + bytes.fromhex(added)
        return new


def _pair_rows(found: Found, known: _Known, identify: Identify) -> list[tuple[Row, int]]:
    """Key, image and page of a page's pairs that the file has not given before (``_pairs``)."""
    page = found.page
    keys = [pair_id(found.url, image.url, image.alt) for image in page.images]
    new = known.fresh(found.url, keys)
    pairs = zip(keys, page.images, new, strict=True)
    fresh = [(key, image) for key, image, is_new in pairs if is_new]
    if not fresh:
        return []
    page_language, score = identify(page.text)
    shared = (
        found.url,
        page.language,
        page_language,
        score,
        page.license_url,
        page.optout,
        page.charset,
        found.truncated,
        found.warc_file,
        found.warc_offset,
        found.date,
    )
    return [
        (
            (key, image, shared),
            400 + 3 * (len(image.alt) + len(image.context or "") + len(image.figcaption or "")),
        )
        for key, image in fresh
    ]


def _pairs(rows: list[Row]) -> list[pa.Array]:
    """Columns of ``pairs``. What the pairs of a page share is stored once and repeated by Arrow."""
    keys, images, shared = zip(*rows, strict=True)
    pages: list[Row] = []
    page_of = []
    for page in shared:
        if not pages or page is not pages[-1]:
            pages.append(page)
        page_of.append(len(pages) - 1)
    values: dict[str, Sequence[object]] = {"pair_id": keys}
    for column, get in _IMAGE_COLUMNS.items():
        values[column] = list(map(get, images))
    values |= zip(_PAGE_COLUMNS, zip(*pages, strict=True), strict=True)
    numbers = pa.array(page_of, pa.int32())
    columns = []
    for field in arrow_schema("pairs"):
        column = pa.array(values[field.name], field.type)
        columns.append(column.take(numbers) if field.name in _PAGE_COLUMNS else column)
    return columns


def _capture_row(capture: Capture) -> Row:
    return (
        capture.url,
        capture.mime,
        capture.http_status,
        capture.bytes,
        capture.warc_file,
        capture.warc_offset,
        capture.date,
    )


def _quarantine_row(path: str, reject: Reject) -> Row:
    return (path, STAGE, reject.offset, reject.reason, reject.detail, reject.sample)


def _columns(rows: list[Row], row_type: pa.StructType) -> list[pa.Array]:
    values = zip(*rows, strict=True)
    return [pa.array(each, field.type) for each, field in zip(values, row_type, strict=True)]


class _Output:
    """Collects a file's rows by table and hands them on as bounded batches."""

    def __init__(self, path: str, max_bytes: int) -> None:
        self.path = path
        self.max_bytes = max_bytes
        self.rows: dict[str, list[Row]] = {column: [] for column in TABLES}
        self.bytes = dict.fromkeys(TABLES, 0)

    def add(self, column: str, row: Row, size: int) -> Iterator[pa.RecordBatch]:
        rows = self.rows[column]
        if rows and (len(rows) >= MAX_ROWS or self.bytes[column] + size > self.max_bytes):
            yield self._batch(column)
        self.rows[column].append(row)
        self.bytes[column] += size

    def rest(self) -> Iterator[pa.RecordBatch]:
        for column, rows in self.rows.items():
            if rows:
                yield self._batch(column)

    def _batch(self, column: str) -> pa.RecordBatch:
        rows, self.rows[column], self.bytes[column] = self.rows[column], [], 0
        arrays = []
        for field in OUTPUT_SCHEMA:
            if field.name == "input":
                arrays.append(pa.array([self.path] * len(rows), field.type))
                continue
            if field.name != column:
                arrays.append(pa.nulls(len(rows), field.type))
                continue
            columns = _pairs(rows) if column == "pair" else _columns(rows, field.type)
            arrays.append(pa.StructArray.from_arrays(columns, fields=list(field.type)))
        return pa.RecordBatch.from_arrays(arrays, schema=OUTPUT_SCHEMA)
