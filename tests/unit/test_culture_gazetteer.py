"""Gazetteers: found in each way of writing, complete for the sample's motifs, checked when read."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mella_spark.culture.gazetteer import Gazetteer, load_gazetteer
from mella_spark.errors import SettingsError
from mella_spark.sample.grammar import motif_name
from mella_spark.sample.scenes import MOTIFS
from mella_spark.settings import load_settings
from mella_spark.text.profiles import load_languages

LANGUAGES = load_languages()
TARGETS = load_settings(environment={}).languages.targets
GAZETTEERS = {code: load_gazetteer(LANGUAGES[code]) for code in TARGETS}


def found(code, text):
    return [(hit.surface, hit.category) for hit in GAZETTEERS[code].find(text)]


@pytest.mark.parametrize(
    ("code", "text", "hits"),
    [
        ("ar", "فَانُوس رَمَضَان في الشارع", [("فَانُوس رَمَضَان", "festival")]),
        ("ar", "القهوة والدلة", [("والدلة", "household")]),
        ("cs", "Děti s kraslicemi", [("kraslicemi", "festival")]),
        ("cs", "KARLŮV MOST v noci", [("KARLŮV MOST", "architecture")]),
        ("hu", "Busómaszkban Mohácson", [("Busómaszkban", "festival"), ("Mohácson", "place")]),
        ("ko", "한복을 입은 아이", [("한복", "clothing")]),
        ("ko", "검은 갓을 쓴 사람", [("갓", "clothing")]),
        ("ru", "Чай из тульского самовара", [("тульского самовара", "craft")]),
        ("ru", "Матрёшка", [("Матрёшка", "craft")]),
        ("ru", "Матрешка", [("Матрешка", "craft")]),
        ("sr", "Сече се славски колач", [("славски колач", "food")]),
        ("sr", "Seče se slavski kolač", [("slavski kolač", "food")]),
        ("th", "เทศกาลลอยกระทงที่วัด", [("ลอยกระทง", "festival")]),
        ("vi", "Chiếc Bánh Chưng ngày Tết", [("Bánh Chưng", "food"), ("Tết", "festival")]),
    ],
)
def test_terms_are_found_as_written(code, text, hits):
    got = found(code, text)
    assert [hit for hit in got if hit in hits] == hits


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("cs", "Velká kočka na stromě"),
        ("hu", "Piros alma"),
        ("ko", "갓난아기"),  # begins with a term of one syllable
        ("th", "ธนาคารและเครื่องอบ"),  # both contain short terms by chance
        ("vi", "Gia đình có hai con"),
        ("ru", "Морской берег"),
        ("sr", "Пројекат зграде"),
        ("ar", "قطة بيضاء"),
        ("cs", ""),
        ("th", "2024 — !"),
    ],
)
def test_nothing_is_found_by_chance(code, text):
    assert found(code, text) == []


@pytest.mark.parametrize(("code", "motif"), [(c, m) for c in TARGETS for m in MOTIFS[c]])
def test_every_motif_of_the_sample_is_known(code, motif):
    assert found(code, motif_name(motif, code))


@pytest.mark.parametrize("code", TARGETS)
def test_gazetteers_are_broad(code):
    assert len(GAZETTEERS[code]) >= 80
    hits = Counter(
        hit.category
        for terms in MOTIFS[code]
        for hit in GAZETTEERS[code].find(motif_name(terms, code))
    )
    assert set(hits) <= {
        "food", "festival", "clothing", "music", "craft", "household", "architecture",
        "religion", "place", "person", "nature", "transport", "sport", "custom",
    }  # fmt: skip


def test_the_longest_of_overlapping_terms_wins():
    gazetteer = Gazetteer({"food": ["koláč*"], "custom": ["svatebn* koláč*"]}, LANGUAGES["cs"])
    assert [h.category for h in gazetteer.find("Svatební koláčky")] == ["custom"]
    assert [h.category for h in gazetteer.find("koláčky")] == ["food"]


def test_a_word_without_a_star_matches_whole_words_only():
    gazetteer = Gazetteer({"music": ["dudy"]}, LANGUAGES["cs"])
    assert gazetteer.find("dudy")
    assert not gazetteer.find("dudynka")


def test_each_term_counts_once():
    assert len(GAZETTEERS["cs"].find("pivo, pivo a zase pivo")) == 1


@given(st.sampled_from(TARGETS), st.text(max_size=60))
def test_hits_are_parts_of_any_text(code, text):
    for hit in GAZETTEERS[code].find(text):
        assert hit.surface in text


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("- a", "categories"),
        ("food: gulas", "list of terms"),
        ("food: [3]", "list of terms"),
        ("food: ['***']", "list of terms"),
        ("food: [ko*láč]", "only end a word"),
        ("food: [škoda 120]", "not digits"),
        ("food: [", "Cannot read"),
    ],
)
def test_mistakes_are_named(tmp_path, content, named):
    (tmp_path / "cs.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=named):
        load_gazetteer(LANGUAGES["cs"], tmp_path)


def test_a_language_without_a_gazetteer_finds_nothing(tmp_path):
    gazetteer = load_gazetteer(LANGUAGES["cs"], tmp_path)
    assert len(gazetteer) == 0
    assert gazetteer.find("kraslice") == []
