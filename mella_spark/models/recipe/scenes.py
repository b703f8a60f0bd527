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
_FOLDS = 20
"""Parts into which the compositions fall; each holds one in so many."""
_TEST, _LOOKED_AT = 1, 0
"""The parts that are never trained on: one to measure on, one to look at errors while the recipe
is worked out, so that what is measured played no part in that either."""


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
    """Whether the composition (things, colours, counts and relation) is never trained on."""
    return _fold(scene) in (_TEST, _LOOKED_AT)


def scenes(seed: int, test: bool = False, looked_at: bool = False) -> Iterator[Scene]:
    """Endless canonical scenes from the training compositions, as often as they are drawn.

    With ``test`` from those kept for measuring, with ``looked_at`` as well from the other held-out
    part, whose errors the recipe was worked out on.
    """
    rng = random.Random(seed)
    while True:
        scene = random_scene(rng)
        fold = _fold(scene)
        if test:
            wanted = fold == (_LOOKED_AT if looked_at else _TEST)
        else:
            wanted = fold not in (_TEST, _LOOKED_AT)
        if wanted:
            yield canonical(scene)


def composition(scene: Scene) -> str:
    """What the scene says, in whatever order: things, colours, counts and relation."""
    told = canonical(scene)
    return "|".join([*map(_group_key, told.groups), str(told.relation)])


def _fold(scene: Scene) -> int:
    return hashlib.sha256(composition(scene).encode()).digest()[0] % _FOLDS


def _group_key(group: Group) -> str:
    return f"{group.thing},{group.colour},{group.count}"
