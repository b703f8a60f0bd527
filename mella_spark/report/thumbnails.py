"""Small pictures for the page, each below a number of bytes."""

from __future__ import annotations

import io

from PIL import Image

from mella_spark.images.decode import decode
from mella_spark.images.reasons import Rejected
from mella_spark.report.data import Thumbnail

QUALITIES = (82, 60, 40, 20)
SMALLEST_SIDE = 32


def thumbnail(data: bytes, side: int, max_bytes: int) -> Thumbnail | None:
    """``data`` as a WebP of at most ``side`` pixels a side and, where possible, ``max_bytes``.

    Quality is lowered first, then the size halved, down to ``SMALLEST_SIDE`` pixels. None where
    the bytes do not decode.
    """
    try:
        image = decode(data).image
    except Rejected:
        return None
    while True:
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        for quality in QUALITIES:
            buffer = io.BytesIO()
            image.save(buffer, "WEBP", quality=quality, method=4)
            if buffer.tell() <= max_bytes or (side <= SMALLEST_SIDE and quality == QUALITIES[-1]):
                return Thumbnail(buffer.getvalue(), *image.size)
        side = max(side // 2, SMALLEST_SIDE)
