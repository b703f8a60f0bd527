"""Telling English from a native language in a few Latin-script words.

fastText is trained on sentences: of one to three words, the usual length of an alt, it says little.
Two things say more and need no corpus: whether a word is a common word of one of the two languages
(``conf/words``), and what its letters look like. For the latter each word list gives a character
4-gram model (interpolated with constant prior weight, after MacKay and Peto 1995), and the evidence
is the log-likelihood ratio of the two models. Lists of a few hundred words suffice for this.

The weights come from a logistic regression on 17,000 single words of cs, hu and sr against en,
drawn from frequency ranks 100 to 8000 of general word lists that are not part of this project.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from mella_spark.settings import conf_dir
from mella_spark.text.normalise import strip_accents
from mella_spark.text.profiles import load_languages
from mella_spark.text.scripts import script_of
from mella_spark.text.scripts import words as words_of

ENGLISH = "en"
SHARED = "mul"  # the list of words spelt alike in many languages
ORDER = 4
ALPHABET_SIZE = 60
PRIOR_WEIGHT = 3.0

# Log-odds in favour of English.
COMMON_ENGLISH_WORD = 2.4
COMMON_NATIVE_WORD = -0.9
ACCENTED_WORD = -1.7
NGRAM_WEIGHT = 0.33
NGRAM_LIMIT = 8.0
# Set by hand, as the lists hold no phrases and no words of both languages. Every third English noun
# phrase opens with an article; one in some hundred native ones opens with the same letters.
OPENING_ARTICLE = 4.5
ALL_WORDS_NATIVE = -3.0


class LetterModel:
    """Character 4-gram model of a list of words, each with and without its accents."""

    def __init__(self, words: frozenset[str]) -> None:
        self._seen: Counter[str] = Counter()
        self._context: Counter[str] = Counter()
        padded = ["^" * (ORDER - 1) + w + "$" for w in words | set(map(strip_accents, words))]
        for length in range(ORDER):
            for word in padded:
                ends = range(ORDER - 1, len(word))
                self._seen.update([word[end - length : end + 1] for end in ends])
                self._context.update([word[end - length : end] for end in ends])

    def log_likelihood(self, word: str) -> float:
        """Natural logarithm of the probability of ``word`` (lower case), end of word included."""
        padded = "^" * (ORDER - 1) + word + "$"
        total = 0.0
        for end in range(ORDER - 1, len(padded)):
            probability = 1 / ALPHABET_SIZE
            for length in range(ORDER):
                seen = self._seen.get(padded[end - length : end + 1], 0)
                context = self._context.get(padded[end - length : end], 0)
                probability = (seen + PRIOR_WEIGHT * probability) / (context + PRIOR_WEIGHT)
            total += math.log(probability)
        return total


@lru_cache(maxsize=64)
def common_words(language: str) -> frozenset[str]:
    """The words of ``conf/words/LANGUAGE.txt``; empty if there is no such list."""
    path = conf_dir() / "words" / f"{language}.txt"
    if not path.is_file():
        return frozenset()
    lines = path.read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def english_log_odds(words: Sequence[str], language: str, articles: Sequence[str] = ()) -> float:
    """Log-odds that ``words`` (Latin script, any case) are English rather than ``language``.

    ``articles`` are words of ``language`` that open a noun phrase like an English article does
    (Hungarian *a*): such an opening is then no evidence. Prior odds are left to the caller.
    """
    lowered = [word.lower() for word in words]
    total = sum(_word_log_odds(word, language) for word in lowered)
    if len(lowered) > 1 and lowered[0] in ("a", "an", "the") and lowered[0] not in articles:
        return total + OPENING_ARTICLE
    if lowered and all(_is_native(word, language) for word in lowered):
        total += ALL_WORDS_NATIVE
    return total


def _is_native(word: str, language: str) -> bool:
    return word in common_words(language) or word in common_words(SHARED)


@lru_cache(maxsize=1 << 16)
def _word_log_odds(word: str, language: str) -> float:
    english, native = word in common_words(ENGLISH), _is_native(word, language)
    ratio = 0.0
    if len(word) > 1:
        likelihood = _letter_model(ENGLISH).log_likelihood(word)
        ratio = likelihood - _letter_model(language).log_likelihood(word)
    total = NGRAM_WEIGHT * max(-NGRAM_LIMIT, min(NGRAM_LIMIT, ratio))
    if english and not native:
        total += COMMON_ENGLISH_WORD
    if native and not english:
        total += COMMON_NATIVE_WORD
    if not word.isascii():
        total += ACCENTED_WORD
    return total


@lru_cache(maxsize=64)
def _letter_model(language: str) -> LetterModel:
    own = common_words(language) | _described_words(language)
    if common_words(language):
        return LetterModel(own)
    return LetterModel(own | _all_native_words()) if own else _unknown_language_model()


@lru_cache(maxsize=1)
def _unknown_language_model() -> LetterModel:
    """Of a language without a list: what the other languages have in common has to help."""
    return LetterModel(_all_native_words())


@lru_cache(maxsize=1)
def _all_native_words() -> frozenset[str]:
    names = [path.stem for path in sorted((conf_dir() / "words").glob("*.txt"))]
    lists = [common_words(name) for name in names if name not in (ENGLISH, SHARED)]
    return frozenset().union(*lists)


def _described_words(language: str) -> frozenset[str]:
    """Latin-script words of the language's prompts and boilerplate in ``conf/languages.yaml``."""
    described = load_languages().get(language)
    if described is None:
        return frozenset()
    texts = (*described.prompts.know, *described.prompts.ling, *described.boilerplate)
    found = (word.lower() for text in texts for word in words_of(text))
    return frozenset(word for word in found if script_of(word[0]) == "Latn")
