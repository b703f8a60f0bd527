"""Serbian in either of its scripts: exact transliteration, and one script for a corpus.

Cyrillic has one letter for each of Latin's digraphs, so the way to Latin loses nothing but the rare
words in which two letters meet without being a digraph (``инјекција``, ``injekcija``). Those known
by their stem are told apart on the way back.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Literal

from mella_spark.text.profiles import load_languages
from mella_spark.text.scripts import script_counts

Policy = Literal["cyrillic", "latin", "as_is"]
SCRIPTS: Mapping[Policy, tuple[str, ...]] = {
    "cyrillic": ("Cyrl",),
    "latin": ("Latn",),
    "as_is": ("Cyrl", "Latn"),
}
"""ISO 15924 codes that a text may be in under a policy."""

# Beginnings of words in which n+j, d+ž and the like are two sounds, the border marked.
_BORDERS = (
    "in|jek", "in|jic", "in|jur", "kon|jug", "kon|junk", "kon|jekt", "tan|jug", "van|jez",
    "nad|živ", "nad|žanj", "nad|žnj", "nad|žup", "od|živ", "od|žal", "od|žvak", "od|žuber",
    "od|žder", "pod|žan", "pod|žeg", "pod|žup", "pred|živ", "pred|žet", "sred|žit",
)  # fmt: skip
_LETTER = re.compile(r"[^\W\d_]")
_TOKEN = re.compile(r"\S+")
_EDGES = re.compile(r"^\W*|\W*$")
_ADDRESS = re.compile(r"://|^www\.|@|\w\.(?:com|org|net|rs|eu|info|edu)\b|[/\\_#]", re.IGNORECASE)
_ROMAN = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")


def to_latin(text: str) -> str:
    """Serbian Cyrillic letters of ``text`` in Latin; all else as it is.

    A digraph of a capital is ``Nj``, or ``NJ`` beside another capital.
    """
    table, _ = _tables()
    made = []
    for i, character in enumerate(text):
        latin = table.get(character.lower())
        if latin is None:
            made.append(character)
        elif character.islower():
            made.append(latin)
        else:
            made.append(latin.upper() if _among_capitals(text, i) else latin.capitalize())
    return "".join(made)


def to_cyrillic(text: str) -> str:
    """Serbian Latin letters of ``text`` in Cyrillic; all else as it is, q, w, x and y too.

    ``to_cyrillic(to_latin(x)) == x`` for Serbian Cyrillic, but for words where two letters look
    like a digraph and that the list of stems does not know. The result is in NFC.
    """
    _, table = _tables()
    composed = unicodedata.normalize("NFC", text)
    apart = {
        match.start() + stem.index("|")
        for stem, pattern in _border_patterns()
        for match in pattern.finditer(composed)
    }
    made, i = [], 0
    while i < len(composed):
        pair = composed[i : i + 2]
        if i + 1 not in apart and pair.lower() in table and _digraph(pair):
            letter, width = table[pair.lower()], 2
        else:
            letter, width = table.get(composed[i].lower(), composed[i]), 1
        made.append(letter.upper() if composed[i].isupper() or composed[i].istitle() else letter)
        i += width
    return "".join(made)


def in_script(text: str, policy: Policy) -> str:
    """``text``, one sentence of Serbian, in the script that ``policy`` asks for.

    Into Cyrillic goes only what is Serbian: web addresses, Roman numerals and words with foreign
    letters stay in Latin, and so do the Latin words of a sentence that is mostly in Cyrillic
    already, because those are names and abbreviations written as at home.
    """
    if policy == "latin":
        return to_latin(text)
    counts = script_counts(text)
    if policy == "as_is" or counts["Cyrl"] >= counts["Latn"]:
        return text
    return _TOKEN.sub(lambda match: match[0] if _foreign(match[0]) else to_cyrillic(match[0]), text)


def _foreign(token: str) -> bool:
    word = _EDGES.sub("", token)
    return (
        bool(_ADDRESS.search(token))
        or any(letter in "qwxy" for letter in word.lower())
        or (len(word) > 1 and bool(_ROMAN.fullmatch(word)))
    )


def _among_capitals(text: str, i: int) -> bool:
    """Whether a capital stands in a word of capitals: the next letter decides, else the last."""
    after = text[i + 1 : i + 2]
    if _LETTER.match(after):
        return after.isupper()
    before = text[i - 1 : i] if i else ""
    return bool(_LETTER.match(before)) and before.isupper()


def _digraph(pair: str) -> bool:
    """``lj``, ``Lj`` and ``LJ`` are digraphs, ``lJ`` is not."""
    return len(pair) == 2 and not (pair[0].islower() and pair[1].isupper())


@cache
def _tables() -> tuple[dict[str, str], dict[str, str]]:
    """Small letters: Cyrillic to Latin, and back, with Unicode's single-character digraphs."""
    table = load_languages()["sr"].transliteration
    back = {latin: cyrillic for cyrillic, latin in table.items()}
    return table, {**back, "ǆ": back["dž"], "ǉ": back["lj"], "ǌ": back["nj"]}


@cache
def _border_patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (stem, re.compile(rf"\b{stem.replace('|', '')}", re.IGNORECASE)) for stem in _BORDERS
    )
