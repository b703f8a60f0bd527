"""Evidence, score and decision."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mella_spark.culture.evidence import WEIGHTS, Boilerplate, Evidence, proper_name, too_short
from mella_spark.culture.score import (
    DECISIVE,
    REJECT_REASONS,
    combine,
    decide,
    make_assessor,
)
from mella_spark.errors import SettingsError
from mella_spark.settings import load_settings
from mella_spark.text.normalise import comparison_key
from mella_spark.text.profiles import load_languages
from mella_spark.text.scripts import words

SETTINGS = load_settings(environment={})
TARGETS = SETTINGS.languages.targets
ASSESSOR = make_assessor(SETTINGS.filter, TARGETS)
LANGUAGES = load_languages()

weights = st.floats(-1, 1, allow_nan=False)


def pair(alt, page="cs", **other):
    return {
        "alt": alt,
        "page_url": "http://www.example.com/",
        "page_language": page,
        "page_language_score": 0.95,
        **other,
    }


# The score


@given(st.lists(weights, max_size=12))
def test_a_score_is_a_probability(values):
    assert 0.0 <= combine(values) <= 1.0


@given(st.lists(weights, max_size=8), st.floats(0, 1), st.floats(0, 1))
def test_more_evidence_for_never_lowers_and_more_against_never_raises(values, plus, minus):
    score = combine(values)
    assert combine([*values, plus]) >= score - 1e-12
    assert combine([*values, -minus]) <= score + 1e-12


@given(st.lists(weights, max_size=8), st.integers(0, 7), st.floats(0, 1))
def test_stronger_evidence_never_lowers_the_score(values, index, step):
    if values:
        index %= len(values)
        raised = [*values]
        raised[index] = min(1.0, raised[index] + step)
        assert combine(raised) >= combine(values) - 1e-12


@given(st.lists(weights, max_size=8), st.randoms())
def test_the_order_does_not_matter(values, random):
    shuffled = [*values]
    random.shuffle(shuffled)
    assert math.isclose(combine(shuffled), combine(values), abs_tol=1e-12)


def test_worked_example():
    assert combine([0.5, 0.2, -0.3]) == pytest.approx((1 - 0.5 * 0.8) * 0.7)


def test_the_language_of_an_alt_alone_passes_the_threshold():
    least = WEIGHTS["alt_language"] * SETTINGS.filter.min_language_score
    assert least >= SETTINGS.filter.min_culture_score


# Pairs

NATIVE = [
    ("ar", "ضفدع."),
    ("cs", "Vydra."),
    ("hu", "Bagoly."),
    ("ko", "양"),
    ("ru", "Подъезд дома"),
    ("sr", "Ћуран."),
    ("th", "หู"),
    ("vi", "Con voi."),
]


@pytest.mark.parametrize(("page", "alt"), NATIVE)
def test_a_plain_native_alt_on_a_com_domain_is_kept(page, alt):
    assessment = ASSESSOR.assess(pair(alt, page))
    assert assessment.reject_reason is None
    assert assessment.language == page
    assert assessment.category is None


@pytest.mark.parametrize(
    ("alt", "page", "reason"),
    [
        ("Další", "cs", "boilerplate"),
        ("Logo města Brna", "cs", "boilerplate"),
        ("Obrázek 12", "cs", "boilerplate"),
        ("Next", "ar", "boilerplate"),
        ("التالي", "ar", "boilerplate"),
        ("Következő oldal logó", "hu", "boilerplate"),
        ("다음", "ko", "boilerplate"),
        ("На главную", "ru", "boilerplate"),
        ("Почетна", "sr", "boilerplate"),
        ("ถัดไป", "th", "boilerplate"),
        ("Trang chủ", "vi", "boilerplate"),
        ("IMG_2041.jpg", "cs", "file_name"),
        ("http://example.com/x", "cs", "file_name"),
        ("12", "cs", "no_language"),
        ("❤", "th", "no_language"),
        ("a", "cs", "too_short"),
        ("An old wooden bridge", "cs", "not_native"),
        ("An old wooden bridge", "ar", "not_native"),
        ("An old wooden bridge", "en", "language_not_target"),
        ("Die Brücke über den großen Fluss", "de", "language_not_target"),
        ("Ulice v Českém Krumlově", "en", "not_native"),
        ("ช้างไทยในป่า", "en", "not_native"),
    ],
)
def test_rejections(alt, page, reason):
    assert ASSESSOR.assess(pair(alt, page)).reject_reason == reason


def test_a_tracking_pixel_is_no_picture():
    assessment = ASSESSOR.assess(pair("Vydra", width_declared=1, height_declared=1))
    assert assessment.reject_reason == "tracking_pixel"


def test_a_small_picture_is_kept_but_ranks_lower():
    small = ASSESSOR.assess(pair("Vydra", width_declared=24, height_declared=24))
    large = ASSESSOR.assess(pair("Vydra", width_declared=240, height_declared=240))
    assert small.reject_reason is None
    assert small.culture_score < large.culture_score


def test_domain_or_declaration_make_a_half_translated_page_native():
    alt = "Ulice v Českém Krumlově"
    on_domain = pair(alt, "en", page_url="http://www.example.cz/")
    declared = pair(alt, "en", page_lang_declared="cs-CZ")
    assert ASSESSOR.assess(on_domain).reject_reason is None
    assert ASSESSOR.assess(declared).reject_reason is None


def test_serbian_in_latin_on_a_serbian_domain_is_native():
    row = pair("Žena u narodnoj nošnji", "hr", page_url="https://primer.rs/strana")
    assessment = ASSESSOR.assess(row)
    assert (assessment.language, assessment.script) == ("sr", "Latn")
    assert assessment.reject_reason is None


def test_culture_raises_the_score_and_names_the_category():
    plain = ASSESSOR.assess(pair("Hnědý hrnec na stole"))
    rich = ASSESSOR.assess(
        pair(
            "Kraslice na velikonočním stole",
            page_url="http://example.cz/",
            page_lang_declared="cs",
            figcaption="Pomlázka z proutí",
            context="O Velikonocích chodí koledníci.",
        )
    )
    assert rich.culture_score > plain.culture_score
    assert rich.category == "festival"
    kinds = [item.kind for item in rich.culture_evidence]
    assert {"gazetteer", "gazetteer_figcaption", "country_domain", "declared_language"} <= {*kinds}
    surfaces = [i.value for i in rich.culture_evidence if i.kind == "gazetteer"]
    assert surfaces == ["Kraslice", "velikonočním"]


def test_a_term_counts_only_in_the_strongest_text():
    found = ASSESSOR.assess(pair("Kraslice", figcaption="Kraslice", context="Kraslice"))
    kinds = [i.kind for i in found.culture_evidence if i.kind.startswith("gazetteer")]
    assert kinds == ["gazetteer"]


def test_missing_columns_and_nulls_are_fine():
    row = {"alt": "Vydra", "page_url": "http://example.com/", "page_language": None}
    assert ASSESSOR.assess(row).reject_reason is None


@given(
    st.text(min_size=1, max_size=40),
    st.sampled_from([None, "en", "und", *TARGETS]),
    st.one_of(st.none(), st.integers(-5, 500)),
)
def test_any_pair_is_assessed(alt, page, side):
    row = pair(alt, page, width_declared=side, height_declared=side)
    assessment = ASSESSOR.assess(row)
    assert 0.0 <= assessment.culture_score <= 1.0
    assert assessment.reject_reason in (None, *REJECT_REASONS)
    if assessment.reject_reason is None:
        assert assessment.language in TARGETS


@pytest.mark.parametrize(("page", "alt"), NATIVE)
def test_the_decision_can_be_repeated_from_the_columns(page, alt):
    row = pair(alt, page)
    a = ASSESSOR.assess(row)
    again = decide(
        a.language, a.language_score, page, 0.95, a.culture_score, a.culture_evidence, TARGETS,
        SETTINGS.filter,
    )  # fmt: skip
    assert again == a.reject_reason
    stricter = SETTINGS.filter.model_copy(update={"min_culture_score": 1.0})
    assert (
        decide(a.language, 0.9, page, 0.95, 0.9, a.culture_evidence, TARGETS, stricter)
        == "low_culture_score"
    )


@pytest.mark.parametrize("kind", DECISIVE)
def test_evidence_that_decides_alone(kind):
    evidence = [Evidence(kind, "x", WEIGHTS[kind])]
    assert decide("cs", 1.0, "cs", 1.0, 1.0, evidence, TARGETS, SETTINGS.filter) == kind


# Evidence


@pytest.mark.parametrize(
    ("code", "alt"),
    [
        ("cs", "Logo"),
        ("cs", "« Předchozí"),
        ("cs", "Ilustrační foto"),
        ("cs", "Obrázek 3"),
        ("en", "Facebook | Twitter | Instagram"),
        ("en", "Company logo"),
        ("en", "[Next]"),
        ("th", "โลโก้"),
        ("vi", "Ảnh minh họa"),
    ],
)
def test_boilerplate(code, alt):
    assert Boilerplate(LANGUAGES[code]).matches(comparison_key(alt))


@pytest.mark.parametrize(
    ("code", "alt"),
    [
        ("cs", "Foto Karlova mostu"),
        ("cs", "Ikona svatého Mikuláše v kostele v Brně"),
        ("sr", "Икона"),
        ("ru", "Икона Богородицы"),
        ("en", "A logo painted on the wall of an old mill"),
        ("vi", "Ảnh cưới"),
        ("cs", "12"),
        ("cs", ""),
    ],
)
def test_no_boilerplate(code, alt):
    assert not Boilerplate(LANGUAGES[code]).matches(comparison_key(alt))


@pytest.mark.parametrize(
    ("alt", "name"),
    [
        ("Socha Karla IV.", "Karla"),
        ("Vydra. Liška.", None),
        ("Vydra", None),
        ("VYDRA NA BŘEHU", None),
        ("Most v Písku", "Písku"),
    ],
)
def test_proper_names(alt, name):
    found = proper_name(alt, words(alt), "Latn")
    assert (found.value if found else None) == name


@pytest.mark.parametrize(
    ("alt", "short"),
    [("á", True), ("양", False), ("หู", False), ("ok", False), ("1", False), ("", False)],
)
def test_too_short(alt, short):
    assert bool(too_short(words(alt), 2)) == short


def test_a_target_without_a_description_is_refused():
    with pytest.raises(SettingsError, match="tlh"):
        make_assessor(SETTINGS.filter, ("cs", "tlh"))
