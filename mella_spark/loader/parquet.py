"""Reading row groups of a Delta table's files: physical columns in, the table's columns out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mella_spark.errors import InputError
from mella_spark.loader.columns import physical_name, to_logical
from mella_spark.loader.storage import Storage


def open_parquet(storage: Storage, key: str, buffer_bytes: int = 0) -> pq.ParquetFile:
    """Open a data file. With ``buffer_bytes`` columns are read through buffers of that size, else
    each column chunk at once. Raises ``InputError`` if it is missing or not Parquet."""
    source = storage.open(key)
    try:
        return pq.ParquetFile(
            source, buffer_size=buffer_bytes, pre_buffer=False, coerce_int96_timestamp_unit="us"
        )
    except (pa.ArrowException, OSError) as error:
        source.close()
        raise InputError(f"A data file is not readable as Parquet: {key}: {error}.") from error


def read_batches(
    file: pq.ParquetFile, group: int, rows: int, schema: pa.Schema, partition: Mapping[str, Any]
) -> Iterator[pa.RecordBatch]:
    """Row group ``group`` in batches of ``rows`` (the last has what is left), in file order.

    ``schema`` holds the wanted columns of the table; those the file lacks are partition values or
    nulls. Raises ``InputError`` where a column's type does not fit or the file is damaged.
    """
    try:
        yield from _read(file, group, rows, schema, partition)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"A data file is damaged in row group {group}: {error}.") from error


def _read(
    file: pq.ParquetFile, group: int, rows: int, schema: pa.Schema, partition: Mapping[str, Any]
) -> Iterator[pa.RecordBatch]:
    total = file.metadata.row_group(group).num_rows
    stored = set(file.schema_arrow.names)
    names = [physical_name(field) for field in schema if field.name not in partition]
    names = [name for name in names if name in stored]
    if not names:
        for start in range(0, total, rows):
            yield _logical({}, min(rows, total - start), schema, partition)
        return
    if rows >= total:
        table = file.read_row_group(group, columns=names, use_threads=False)
        yield _logical(_columns(table), total, schema, partition)
        return
    for batch in file.iter_batches(rows, [group], columns=names, use_threads=False):
        yield _logical(_columns(batch), batch.num_rows, schema, partition)


def _columns(data: pa.Table | pa.RecordBatch) -> dict[str, Any]:
    return dict(zip(data.schema.names, data.columns, strict=True))


def _logical(
    columns: Mapping[str, Any], rows: int, schema: pa.Schema, partition: Mapping[str, Any]
) -> pa.RecordBatch:
    arrays = []
    for field in schema:
        name = physical_name(field)
        if field.name in partition:
            value = pa.scalar(partition[field.name], field.type)
            arrays.append(pa.repeat(value, rows))
        elif name in columns:
            arrays.append(to_logical(columns[name], field))
        else:
            arrays.append(pa.nulls(rows, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
