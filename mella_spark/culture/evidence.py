"""What in a pair speaks for or against its being a native, meaningful text of its culture.

Each piece of evidence has a kind, the value that was seen, and a weight: the probability (0 to 1)
that it alone would establish the pair, negative where it speaks against it. Nothing is guessed from
a picture: all evidence is visible text of the page, so that a reader can check it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from mella_spark.culture.gazetteer import Gazetteer
from mella_spark.text.normalise import comparison_key
from mella_spark.text.profiles import Language
from mella_spark.text.scripts import script_of


class Evidence(NamedTuple):
    """One observation; the fields are those of the column ``culture_evidence``."""

    kind: str
    value: str
    weight: float


# Weights are this project's own choice. The order is what matters: a named thing in the alt says
# most, the alt's own language next, what the page declares least.
WEIGHTS = {
    "alt_language": 0.30,
    "page_language": 0.10,
    "country_domain": 0.15,
    "declared_language": 0.05,
    "gazetteer": 0.50,
    "gazetteer_figcaption": 0.35,
    "gazetteer_title": 0.20,
    "gazetteer_context": 0.15,
    "proper_name": 0.10,
    "specific": 0.25,
    "boilerplate": -0.90,
    "file_name": -0.95,
    "tracking_pixel": -0.95,
    "too_short": -0.70,
    "small_picture": -0.30,
}
MOST_HITS = 3  # gazetteer hits counted per text
_SPECIFIC_WORDS = 6.0  # words at which an alt has 63 % of what length can say
_LETTERS_PER_WORD = 5.0  # for scripts without spaces
_FURNITURE_WORDS = 4
_SEPARATORS = re.compile(r"[\s/|,.:;»«>·•()\[\]_-]+")
_CASED_SCRIPTS = frozenset({"Latn", "Cyrl", "Grek", "Armn"})
_SENTENCE_END = re.compile(r"[.!?:;–—\-\"„“«(]\s*$")


def gazetteer_evidence(
    gazetteer: Gazetteer, texts: Iterable[tuple[str, str | None]]
) -> tuple[list[Evidence], str | None]:
    """Evidence from ``(kind, text)`` pairs, strongest first, and the category of the first hit.

    A term already found in a stronger text is not counted again.
    """
    evidence: list[Evidence] = []
    category: str | None = None
    seen: set[str] = set()
    for kind, text in texts:
        if not text:
            continue
        hits = [hit for hit in gazetteer.find(text) if hit.term not in seen][:MOST_HITS]
        for hit in hits:
            seen.add(hit.term)
            evidence.append(Evidence(kind, hit.surface, WEIGHTS[kind]))
        if hits and category is None:
            category = hits[0].category
    return evidence, category


def specific(alt_words: Sequence[str], unspaced: bool) -> Evidence:
    """Longer alts say more: weight grows with the number of words, saturating."""
    count = sum(map(len, alt_words)) / _LETTERS_PER_WORD if unspaced else len(alt_words)
    weight = WEIGHTS["specific"] * (1.0 - math.exp(-count / _SPECIFIC_WORDS))
    return Evidence("specific", f"{count:.0f} words", round(weight, 4))


def proper_name(alt: str, alt_words: Sequence[str], script: str) -> Evidence | None:
    """A capitalised word of at least two letters that does not open a sentence."""
    if script not in _CASED_SCRIPTS or alt.isupper():
        return None
    start = 0
    for index, word in enumerate(alt_words):
        at = alt.find(word, start)
        start = at + len(word)
        capitalised = word[0].isupper() and len(word) > 1 and not word.isupper()
        if index and capitalised and not _SENTENCE_END.search(alt[:at]):
            return Evidence("proper_name", word, WEIGHTS["proper_name"])
    return None


def too_short(alt_words: Sequence[str], least_letters: int) -> Evidence | None:
    """Letters, but fewer than ``least_letters``.

    Vowel signs count as letters; a Hangul syllable or an ideograph counts as two.
    """
    letters = sum(map(len, alt_words))
    if letters == 0 or letters >= least_letters:
        return None
    letters += sum(script_of(letter) in ("Hang", "Hani") for word in alt_words for letter in word)
    if letters >= least_letters:
        return None
    return Evidence("too_short", f"{letters} letters", WEIGHTS["too_short"])


def small(
    width: int | None, height: int | None, pixel_side: int, icon_side: int
) -> Evidence | None:
    """A declared size (CSS pixels) of a tracking pixel, or of an icon."""
    sides = [side for side in (width, height) if side is not None]
    if not sides:
        return None
    if min(sides) <= pixel_side:
        return Evidence("tracking_pixel", f"{width}x{height}", WEIGHTS["tracking_pixel"])
    if len(sides) == 2 and max(sides) <= icon_side:
        return Evidence("small_picture", f"{width}x{height}", WEIGHTS["small_picture"])
    return None


class Boilerplate:
    """Tells alts that are navigation or page furniture in one language."""

    def __init__(self, language: Language) -> None:
        self._phrases = frozenset(map(comparison_key, language.boilerplate))
        self._furniture = frozenset(map(comparison_key, language.furniture))
        self._longest = max((phrase.count(" ") + 1 for phrase in self._phrases), default=0)
        self.matches = lru_cache(maxsize=1 << 14)(self._matches)

    def _matches(self, key: str) -> bool:
        """Whether an alt, given as its ``comparison_key``, is made of boilerplate phrases alone, or
        is of at most four words and opens or ends with the name of page furniture."""
        tokens = [token for token in _SEPARATORS.split(key) if token and not token.isdigit()]
        if not tokens:
            return False
        if self._covered(tokens):
            return True
        ends = {" ".join(part) for n in (1, 2) for part in (tokens[:n], tokens[-n:])}
        return len(tokens) <= _FURNITURE_WORDS and not ends.isdisjoint(self._furniture)

    def _covered(self, tokens: Sequence[str]) -> bool:
        at = 0
        while at < len(tokens):
            for count in range(min(self._longest, len(tokens) - at), 0, -1):
                if " ".join(tokens[at : at + count]) in self._phrases:
                    at += count
                    break
            else:
                return False
        return True


def boilerplate(key: str, tellers: Iterable[Boilerplate]) -> Evidence | None:
    """An alt, given as its ``comparison_key``, that is boilerplate in any language asked."""
    if any(teller.matches(key) for teller in tellers):
        return Evidence("boilerplate", key[:80], WEIGHTS["boilerplate"])
    return None
