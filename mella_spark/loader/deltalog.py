"""What a Delta log says of one version: schema, files, deletion vectors, statistics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError
from numpy.typing import NDArray

from mella_spark.errors import InputError
from mella_spark.loader.columns import physical_name
from mella_spark.loader.filters import Range
from mella_spark.loader.storage import Storage, decoded_uri

READER_FEATURES = frozenset(
    {"deletionVectors", "columnMapping", "timestampNtz", "v2Checkpoint", "vacuumProtocolCheck"}
)


@dataclass(frozen=True)
class LoggedFile:
    """One file of the version. ``live`` marks the rows not deleted; None is all of them.
    ``ranges`` is what the log's statistics and the partition values say of its columns."""

    key: str
    partition: dict[str, Any]
    live: NDArray[np.bool_] | None
    ranges: dict[str, Range]


def open_table(root: str, version: int | None) -> DeltaTable:
    """The table at a version (the latest if None).

    Raises ``InputError`` where there is none, or where reading it right takes a reader feature
    that is not supported here.
    """
    try:
        delta = DeltaTable(root, version=version)
        protocol, settings = delta.protocol(), delta.metadata().configuration
    except TableNotFoundError as error:
        raise InputError(
            f"There is no Delta table at {root}.", "Check the path; the pipeline writes ROOT/mella."
        ) from error
    except (DeltaError, OSError) as error:
        wanted = "" if version is None else f" at version {version}"
        raise InputError(f"The Delta table {root} cannot be read{wanted}: {error}.") from error
    unknown = sorted(set(protocol.reader_features or ()) - READER_FEATURES)
    if protocol.min_reader_version > 3:
        unknown.append(f"reader version {protocol.min_reader_version}")
    mode = settings.get("delta.columnMapping.mode", "none")
    if mode not in ("none", "name"):
        unknown.append(f"column mapping by {mode}")
    if unknown:
        raise InputError(
            f"The Delta table {root} uses what the loader cannot read: {', '.join(unknown)}.",
            "Drop the feature (ALTER TABLE … DROP FEATURE …) or write the rows to a new table.",
        )
    return delta


def logged_files(delta: DeltaTable, storage: Storage, schema: pa.Schema) -> Iterator[LoggedFile]:
    """The files of the version, oldest first."""
    vectors = _deletion_vectors(delta, storage)
    names = {physical_name(field): field.name for field in schema}
    actions = pa.table(delta.get_add_actions()).to_pylist()
    for action in sorted(actions, key=lambda a: (a["modification_time"], a["path"])):
        path = action["path"]
        live = vectors.pop(decoded_uri(path, storage.root), None)
        partition = {
            names.get(name, name): value for name, value in (action.get("partition") or {}).items()
        }
        yield LoggedFile(storage.key(path), partition, live, _ranges(action, schema, partition))
    if vectors:
        raise InputError(
            f"Deletion vectors of {storage.root} belong to files that its log does not name: "
            f"{', '.join(sorted(vectors)[:3])}. Reading on could return deleted rows."
        )


def _deletion_vectors(delta: DeltaTable, storage: Storage) -> dict[str, NDArray[np.bool_]]:
    """By file URI, decoded (writers differ in what they encode), True for each row kept."""
    try:
        reader = pa.RecordBatchReader.from_stream(delta.deletion_vectors())
        return {
            decoded_uri(path, storage.root): keep.values.to_numpy(zero_copy_only=False)
            for batch in reader
            for path, keep in zip(
                batch["filepath"].to_pylist(), batch["selection_vector"], strict=True
            )
        }
    except (DeltaError, OSError) as error:
        raise InputError(
            f"The deletion vectors of {storage.root} cannot be read: {error}."
        ) from error


def partition_ranges(partition: Mapping[str, Any]) -> dict[str, Range]:
    """Partition values are exact."""
    return {name: Range(value, value, all_null=value is None) for name, value in partition.items()}


def _ranges(
    action: Mapping[str, Any], schema: pa.Schema, partition: Mapping[str, Any]
) -> dict[str, Range]:
    ranges = partition_ranges(partition)
    rows = action.get("num_records")
    lows, highs, nulls = (action.get(key) or {} for key in ("min", "max", "null_count"))
    for field in schema:
        name = physical_name(field)
        if field.name in ranges or pa.types.is_nested(field.type):
            continue
        # The log cuts timestamps to milliseconds: no bounds for what Parquet holds.
        bounded = not pa.types.is_timestamp(field.type)
        ranges[field.name] = Range(
            lows.get(name) if bounded else None,
            highs.get(name) if bounded else None,
            all_null=bool(rows) and nulls.get(name) == rows,
        )
    return ranges
