"""What bytes are, told from the bytes: servers' content types are often wrong.

Signatures are those of the formats' specifications, as in the WHATWG MIME Sniffing Standard
(section 6.1) for the formats it covers.
"""

from __future__ import annotations

import re

HEAD_BYTES = 1024
"""How many leading bytes ``sniff`` looks at."""

DECODABLE = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/avif": "AVIF",
    "image/bmp": "BMP",
}
"""Media types that are decoded, with Pillow's name of the format."""

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"\x00\x00\x00\x0cjP  ", "image/jp2"),
    (b"\xff\x0a", "image/jxl"),
    (b"\x00\x00\x00\x0cJXL ", "image/jxl"),
)
_BRANDS = {b"avif": "image/avif", b"avis": "image/avif", b"heic": "image/heic"}
_BMP_HEADER_SIZES = {12, 40, 52, 56, 64, 108, 124}
_SVG = re.compile(
    rb"^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<svg\b",
    re.S | re.I,
)


def sniff(data: bytes) -> str | None:
    """Media type of a picture from its first ``HEAD_BYTES`` bytes; ``None`` where it is none."""
    for signature, mime in _SIGNATURES:
        if data.startswith(signature):
            return mime
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp":
        return _iso_media(data)
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADER_SIZES:
        return "image/bmp"
    if _SVG.match(data[:HEAD_BYTES]):
        return "image/svg+xml"
    return None


def _iso_media(data: bytes) -> str | None:
    """AVIF or HEIC from the brands of an ISO base media file (ISO/IEC 14496-12, section 4.3)."""
    size = min(int.from_bytes(data[:4], "big"), HEAD_BYTES)
    brands = [data[8:12], *(data[i : i + 4] for i in range(16, size, 4))]
    return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), None)
