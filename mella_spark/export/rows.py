"""The rows of a snapshot one by one, in the table's order, and names that are safe in files.

Unlike the training loader this reads Arrow without tensors: a null stays a null and an integer an
integer, and there is one slice of a row group in memory at a time.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import math
import re
from base64 import b64encode
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import pyarrow as pa

from mella_spark.errors import InputError
from mella_spark.images.sniff import sniff
from mella_spark.loader.parquet import open_parquet, read_batches
from mella_spark.loader.snapshot import Snapshot

Sample = dict[str, Any]

NEEDED = ("sample_id", "image_sha256", "image", "prompt", "response", "split")
"""Columns no export can do without; all others are carried along, whatever they are."""

INTERNAL = ("txn",)
"""Columns that speak of how a row was written, not of the sample."""

_SAFE = re.compile(r"[0-9A-Za-z_-]{1,80}")


def exported_schema(snapshot: Snapshot) -> pa.Schema:
    """The columns to export. Raises ``InputError`` where the table is no training table."""
    missing = [name for name in NEEDED if name not in snapshot.schema.names]
    if missing:
        raise InputError(
            f"The table {snapshot.storage.root} has no column {', '.join(missing)}.",
            "Export the training table, ROOT/mella.",
        )
    return snapshot.project([name for name in snapshot.schema.names if name not in INTERNAL])


def read_samples(snapshot: Snapshot, schema: pa.Schema) -> Iterator[Sample]:
    """Every live row of the snapshot once, as a dict of Python values.

    Raises ``InputError`` for a row without picture.
    """
    for batch in read_live(snapshot, schema):
        for sample in batch.to_pylist():
            if not sample["image"]:
                raise InputError(f"The sample {sample['sample_id']} has no picture.")
            yield sample


def read_live(snapshot: Snapshot, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The live rows, slice by slice, in the order of files, row groups and rows."""
    storage = snapshot.storage
    numbered = enumerate(snapshot.slices)
    for (number, group), parts in groupby(numbered, lambda part: (part[1].file, part[1].group)):
        slices = list(parts)
        if not any(snapshot.layout.live[index] for index, _ in slices):
            continue
        file, size = snapshot.files[number], slices[0][1].size
        buffer = storage.buffer_bytes if len(slices) > 1 else 0
        with open_parquet(storage, file.key, buffer) as parquet:
            batches = read_batches(parquet, group, size, schema, file.partition)
            for (index, _), batch in zip(slices, batches, strict=True):
                live = snapshot.live(index)
                yield batch if live is None else batch.take(pa.array(live))


def extension(picture: bytes) -> str:
    """File extension of a picture, told from its bytes; ``bin`` where they are of no known kind."""
    mime = sniff(picture) or "application/bin"
    special = {"image/jpeg": "jpg", "image/svg+xml": "svg", "image/x-icon": "ico"}
    return special.get(mime, mime.rpartition("/")[2])


def safe_name(text: str) -> str:
    """``text`` where it is safe as part of a file name (no dot, no slash, short), else a hash."""
    return text if _SAFE.fullmatch(text) else hashlib.sha256(text.encode()).hexdigest()[:32]


def picture_name(sample: Sample) -> str:
    """File name of a sample's picture, the same for all samples of one picture."""
    return f"{safe_name(sample['image_sha256'])}.{extension(sample['image'])}"


def to_json(value: Any) -> str:
    """One line of JSON. What JSON has no form for: NaN is null, times ISO 8601, bytes base64."""
    return json.dumps(_finite(value), ensure_ascii=False, allow_nan=False, default=_spelt)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else value


def _spelt(value: Any) -> str:
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return b64encode(value).decode() if isinstance(value, bytes) else str(value)
