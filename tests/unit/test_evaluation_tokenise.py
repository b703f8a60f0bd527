"""Normalisation, tokens and stems."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mella_spark.evaluation import tokenise

LANGUAGES = ["ar", "cs", "hu", "ko", "ru", "sr", "th", "vi"]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("cs", "Mikuláš přinesl dárky!", ["mikuláš", "přinesl", "dárky"]),
        ("vi", unicodedata.normalize("NFD", "Đèn ông sao"), ["đèn", "ông", "sao"]),
        ("ko", "한복을 입은 BTS", ["한", "복", "을", "입", "은", "bts"]),
        ("th", "โคมลอยน้ำ Lantern ๑๒", ["โค", "ม", "ล", "อ", "ย", "น้ำ", "lantern", "12"]),
        ("ar", "الفَانُوسُ الأحمر، ١٢ مدرسة", ["الفانوس", "الاحمر", "12", "مدرسه"]),
        ("sr", "Шајкача, Љубав и Џем", ["šajkača", "ljubav", "i", "džem"]),
        ("ru", "snake_case, самовар\u200b", ["snake", "case", "самовар"]),
        ("xx", "", []),
    ],
)
def test_tokens(language, text, expected):
    assert tokenise.tokens(text, language) == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("th", "บ้านสองหลังมีดาวสีแดง", ["บ้าน", "สอง", "หลัง", "มี", "ดาว", "สี", "แดง"]),
        ("th", "ภาพนี้มี Lantern ๑๒ลูก", ["ภาพ", "นี้", "มี", "lantern", "12", "ลูก"]),
        ("lo", "ງາມຫຼາຍ", ["ງາມ", "ຫຼາຍ"]),
        ("ko", "한복을 BTS", ["한", "복", "을", "bts"]),
        ("cs", "dům, který…", ["dům", "který"]),
    ],
)
def test_words(language, text, expected):
    assert tokenise.words(text, language) == expected


def test_thai_vowels_have_one_spelling():
    assert tokenise.normalise("น้\u0e4d\u0e32 เเดง", "th") == "น้\u0e33 แดง"
    assert tokenise.normalise("น\u0e4d\u0e49\u0e32", "th") == "น\u0e49\u0e33"


def test_tokeniser_names_tell_languages_apart():
    assert tokenise.tokeniser_name("cs") == tokenise.TOKENISER
    names = {tokenise.tokeniser_name(language) for language in ("ar", "cs", "ko", "sr", "th")}
    assert len(names) == 5
    assert tokenise.tokeniser_name("th").startswith(f"{tokenise.TOKENISER}+icu-")


def test_serbian_scripts_are_one():
    cyrillic, latin = "Његов џак и Ђорђе ЊЕ", "Njegov džak i Đorđe NJE"
    assert tokenise.one_script(cyrillic, "sr") == latin
    assert tokenise.tokens(cyrillic, "sr") == tokenise.tokens(latin, "sr")
    assert tokenise.one_script(cyrillic, "ru") == cyrillic


@given(st.text(), st.sampled_from(LANGUAGES))
def test_normalise_is_idempotent(text, language):
    once = tokenise.normalise(text, language)
    assert tokenise.normalise(once, language) == once


@given(st.text(alphabet="กขงจมล เแไะาำ้่ิีู์ๆabc한복12 "), st.sampled_from(LANGUAGES))
def test_no_letter_is_lost(text, language):
    """Every letter and mark is in exactly one token, and in one word, in order."""
    kept = [c for c in tokenise.normalise(text, language) if c != " "]
    assert list("".join(tokenise.tokens(text, language))) == kept
    assert list("".join(tokenise.words(text, language))) == kept


def test_stems():
    assert tokenise.stem("самовары", "ru") == tokenise.stem("самовар", "ru")
    assert tokenise.stem("házakban", "hu") == tokenise.stem("házak", "hu")
    assert tokenise.stem("šajkaču", "sr") == tokenise.stem("šajkača", "sr") == "šajkač"
    assert {tokenise.stem(w, "cs") for w in ("mitra", "mitru", "mitrami")} == {"mitr"}
    assert tokenise.stem("dva", "cs") == "dva"
    assert tokenise.stem("lampionok", "xx") == "lampi"
    assert tokenise.stem("đèn", "vi") == "đèn"
    names = {language: tokenise.stemmer_name(language) for language in ("ar", "cs", "th", "pl")}
    expected = {"ar": "snowball-arabic", "cs": "endings-v1", "th": "none", "pl": "prefix5"}
    assert names == expected
