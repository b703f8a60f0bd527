"""One text, one way to cut it: the normalisation and tokens that every metric here shares.

Normalisation makes spellings that a reader takes for the same word the same string: Unicode NFC,
lower case, ASCII digits, no zero-width characters; Arabic without vowel signs and tatweel and with
one alef, one yeh and one heh; Serbian in Latin script; Thai vowels typed as two characters as one.

Tokens are words: runs of letters, marks and digits; punctuation is dropped. Hangul, Han and kana
are cut into single characters, because a Korean eojeol carries its particles. Scripts written
without spaces between words (Thai, Lao, Khmer, Burmese) are cut in two ways. :func:`words`, what
METEOR and ROUGE compare, takes ICU's dictionaries. :func:`tokens`, what keywords are looked for
in, takes character clusters (one consonant with the vowels and tone marks written around it),
because a word inside a sentence is not always cut as it is cut alone. The rules follow the script
of each run of letters, not the language, so a Latin name inside a Thai sentence stays one word.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import regex
from nltk.stem.snowball import SnowballStemmer

from mella_spark.text.normalise import fold_arabic
from mella_spark.text.serbian import to_latin

_DROPPED = regex.compile(r"[\p{Cf}\u0640]")  # format characters (ZWJ, BOM, bidi marks), tatweel
_CLUSTERED = r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_SINGLE = r"\p{Hangul}\p{Han}\p{Hiragana}\p{Katakana}"
_VOWELS_BEFORE = "เแโใไເແໂໃໄ"  # written before the consonant they belong to
_VOWELS_AFTER = "ะาำๅະາຳ"  # letters to Unicode, but never the start of a syllable
_CLUSTER = rf"[{_VOWELS_BEFORE}]?[{_CLUSTERED}][\p{{M}}{_VOWELS_AFTER}]*"
_OTHER = (
    rf"[{_SINGLE}]\p{{M}}*"
    rf"|[[\p{{L}}\p{{M}}\p{{N}}]--[{_CLUSTERED}{_SINGLE}]]+"
)
_TOKEN = regex.compile(rf"{_CLUSTER}|{_OTHER}", regex.V1)
_WORD = regex.compile(rf"(?:[{_CLUSTERED}][\p{{M}}]*)+|{_OTHER}", regex.V1)
_SARA_AM = regex.compile("\u0e4d([\u0e48-\u0e4b]?)\u0e32")  # typed as nikhahit and sara aa

TOKENISER = "script-v2"
"""Name of the rules above in metric signatures: change it when the rules change."""

SEGMENTED = frozenset({"km", "lo", "my", "th"})
"""Languages whose words ICU's dictionaries find."""

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
    return to_latin(text) if language == "sr" else text


def normalise(text: str, language: str) -> str:
    """The spelling that is compared: see the module's text. Idempotent."""
    text = _DROPPED.sub("", one_script(text, language)).lower()
    text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    if language == "ar":
        text = fold_arabic(text)
    text = _SARA_AM.sub("\\1\u0e33", text).replace("เเ", "แ")
    return unicodedata.normalize("NFC", text)


def tokens(text: str, language: str) -> list[str]:
    """The tokens of a text after :func:`normalise`, in order."""
    return _TOKEN.findall(normalise(text, language))


def words(text: str, language: str) -> list[str]:
    """The words of a text after :func:`normalise`, in order.

    :func:`tokens`, but that text in the languages of ``SEGMENTED`` is cut by ICU's dictionaries
    (Unicode UAX 29 elsewhere in the text).
    """
    if language not in SEGMENTED:
        return tokens(text, language)
    from icu4py.breakers import WordBreaker  # executors, which look for keywords, need no ICU

    parts = WordBreaker(normalise(text, language), language)
    return [word for part in parts for word in _WORD.findall(part)]


def tokeniser_name(language: str) -> str:
    """What :func:`words` does for a language, for metric signatures."""
    special = {"ar": "+fold", "ja": "+char", "ko": "+char", "sr": "+latin", "zh": "+char"}
    if language in SEGMENTED:
        from icu4py import icu_version

        return f"{TOKENISER}+icu-{icu_version}"
    return TOKENISER + special.get(language, "")


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
