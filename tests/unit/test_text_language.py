"""The language of pages and alts, on hand-written cases of each language."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mella_spark.errors import InputError
from mella_spark.settings import load_settings
from mella_spark.text.language import identify, identify_alt, resolve_page_language
from mella_spark.text.model import load_model, normalise_label
from mella_spark.text.profiles import Language, load_languages
from mella_spark.text.wordshapes import common_words, english_log_odds

LANGUAGES = load_languages()
TARGETS = load_settings(environment={}).languages.targets

PAGES = {
    "ar": "مرحبا بكم في متحف المدينة حيث نعرض أعمال الحرفيين المحليين منذ القرن الماضي.",
    "cs": "Vítejte v městském muzeu, kde vystavujeme díla místních řemeslníků z minulého století.",
    "hu": "Üdvözöljük a városi múzeumban, ahol a helyi mesterek múlt századi munkáit mutatjuk be.",
    "ko": "지난 세기 지역 장인들의 작품을 전시하는 시립 박물관에 오신 것을 환영합니다.",
    "ru": "Добро пожаловать в городской музей, где мы показываем работы местных мастеров.",
    "sr": "Добро дошли у градски музеј, где излажемо радове домаћих мајстора прошлог века.",
    "th": "ยินดีต้อนรับสู่พิพิธภัณฑ์ของเมืองซึ่งจัดแสดงผลงานของช่างฝีมือท้องถิ่น",
    "vi": "Chào mừng đến với bảo tàng thành phố, nơi trưng bày tác phẩm của nghệ nhân địa phương.",
    "en": "Welcome to the city museum, where we show the works of local craftsmen.",
}

# (language of the page, alt): native alts, most of them short.
NATIVE = [
    ("ar", "ضفدع."),
    ("ar", "حرف P كبير"),
    ("ar", "خمسون سنتًا (0.50 €)"),
    ("cs", "Liška"),
    ("cs", "Klobouk."),
    ("cs", "Auto"),
    ("cs", "Most"),
    ("cs", "Robot a panda"),
    ("cs", "Námestí v Praze"),
    ("cs", "Hrad Bouzov"),
    ("hu", "Bagoly."),
    ("hu", "A róka"),
    ("hu", "Szék"),
    ("hu", "Nap"),
    ("ko", "양"),
    ("ko", "'B' 글자"),
    ("ko", "LG 냉장고"),
    ("ru", "Слон."),
    ("ru", "Буква W."),
    ("ru", "Подъезд дома"),
    ("sr", "Слон."),
    ("sr", "Ћуран"),
    ("sr", "Stara kuća u Sremu"),
    ("th", "กบ."),
    ("th", "ตัวอักษร T."),
    ("vi", "Con voi"),
    ("vi", "Cá chép"),
    ("vi", "Hai ngôi nhà"),
]

# English left untranslated, on pages of the Latin-script languages and of others.
ENGLISH = [
    "A lion.",
    "An old wooden bridge",
    "The fisherman and his boat",
    "Rabbit",
    "Fishing boat",
    "Summer sale",
    "Two swans on the lake",
    "Happy birthday",
]


@pytest.mark.parametrize(("code", "text"), PAGES.items())
def test_running_text(code, text):
    language, score = identify(text)
    assert language == code
    assert 0.5 < score <= 1.0


@pytest.mark.parametrize("text", ["", "  ", "123 — 45 %", "😀 ☂", "\n"])
def test_text_without_letters_is_undetermined(text):
    assert identify(text) == ("und", 0.0)


def test_an_untranslated_header_and_footer_do_not_decide():
    text = "Download the ebook " * 12 + (PAGES["cs"] + " ") * 12 + "All rights reserved " * 12
    assert identify(text)[0] == "cs"


@pytest.mark.parametrize(("page", "alt"), NATIVE)
def test_native_alts(page, alt):
    decision = identify_alt(alt, page, 0.9, targets=TARGETS)
    assert decision.language == page
    assert decision.score > 0.4
    assert decision.script in LANGUAGES[page].scripts


@pytest.mark.parametrize("alt", ENGLISH)
@pytest.mark.parametrize("page", TARGETS)
def test_english_is_never_native(page, alt):
    assert identify_alt(alt, page, 0.9, page, (page,), TARGETS).language == "en"


@pytest.mark.parametrize(
    ("page", "alt", "language"),
    [
        ("cs", "Die Brücke über den großen Fluss bei Sonnenuntergang", "de"),
        ("hu", "Une vieille maison au bord de la rivière", "fr"),
        ("ru", "Старовинна козацька церква у місті", "uk"),
        ("ar", "خانه‌ای قدیمی در کنار رودخانه‌ای پرآب است", "fa"),
        ("ko", "東京タワーと桜の花", "ja"),
    ],
)
def test_other_foreign_languages(page, alt, language):
    assert identify_alt(alt, page, 0.9, targets=TARGETS).language == language


@pytest.mark.parametrize(
    ("alt", "reason"),
    [
        ("", "no_letters"),
        ("3", "no_letters"),
        ("*** 50 % ***", "no_letters"),
        ("❤️", "no_letters"),
        ("IMG_2041.jpg", "file_name"),
        ("logo.png", "file_name"),
        ("banh-chung-ngay-tet", "file_name"),
        ("https://example.cz/obrazek", "address"),
    ],
)
def test_what_has_no_language(alt, reason):
    decision = identify_alt(alt, "cs", 0.9, targets=TARGETS)
    assert (decision.language, decision.score, decision.reason) == ("und", 0.0, reason)


def test_serbian_and_croatian():
    alt = "Žena u narodnoj nošnji"
    assert identify_alt(alt, "hr", 0.9, "sr", (), TARGETS).language == "sr"
    assert identify_alt(alt, "hr", 0.9, None, ("sr",), TARGETS).language == "sr"
    assert identify_alt(alt, "hr", 0.9, "hr", (), TARGETS).language == "hr"


def test_near_languages_are_one_only_where_the_page_says_so():
    assert resolve_page_language("hr", "sr", (), LANGUAGES) == "sr"
    assert resolve_page_language("hr", None, ("sr",), LANGUAGES) == "sr"
    assert resolve_page_language("hr", None, (), LANGUAGES) == "hr"
    assert resolve_page_language("ru", "sr", ("sr",), LANGUAGES) == "ru"
    assert resolve_page_language("und", "sr", (), LANGUAGES) is None


def test_without_a_page_the_domain_helps():
    assert identify_alt("Stará lípa", None, None, None, ("cs",), TARGETS).language == "cs"


def test_a_declared_template_language_does_not_overrule_the_text():
    assert identify_alt("Sloupy", "cs", 0.95, "en", (), TARGETS).language == "cs"


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=40), st.sampled_from([None, *TARGETS]))
def test_any_alt_gets_a_probability_and_und_a_reason(alt, page):
    decision = identify_alt(alt, page, 0.9 if page else None, targets=TARGETS)
    assert 0.0 <= decision.score <= 1.0 + 1e-9
    assert (decision.language == "und") <= (decision.score == 0.0)
    if decision.reason:
        assert decision.language == "und"


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("__label__cs", "cs"),
        ("__label__ces_Latn", "cs"),
        ("__label__srp_Cyrl", "sr"),
        ("__label__arb_Arab", "ar"),
        ("__label__arz", "ar"),
        ("__label__sh", "sr"),
        ("cs-CZ", "cs"),
        ("vi", "vi"),
        ("__label__ceb", "ceb"),
        ("nonsense!", "und"),
    ],
)
def test_labels_of_models_and_pages(label, code):
    assert normalise_label(label) == code


def test_a_missing_model_is_a_readable_error(tmp_path):
    with pytest.raises(InputError, match="no language model"):
        load_model(str(tmp_path / "none.bin"))


def test_a_file_that_is_no_model_is_a_readable_error(tmp_path):
    path = tmp_path / "bad.bin"
    path.write_bytes(b"not a model")
    with pytest.raises(InputError, match="not a fastText model"):
        load_model(str(path))


@pytest.mark.parametrize("language", ["cs", "hu", "vi", "sr", "pl"])
def test_word_shapes_know_english_also_without_a_list(language):
    english = english_log_odds(["The", "weathered", "fisherman"], language)
    assert english > 3
    assert english_log_odds(["Lightning"], language) > 0


def test_more_native_words_are_more_evidence():
    odds = [english_log_odds(["kostelík"] * n, "cs") for n in (1, 2, 3)]
    assert odds == sorted(odds, reverse=True)
    assert odds[0] < 0


def test_word_lists_are_lower_case_words():
    for code in ("en", "cs", "hu", "vi", "sr", "mul"):
        assert len(common_words(code)) > 150
        assert all(word == word.lower() for word in common_words(code))


POLISH = Language.model_validate(
    {
        "code": "pl",
        "name": "Polish",
        "endonym": "polski",
        "iso639_3": "pol",
        "scripts": ["Latn"],
        "letters": "aąbcćdeęfghijklłmnńoóprsśtuwyzźż",
        "domains": ["pl"],
        "prompts": {"know": ["Co przedstawia ten obraz?"], "ling": ["Opisz ten obraz."]},
    }
)


@pytest.mark.parametrize(
    ("alt", "language"),
    [
        ("Czerwony dom", "pl"),
        ("Zamek w Malborku", "pl"),
        ("Wiewiórka", "pl"),
        ("Dwa konie na łące", "pl"),
        ("A lion.", "en"),
        ("The old bridge", "en"),
        ("Fishing boat", "en"),
    ],
)
def test_a_new_language_needs_a_description_and_no_code(alt, language):
    known = {**LANGUAGES, "pl": POLISH}
    decision = identify_alt(alt, "pl", 0.9, None, ("pl",), ("pl",), known)
    assert decision.language == language
