from __future__ import annotations

import io
import random
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from images_site import encoded, picture
from PIL import Image

from mella_spark.images.decode import MAX_SCANS, Limits, decode
from mella_spark.images.reasons import REASONS, Rejected
from mella_spark.images.sniff import sniff

FILES = {
    "jpeg": ("image/jpeg", encoded(picture(), "JPEG")),
    "progressive": ("image/jpeg", encoded(picture(), "JPEG", progressive=True)),
    "png": ("image/png", encoded(picture())),
    "palette": ("image/png", encoded(picture().quantize(256))),
    "gif": ("image/gif", encoded(picture(), "GIF")),
    "webp": ("image/webp", encoded(picture(), "WEBP")),
    "lossless webp": ("image/webp", encoded(picture(), "WEBP", lossless=True)),
    "avif": ("image/avif", encoded(picture(), "AVIF")),
    "bmp": ("image/bmp", encoded(picture(), "BMP")),
}


def reason(data: bytes, limits: Limits | None = None) -> str | None:
    try:
        decode(data, limits)
    except Rejected as error:
        return error.reason
    return None


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of_size(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


@pytest.mark.parametrize("name", FILES)
def test_formats_decode_to_rgb(name: str) -> None:
    mime, data = FILES[name]
    decoded = decode(data)
    assert (decoded.mime, decoded.width, decoded.height) == (mime, 240, 180)
    assert decoded.image.mode == "RGB"
    difference = np.abs(np.asarray(decoded.image, int) - np.asarray(picture(), int))
    assert difference.mean() < 15


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.98])
def test_a_cut_file_is_truncated(name: str, share: float) -> None:
    data = FILES[name][1]
    assert reason(data[: int(len(data) * share)]) == "truncated"


@pytest.mark.parametrize("name", ["jpeg", "png", "gif", "webp", "bmp"])
def test_bytes_behind_the_picture_do_no_harm(name: str) -> None:
    assert reason(FILES[name][1] + b"\n<!-- served by -->") is None


def test_damage_inside_a_complete_file_is_corrupt() -> None:
    data = bytearray(FILES["png"][1])
    middle = len(data) // 2
    data[middle : middle + 8] = bytes(8)
    assert reason(bytes(data)) == "corrupt"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><body>Not found</body></html>", "not_image"),
        (b"{}", "not_image"),
        (b"BM is a fine beginning of a text", "not_image"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "svg"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- drawn -->\n<!DOCTYPE svg>\n<svg></svg>', "svg"),
        (b"<html><body><svg></svg></body></html>", "not_image"),
        (b"II*\x00\x08\x00\x00\x00", "unsupported_format"),
        (b"\x00\x00\x01\x00\x01\x00\x10\x10", "unsupported_format"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "unsupported_format"),
    ],
)
def test_what_is_no_picture(data: bytes, expected: str) -> None:
    assert reason(data) == expected


@pytest.mark.parametrize("size", [(60_000, 60_000), (2**31 - 1, 2**31 - 1), (10_000, 5_001)])
def test_a_bomb_is_told_by_its_header(size: tuple[int, int]) -> None:
    assert reason(png_of_size(*size), Limits(max_pixels=50_000_000)) == "too_many_pixels"


def test_bombs_of_other_formats() -> None:
    gif = bytearray(FILES["gif"][1])
    gif[6:10] = struct.pack("<HH", 65_535, 65_535)
    assert reason(bytes(gif)) == "too_many_pixels"
    bmp = bytearray(FILES["bmp"][1])
    bmp[18:26] = struct.pack("<ii", 100_000, 100_000)
    assert reason(bytes(bmp)) == "too_many_pixels"


def test_size_limits_are_inclusive() -> None:
    data = encoded(picture(size=(40, 20)))
    assert reason(data, Limits(max_pixels=800, min_side=20)) is None
    assert reason(data, Limits(max_pixels=799)) == "too_many_pixels"
    assert reason(data, Limits(min_side=21)) == "too_small"


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    data = FILES["progressive"][1]
    scan = data[data.index(b"\xff\xda") : data.index(b"\xff\xda") + 40]
    assert reason(data[:-2] + scan * MAX_SCANS + b"\xff\xd9") == "corrupt"


def test_transparency_shows_white() -> None:
    image = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 10, 20))
    for name in ("PNG", "WEBP"):
        shown = decode(encoded(image, name, lossless=True)).image
        assert shown.getpixel((15, 10)) == (255, 255, 255)
        assert shown.getpixel((5, 10)) == (0, 0, 255)
    grey = Image.new("LA", (20, 20), (0, 128))
    assert decode(encoded(grey)).image.getpixel((0, 0)) == pytest.approx((127, 127, 127), abs=1)


def test_transparent_colour_of_a_palette_shows_white() -> None:
    image = Image.new("P", (20, 20), 1)
    image.putpalette([0, 0, 0, 10, 20, 30])
    data = encoded(image, "GIF", transparency=1)
    assert decode(data).image.getpixel((3, 3)) == (255, 255, 255)


def test_sixteen_bits_keep_their_greys() -> None:
    levels = np.linspace(0, 65_535, 256).astype(np.uint16).reshape(1, -1).repeat(4, axis=0)
    data = encoded(Image.fromarray(levels))
    shown = np.asarray(decode(data).image)[0, :, 0]
    assert np.abs(shown.astype(int) - np.arange(256)).max() <= 1


def test_cmyk_and_bilevel() -> None:
    assert decode(encoded(picture().convert("CMYK"), "JPEG")).image.mode == "RGB"
    assert decode(encoded(picture().convert("1"))).image.mode == "RGB"


def test_the_first_frame_of_an_animation() -> None:
    frames = [picture(1), picture(2)]
    for name in ("GIF", "WEBP"):
        out = io.BytesIO()
        frames[0].save(out, name, save_all=True, append_images=frames[1:])
        shown = np.asarray(decode(out.getvalue()).image, int)
        gaps = [np.abs(shown - np.asarray(frame, int)).mean() for frame in frames]
        assert gaps[0] < 15 < gaps[1]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_stand_as_exif_says(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = decode(encoded(picture(), "JPEG", exif=exif, quality=95))
    turned = orientation >= 5
    assert (decoded.width, decoded.height) == ((180, 240) if turned else (240, 180))
    undone = {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.ROTATE_270, Image.Transpose.FLIP_LEFT_RIGHT],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.ROTATE_90, Image.Transpose.FLIP_LEFT_RIGHT],
        8: [Image.Transpose.ROTATE_270],
    }.get(orientation, [])
    back = decoded.image
    for step in undone:
        back = back.transpose(step)
    assert np.abs(np.asarray(back, int) - np.asarray(picture(), int)).mean() < 4


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_does_not_cost_the_picture() -> None:
    data = encoded(picture(), "JPEG", exif=b"Exif\x00\x00MM\x00*\x00\x00\xff\xff" + b"\xff" * 40)
    assert decode(data).width == 240


@pytest.mark.parametrize("name", FILES)
def test_any_damage_is_a_known_reason(name: str) -> None:
    rng = random.Random(name)
    data = FILES[name][1]
    for _ in range(60):
        broken = bytearray(data)
        for _ in range(rng.randint(1, 12)):
            match rng.randrange(4):
                case 0:
                    broken[rng.randrange(len(broken))] = rng.randrange(256)
                case 1:  # headers are where sizes stand
                    broken[rng.randrange(min(64, len(broken)))] = rng.randrange(256)
                case 2:
                    start = rng.randrange(len(broken))
                    del broken[start : start + rng.randint(1, 200)]
                    broken = broken or bytearray(b"\0")
                case 3:
                    start = rng.randrange(len(broken))
                    broken[start:start] = rng.randbytes(rng.randint(1, 50))
        assert (reason(bytes(broken), Limits(5_000_000)) or "empty") in REASONS


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(FILES)), st.integers(0, 40), st.binary(max_size=300))
def test_any_bytes_behind_a_true_beginning(name: str, keep: int, rest: bytes) -> None:
    assert (reason(FILES[name][1][:keep] + rest, Limits(5_000_000)) or "empty") in REASONS


@given(st.binary(max_size=64))
def test_sniffing_never_fails(data: bytes) -> None:
    assert sniff(data) is None or sniff(data).startswith("image/")
