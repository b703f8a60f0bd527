"""Normal forms, duplicates and file names."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mella_spark.text.duplicates import duplicate_key
from mella_spark.text.filenames import is_address, is_file_name
from mella_spark.text.normalise import comparison_key, strip_accents, strip_edges, tidy


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Vydra.", "  vydra "),
        ("Žába", "z\u030cába".replace("z\u030c", "Ž")),
        ("caf\u00e9", "cafe\u0301"),
        ("فَانُوس", "فانوس"),
        ("القاهـــرة", "القاهره"),
        ("أسد", "اسد"),
        ("co\u00adop", "coop"),
        ("\u200f.ضفدع", "ضفدع."),
        ("ＡＢＣ", "abc"),
        ("«Гуслар»", "гуслар!"),
    ],
)
def test_same_to_a_reader(one, other):
    assert comparison_key(one) == comparison_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("ไก่", "ไก"), ("má", "mà"), ("hůl", "hul"), ("1 koruna", "2 koruny"), ("!", "?")],
)
def test_different_to_a_reader(one, other):
    assert comparison_key(one) != comparison_key(other)


@given(st.text(max_size=60))
def test_keys_and_tidied_texts_are_stable(text):
    assert comparison_key(comparison_key(text)) == comparison_key(text)
    assert tidy(tidy(text)) == tidy(text)


@given(st.text(max_size=60))
def test_tidy_is_composed_and_single_spaced(text):
    tidied = tidy(text)
    assert unicodedata.is_normalized("NFC", tidied)
    assert tidied == " ".join(tidied.split())


def test_thai_vowel_signs_are_no_edges():
    assert strip_edges("«ผีเสื้อ»…") == "ผีเสื้อ"


def test_strip_accents():
    assert strip_accents("Žluťoučký kůň, bánh đậu, Łódź") == "Zlutoucky kun, banh dau, Lodz"


KEY = duplicate_key("http://x.example/a.png", "Žába.", "cs")


@pytest.mark.parametrize(
    ("url", "alt", "language"),
    [
        ("https://x.example/a.png", "Žába.", "cs"),
        ("http://X.example/a.png#top", " žába", "cs"),
    ],
)
def test_one_pair_said_twice(url, alt, language):
    assert duplicate_key(url, alt, language) == KEY


@pytest.mark.parametrize(
    ("url", "alt", "language"),
    [
        ("http://x.example/b.png", "Žába.", "cs"),
        ("http://x.example/a.png?v=2", "Žába.", "cs"),
        ("http://x.example/A.png", "Žába.", "cs"),
        ("http://x.example/a.png", "Zelená žába.", "cs"),
        ("http://x.example/a.png", "Žába.", "sk"),
    ],
)
def test_two_pairs(url, alt, language):
    assert duplicate_key(url, alt, language) != KEY


@pytest.mark.parametrize(
    "alt",
    [
        "IMG_2041.jpg",
        "IMG_2041",
        "DSC01234",
        "logo.png",
        "moje fotka.JPG",
        "20240131_121314",
        "image (3)",
        "3f2504e04f8911d39a0c",
        "banh-chung-ngay-tet",
        "hlavni_banner",
        "nova%20fotka",
        "photo 12",
    ],
)
def test_file_names(alt):
    assert is_file_name(alt)


@pytest.mark.parametrize(
    "alt",
    [
        "Vydra",
        "Letiště Praha-Ruzyně",
        "česko-slovenský",
        "Санкт-Петербург",
        "Số 8.",
        "Tatra 603",
        "Rio de Janeiro",
        "ไก่",
        "한복",
        "Rok 2024",
        "50 ¥",
    ],
)
def test_words_are_no_file_names(alt):
    assert not is_file_name(alt)


@pytest.mark.parametrize("alt", ["https://example.cz/a", "www.example.cz", "info@example.cz"])
def test_addresses(alt):
    assert is_address(alt)
    assert not is_address(f"Náš web {alt}")
