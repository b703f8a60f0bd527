"""Parquet as the Hugging Face ``datasets`` library writes it: pictures are an Image feature."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mella_spark.export.rows import Sample, picture_name
from mella_spark.export.writers import SplitWriter

GROUP_ROWS = 100
GROUP_BYTES = 32 << 20
"""A row group is what a reader holds in memory: so many rows, or bytes of pictures, whichever
comes first."""

_IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_DTYPES = {"double": "float64", "float": "float32", "halffloat": "float16"}


class HuggingFaceWriter(SplitWriter):
    """``data/SPLIT-00000.parquet`` …, each a new one when pictures fill ``shard_bytes``."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._schema = with_features(self.schema)
        self._rows: list[Sample] = []
        self._held = self._in_shard = self._shards = 0
        self._path: Path | None = None
        self._parquet: pq.ParquetWriter | None = None

    def write(self, sample: Sample) -> None:
        size = len(sample["image"])
        if self._in_shard and self._in_shard + size > self.shard_bytes:
            self.close()
        elif len(self._rows) >= GROUP_ROWS or (self._rows and self._held + size > GROUP_BYTES):
            self._flush()
        image = {"bytes": sample["image"], "path": picture_name(sample)}
        self._rows.append({**sample, "image": image})
        self._held += size
        self._in_shard += size
        self.samples += 1

    def _flush(self) -> None:
        if self._parquet is None:
            folder = self.folder / "data"
            folder.mkdir(exist_ok=True)
            self._path = folder / f"{self.split}-{self._shards:05d}.parquet"
            self._shards += 1
            self._parquet = pq.ParquetWriter(self._path, self._schema, **_options(self._schema))
        table = pa.Table.from_pylist(self._rows, schema=self._schema)
        self._parquet.write_table(table, row_group_size=len(self._rows))
        self._rows, self._held = [], 0

    def close(self) -> None:
        if self._rows:
            self._flush()
        if self._parquet and self._path:
            self._parquet.close()
            self._parquet = None
            self._in_shard = 0
            self.written.add(self._path)


def with_features(schema: pa.Schema) -> pa.Schema:
    """``schema`` with the picture as ``datasets`` stores it, and its features in the metadata."""
    fields = [
        pa.field(field.name, _IMAGE if field.name == "image" else field.type) for field in schema
    ]
    features = {
        field.name: {"_type": "Image"} if field.name == "image" else feature(field.type)
        for field in fields
    }
    described = json.dumps({"info": {"features": features}})
    return pa.schema(fields, metadata={"huggingface": described})


def feature(kind: pa.DataType) -> Any:
    """A column's type as ``Features.from_dict`` reads it. A list is written as a list, the only
    form that versions before and after 4.0 of ``datasets`` take alike."""
    if pa.types.is_list(kind):
        return [feature(kind.value_type)]
    if pa.types.is_struct(kind):
        return {field.name: feature(field.type) for field in kind}
    return {"dtype": _DTYPES.get(str(kind), str(kind)), "_type": "Value"}


def _options(schema: pa.Schema) -> dict[str, Any]:
    """Pictures are compressed already, and neither repeat nor compare."""
    texts = [name for name in schema.names if name != "image"]
    return {
        "compression": {**dict.fromkeys(texts, "zstd"), "image.bytes": "none"},
        "use_dictionary": texts,
        "write_statistics": texts,
    }
