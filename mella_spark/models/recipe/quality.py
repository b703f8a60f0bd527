"""How good the shipped models are, on compositions they never saw."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice

from PIL import Image

from mella_spark.models.recipe.pictures import picture
from mella_spark.models.recipe.scenes import canonical, scenes
from mella_spark.sample import grammar
from mella_spark.sample.scenes import MOTIFS, Scene, random_scene


def captioning(
    caption: Callable[[Sequence[Image.Image]], Sequence[str]], seed: int, count: int
) -> dict[str, float]:
    """Shares (0 to 1) of what is right in the captions of ``count`` held-out compositions.

    ``exact``: the whole description. ``things``, ``colours``, ``counts``: of all groups shown,
    those named with the right word, each compared at its place in the picture. ``relation``: of
    the pictures with two groups. ``parsed``: captions that are grammatical at all.
    """
    told = list(islice(scenes(seed, test=True), count))
    pictures = [picture(scene, (seed << 32) + i) for i, scene in enumerate(told)]
    right, of = Counter[str](), Counter[str]()
    for scene, text in zip(told, caption(pictures), strict=True):
        said = grammar.parse_caption(text)
        of["parsed"] += 1
        right["parsed"] += said is not None
        of["exact"] += 1
        right["exact"] += text.strip() == grammar.caption(scene, "en")
        if scene.relation is not None:
            of["relation"] += 1
            right["relation"] += said is not None and said.relation == scene.relation
        for i, group in enumerate(scene.groups):
            other = said.groups[i] if said is not None and i < len(said.groups) else None
            for name, key in (("thing", "things"), ("colour", "colours"), ("count", "counts")):
                if getattr(group, name) is None:
                    continue
                of[key] += 1
                right[key] += other is not None and getattr(other, name) == getattr(group, name)
    return {key: round(right[key] / of[key], 4) for key in of}


def translating(
    translate: Callable[[Sequence[str], str], Sequence[str]], seed: int, count: int
) -> dict[str, float]:
    """Share (0 to 1) of exact translations of ``count`` captions, by language."""
    rng = random.Random(seed)
    told: list[Scene] = [canonical(random_scene(rng)) for _ in range(count)]
    sources = [grammar.caption(scene, "en") for scene in told]
    return {
        language: round(
            sum(
                said == grammar.caption(scene, language)
                for scene, said in zip(told, translate(sources, language), strict=True)
            )
            / count,
            4,
        )
        for language in MOTIFS
    }
