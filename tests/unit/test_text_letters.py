"""Letters of a text by table, against the same found character by character."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mella_spark.text.letters import frequent_letters, read_letters
from mella_spark.text.normalise import tidy
from mella_spark.text.scripts import script_counts, script_of, words

anything = st.one_of(
    st.text(max_size=60),
    st.text("abzčřõ АБяђіأبت中の한กመ 1.,²\u00ad\u0301\u200f\u0d3e\u0e31\n\U00010330\U000e0100"),
)


@given(anything)
def test_counts_are_those_of_each_character(text: str) -> None:
    assert read_letters(text).counts == script_counts(tidy(text))


@given(st.text("abzž АБяж أبت 한국 ‘’1., "))
def test_words_of_a_script(text: str) -> None:
    letters = read_letters(text)
    for script in letters.counts:
        # A word that mixes scripts is whole in ``words``, and its own letters here.
        pure = [w for w in words(text) if {script_of(c) for c in w} == {script}]
        assert set(pure) <= set(letters.of(script).split())
        assert {script_of(c) for c in letters.of(script).replace(" ", "")} == {script}


def test_marks_belong_to_the_words_of_their_script() -> None:
    text = "മലയാളം Malayalam ภาษาไทย х\u0301о 𐌰𐌱"
    letters = read_letters(text)
    assert letters.of("Latn").split() == ["Malayalam", "\u0301"]
    assert "മലയാളം" in letters.of("Mlym").split()
    assert "ภาษาไทย" in letters.of("Thai").split()
    assert letters.of("Cyrl").split() == ["х\u0301о"]
    assert letters.of("Zzzz").split() == ["\u0301", "𐌰𐌱"]


def test_decomposed_and_invisible_characters_make_no_difference() -> None:
    text = "Příliš žluť\u00adoučký kůň"
    decomposed = unicodedata.normalize("NFD", text)
    assert read_letters(decomposed).of("Latn") == "Příliš žluťoučký kůň"


def test_half_a_surrogate_pair_is_no_letter() -> None:
    letters = read_letters("\ud800č")
    assert letters.counts == {"Latn": 1}
    assert letters.of("Latn") == " č"


@pytest.mark.parametrize("text", ["", "1 2 3", "— ☃ 😀"])
def test_no_letters(text: str) -> None:
    assert read_letters(text).counts == {}


def test_frequent_letters() -> None:
    assert frequent_letters("Аа аа\u0301 Б", 0.5) == {"а"}
    assert frequent_letters("аб", 0.1) == {"а", "б"}
    assert frequent_letters(" ", 0.1) == set()
