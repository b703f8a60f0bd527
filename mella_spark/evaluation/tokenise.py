"""One text, one way to cut it: the normalisation and tokens that every metric here shares.

Normalisation makes spellings that a reader takes for the same word the same string: Unicode NFC,
lower case, ASCII digits, no zero-width characters; Arabic without vowel signs and tatweel and with
one alef, one yeh and one heh; Serbian in Latin script.

Tokens are words: runs of letters, marks and digits; punctuation is dropped. Scripts written
without spaces between words (Thai, Lao, Khmer, Burmese) are cut into character clusters (one
consonant with the vowels and tone marks written around it), because a word segmenter needs a
dictionary; Hangul, Han and kana are cut into single characters, because a Korean eojeol carries
its particles. The rule follows the script of each run of letters, not the language, so a Latin
name inside a Thai sentence stays one word.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import regex
from nltk.stem.snowball import SnowballStemmer

from mella_spark.text.normalise import fold_arabic

_DROPPED = regex.compile(r"[\p{Cf}\u0640]")  # format characters (ZWJ, BOM, bidi marks), tatweel
_SERBIAN = dict(zip("абвгдђежзијклмнопрстћуфхцчш", "abvgdđežzijklmnoprstćufhcčš", strict=True))
_SERBIAN |= {"љ": "lj", "њ": "nj", "џ": "dž"}
_SERBIAN |= {cyrillic.upper(): latin.capitalize() for cyrillic, latin in _SERBIAN.items()}
_SERBIAN_LATIN = str.maketrans(_SERBIAN)
_CLUSTERED = r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_SINGLE = r"\p{Hangul}\p{Han}\p{Hiragana}\p{Katakana}"
_VOWELS_BEFORE = "เแโใไເແໂໃໄ"  # written before the consonant they belong to
_VOWELS_AFTER = "ะาำๅະາຳ"  # letters to Unicode, but never the start of a syllable
_TOKEN = regex.compile(
    rf"[{_VOWELS_BEFORE}]?[{_CLUSTERED}][\p{{M}}{_VOWELS_AFTER}]*"
    rf"|[{_SINGLE}]\p{{M}}*"
    rf"|[[\p{{L}}\p{{M}}\p{{N}}]--[{_CLUSTERED}{_SINGLE}]]+",
    regex.V1,
)

TOKENISER = "script-v1"
"""Name of the rules above in metric signatures: change it when the rules change."""

SNOWBALL = {
    "ar": "arabic", "da": "danish", "de": "german", "en": "english", "es": "spanish",
    "fi": "finnish", "fr": "french", "hu": "hungarian", "it": "italian", "nl": "dutch",
    "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish",
}  # fmt: skip
ENDINGS = {
    "cs": "atech ovi ové ého ému ách ích ých ech ami emi ími ými ama ima ech ám ům em ém ím ým ou "
    "mi a e i o u y á é í ý ě ů",
    "sr": "ovima evima ama ima ova eva ovi evi ove eve oga ega ome omu emu ih im og eg om em oj "
    "a e i o u",
}
"""Case endings, for languages without a Snowball stemmer (Serbian in Latin script)."""
UNINFLECTED = frozenset({"ko", "ja", "lo", "my", "km", "th", "vi", "zh"})
PREFIX_LETTERS = 5


def one_script(text: str, language: str) -> str:
    """Serbian Cyrillic in Latin letters, case kept; any other language as it is."""
    return text.translate(_SERBIAN_LATIN) if language == "sr" else text


def normalise(text: str, language: str) -> str:
    """The spelling that is compared: see the module's text. Idempotent."""
    text = _DROPPED.sub("", one_script(text, language)).lower()
    text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    if language == "ar":
        text = fold_arabic(text)
    return unicodedata.normalize("NFC", text)


def tokens(text: str, language: str) -> list[str]:
    """The tokens of a text after :func:`normalise`, in order."""
    return _TOKEN.findall(normalise(text, language))


def stemmer_name(language: str) -> str:
    """What :func:`stem` does for a language, for metric signatures."""
    if language in SNOWBALL:
        return f"snowball-{SNOWBALL[language]}"
    if language in ENDINGS:
        return "endings-v1"
    return "none" if language in UNINFLECTED else f"prefix{PREFIX_LETTERS}"


@lru_cache(maxsize=200_000)
def stem(token: str, language: str) -> str:
    """A word without its inflection, for matching only.

    Snowball's algorithm where there is one. Czech and Serbian lose their longest case ending that
    leaves three letters, the idea of the light stemmer of Dolamic and Savoy, "Indexing and stemming
    approaches for the Czech language" (2009). Languages that do not inflect keep the token. Others
    keep the first five letters (McNamee, Nicholas and Mayfield, "Don't have a stemmer? Be
    un+concern+ed", SIGIR 2008).
    """
    if language in SNOWBALL:
        return _snowball(SNOWBALL[language]).stem(token)
    if language in ENDINGS:
        fitting = (e for e in _endings(language) if token.endswith(e) and len(token) >= len(e) + 3)
        return token.removesuffix(next(fitting, ""))
    return token if language in UNINFLECTED else token[:PREFIX_LETTERS]


@lru_cache
def _endings(language: str) -> list[str]:
    return sorted(ENDINGS[language].split(), key=len, reverse=True)


@lru_cache
def _snowball(name: str) -> SnowballStemmer:
    return SnowballStemmer(name)
