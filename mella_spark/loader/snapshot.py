"""A pinned version of a Delta table: its files, the rows of them to deliver, row groups, schema.

No directory is ever listed: the log says which files belong to the version, and its deletion
vectors which of their rows are gone. Row groups come from the files' footers. Filters are
evaluated here, row by row where statistics cannot decide, and from then on a row filtered out is
treated like a deleted one; so every rank knows exactly how many rows there are.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mella_spark.errors import InputError, UsageError
from mella_spark.loader import filters as dnf
from mella_spark.loader.columns import physical_name
from mella_spark.loader.deltalog import LoggedFile, logged_files, open_table, partition_ranges
from mella_spark.loader.parquet import open_parquet, read_batches
from mella_spark.loader.plan import Layout
from mella_spark.loader.storage import Storage, resolve

# Rows are read and shuffled in slices of about this many (uncompressed) bytes. Part of the order.
SLICE_BYTES = 2 << 20

_OPENERS = 8  # threads that read footers and filter columns


@dataclass(frozen=True)
class Slice:
    """``rows`` rows of row group ``group``, from row ``start`` of it. ``first`` is the group's
    first row in the file; ``size`` the rows of every slice of the group but the last."""

    file: int
    group: int
    first: int
    start: int
    rows: int
    size: int


@dataclass(frozen=True)
class DataFile:
    """A file of the snapshot; ``live`` marks the rows to deliver, None is all of them."""

    key: str
    partition: dict[str, Any]
    live: NDArray[np.bool_] | None
    groups: tuple[tuple[int, int], ...] = field(repr=False)
    """Rows and uncompressed bytes of each row group."""
    column_bytes: dict[str, int] = field(repr=False)


@dataclass(frozen=True)
class Snapshot:
    """All that planning and reading need; picklable."""

    storage: Storage
    table_id: str
    version: int
    schema: pa.Schema
    filters: dnf.Dnf
    files: tuple[DataFile, ...]
    slices: tuple[Slice, ...]
    layout: Layout

    @property
    def rows(self) -> int:
        """Rows to deliver in an epoch."""
        return self.layout.rows

    def live(self, index: int) -> NDArray[np.int64] | None:
        """The rows of a slice to deliver, counted from its start; None is all of them."""
        part = self.slices[index]
        live = self.files[part.file].live
        if live is None:
            return None
        begin = part.first + part.start
        return np.flatnonzero(live[begin : begin + part.rows])

    def row_bytes(self, columns: Iterable[str]) -> float:
        """Mean uncompressed bytes of a row, of these columns."""
        rows = sum(rows for file in self.files for rows, _ in file.groups)
        wanted = set(columns)
        used = sum(n for f in self.files for name, n in f.column_bytes.items() if name in wanted)
        return used / max(rows, 1)

    def project(self, fields: Iterable[str] | None) -> pa.Schema:
        """The schema of some columns, in the given order; all if None. As in petastorm, a name
        that is no column is a regular expression for whole names."""
        if fields is None:
            return self.schema
        chosen: dict[str, None] = {}
        for wanted in fields:
            names = [wanted] if wanted in self.schema.names else []
            names = names or [name for name in self.schema.names if re.fullmatch(wanted, name)]
            if not names:
                raise UsageError(
                    f"The table has no column {wanted!r}.",
                    f"Its columns: {', '.join(self.schema.names)}.",
                )
            chosen.update(dict.fromkeys(names))
        if not chosen:
            raise UsageError("schema_fields names no column.")
        return pa.schema([self.schema.field(name) for name in chosen])


def open_snapshot(
    table: str | os.PathLike[str], version: int | None = None, filters: Any = None
) -> Snapshot:
    """Read a version of the table (the latest if None), a path, URI or catalog name.

    Raises ``InputError`` where there is no such table or version, or where it uses a reader
    feature that is not supported, and ``UsageError`` for filters that do not fit its columns.
    """
    root = resolve(table)
    delta = open_table(root, version)
    storage, schema = Storage(root), pa.schema(delta.schema())
    checked = dnf.normalise(filters, schema.names)

    def opened(file: LoggedFile) -> DataFile:
        return _data_file(storage, schema, checked, file)

    wanted = [
        file for file in logged_files(delta, storage, schema) if dnf.may_match(checked, file.ranges)
    ]
    with ThreadPoolExecutor(_OPENERS) as pool:
        files = tuple(pool.map(opened, wanted))
    slices, layout = _sliced(files)
    return Snapshot(
        storage, str(delta.metadata().id), delta.version(), schema, checked, files, slices, layout
    )


def _data_file(storage: Storage, schema: pa.Schema, filters: dnf.Dnf, file: LoggedFile) -> DataFile:
    """Read a file's footer and, if there are filters, the columns they need."""
    parquet = open_parquet(storage, file.key)
    with parquet:
        footer = parquet.metadata
        live = file.live
        if live is not None:
            live = _full_length(live, footer.num_rows, file.key)
        if filters:
            masks = [
                _group_mask(parquet, group, schema, filters, file.partition)
                for group in range(footer.num_row_groups)
            ]
            passing = np.concatenate(masks) if masks else np.zeros(0, bool)
            live = passing if live is None else live & passing
            live = None if live.all() else live
        groups, used = [], dict.fromkeys(schema.names, 0)
        logical = {physical_name(column): column.name for column in schema}
        for index in range(footer.num_row_groups):
            group = footer.row_group(index)
            groups.append((group.num_rows, group.total_byte_size))
            for number in range(group.num_columns):
                column = group.column(number)
                name = logical.get(column.path_in_schema.split(".")[0])
                if name is not None:
                    used[name] += column.total_uncompressed_size
    return DataFile(file.key, file.partition, live, tuple(groups), used)


def _full_length(live: NDArray[np.bool_], rows: int, key: str) -> NDArray[np.bool_]:
    """A deletion vector for all rows of its file: what it does not speak of is kept."""
    if len(live) > rows:
        raise InputError(
            f"The deletion vector of {key} is for {len(live)} rows, and the file has {rows}. "
            "Reading on could return deleted rows."
        )
    return np.concatenate([live, np.ones(rows - len(live), bool)])


def _group_mask(
    parquet: pq.ParquetFile,
    group: int,
    schema: pa.Schema,
    filters: dnf.Dnf,
    partition: dict[str, Any],
) -> NDArray[np.bool_]:
    """Which rows of a row group pass; its statistics may answer without reading it."""
    rows = parquet.metadata.row_group(group).num_rows
    if not dnf.may_match(filters, _group_ranges(parquet.metadata, group, schema, partition)):
        return np.zeros(rows, bool)
    wanted = dnf.columns_of(filters)
    needed = pa.schema([column for column in schema if column.name in wanted])
    batches = list(read_batches(parquet, group, rows, needed, partition))
    return dnf.row_mask(filters, pa.Table.from_batches(batches, needed))


def _group_ranges(
    footer: pq.FileMetaData, group: int, schema: pa.Schema, partition: dict[str, Any]
) -> dict[str, dnf.Range]:
    ranges = partition_ranges(partition)
    logical = {physical_name(column): column.name for column in schema}
    part = footer.row_group(group)
    for number in range(part.num_columns):
        column = part.column(number)
        name, known = logical.get(column.path_in_schema), column.statistics
        if name is None or known is None or pa.types.is_timestamp(schema.field(name).type):
            continue
        ranges[name] = dnf.Range(
            known.min if known.has_min_max else None,
            known.max if known.has_min_max else None,
            all_null=bool(known.has_null_count and known.null_count == part.num_rows),
        )
    return ranges


def _sliced(files: tuple[DataFile, ...]) -> tuple[tuple[Slice, ...], Layout]:
    """Cut every row group into slices of about ``SLICE_BYTES`` and count their live rows."""
    slices: list[Slice] = []
    live: list[int] = []
    ends = [0]
    for number, file in enumerate(files):
        first = 0
        for group, (rows, size_bytes) in enumerate(file.groups):
            pieces = max(1, -(-size_bytes // SLICE_BYTES))
            size = max(1, -(-rows // pieces))
            for start in range(0, rows, size):
                count = min(size, rows - start)
                slices.append(Slice(number, group, first, start, count, size))
                begin = first + start
                mask = None if file.live is None else file.live[begin : begin + count]
                live.append(count if mask is None else int(np.count_nonzero(mask)))
            ends.append(len(slices))
            first += rows
    return tuple(slices), Layout(np.array(live, np.int64), np.array(ends, np.int64))
