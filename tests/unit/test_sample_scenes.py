"""Scenes and their pictures: what is drawn is what the scene says."""

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from mella_spark.sample.draw import draw, layout
from mella_spark.sample.motifs import DRAWERS
from mella_spark.sample.motifs.pen import PALETTE, Pen
from mella_spark.sample.scenes import (
    BACKGROUNDS,
    COLOURLESS,
    COLOURS,
    LANGUAGE_OF,
    MOTIFS,
    PLAIN,
    RELATIONS,
    Group,
    Scene,
    random_scene,
)

THINGS = (*PLAIN, *LANGUAGE_OF)


@st.composite
def scenes(draw_from: st.DrawFn) -> Scene:
    things = draw_from(st.lists(st.sampled_from(THINGS), min_size=1, max_size=2, unique=True))
    groups = tuple(
        Group(
            thing,
            None if thing in COLOURLESS else draw_from(st.sampled_from(COLOURS)),
            draw_from(st.integers(1, 3)),
        )
        for thing in things
    )
    relation = draw_from(st.sampled_from(RELATIONS)) if len(groups) == 2 else None
    return Scene(groups, relation, draw_from(st.sampled_from(BACKGROUNDS)))


def alone(thing: str, size: int = 240, **pen_options: object) -> np.ndarray:
    """Which pixels a thing covers when drawn in the middle half of an empty picture."""
    picture = Image.new("RGB", (size, size), (1, 254, 2))
    colour = PALETTE["purple"]
    pen = Pen(ImageDraw.Draw(picture), (size / 2, size / 2), size / 2, colour, **pen_options)
    DRAWERS[thing](pen)
    return (np.asarray(picture) != (1, 254, 2)).any(axis=2)


def test_every_thing_has_a_drawing() -> None:
    assert set(DRAWERS) == set(THINGS)
    assert len(PLAIN) == 14
    assert {language: len(motifs) for language, motifs in MOTIFS.items()} == dict.fromkeys(
        ("ar", "cs", "hu", "ko", "ru", "sr", "th", "vi"), 6
    )


@pytest.mark.parametrize("thing", THINGS)
def test_a_thing_fills_its_box_and_stays_inside(thing: str) -> None:
    covered = alone(thing)
    rows, columns = np.nonzero(covered)
    # The box is 60..180; outlines may reach 4 % beyond it, which draw() allows for.
    assert min(rows.min(), columns.min()) >= 60 - 5
    assert max(rows.max(), columns.max()) <= 180 + 5
    assert max(np.ptp(rows), np.ptp(columns)) >= 100
    assert covered.sum() >= 0.18 * 120 * 120


def test_silhouettes_differ_pairwise() -> None:
    shapes = {thing: alone(thing) for thing in THINGS}
    for i, first in enumerate(THINGS):
        for second in THINGS[i + 1 :]:
            a, b = shapes[first], shapes[second]
            assert (a & b).sum() / (a | b).sum() < 0.93, (first, second)


def painted(thing: str, colour: str) -> np.ndarray:
    picture = Image.new("RGB", (200, 200))
    DRAWERS[thing](Pen(ImageDraw.Draw(picture), (100, 100), 190, PALETTE[colour]))
    return np.asarray(picture)


@pytest.mark.parametrize("thing", THINGS)
def test_named_colours_show_and_natural_colours_stay(thing: str) -> None:
    if thing in COLOURLESS:
        assert (painted(thing, "red") == painted(thing, "blue")).all()
        return
    for colour in COLOURS:
        pixels = painted(thing, colour)
        covered = (pixels > 0).any(axis=2).sum()
        assert (pixels == PALETTE[colour]).all(axis=2).sum() > 0.15 * covered, colour


@given(scenes(), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_copies_never_overlap_and_groups_lie_as_the_relation_says(scene: Scene, seed: int) -> None:
    places = layout(scene, random.Random(seed))
    assert [len(slots) for slots in places] == [group.count for group in scene.groups]
    boxes = [
        (x - side / 2, y - side / 2, x + side / 2, y + side / 2)
        for slots in places
        for x, y, side in slots
    ]
    for i, (x0, y0, x1, y1) in enumerate(boxes):
        assert min(x0, y0) >= 0
        assert max(x1, y1) <= 1
        for a0, b0, a1, b1 in boxes[i + 1 :]:
            assert x1 <= a0 + 1e-9 or a1 <= x0 + 1e-9 or y1 <= b0 + 1e-9 or b1 <= y0 + 1e-9
    if scene.relation is not None:
        first, second = boxes[: scene.groups[0].count], boxes[scene.groups[0].count :]
        if scene.relation in ("right", "below"):
            first, second = second, first
        near, far = (2, 0) if scene.relation in ("left", "right") else (3, 1)
        assert max(box[near] for box in first) < min(box[far] for box in second)


@given(scenes(), st.integers(16, 120), st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_pictures_are_rgb_of_the_asked_size_and_repeat(scene: Scene, size: int, seed: int) -> None:
    picture = draw(scene, size, seed)
    assert picture.mode == "RGB"
    assert picture.size == (size, size)
    assert picture.tobytes() == draw(scene, size, seed).tobytes()
    assert picture.tobytes() != draw(scene, size, seed + 1).tobytes()


def test_the_drawn_colours_can_be_counted_back() -> None:
    """Blue is in no background: count its islands in the picture with an independent labeller."""
    for count in (1, 2, 3):
        for seed in range(6):
            scene = Scene((Group("star", "blue", count),), None, "paper")
            pixels = np.asarray(draw(scene, 96, seed)).astype(int)
            blue = (pixels[:, :, 2] > 150) & (pixels[:, :, 0] < 110)
            assert _islands(blue) == count


def _islands(mask: np.ndarray) -> int:
    """4-connected regions of at least 12 pixels."""
    todo, islands = set(zip(*np.nonzero(mask), strict=True)), 0
    while todo:
        edge, region = [todo.pop()], 1
        while edge:
            y, x = edge.pop()
            for near in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if near in todo:
                    todo.remove(near)
                    edge.append(near)
                    region += 1
        islands += region >= 12
    return islands


def test_random_scenes_follow_the_stated_distribution() -> None:
    rng = random.Random(3)
    drawn = [random_scene(rng) for _ in range(3000)]
    assert 0.31 < sum(len(scene.groups) == 1 for scene in drawn) / 3000 < 0.39
    seen = Counter(group.thing for scene in drawn for group in scene.groups)
    assert set(seen) == set(THINGS)
    colours = {group.colour for scene in drawn for group in scene.groups}
    assert colours == {*COLOURS, None}
    assert {scene.relation for scene in drawn} == {*RELATIONS, None}
    assert {scene.background for scene in drawn} == set(BACKGROUNDS)


@given(st.sampled_from(sorted(MOTIFS)), st.integers())
@settings(max_examples=100, deadline=None)
def test_scenes_of_a_language_show_its_motifs_and_no_other_ones(language: str, seed: int) -> None:
    scene = random_scene(random.Random(seed), language)
    languages = {LANGUAGE_OF.get(group.thing) for group in scene.groups}
    assert language in languages
    assert languages <= {language, None}


def test_impossible_scenes_are_refused() -> None:
    ball, tree = Group("ball", "red", 1), Group("tree", None, 2)
    for groups, relation in (
        ((), None),
        ((ball, tree, Group("cat", "red", 1)), "left"),
        ((ball, Group("ball", "blue", 1)), "left"),
        ((ball,), "left"),
        ((ball, tree), None),
        ((ball, tree), "inside"),
    ):
        with pytest.raises(ValueError, match=r"scene|groups|relation"):
            Scene(groups, relation, "paper")
    for thing, colour, count in (
        ("ball", None, 1), ("tree", "red", 1), ("ball", "red", 4), ("ball", "pink", 1),
        ("dragon", "red", 1), ("ball", "red", 0),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"colour|count|thing"):
            Group(thing, colour, count)
    with pytest.raises(ValueError, match="background"):
        Scene((ball,), None, "lava")
    with pytest.raises(ValueError, match="xx"):
        random_scene(random.Random(0), "xx")
