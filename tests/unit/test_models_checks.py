"""Checks of translations: captions pass, what models do wrong does not."""

from __future__ import annotations

import random

import pytest

from mella_spark.models.checks import check, repetition
from mella_spark.sample import grammar
from mella_spark.sample.scenes import MOTIFS, random_scene
from mella_spark.settings import load_settings
from mella_spark.text.profiles import load_languages

SETTINGS = load_settings(environment={}).translate
LANGUAGES = load_languages()
ENGLISH = "two red cups to the left of a blue house"


@pytest.mark.parametrize("language", sorted(MOTIFS))
def test_true_captions_pass(language):
    rng = random.Random(5)
    scenes = [random_scene(rng) for _ in range(60)]
    passed = [
        check(
            grammar.caption(scene, language),
            grammar.caption(scene, "en"),
            LANGUAGES[language],
            SETTINGS,
        ).passed
        for scene in scenes
    ]
    assert sum(passed) >= 55


def test_the_measures():
    checks = check("Vlevo jsou dva červené hrnky.", ENGLISH, LANGUAGES["cs"], SETTINGS)
    assert checks.language == "cs"
    assert checks.script_share == 1
    assert checks.length_ratio == pytest.approx(29 / 40)
    assert checks.repetition == 0
    assert not checks.copied
    assert checks.passed


@pytest.mark.parametrize(
    ("text", "failing"),
    [
        (ENGLISH, "copied"),
        ("Слева две красные чашки, справа синий дом.", "script_share"),
        ("Links zwei rote Tassen und rechts davon ein blaues Haus.", "language"),
        ("ano", "length_ratio"),
        ("dva hrnky a dva hrnky a " * 12, "repetition"),
    ],
)
def test_what_goes_wrong_is_found(text, failing):
    checks = check(text, ENGLISH, LANGUAGES["cs"], SETTINGS)
    assert not checks.passed
    least, _ = SETTINGS.length_ratio
    found = {
        "copied": checks.copied,
        "script_share": checks.script_share < SETTINGS.min_script_share,
        "language": checks.language != "cs",
        "length_ratio": checks.length_ratio < least,
        "repetition": checks.repetition > SETTINGS.max_repetition,
    }
    assert found[failing]


def test_repetition():
    assert repetition("") == 0
    assert repetition("one two three") == 0
    assert repetition("a b c d " * 2) == pytest.approx(1 - 4 / 5)
    assert repetition("ลูก" * 30) > 0.9  # no spaces: characters tell
