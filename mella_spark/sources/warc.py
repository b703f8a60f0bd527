"""``spark.read.format("warc")``: the records of WARC files as rows, for notebooks.

Options: ``columns``, a comma-separated choice of the columns below, in any order (default: all);
``maxBatchBytes``, payload bytes of one Arrow batch (default 16 MiB). Only what was chosen is built,
so leaving ``payload`` out makes a listing cheap. One file is one partition. The path is a local
file, a folder or a glob; what cannot be read shows as a row with ``error`` filled in.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
from pyspark.sql.types import StructType

from mella_spark.errors import InputError, UsageError
from mella_spark.web.warc import Record, Reject, read_records

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
_SUFFIXES = (".warc", ".warc.gz", ".warc.zst", ".wat.gz", ".wat", ".wet.gz", ".wet")


def register(spark: SparkSession) -> None:
    """Makes the format ``warc`` known to a session."""
    spark.dataSource.register(WarcDataSource)


class WarcDataSource(DataSource):
    """Reads WARC files; see the module for the options."""

    @classmethod
    def name(cls) -> str:
        return "warc"

    def schema(self) -> str:
        return ", ".join(f"`{name}` {COLUMNS[name]}" for name in _columns(dict(self.options)))

    def reader(self, schema: StructType) -> DataSourceReader:
        return WarcReader(dict(self.options))


class WarcReader(DataSourceReader):
    """One partition a file."""

    def __init__(self, options: dict[str, str]) -> None:
        self.columns = _columns(options)
        self.paths = list_files(options.get("path", ""))
        self.max_bytes = int(options.get("maxbatchbytes", options.get("maxBatchBytes", 16 << 20)))

    def partitions(self) -> list[InputPartition]:
        return [InputPartition(path) for path in self.paths]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        return batches(partition.value, self.columns, self.max_bytes)


def list_files(path: str) -> list[str]:
    """Files that a path, folder or glob stands for. Raises InputError if there are none."""
    path = path.removeprefix("file://")
    if os.path.isdir(path):
        found = [
            os.path.join(folder, name)
            for folder, _, names in os.walk(path)
            for name in names
            if name.endswith(_SUFFIXES)
        ]
    else:
        found = [path] if os.path.exists(path) else glob.glob(path, recursive=True)
    if not found:
        raise InputError(f"No WARC files at {path!r}.", hint="Give a file, a folder or a glob.")
    return sorted(found)


def batches(path: str, columns: list[str], max_bytes: int) -> Iterator[pa.RecordBatch]:
    """Records of one file as Arrow batches of at most ``max_bytes`` payload (or one record)."""
    rows: list[dict[str, object]] = []
    size = 0
    for item in read_records(path):
        row = _row(item, path)
        weight = 500 + (len(item.body) if isinstance(item, Record) and "payload" in columns else 0)
        if rows and (len(rows) >= _MAX_ROWS or size + weight > max_bytes):
            yield _batch(rows, columns)
            rows, size = [], 0
        rows.append({name: row.get(name) for name in columns})
        size += weight
    if rows:
        yield _batch(rows, columns)


def _columns(options: dict[str, str]) -> list[str]:
    chosen = [name.strip() for name in options.get("columns", ",".join(COLUMNS)).split(",")]
    unknown = [name for name in chosen if name not in COLUMNS]
    if unknown or len(set(chosen)) < len(chosen):
        raise UsageError(
            f"Column {unknown[0]!r} is not known." if unknown else "A column is named twice.",
            hint=f"Columns of the format warc: {', '.join(COLUMNS)}.",
        )
    return chosen


def _row(item: Record | Reject, path: str) -> dict[str, object]:
    if isinstance(item, Reject):
        error = f"{item.reason}: {item.detail}"
        return {"file": path, "offset": item.offset, "error": error, "payload": item.sample}
    return {
        "type": item.type,
        "url": item.url,
        "date": item.date,
        "status": item.status,
        "mime": item.media_type or None,
        "charset": item.charset,
        "headers": [{"name": name, "value": value} for name, value in item.headers],
        "payload": item.body,
        "truncated": item.truncated,
        "file": path,
        "offset": item.offset,
    }


def _batch(rows: list[dict[str, object]], columns: list[str]) -> pa.RecordBatch:
    arrays = [pa.array([row[name] for row in rows], _ARROW[COLUMNS[name]]) for name in columns]
    return pa.RecordBatch.from_arrays(arrays, names=columns)
