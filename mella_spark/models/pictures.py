"""From encoded bytes to the picture a model is shown: the header first, then the pixels."""

from __future__ import annotations

import io

from PIL import Image

from mella_spark.images.decode import Limits, decode, picture_type
from mella_spark.images.reasons import Rejected
from mella_spark.images.sniff import DECODABLE
from mella_spark.settings import CaptionSettings


def picture_size(data: bytes, settings: CaptionSettings) -> tuple[int, int]:
    """Width and height as the header states them, without decoding a pixel.

    Raises ``Rejected`` where the bytes are no picture, or one beyond the limits of ``settings``.
    """
    mime = picture_type(data)
    try:
        with Image.open(io.BytesIO(data), formats=[DECODABLE[mime]]) as image:
            width, height = image.size
    except Image.DecompressionBombError as error:
        raise Rejected("too_many_pixels", str(error)) from None
    except Exception as error:  # decoders raise nearly anything on hostile bytes
        raise Rejected("corrupt", f"{type(error).__name__}: {error}") from None
    if width * height > settings.refuse_pixels:
        raise Rejected("too_many_pixels", f"{width}x{height}")
    if max(width, height) > min(width, height) * settings.max_aspect:
        raise Rejected("extreme_aspect", f"{width}x{height}")
    return width, height


def shown_size(width: int, height: int, max_pixels: int) -> tuple[int, int]:
    """The size a picture is downscaled to so that it has at most ``max_pixels``."""
    shrink = (max_pixels / (width * height)) ** 0.5
    if shrink >= 1:
        return width, height
    return max(1, int(width * shrink)), max(1, int(height * shrink))


def open_picture(data: bytes | None, settings: CaptionSettings) -> Image.Image:
    """The picture in RGB, downscaled to ``settings.max_pixels``.

    Raises ``Rejected`` for anything that is no sound picture of a tolerable shape.
    """
    encoded = data or b""
    picture_size(encoded, settings)
    limits = Limits(max_pixels=settings.refuse_pixels, enough=settings.max_pixels)
    return downscale(decode(encoded, limits).image, settings.max_pixels)


def downscale(image: Image.Image, max_pixels: int) -> Image.Image:
    """``image`` with at most ``max_pixels``, its shape kept; itself where it is small enough."""
    size = shown_size(image.width, image.height, max_pixels)
    if size == image.size:
        return image
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
