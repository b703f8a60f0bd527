"""Checks of translations: captions pass, what models do wrong does not."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mella_spark.models.checks import check, numbers_kept, repetition
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


def measured(text, origin, language="cs", **changes):
    settings = SETTINGS.model_copy(update=changes)
    return check(text, origin, LANGUAGES[language], settings)


@pytest.mark.parametrize(
    ("origin", "text", "share"),
    [
        ("no numbers", "žádná čísla", 1.0),
        ("25 cups", "25 hrnků", 1.0),
        ("25 cups", "٢٥ كوبا", 1.0),
        ("25 cups", "ถ้วย ๒๕ ใบ", 1.0),
        ("25 cups", "dvacet pět hrnků", 0.0),
        ("1,000.5 m in 2024", "1 000,5 m v roce 2024", 1.0),
        ("1,000 people", "1.000 người", 1.0),
        ("10,000 people", "10\u00a0000 человек", 1.0),
        ("At 10:30", "V 10.30", 1.0),
        ("from 12/05/1999", "12. 05. 1999", 1.0),
        ("2 cats and 17 dogs", "dvě kočky a 17 psů", 1.0),
        ("2 cats and 17 dogs", "2 kočky a 71 psů", 0.5),
        ("7 cats", "sedm koček", 1.0),
        ("room 125", "pokoj 1250", 0.0),
    ],
)
def test_numbers_kept(origin, text, share):
    assert numbers_kept(text, origin) == pytest.approx(share)


@given(st.lists(st.integers(0, 10**7), max_size=5), st.sampled_from("٠۰๐०０"))
def test_numbers_are_found_in_digits_of_any_script(numbers, zero):
    origin = " and ".join(map(str, numbers))
    written = "".join(chr(ord(zero) + int(c)) if c.isdigit() else c for c in origin)
    assert numbers_kept(written, origin) == 1
    long = [number for number in numbers if number > 9]
    assert numbers_kept("none", origin) == (0 if long else 1)


def test_numbers_that_are_lost_do_not_pass():
    text = "Na stole stojí modré hrnky."
    assert measured(text, "25 blue cups are on the table.").numbers_kept == 0
    assert not measured(text, "25 blue cups are on the table.").passed
    assert measured(text, "25 blue cups are on the table.", min_numbers_kept=0).passed


def test_sentences_are_counted():
    origin = "A red cup stands here. A blue one lies there. They are new."
    whole = measured("Tady stojí červený hrnek. Tam leží modrý. Jsou nové.", origin)
    assert (whole.sentences_source, whole.sentences, whole.passed) == (3, 3, True)
    lost = measured("Tady stojí na stole jeden veliký červený hrnek.", origin)
    assert (lost.sentences, lost.passed) == (1, False)
    thai = measured("มีถ้วยสีแดงอยู่ที่นี่ ถ้วยสีน้ำเงินอยู่ที่นั่น มันเป็นของใหม่", origin, "th")
    assert (thai.sentences, thai.passed) == (1, True)  # Thai does not mark them


def test_a_sentence_that_came_back_is_a_copy():
    origin = "A red cup stands here. London Bridge."
    assert measured("A red cup stands here. Je tu také veliký Londýnský most.", origin).copied
    assert not measured("Tady stojí červený hrnek. London Bridge.", origin).copied


def test_the_script_of_serbian_is_a_policy():
    cyrillic = "На слици су две жуте столице, а иза њих се види кућа."
    latin = "Na slici su dve žute stolice, a iza njih se vidi kuća."
    origin = "two yellow chairs, and a house behind them"
    for policy, passing in (
        ("cyrillic", [True, False]),
        ("latin", [False, True]),
        ("as_is", [True, True]),
    ):
        found = [measured(text, origin, "sr", serbian_script=policy) for text in (cyrillic, latin)]
        assert [checks.passed for checks in found] == passing
        assert found[0].script_share == (policy != "latin")
    assert not measured(latin, origin, "cs").passed
    short = check("Dole je pas.", "a dog below", LANGUAGES["sr"], SETTINGS, written="Доле је пас.")
    assert short.language == "sr"  # told by what the model wrote


def test_an_unfinished_text_does_not_pass():
    text, origin = "Vlevo jsou dva červené hrnky.", ENGLISH
    assert not check(text, origin, LANGUAGES["cs"], SETTINGS, finished=False).passed
