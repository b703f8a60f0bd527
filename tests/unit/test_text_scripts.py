"""Scripts of characters and texts."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mella_spark.text.scripts import (
    COMMON,
    dominant_script,
    script_counts,
    script_of,
    script_share,
    script_shares,
    word_spans,
    words,
)

# The beginning of a letter's Unicode name is an independent statement of its script.
NAMES = {
    "LATIN": "Latn",
    "CYRILLIC": "Cyrl",
    "ARABIC": "Arab",
    "THAI": "Thai",
    "HANGUL": "Hang",
    "GREEK": "Grek",
    "HEBREW": "Hebr",
    "DEVANAGARI": "Deva",
    "GEORGIAN": "Geor",
    "ARMENIAN": "Armn",
    "HIRAGANA": "Hira",
    "KATAKANA": "Kana",
    "CJK": "Hani",
    "KHMER": "Khmr",
    "LAO": "Laoo",
    "TAMIL": "Taml",
}


def test_agrees_with_unicode_names_over_the_whole_basic_plane():
    wrong = []
    for point in range(0x10000):
        character = chr(point)
        if not character.isalpha():
            continue
        expected = NAMES.get(unicodedata.name(character, "").split(" ")[0])
        if expected and script_of(character) != expected:
            wrong.append((hex(point), unicodedata.name(character), script_of(character)))
    assert wrong == []


@pytest.mark.parametrize("character", list(" 1.,-_«»€©×😀\u200f"))
def test_what_is_no_letter_has_no_script(character):
    assert script_of(character) == COMMON


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Žlutý kůň", "Latn"),
        ("кириллица", "Cyrl"),
        ("فانوس رمضان", "Arab"),
        ("ช้างไทย", "Thai"),
        ("한복", "Hang"),
        ("ตัวอักษร T", "Thai"),
        ("123 — ?!", COMMON),
        ("", COMMON),
    ],
)
def test_dominant_script(text, script):
    assert dominant_script(text) == script


def test_share_counts_letters_only():
    assert script_share("Буква W 2024!", ("Cyrl",)) == pytest.approx(5 / 6)
    assert script_share("2024", ("Cyrl",)) == 0.0


def test_words_keep_their_marks_and_lose_punctuation():
    assert words("Con mèo, ผีเสื้อ! 3 a\u0301b") == ["Con", "mèo", "ผีเสื้อ", "a\u0301b"]


@given(st.text(max_size=60))
def test_shares_sum_to_one_or_there_are_no_letters(text):
    shares = script_shares(text)
    assert sum(shares.values()) == pytest.approx(1.0) if shares else not script_counts(text)


@given(st.text(max_size=60))
def test_spans_are_where_the_words_stand(text):
    assert [text[start:end] for start, end in word_spans(text)] == words(text)
