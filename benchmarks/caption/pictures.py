"""Pictures like those of web pages in size and shape, generated, the same every time."""

from __future__ import annotations

import hashlib
import io
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

SHAPES = ((4, 3), (3, 2), (16, 9), (1, 1), (3, 4), (2, 3))
SCHEMA = pa.schema(
    [("image_sha256", pa.string()), ("bytes", pa.binary()), ("warc_file", pa.string())]
)
_SPREAD = 0.4
"""Of the logarithm of the longer side: nineteen in twenty between 0.45 and 2.2 times the median."""
_ROWS = 64
"""Pictures in a row group, which readers hand on as one batch."""


def size_of(rng: random.Random, side: int) -> tuple[int, int]:
    """Width and height of a picture whose longer side is ``side`` pixels in the median."""
    across, down = rng.choice(SHAPES)
    longer = max(32.0, side * rng.lognormvariate(0.0, _SPREAD))
    unit = longer / max(across, down)
    return max(28, round(across * unit)), max(28, round(down * unit))


def picture(seed: int, index: int, side: int) -> bytes:
    """A JPEG of soft colours under fine grain: about as many bytes a pixel as a photograph."""
    rng = random.Random(f"{seed} {index}")
    width, height = size_of(rng, side)
    grains = np.random.default_rng((seed, index))
    coarse = Image.fromarray(grains.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    smooth = coarse.resize((width, height), Image.Resampling.BICUBIC)
    grain = grains.normal(0.0, 8.0, (height, width, 1))
    pixels = np.clip(np.asarray(smooth, dtype=np.float32) + grain, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def table(count: int, side: int, seed: int = 1) -> pa.Table:
    """``count`` pictures with the columns that the caption stage reads."""
    encoded = [picture(seed, index, side) for index in range(count)]
    names = [hashlib.sha256(data).hexdigest() for data in encoded]
    return pa.table([names, encoded, ["generated.warc.gz"] * count], schema=SCHEMA)


def stored(folder: Path, count: int, side: int) -> Path:
    """A Parquet file of them, written unless it is there."""
    code = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    path = folder / f"pictures-{count}-{side}-{code}.parquet"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        pq.write_table(table(count, side), unfinished, row_group_size=_ROWS)
        unfinished.rename(path)
    return path


def batches(path: Path, count: int | None = None) -> list[pa.RecordBatch]:
    """The first ``count`` pictures as Arrow batches, by default all."""
    found = pq.read_table(path)
    return found.slice(0, count).to_batches(max_chunksize=_ROWS)
