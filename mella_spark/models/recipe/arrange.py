"""Freer arrangements than the sample web's, for training pictures.

In the sample web the places of the copies nearly tell what a picture shows: three of one thing in a
triangle lie as one thing above two others do. A model that has never seen three of *this* thing
alone then takes them for two groups. Here groups take parts of any size and their copies lie
anywhere in them, so that only the things themselves tell how many groups there are, and a large
group beside a small one bridges the way to a group alone.
"""

from __future__ import annotations

import random

from mella_spark.sample.draw import layout
from mella_spark.sample.scenes import Scene

Slot = tuple[float, float, float]
"""Centre x, centre y and side of a copy, in shares of the picture."""

_SIDES = {1: (0.34, 0.92), 2: (0.27, 0.5), 3: (0.25, 0.46)}
"""Smallest and largest side of the copies, by their number."""
_SPLIT = (0.3, 0.7)
"""Where one group's part ends and the other one's begins."""
_OBLIQUE = 0.5
"""Largest shift of one group's middle against the other's across the relation, as a share of that
along it: beyond it a thing to the left could as well be one above."""
_TRIES = 40


def loose(scene: Scene, rng: random.Random) -> list[list[Slot]]:
    """A place for every copy of every group; falls back to :func:`layout` where none is found."""
    if scene.relation is None:
        copies = _scatter(scene.groups[0].count, (0.02, 0.02, 0.98, 0.98), rng)
        return [copies] if copies else layout(scene, rng)
    upright = scene.relation in ("above", "below")
    first_is_near = scene.relation in ("left", "above")
    for _ in range(_TRIES):
        split = rng.uniform(*_SPLIT)
        near, far = (0.02, 0.02, split, 0.98), (split, 0.02, 0.98, 0.98)
        parts = (near, far) if first_is_near else (far, near)
        places = [
            _scatter(group.count, _turned(part) if upright else part, rng)
            for group, part in zip(scene.groups, parts, strict=True)
        ]
        if all(places) and _plain(places, upright):
            return places
    return layout(scene, rng)


def _turned(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = box
    return top, left, bottom, right


def _scatter(count: int, part: tuple[float, float, float, float], rng: random.Random) -> list[Slot]:
    """``count`` squares of about one size within the part, none over another; or none at all."""
    left, top, right, bottom = part
    low, high = _SIDES[count]
    for _ in range(_TRIES):
        side = rng.uniform(low, max(low, min(high, right - left, bottom - top)))
        placed: list[Slot] = []
        for _ in range(count):
            own = side * rng.uniform(0.84, 1.0)
            if own > min(right - left, bottom - top):
                break
            x = rng.uniform(left + own / 2, right - own / 2)
            y = rng.uniform(top + own / 2, bottom - own / 2)
            if any(max(abs(x - a), abs(y - b)) < (own + s) / 2 for a, b, s in placed):
                break
            placed.append((x, y, own))
        if len(placed) == count:
            return placed
    return []


def _plain(places: list[list[Slot]], upright: bool) -> bool:
    """Whether the relation can be told from where the middles of the groups lie."""
    (x, y), (a, b) = (
        (sum(s[0] for s in copies) / len(copies), sum(s[1] for s in copies) / len(copies))
        for copies in places
    )
    along, across = (abs(y - b), abs(x - a)) if upright else (abs(x - a), abs(y - b))
    return across <= _OBLIQUE * along
