"""Thumbnails for the report, over Arrow batches: only small pictures travel to the driver."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from mella_spark.report.thumbnails import thumbnail

THUMBNAIL_SCHEMA = "image_sha256 STRING, webp BINARY, width INT, height INT"


def thumbnail_batches(
    batches: Iterator[pa.RecordBatch], side: int, max_bytes: int
) -> Iterator[pa.RecordBatch]:
    """Rows of image_sha256, image → one thumbnail each; pictures that do not decode have none."""
    schema = pa.schema(
        [
            ("image_sha256", pa.string()),
            ("webp", pa.binary()),
            ("width", pa.int32()),
            ("height", pa.int32()),
        ]
    )
    for batch in batches:
        rows = []
        for name, data in zip(batch["image_sha256"], batch["image"], strict=True):
            small = thumbnail(data.as_py(), side, max_bytes)
            if small is not None:
                rows.append(
                    {
                        "image_sha256": name.as_py(),
                        "webp": small.webp,
                        "width": small.width,
                        "height": small.height,
                    }
                )
        yield pa.RecordBatch.from_pylist(rows, schema)
