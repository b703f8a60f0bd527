from __future__ import annotations

import hashlib
import itertools

import numpy as np
import pytest
from images_site import encoded, picture
from PIL import Image, ImageDraw

from mella_spark.images.decode import decode
from mella_spark.images.hashes import SIDE, TOLERANCE, distance, phash, sha256


def reencoded(image: Image.Image, name: str, scale: float = 1.0, **options: object) -> Image.Image:
    size = (round(image.width * scale), round(image.height * scale))
    return decode(encoded(image.resize(size), name, **options)).image


def drawing(seed: int) -> Image.Image:
    """Plain shapes on a plain ground: most of its frequencies are empty."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (256, 256), "white")
    pen = ImageDraw.Draw(image)
    for _ in range(3):
        x, y = (int(v) for v in rng.integers(0, 170, 2))
        colour = tuple(int(v) for v in rng.integers(0, 200, 3))
        pen.ellipse((x, y, x + 70, y + 80), fill=colour)
    return image


COPIES = {
    "smaller": lambda image: reencoded(image, "PNG", 0.4),
    "larger": lambda image: reencoded(image, "PNG", 1.8),
    "jpeg 30": lambda image: reencoded(image, "JPEG", quality=30),
    "webp 50, smaller": lambda image: reencoded(image, "WEBP", 0.6, quality=50),
    "avif 50": lambda image: reencoded(image, "AVIF", quality=50, speed=9),
}


@pytest.mark.parametrize("copy", COPIES)
@pytest.mark.parametrize("draw", [picture, drawing])
def test_copies_stay_within_six_bits(copy: str, draw) -> None:
    distances = [distance(phash(draw(i)), phash(COPIES[copy](draw(i)))) for i in range(25)]
    assert max(distances) <= 6


@pytest.mark.parametrize("draw", [picture, drawing])
def test_different_pictures_are_far_apart(draw) -> None:
    hashes = [phash(draw(seed)) for seed in range(60)]
    distances = [distance(a, b) for a, b in itertools.combinations(hashes, 2)]
    assert np.median(distances) > 24
    assert min(distances) > 7


def test_hash_against_the_definition() -> None:
    """The DCT-II sum written out, bit by bit."""
    image = picture(3, (32, 32))
    grey = np.asarray(image.convert("L"), float)
    n = np.arange(SIDE)
    low = np.empty((8, 8))
    for u, v in np.ndindex(8, 8):
        rows = np.cos(np.pi * u * (2 * n + 1) / 64) * (np.sqrt(1 / 32) if u == 0 else 0.25)
        columns = np.cos(np.pi * v * (2 * n + 1) / 64) * (np.sqrt(1 / 32) if v == 0 else 0.25)
        low[u, v] = (grey * rows[:, None] * columns[None, :]).sum()
    bits = "".join("1" if c > np.median(low) + TOLERANCE else "0" for c in low.ravel())
    assert phash(image) == int.from_bytes(int(bits, 2).to_bytes(8, "big"), "big", signed=True)


def test_plain_surfaces_do_not_fall_together() -> None:
    colours = ["white", "black", "red", "lime", "blue", "grey", "yellow", "navy"]
    hashes = [phash(Image.new("RGB", (90, 60), colour)) for colour in colours]
    assert min(distance(a, b) for a, b in itertools.combinations(hashes, 2)) > 10


def test_a_plain_surface_keeps_its_hash_when_copied() -> None:
    red = Image.new("RGB", (90, 60), (200, 16, 24))
    assert phash(red) == phash(reencoded(red, "JPEG", 2.0, quality=60))


def test_signed_64_bit_and_sha256() -> None:
    hashes = [phash(picture(seed)) for seed in range(40)]
    assert all(-(2**63) <= value < 2**63 for value in hashes)
    assert min(hashes) < 0
    assert distance(-1, 0) == 64
    assert sha256(b"x") == hashlib.sha256(b"x").hexdigest()
