"""Keywords from the thick-thin gap, and matching them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mella_spark.evaluation.keywords import extract_keywords, soft_match, strict_match


@pytest.mark.parametrize(
    ("language", "alt", "caption", "expected"),
    [
        (
            "cs",
            "Mikuláš s čertem rozdává dárky na Staroměstském náměstí",
            "Muž v kabátě rozdává dárek.",
            ["Staroměstském", "Mikuláš", "náměstí"],
        ),
        ("hu", "Busójárás Mohácson, 2019", "maszkos férfi", ["Mohácson", "Busójárás"]),
        ("vi", "Đèn ông sao treo trước nhà ở Hà Nội", None, ["Đèn ông sao", "Hà Nội", "treo"]),
        ("ko", "설날에 한복을 입은 아이", "아이가 있다", ["설날", "한복", "입은"]),
        ("th", "โคมลอย ในเทศกาลยี่เป็ง", None, ["เทศกาลยี่เป็ง", "โคมลอย"]),
        ("sr", "Шајкача на сајму у Гучи", "капа на сајму", ["Гучи", "Шајкача"]),
        ("ru", "Фото 12", None, []),
        ("ar", "فانوس رمضان في القاهرة", "فانوس أحمر", ["القاهرة", "رمضان"]),
    ],
)
def test_extract(language, alt, caption, expected):
    assert extract_keywords(alt, caption, language) == expected


def test_gazetteer_hits_come_first_and_must_be_in_the_alt():
    alt = "Vánoční trdelník na Staroměstském náměstí"
    assert extract_keywords(alt, None, "cs", ["trdelník", "kraslice"]) == ["trdelník"]
    assert extract_keywords(alt, "trdelník", "cs", ["trdelník"]) == ["trdelník"]
    assert extract_keywords(alt, None, "cs", ["kraslice"])[0] == "Staroměstském"


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(["vi", "th", "ko", "ar", "xx"]))
def test_any_text_gives_keywords_of_its_own(alt, caption, language):
    found = extract_keywords(alt, caption, language)
    assert len(found) <= 3
    assert all(soft_match(keyword, alt, language) > 0.5 for keyword in found)
    assert all(soft_match(keyword, caption, language) < 1.0 for keyword in found)


@pytest.mark.parametrize(
    ("language", "keyword", "response", "found"),
    [
        ("vi", "đèn ông sao", "Một chiếc Đèn Ông Sao đỏ.", True),
        ("vi", "đèn ông sao", "ông sao đèn", False),
        ("cs", "trdelník", "dva trdelníky", False),
        ("cs", "trd", "trdelník", False),
        ("ko", "한복", "아이가 한복을 입었다", True),
        ("ko", "복", "아이가 한복을 입었다", False),
        ("th", "โคมลอย", "ภาพนี้มีโคมลอยสองลูก", True),
        ("ar", "فانوس رمضان", "وهذا الفانوس رمضان", True),
        ("ar", "بلاد", "البلاد", True),
        ("ar", "فانوس", "بيت", False),
        ("sr", "шајкача", "Ovo je šajkača", True),
        ("ru", "", "самовар", False),
        ("ru", "самовар", "", False),
    ],
)
def test_strict(language, keyword, response, found):
    assert strict_match(keyword, response, language) is found


@pytest.mark.parametrize(
    ("language", "keyword", "response", "share"),
    [
        ("cs", "trdelník", "dva trdelníky", 1.0),
        ("ru", "самовар", "два самовара", 1.0),
        ("vi", "đèn ông sao", "một cái đèn đỏ", 1 / 3),
        ("vi", "đèn", "đèo", 0.0),
        ("cs", "kraslice", "krasavec", 4 / 8),
        ("th", "โคมลอย", "โคมแดง", 2 / 5),
        ("ko", "한복", "한옥", 1 / 2),
        ("ko", "한복", "집", 0.0),
        ("ru", "", "самовар", 0.0),
    ],
)
def test_soft(language, keyword, response, share):
    assert soft_match(keyword, response, language) == pytest.approx(share)


words = st.text(alphabet="абвг ", min_size=1, max_size=12)


@given(words, words)
def test_soft_is_a_share_and_never_below_strict(keyword, response):
    soft = soft_match(keyword, response, "ru")
    assert 0.0 <= soft <= 1.0
    assert soft >= strict_match(keyword, response, "ru")
