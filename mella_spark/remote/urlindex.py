"""Common Crawl's columnar URL index: which records hold pages in the wanted languages.

A row of the index is a capture: the languages found in it (``content_languages``, ISO 639-3, such
as ``ces,eng``) and where its record lies (``warc_filename`` below the base, offset, length).
Only these columns are read, and only rows of successful HTML captures are looked at further. The
index is sorted by address, so a language's records lie scattered over all WARC files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

WANTED = ("content_languages", "warc_filename", "warc_record_offset", "warc_record_length")
HELPFUL = ("fetch_status", "content_mime_detected")
_MIME_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_BATCH_ROWS = 1 << 15

Mask = np.ndarray[Any, np.dtype[np.bool_]]


PLACES = pa.schema(
    [
        ("row", pa.int64()),
        ("name", pa.dictionary(pa.int32(), pa.string())),
        ("offset", pa.int64()),
        ("length", pa.int64()),
    ]
)


class NotAnIndexError(ValueError):
    """The file is not Parquet, or not in the index's schema; the message says why."""


def read_places(
    stream: BinaryIO, size: int, start: int, end: int | None, codes: tuple[str, ...]
) -> Iterator[pa.Table]:
    """Where the records of selected rows lie, in the index's order, in bounded tables of PLACES.

    ``codes`` are ISO 639-3; a row is selected where its languages have one of them. ``row`` is its
    number in the file, ``name`` its WARC file as written; a missing number is -1. For reading a
    file of ``size`` bytes in parts, its rows are thought to lie evenly over its bytes: given are
    those in bytes ``[start, end)``. Raises NotAnIndexError, OSError.
    """
    try:
        metadata = pq.read_metadata(stream)
    except pa.ArrowInvalid as error:
        raise NotAnIndexError(str(error).splitlines()[0]) from None
    columns = _columns(metadata.schema.to_arrow_schema())
    texts = [name for name in columns if name.startswith("content_")]
    with pq.ParquetFile(stream, metadata=metadata, read_dictionary=texts, pre_buffer=True) as file:
        first, last = row_range(file.metadata.num_rows, size, start, end)
        wanted = frozenset(codes)
        base = 0
        for group in range(file.metadata.num_row_groups):
            count = file.metadata.row_group(group).num_rows
            if base < last and first < base + count and _may_have(file, group, wanted):
                yield from _of_group(file, group, columns, base, (first, last), wanted)
            base += count


def row_range(rows: int, size: int, start: int, end: int | None) -> tuple[int, int]:
    """The rows whose even place in a file of ``size`` bytes lies in ``[start, end)``."""

    def first_at(place: int) -> int:
        return min(rows, -(-place * rows // max(size, 1)))

    return first_at(start), rows if end is None else first_at(end)


def _columns(schema: pa.Schema) -> list[str]:
    missing = [name for name in WANTED if name not in schema.names]
    if missing:
        raise NotAnIndexError(f"it has no column {', '.join(missing)}")
    for name in WANTED[2:]:
        if not pa.types.is_integer(schema.field(name).type):
            raise NotAnIndexError(f"its column {name} holds no integers")
    return [name for name in (*WANTED, *HELPFUL) if name in schema.names]


def _may_have(file: pq.ParquetFile, group: int, wanted: frozenset[str]) -> bool:
    """False where a row group's statistics show that no row is in a wanted language."""
    metadata = file.metadata.row_group(group)
    for number in range(metadata.num_columns):
        column = metadata.column(number)
        if column.path_in_schema != "content_languages" or not column.is_stats_set:
            continue
        statistics = column.statistics
        if statistics.has_null_count and statistics.null_count == metadata.num_rows:
            return False
        if statistics.has_min_max and statistics.min == statistics.max:
            return _speaks(_text(statistics.min), wanted)
    return True


def _of_group(
    file: pq.ParquetFile,
    group: int,
    columns: list[str],
    base: int,
    between: tuple[int, int],
    wanted: frozenset[str],
) -> Iterator[pa.Table]:
    batches = file.iter_batches(_BATCH_ROWS, [group], columns, use_threads=False)
    for batch in batches:
        first, last = max(between[0] - base, 0), min(between[1] - base, batch.num_rows)
        if first < last:
            rows = np.arange(base + first, base + last)
            part = batch.slice(first, last - first)
            mask = _selected(part, wanted)
            if mask.any():
                chosen = part.filter(pa.array(mask))
                names = chosen.column("warc_filename").cast(pa.string()).fill_null("")
                yield pa.Table.from_arrays(
                    [
                        pa.array(rows[mask]),
                        names.dictionary_encode(),
                        *(_integers(chosen.column(name)) for name in WANTED[2:]),
                    ],
                    schema=PLACES,
                )
        base += batch.num_rows


def _selected(batch: pa.RecordBatch, wanted: frozenset[str]) -> Mask:
    mask = _each(batch.column("content_languages"), lambda text: _speaks(text, wanted), False)
    if "content_mime_detected" in batch.schema.names:
        mask &= _each(batch.column("content_mime_detected"), _MIME_TYPES.__contains__, True)
    if "fetch_status" in batch.schema.names:
        status = _integers(batch.column("fetch_status")).to_numpy()
        mask &= (status == -1) | ((status >= 200) & (status < 300))
    return mask


def _each(values: pa.Array, accept: Callable[[str], bool], null: bool) -> Mask:
    """``accept`` of each text, ``null`` for a null; each distinct text is judged once."""
    if not pa.types.is_dictionary(values.type):
        values = values.dictionary_encode()
    judged = [
        null if text is None else accept(_text(text)) for text in values.dictionary.to_pylist()
    ]
    table = np.array([*judged, null], dtype=bool)
    return table[values.indices.fill_null(len(judged)).to_numpy(zero_copy_only=False)]


def _speaks(languages: str, wanted: frozenset[str]) -> bool:
    return any(code.strip() in wanted for code in languages.split(","))


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")


def _integers(values: pa.Array) -> pa.Array:
    return values.cast(pa.int64()).fill_null(-1)
