"""What can be told of a translation without knowing the right one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mella_spark.settings import TranslateSettings
from mella_spark.text.language import identify
from mella_spark.text.normalise import comparison_key
from mella_spark.text.profiles import Language
from mella_spark.text.scripts import script_share

_WORDS, _CHARACTERS = 4, 12
"""Lengths of the n-grams that are looked for twice; the second one finds loops without spaces."""


@dataclass(frozen=True)
class Checks:
    """Measures of one translation, the columns of ``translations.checks``.

    ``language`` and ``language_score`` (0 to 1) as identified in the output; ``script_share`` of
    its letters in a script of the target; ``length_ratio`` in characters, output over input;
    ``repetition``, the share of n-grams seen before; ``copied``, whether the input came back.
    """

    language: str
    language_score: float
    script_share: float
    length_ratio: float
    repetition: float
    copied: bool
    passed: bool


def check(text: str, origin: str, target: Language, settings: TranslateSettings) -> Checks:
    """Measure ``text``, the translation of ``origin`` into ``target``."""
    language, score = identify(text)
    share = script_share(text, target.scripts)
    ratio = len(text) / max(1, len(origin))
    repeated = repetition(text)
    copied = comparison_key(origin) in comparison_key(text)
    least, largest = settings.length_ratio
    passed = (
        language == target.code
        and score >= settings.min_language_score
        and share >= settings.min_script_share
        and least <= ratio <= largest
        and repeated <= settings.max_repetition
        and not copied
    )
    return Checks(language, score, share, ratio, repeated, copied, passed)


def repetition(text: str) -> float:
    """Share, 0 to 1, of word 4-grams or character 12-grams that were seen before in ``text``."""
    return max(_repeated(text.split(), _WORDS), _repeated(text, _CHARACTERS))


def _repeated(sequence: Sequence[str], length: int) -> float:
    grams = [tuple(sequence[i : i + length]) for i in range(len(sequence) - length + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0
