"""Draw scenes: bold flat pictures that a small vision model and a person can both tell apart."""

import math
import random
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from .motifs import DRAWERS
from .motifs.pen import PALETTE, Pen, Point, Rgb, mix
from .scenes import Group, Scene

_OVERSAMPLING = 3
"""Pixels drawn for each pixel of the result, in each direction."""

# Top and bottom of the sky, and the ground where there is one.
_BACKDROPS: dict[str, tuple[Rgb, Rgb, Rgb | None]] = {
    "paper": ((247, 242, 230), (236, 227, 210), None),
    "sand": ((246, 233, 206), (236, 214, 176), (222, 192, 146)),
    "sky": ((168, 208, 238), (228, 242, 248), None),
    "meadow": ((204, 230, 242), (234, 242, 226), (170, 204, 140)),
    "dusk": ((112, 104, 158), (232, 176, 160), (142, 110, 140)),
    "mint": ((212, 236, 224), (184, 218, 202), None),
    "rose": ((250, 228, 226), (238, 202, 204), None),
    "lake": ((214, 232, 238), (238, 240, 232), (140, 186, 206)),
}
_TINT = 9
"""Largest shift of a background's colour channels, in levels of 255."""
_NOISE = 4
"""Largest noise of a pixel, in levels of 255."""
_MAX_TILT = math.radians(5)
_INSET = 0.96
"""Share of the box that shapes may fill; their outlines need the rest."""
_HORIZON = (0.60, 0.72)

# Where the copies of a group lie, as (centre x, centre y, side) in shares of the picture.
_Slot = tuple[float, float, float]
Arrangement = Callable[[Scene, random.Random], list[list[_Slot]]]
"""What :func:`layout` does."""
_SINGLE: dict[int, tuple[tuple[_Slot, ...], ...]] = {
    1: (((0.5, 0.5, 0.82),),),
    2: (((0.27, 0.5, 0.46), (0.73, 0.5, 0.46)),),
    3: (
        ((0.5, 0.26, 0.44), (0.26, 0.73, 0.44), (0.74, 0.73, 0.44)),
        ((0.18, 0.5, 0.31), (0.5, 0.5, 0.31), (0.82, 0.5, 0.31)),
    ),
}
# In a half of a picture, along (0 to 1) its long side.
_HALF: dict[int, tuple[tuple[float, float], ...]] = {
    1: ((0.5, 0.45),),
    2: ((0.27, 0.43), (0.73, 0.43)),
    3: ((0.175, 0.31), (0.5, 0.31), (0.825, 0.31)),
}
_NEAR, _FAR = 0.255, 0.745
"""Middle lines of the two halves."""
_DRIFT = 0.07
"""Largest shift of a single thing along its half, so that its half stays unmistakable."""


def draw(
    scene: Scene, size: int = 256, seed: int = 0, arrange: Arrangement | None = None
) -> Image.Image:
    """Draw a scene as an RGB picture of `size` by `size` pixels.

    The seed moves, turns and scales the things, shifts the tint of the background and adds a
    little noise; the same (scene, size, seed) gives the same pixels. Copies never overlap.
    `arrange` says where the copies lie, instead of `layout`.
    """
    rng = random.Random(f"{scene!r} {seed}")
    picture = _backdrop(scene.background, size * _OVERSAMPLING, rng)
    canvas = ImageDraw.Draw(picture)
    for group, slots in zip(scene.groups, (arrange or layout)(scene, rng), strict=True):
        for slot in slots:
            _draw_copy(canvas, picture, group, slot, rng)
    return _with_noise(picture.reduce(_OVERSAMPLING), rng)


def layout(scene: Scene, rng: random.Random) -> list[list[_Slot]]:
    """The place of every copy of every group: (centre x, centre y, side), shares of the picture.

    Every copy stays within its box whatever its tilt, and no two boxes overlap.
    """
    if scene.relation is None:
        group = scene.groups[0]
        room = _DRIFT if group.count == 1 else 0.0
        return [[_jitter(slot, rng, room) for slot in rng.choice(_SINGLE[group.count])]]
    first_is_near = scene.relation in ("left", "above")
    upright = scene.relation in ("above", "below")
    places = []
    for group, near in zip(scene.groups, (first_is_near, not first_is_near), strict=True):
        middle = _NEAR if near else _FAR
        drift = rng.uniform(-_DRIFT, _DRIFT) if group.count == 1 else 0.0
        slots = []
        for along, side in _HALF[group.count]:
            x, y = (along + drift, middle) if upright else (middle, along + drift)
            slots.append(_jitter((x, y, side), rng, 0.0))
        places.append(slots)
    return places


def _jitter(slot: _Slot, rng: random.Random, room: float) -> _Slot:
    """Shrink the box a little and move it within what it had."""
    x, y, side = slot
    smaller = side * rng.uniform(0.84, 1.0)
    slack = (side - smaller) / 2 + room
    return x + rng.uniform(-slack, slack), y + rng.uniform(-slack, slack), smaller


def _draw_copy(
    canvas: ImageDraw.ImageDraw,
    picture: Image.Image,
    group: Group,
    slot: _Slot,
    rng: random.Random,
) -> None:
    pixels = picture.width
    x, y, side = (value * pixels for value in slot)
    colour = PALETTE["white" if group.colour is None else group.colour]
    # A tilted square is larger than its box, and outlines have a width: shrink to stay inside.
    tilt = rng.uniform(-_MAX_TILT, _MAX_TILT)
    shrunk = side * _INSET / (math.cos(tilt) + abs(math.sin(tilt)))
    centre: Point = (x, y)
    pen = Pen(canvas, centre, shrunk, colour, flip=rng.random() < 0.5, tilt=tilt)
    DRAWERS[group.thing](pen)


def _backdrop(name: str, pixels: int, rng: random.Random) -> Image.Image:
    top, bottom, ground = _BACKDROPS[name]
    shift = [rng.randint(-_TINT, _TINT) for _ in range(3)]
    rows = np.linspace(top, bottom, pixels) + shift
    column = Image.fromarray(rows.clip(0, 255).astype(np.uint8)[:, None, :])
    picture = column.resize((pixels, pixels), Image.Resampling.NEAREST)
    if ground is not None:
        _draw_ground(picture, mix(ground, mix(top, bottom, 0.5), rng.uniform(0.0, 0.25)), rng)
    return picture


def _draw_ground(picture: Image.Image, colour: Rgb, rng: random.Random) -> None:
    """A gentle hill, its top somewhere below the middle."""
    pixels = picture.width
    horizon = rng.uniform(*_HORIZON) * pixels
    peak = rng.uniform(0.1, 0.9) * pixels
    box = (peak - 1.6 * pixels, horizon, peak + 1.6 * pixels, horizon + 1.6 * pixels)
    ImageDraw.Draw(picture).ellipse(box, fill=colour)


def _with_noise(picture: Image.Image, rng: random.Random) -> Image.Image:
    noise = np.random.default_rng(rng.getrandbits(32)).integers(
        -_NOISE, _NOISE, (picture.height, picture.width, 3), np.int16, endpoint=True
    )
    return Image.fromarray((np.asarray(picture) + noise).clip(0, 255).astype(np.uint8))
