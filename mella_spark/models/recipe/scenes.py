"""Which scenes the shipped models learn from, and in which words.

The same picture can be put in two ways: "a cup to the left of a key" and "a key to the right of a
cup". A captioner has to choose, so the choice follows a rule that can be seen: a motif is named
before a plain thing, else what lies to the left or above comes first.
"""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import replace

from mella_spark.sample.scenes import PLAIN, Group, Scene, random_scene

_INVERSE = {"left": "right", "right": "left", "above": "below", "below": "above"}
_HELD_OUT = 20
"""One composition in so many is never trained on."""


def canonical(scene: Scene) -> Scene:
    """The scene with its groups in the order in which the captioner names them."""
    if scene.relation is None:
        return scene
    first, second = scene.groups
    plain = (first.thing in PLAIN, second.thing in PLAIN)
    swap = plain[0] if plain[0] != plain[1] else scene.relation in ("right", "below")
    if not swap:
        return scene
    return replace(scene, groups=(second, first), relation=_INVERSE[scene.relation])


def held_out(scene: Scene) -> bool:
    """Whether the composition (things, colours, counts and relation) is kept for testing."""
    told = canonical(scene)
    key = "|".join([*map(_group_key, told.groups), str(told.relation)])
    return hashlib.sha256(key.encode()).digest()[0] % _HELD_OUT == 0


def scenes(seed: int, test: bool = False) -> Iterator[Scene]:
    """Endless canonical scenes from the training compositions, or from the held-out ones."""
    rng = random.Random(seed)
    while True:
        scene = random_scene(rng)
        if held_out(scene) == test:
            yield canonical(scene)


def _group_key(group: Group) -> str:
    return f"{group.thing},{group.colour},{group.count}"
