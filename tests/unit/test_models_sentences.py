"""Sentences: cutting loses nothing, marks that end nothing are known, joining fits the target."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mella_spark.models.sentences import gaps, join, marks_sentences, rules_of, split
from mella_spark.sample import grammar
from mella_spark.sample.scenes import MOTIFS, random_scene
from mella_spark.text.profiles import load_languages

LANGUAGES = sorted(load_languages())
WORDS = st.sampled_from(
    [
        "A", "cat", "Dr.", "e.g.", "3.5", "12.", "1.", "\n", "\n\n", " ", "  ", ".", "!", "?", "…",
        "...", "。", "؟", "।", '"', "“", "”", "(", ")", "U.S.", "The", "я", "Кот", "고양이", "แมว",
        "«", "»", ";", ",", "\t", "\u3000", "\r\n", "\u2028", "No.", "př.", "A.", "\x00",
    ]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=40).map("".join))


@given(TEXTS, st.sampled_from(LANGUAGES), st.sampled_from([0, 1, 7, 40]))
def test_the_pieces_are_the_text(text, language, limit):
    pieces = split(text, language, limit)
    assert "".join(pieces) == text
    assert all(pieces)
    if limit:
        assert all(len(piece.rstrip()) <= limit for piece in pieces)
    assert [piece.rstrip() + gap for piece, gap in zip(pieces, gaps(pieces), strict=True)] == pieces


@given(TEXTS, st.sampled_from(LANGUAGES))
def test_only_the_first_piece_can_be_blank_and_new_lines_end_one(text, language):
    pieces = split(text, language)
    assert len(pieces) <= 1 or all(piece.strip() for piece in pieces)
    assert all("\n" not in piece.strip() for piece in pieces)


@given(
    st.lists(st.sampled_from(["A dog runs.", "Is it red?", "Two cups!", "It waits…"]), max_size=9)
)
def test_plain_sentences_come_apart_and_together(sentences):
    pieces = split(" ".join(sentences), "en")
    assert [piece.strip() for piece in pieces] == sentences
    assert join([piece.strip() for piece in pieces], gaps(pieces)) == " ".join(sentences)


@pytest.mark.parametrize(
    ("language", "text", "sentences"),
    [
        ("en", "Dr. Smith met Mr. J. K. Rowling. They left.",
         ["Dr. Smith met Mr. J. K. Rowling.", "They left."]),
        ("en", "At 3.5 p.m. in the U.S. it rains.", ["At 3.5 p.m. in the U.S. it rains."]),
        ("en", "She moved to the U.S. The house is red.",
         ["She moved to the U.S.", "The house is red."]),
        ("en", "The U.S. Army has fruit, e.g. Apples.", ["The U.S. Army has fruit, e.g. Apples."]),
        ("en", "It is bus No. 5. Is it? No. Yes.", ["It is bus No. 5.", "Is it?", "No.", "Yes."]),
        ("en", "Built in 1990. It is old.", ["Built in 1990.", "It is old."]),
        ("en", 'A sign says "Stop. Go back." in red. A dog waits.',
         ['A sign says "Stop. Go back." in red.', "A dog waits."]),
        ("en", 'He shouts "Go!" A dog runs.', ['He shouts "Go!"', "A dog runs."]),
        ("en", "“Hello.” “Who is it?” A man.", ["“Hello.”", "“Who is it?”", "A man."]),
        ("en", "A cup (it is red. It is old.) stands here. Next one.",
         ["A cup (it is red. It is old.) stands here.", "Next one."]),
        ("en", "Wait... what? Really?! Yes... It is.",
         ["Wait... what?", "Really?!", "Yes...", "It is."]),
        ("en", "1. A red car.\n2. A dog.\n\n- End", ["1. A red car.", "2. A dog.", "- End"]),
        ("en", "two red cups to the left of a blue house",
         ["two red cups to the left of a blue house"]),
        ("en", "the brand iPhone. iPads are here. eBay too.", None),
        ("cs", "Dne 3. Května přišel např. Karel IV. V roce 1989. Odešel.",
         ["Dne 3. Května přišel např. Karel IV. V roce 1989.", "Odešel."]),
        ("hu", "A 2. Kép pl. Budapestet mutatja. Szép.",
         ["A 2. Kép pl. Budapestet mutatja.", "Szép."]),
        ("ru", "В 1990 г. Москва и т.д. Там ул. Ленина. Дом.",
         ["В 1990 г. Москва и т.д. Там ул. Ленина.", "Дом."]),
        ("sr", "У ул. Кнеза бр. 7. Лепо је.", ["У ул. Кнеза бр. 7. Лепо је."]),
        ("ar", "هل هذا بيت؟ نعم. بيت كبير.", ["هل هذا بيت؟", "نعم.", "بيت كبير."]),
        ("ko", "공이 있습니다. 네. 고양이가 있습니다.",
         ["공이 있습니다.", "네.", "고양이가 있습니다."]),
        ("zh", "你好。我叫王。「走吧。」他说。", ["你好。", "我叫王。", "「走吧。」他说。"]),
        ("th", "มีแมวสองตัว มีสุนัขหนึ่งตัว", ["มีแมวสองตัว มีสุนัขหนึ่งตัว"]),
        ("vi", "Ở TP. Hồ Chí Minh. Đẹp.", ["Ở TP. Hồ Chí Minh.", "Đẹp."]),
    ],
)  # fmt: skip
def test_known_cases(language, text, sentences):
    found = [piece.strip() for piece in split(text, language)]
    assert found == (sentences or [text])


@pytest.mark.parametrize("language", ["en", *sorted(MOTIFS)])
def test_a_caption_of_the_sample_web_is_one_sentence(language):
    rng = random.Random(8)
    for _ in range(100):
        caption = grammar.caption(random_scene(rng), language)
        assert split(caption, language, 800) == [caption]


def test_long_sentences_are_cut_where_it_hurts_least():
    assert split("one two; three, four five", "en", 20) == ["one two; three, ", "four five"]
    assert split("one two three four", "en", 9) == ["one two ", "three ", "four"]
    assert split("x" * 25, "en", 10) == ["x" * 10, "x" * 10, "x" * 5]


def test_joining_follows_the_target():
    assert join(["Один дом.", "Два."], [" ", ""]) == "Один дом. Два."
    assert join(["有一只猫。", "有一只狗。"], [" ", ""]) == "有一只猫。有一只狗。"
    assert join(["他说「走。」", "好。"], [" ", ""]) == "他说「走。」好。"
    assert join(["มีแมว", "มีสุนัข"], [" ", ""]) == "มีแมว มีสุนัข"  # the only sign of an end
    assert join(["هل هذا بيت؟", "نعم."], [" ", ""]) == "هل هذا بيت؟ نعم."
    assert join(["A", "B"], ["\n\n", ""]) == "A\n\nB"
    assert (
        join(["A house.", "It is red."], ["", ""]) == "A house. It is red."
    )  # from 。 without space
    assert join(["xxxx", "yy"], ["", ""]) == "xxxxyy"
    assert join([], []) == ""


def test_what_marks_sentences():
    assert not marks_sentences(("Thai",))
    assert marks_sentences(("Cyrl", "Latn"))


def test_time_is_linear():
    # A quadratic search would take minutes.
    for text in ('"a. B ' * 40_000, "(" * 100_000, "e.g. A " * 30_000, "x. " * 60_000):
        assert "".join(split(text, "en", 800)) == text


def test_a_language_nobody_described_has_no_rules():
    assert split("Un chat. Un chien.", "fr") == ["Un chat. ", "Un chien."]
    assert not rules_of("fr").abbreviations
