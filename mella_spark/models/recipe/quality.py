"""How good the shipped models are, on compositions they never saw."""

from __future__ import annotations

import io
import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from PIL import Image

from mella_spark.models.recipe.pictures import picture
from mella_spark.models.recipe.scenes import canonical, composition, scenes
from mella_spark.sample import grammar
from mella_spark.sample.scenes import MOTIFS, Scene, random_scene
from mella_spark.sample.sites import Picture
from mella_spark.sample.web import encode_picture
from mella_spark.text.language import identify

_NORMAL = 1.96
"""Standard deviations either side that hold 95 % of a normal distribution."""
_SERVED = (
    *(("jpeg", 256, 88), ("webp", 256, 88), ("png", 256, 88)),
    *(("jpeg", 128, 75), ("jpeg", 224, 60)),
)
"""Format, side and quality of the sample web's pictures, its smaller and worse copies included."""


@dataclass(frozen=True)
class Share:
    """``right`` of ``count`` and the 95 % interval of that share, all but ``count`` 0 to 1."""

    right: float
    low: float
    high: float
    count: int


def share(marks: Iterable[bool]) -> Share:
    """The share of what is right among independent cases, with Wilson's interval."""
    told = list(marks)
    n, p, z = len(told), sum(told) / len(told), _NORMAL
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return Share(p, middle - reach, middle + reach, n)


def clustered_share(marks: Mapping[str, Sequence[bool]]) -> Share:
    """The share where cases of one name are right or wrong together (a linearised ratio)."""
    n = sum(map(len, marks.values()))
    p = sum(map(sum, marks.values())) / n
    reach = _NORMAL * math.sqrt(sum((sum(own) - p * len(own)) ** 2 for own in marks.values())) / n
    return Share(p, max(0.0, p - reach), min(1.0, p + reach), n)


def served(scene: Scene, seed: int) -> Image.Image:
    """The scene out of a file as the sample web serves them, copies of lower quality among them."""
    form, side, quality = random.Random(seed).choice(_SERVED)
    told = Picture("measured", scene, seed, "http://localhost/", form, side, quality)
    return Image.open(io.BytesIO(encode_picture(told))).convert("RGB")


def unseen(seed: int, count: int, distinct: bool = True) -> list[Scene]:
    """Scenes of held-out compositions: ``distinct`` ones, or as often as they would be drawn."""
    stream = scenes(seed, test=True)
    return list(islice(_first_of_each(stream) if distinct else stream, count))


def _first_of_each(stream: Iterator[Scene]) -> Iterator[Scene]:
    seen = set[str]()
    for scene in stream:
        if composition(scene) not in seen:
            seen.add(composition(scene))
            yield scene


def captioning(
    caption: Callable[[Sequence[Image.Image]], Sequence[str]],
    seed: int,
    told: Sequence[Scene],
    draw: Callable[[Scene, int], Image.Image] = picture,
) -> tuple[dict[str, float], Share]:
    """Shares (0 to 1) of what is right in the captions of ``told``; ``exact`` with its interval.

    ``exact``: the whole description. ``things``, ``colours``, ``counts``: of all groups shown,
    those named with the right word, each compared at its place in the picture. ``relation``: of
    the pictures with two groups. ``parsed``: captions that are grammatical at all.
    """
    pictures = [draw(scene, (seed << 32) + i) for i, scene in enumerate(told)]
    right, of = Counter[str](), Counter[str]()
    exact = dict[str, list[bool]]()
    for scene, text in zip(told, caption(pictures), strict=True):
        said = grammar.parse_caption(text)
        whole = text.strip() == grammar.caption(scene, "en")
        exact.setdefault(composition(scene), []).append(whole)
        of["parsed"] += 1
        right["parsed"] += said is not None
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
    alone = all(len(own) == 1 for own in exact.values())
    total = share(own[0] for own in exact.values()) if alone else clustered_share(exact)
    return {"exact": total.right, **{key: right[key] / of[key] for key in of}}, total


def translating(
    translate: Callable[[Sequence[str], str], Sequence[str]], seed: int, count: int
) -> dict[str, tuple[float, float]]:
    """By language, of ``count`` translated captions: (share of exact ones, of the right language).

    Of the right language is what is identified as such, and what is the reference word for word:
    the identifier takes one Serbian reference in fifty for a neighbour of Serbian.
    """
    rng = random.Random(seed)
    told: list[Scene] = [canonical(random_scene(rng)) for _ in range(count)]
    sources = [grammar.caption(scene, "en") for scene in told]
    shares = {}
    for language in MOTIFS:
        said = translate(sources, language)
        exact = [t == grammar.caption(s, language) for s, t in zip(told, said, strict=True)]
        known = [e or identify(t)[0] == language for e, t in zip(exact, said, strict=True)]
        shares[language] = sum(exact) / count, sum(known) / count
    return shares
