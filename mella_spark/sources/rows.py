"""Records of crawl files as Arrow rows: the columns of the format ``warc``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import pyarrow as pa

from mella_spark.errors import UsageError
from mella_spark.web.warc import Record, Reject

COLUMNS = {
    "type": "string",
    "url": "string",
    "date": "timestamp",
    "status": "int",
    "mime": "string",
    "charset": "string",
    "headers": "array<struct<name:string,value:string>>",
    "payload": "binary",
    "truncated": "boolean",
    "file": "string",
    "offset": "bigint",
    "error": "string",
}
_HEADER = pa.struct([("name", pa.string()), ("value", pa.string())])
_ARROW = {
    "string": pa.string(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "int": pa.int32(),
    "array<struct<name:string,value:string>>": pa.list_(_HEADER),
    "binary": pa.binary(),
    "boolean": pa.bool_(),
    "bigint": pa.int64(),
}
_MAX_ROWS = 4096
# Bytes that a row takes beside its payload, headers and address.
_ROW_BYTES = 200

_OF_RECORD: dict[str, Callable[[Record], object]] = {
    "type": lambda record: record.type,
    "url": lambda record: record.url,
    "date": lambda record: record.date,
    "status": lambda record: record.status,
    "mime": lambda record: record.media_type or None,
    "charset": lambda record: record.charset,
    "headers": lambda record: [{"name": n, "value": v} for n, v in record.headers],
    "payload": lambda record: record.body,
    "truncated": lambda record: record.truncated,
    "offset": lambda record: record.offset,
}
_OF_REJECT: dict[str, Callable[[Reject], object]] = {
    "payload": lambda reject: reject.sample,
    "offset": lambda reject: reject.offset,
    "error": lambda reject: f"{reject.reason}: {reject.detail}",
}


def chosen(options: Mapping[str, str]) -> list[str]:
    """Names in the option ``columns``, else all. Raises UsageError on a name that is none."""
    names = [name.strip() for name in options.get("columns", ",".join(COLUMNS)).split(",")]
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or len(set(names)) < len(names):
        raise UsageError(
            f"Column {unknown[0]!r} is not known." if unknown else "A column is named twice.",
            hint=f"Columns of the format warc: {', '.join(COLUMNS)}.",
        )
    return names


def batches(
    items: Iterable[Record | Reject], path: str, columns: list[str], max_bytes: int
) -> Iterator[pa.RecordBatch]:
    """Rows of the file at ``path`` as batches of about ``max_bytes`` at most, or of one record."""
    rows: list[tuple[object, ...]] = []
    size = 0
    of_record, of_reject = _getters(columns, path, _OF_RECORD), _getters(columns, path, _OF_REJECT)
    for item in items:
        if isinstance(item, Record):
            row = tuple(get(item) for get in of_record)
            weight = _ROW_BYTES + len(item.url)
            weight += len(item.body) if "payload" in columns else 0
            weight += 2 * len(item.head) if "headers" in columns else 0
        else:
            row = tuple(get(item) for get in of_reject)
            weight = _ROW_BYTES + len(item.sample) + len(item.detail)
        if rows and (len(rows) >= _MAX_ROWS or size + weight > max_bytes):
            yield _batch(rows, columns)
            rows, size = [], 0
        rows.append(row)
        size += weight
    if rows:
        yield _batch(rows, columns)


def _getters(columns: list[str], path: str, known: Mapping[str, Callable[..., object]]) -> list:  # type: ignore[type-arg]
    constants = {"file": path}
    return [known.get(name, lambda item, name=name: constants.get(name)) for name in columns]


def _batch(rows: list[tuple[object, ...]], columns: list[str]) -> pa.RecordBatch:
    arrays = [
        pa.array(values, _ARROW[COLUMNS[name]])
        for name, values in zip(columns, zip(*rows, strict=True), strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, names=columns)
