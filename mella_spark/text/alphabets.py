"""Alphabets of languages that compete with the ones in ``conf/languages.yaml``.

Identification in short texts leans on letters: і and ї are not Russian, ћ is Serbian, پ is not
Arabic. The languages collected for declare their alphabets in ``conf/``; these are their neighbours
of the same script. Lower case, standard orthographies (Unicode CLDR's main exemplar sets).
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from functools import lru_cache

from mella_spark.text.profiles import Language

NEIGHBOURS = {
    "uk": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "be": "абвгдеёжзійклмнопрстуўфхцчшыьэюя",
    "bg": "абвгдежзийклмнопрстуфхцчшщъьюя",
    "mk": "абвгдѓежзѕијклљмнњопрстќуфхцчџш",
    "fa": "آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهیئءؤأ",
    "ur": "آابپتٹثجچحخدڈذرڑزژسشصضطظعغفقکگلمنںوہھءیےئؤ",
    "sk": "aáäbcčdďeéfghiíjklĺľmnňoóôpqrŕsštťuúvwxyýzž",
    "hr": "abcčćdđefghijklmnoprsštuvzž",
    "bs": "abcčćdđefghijklmnoprsštuvzž",
    "sl": "abcčdefghijklmnoprsštuvzž",
    "pl": "aąbcćdeęfghijklłmnńoóprsśtuwyzźż",
    "ro": "aăâbcdefghiîjklmnopqrsștțuvwxyz",
}
FOREIGN_LETTER = -2.0  # log-odds for each different letter outside the alphabet
MOST_FOREIGN_LETTERS = 3


def alphabet_of(language: str, languages: Mapping[str, Language]) -> frozenset[str]:
    """Lower-case letters of ``language``; empty where unknown."""
    if language in languages:
        return languages[language].alphabet
    return _neighbour(language)


def alphabet_log_odds(language: str, letters: Set[str], languages: Mapping[str, Language]) -> float:
    """Log-odds (0 or less) that different ``letters`` (lower case) give against ``language``."""
    alphabet = alphabet_of(language, languages)
    if not alphabet:
        return 0.0
    return FOREIGN_LETTER * min(len(letters - alphabet), MOST_FOREIGN_LETTERS)


@lru_cache(maxsize=64)
def _neighbour(language: str) -> frozenset[str]:
    return frozenset(NEIGHBOURS.get(language, ""))
