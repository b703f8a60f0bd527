"""Bytes to a picture, whatever the bytes are: every failure is a counted reason.

The size is read from the header and checked before any pixel is decoded; then the whole picture is
decoded, so that one cut short or damaged is found here and not by a model. What comes out is what a
browser shows: turned as EXIF says, transparency on white, the first frame of an animation.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image

from mella_spark.images.reasons import Rejected
from mella_spark.images.sniff import DECODABLE, sniff

# Our own limit stands below Pillow's, so its warning would only repeat what a row says already.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
# Damaged EXIF is common and costs us nothing but the orientation.
warnings.filterwarnings("ignore", message="Corrupt EXIF data")

PILLOW_MAX_PIXELS = 89_478_485
"""The largest cap on pixels: above twice this number Pillow refuses by itself."""

MAX_SCANS = 100
"""Scans of a progressive JPEG. Each costs a pass over all pixels and a handful of bytes, so a small
file can ask for hours (libjpeg-turbo, "Two Issues with the JPEG Standard"); encoders write ten."""

_ORIENTATION_TAG = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Limits:
    """What a picture may be: pixels in all, and pixels of the shorter side.

    ``enough`` pixels, where given, need not be exceeded: a larger JPEG is decoded at a half, a
    quarter or an eighth of its sides, whichever still has so many, in a fraction of the time.
    """

    max_pixels: int = PILLOW_MAX_PIXELS
    min_side: int = 1
    enough: int | None = None


@dataclass(frozen=True)
class Decoded:
    """A picture as shown: ``image`` in mode RGB, its ``width`` and ``height`` in pixels."""

    image: Image.Image
    width: int
    height: int
    mime: str


def decode(data: bytes, limits: Limits | None = None) -> Decoded:
    """Decode ``data`` fully. Raises ``Rejected`` and nothing else, for any bytes.

    Reasons: ``empty``, ``not_image``, ``svg``, ``unsupported_format``, ``too_many_pixels``,
    ``too_small``, ``truncated``, ``corrupt``.
    """
    limits = limits or Limits()
    mime = picture_type(data)
    if mime == "image/jpeg" and data.count(b"\xff\xda") > MAX_SCANS:
        raise Rejected("corrupt", f"more than {MAX_SCANS} scans")
    try:
        with Image.open(io.BytesIO(data), formats=[DECODABLE[mime]]) as image:
            _check_size(*image.size, limits)
            if limits.enough is not None:
                shrink = (limits.enough / (image.width * image.height)) ** 0.5
                image.draft(None, (int(image.width * shrink), int(image.height * shrink)))
            image.load()
            shown = _upright(_on_white(image), image)
    except Rejected:
        raise
    except (Image.DecompressionBombError, MemoryError) as error:
        raise Rejected("too_many_pixels", str(error)) from None
    except Exception as error:  # decoders raise nearly anything on hostile bytes
        reason = "corrupt" if _has_end(data, mime) else "truncated"
        raise Rejected(reason, f"{type(error).__name__}: {error}") from None
    return Decoded(shown, shown.width, shown.height, mime)


def picture_type(head: bytes) -> str:
    """Media type of bytes that start like a picture we decode; raises ``Rejected`` else."""
    if not head:
        raise Rejected("empty")
    mime = sniff(head)
    if mime is None:
        raise Rejected("not_image")
    if mime not in DECODABLE:
        raise Rejected("svg" if mime == "image/svg+xml" else "unsupported_format", mime)
    return mime


def _check_size(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.max_pixels:
        raise Rejected("too_many_pixels", f"{width}x{height}")
    if min(width, height) < limits.min_side:
        raise Rejected("too_small", f"{width}x{height}")


def _on_white(image: Image.Image) -> Image.Image:
    """``image`` in RGB, whatever its mode; transparent parts show white, as on most pages."""
    if image.mode.startswith("I"):  # 16 bits a sample: Pillow's own conversion clips at 255
        samples = np.asarray(image).astype(np.int64) >> 8
        return Image.fromarray(samples.clip(0, 255).astype(np.uint8)).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    shown = Image.new("RGB", layer.size, "white")
    shown.paste(layer, mask=layer.getchannel("A"))
    return shown


def _upright(shown: Image.Image, original: Image.Image) -> Image.Image:
    try:
        turn = _TURNS.get(original.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # damaged EXIF says nothing about the pixels, which did decode
        return shown
    return shown if turn is None else shown.transpose(turn)


def _has_end(data: bytes, mime: str) -> bool:
    """Whether the file reaches the end that its format prescribes.

    Told by structure and not by Pillow's messages, which change between versions.
    """
    tail = data[-64:]
    match mime:
        case "image/jpeg":
            return b"\xff\xd9" in tail
        case "image/png":
            return b"IEND" in tail
        case "image/gif":
            return b"\x3b" in tail[-2:]
        case "image/webp":
            return len(data) >= int.from_bytes(data[4:8], "little") + 8
        case "image/bmp":
            return len(data) >= int.from_bytes(data[2:6], "little")
    return _boxes_fit(data)


def _boxes_fit(data: bytes) -> bool:
    """Whether the boxes of an ISO base media file (AVIF) end where the data does."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size == 0:
            return True
        if size < 8:
            return True  # nonsense rather than a cut
        at += size
    return at == len(data)
