"""Transliteration of Serbian: exact, reversible, and careful with what is not Serbian."""

from __future__ import annotations

import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mella_spark.sample import grammar
from mella_spark.sample.scenes import random_scene
from mella_spark.text.serbian import SCRIPTS, in_script, to_cyrillic, to_latin

SMALL = "абвгдђежзијклљмнњопрстћуфхцчџш"
PAIRS = [
    ("Љубав је џабе", "Ljubav je džabe"),
    ("ЉУБАВ ЈЕ ЏАБЕ", "LJUBAV JE DŽABE"),
    ("Његош", "Njegoš"),
    ("ЊЕГОШ", "NJEGOŠ"),
    ("КОЊ", "KONJ"),
    ("Њ. Љ.", "Nj. Lj."),
    ("Ђорђе, чаша и ћуп!", "Đorđe, čaša i ćup!"),
    ("Инјекција и КОНЈУГАЦИЈА", "Injekcija i KONJUGACIJA"),
    ("Танјуг ће надживети", "Tanjug će nadživeti"),
    ("буџет и оџак", "budžet i odžak"),
    ("Две жуте столице су на слици.", "Dve žute stolice su na slici."),
    ("Шљива, 3,5 kg & 100 %", "Šljiva, 3,5 kg & 100 %"),
]


@pytest.mark.parametrize(("cyrillic", "latin"), PAIRS)
def test_hand_made_pairs_to_latin(cyrillic, latin):
    assert to_latin(cyrillic) == latin


@pytest.mark.parametrize(("cyrillic", "latin"), PAIRS[:-1])
def test_hand_made_pairs_to_cyrillic(cyrillic, latin):
    assert to_cyrillic(latin) == cyrillic


def ambiguous(text: str) -> bool:
    low = text.lower()
    return any(pair in low for pair in ("нј", "лј", "дж"))


@given(st.text(st.sampled_from(SMALL + SMALL.upper() + " .,!?-0123456789%\n"), max_size=60))
def test_cyrillic_comes_back(text):
    assume(not ambiguous(text))
    latin = to_latin(text)
    assert not set(latin.lower()) & set(SMALL)
    back = to_cyrillic(latin)
    assert back.lower() == text.lower()
    words = [word for word in text.split() if word.islower() or word.isupper() or word.istitle()]
    assert all(to_cyrillic(to_latin(word)) == word for word in words)
    assert to_latin(back).lower() == latin.lower()


@given(st.text(max_size=60))
def test_what_is_not_serbian_stays(text):
    foreign = "".join(c for c in text if c.lower() not in SMALL)
    assert to_latin(foreign) == foreign
    assert to_cyrillic("qwxy 日本 éñ 12") == "qwxy 日本 éñ 12"
    latin = to_latin(text)
    assert to_latin(latin) == latin


def test_single_character_digraphs_and_decomposed_letters():
    assert to_cyrillic("ǉubav, ǈubav, Ǆ, ǌ") == "љубав, Љубав, Џ, њ"
    assert to_cyrillic("c\u030cas\u030ca") == "чаша"
    assert to_cyrillic("lJ nJ") == "лЈ нЈ"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("Na slici je Windows iz XIX veka.", "На слици је Windows из XIX века."),
        ("Adresa je www.primer.rs, a pošta ja@primer.rs.",
         "Адреса је www.primer.rs, а пошта ja@primer.rs."),
        ("На слици је BMW i auto.", "На слици је BMW i auto."),
        ("Ljubav i NJEGOŠ (džez)", "Љубав и ЊЕГОШ (џез)"),
        ("123", "123"),
        ("", ""),
    ],
)  # fmt: skip
def test_into_cyrillic_goes_what_is_serbian(text, made):
    assert in_script(text, "cyrillic") == made
    assert in_script(made, "cyrillic") == made


def test_policies():
    rng = random.Random(4)
    for _ in range(100):
        text = grammar.caption(random_scene(rng), "sr")
        assert in_script(text, "cyrillic") == in_script(text, "as_is") == text
        latin = in_script(text, "latin")
        assert in_script(latin, "latin") == in_script(latin, "as_is") == latin
        assert in_script(latin, "cyrillic") == text
    assert set(SCRIPTS) == {"cyrillic", "latin", "as_is"}
