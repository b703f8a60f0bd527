"""What can be told of a translation without knowing the right one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from mella_spark.models.sentences import marks_sentences, split
from mella_spark.settings import TranslateSettings
from mella_spark.text.language import identify
from mella_spark.text.normalise import comparison_key
from mella_spark.text.profiles import Language
from mella_spark.text.scripts import script_counts, script_share
from mella_spark.text.serbian import SCRIPTS

_WORDS, _CHARACTERS = 4, 12
"""Lengths of the n-grams that are looked for twice; the second one finds loops without spaces."""
_SENTENCE_WORDS = 3
"""A shorter sentence may be a name, which is the same in any language."""
_NUMBER = re.compile(r"\d+(?:[.,:/٫٬'’\u00a0\u202f ]?\d+)*")
_RUN = re.compile(r"\d+")


@dataclass(frozen=True)
class Checks:
    """Measures of one translation, the columns of ``translations.checks``.

    ``language`` and ``language_score`` (0 to 1) as identified in the output; ``script_share`` of
    its letters in a script of the target; ``length_ratio`` in characters, output over input;
    ``repetition``, the share of n-grams seen before; ``copied``, whether the input or a sentence
    of it came back; ``numbers_kept``, the share of the input's numbers found in the output;
    ``sentences_source`` and ``sentences`` counted in input and output; ``finished``, whether the
    model came to an end.
    """

    language: str
    language_score: float
    script_share: float
    length_ratio: float
    repetition: float
    copied: bool
    passed: bool
    numbers_kept: float
    sentences_source: int
    sentences: int
    finished: bool


def check(
    text: str,
    origin: str,
    target: Language,
    settings: TranslateSettings,
    source: str = "en",
    finished: bool = True,
    written: str | None = None,
) -> Checks:
    """Measure ``text``, the translation of ``origin`` from ``source`` (ISO 639-1) into ``target``.

    Serbian must be in the script that ``settings.serbian_script`` asks for. ``written`` is what the
    model wrote, where that was another script: the language is identified there, as Serbian is
    told from its neighbours far better in Cyrillic. In Latin it may be identified as one of those.
    """
    written = text if written is None else written
    language, score = identify(written)
    scripts = scripts_of(target, settings)
    share = script_share(text, scripts)
    ratio = len(text) / max(1, len(origin))
    repeated = repetition(text)
    sentences = split(origin, source)
    copied = _copied(text, origin, sentences)
    numbers = numbers_kept(text, origin)
    before, after = max(1, len(sentences)), len(split(text, target.code))
    passed = (
        language in _accepted(written, target)
        and score >= settings.min_language_score
        and share >= settings.min_script_share
        and _within(ratio, settings.length_ratio)
        and repeated <= settings.max_repetition
        and numbers >= settings.min_numbers_kept
        and (not marks_sentences(scripts) or _within(after / before, settings.sentence_ratio))
        and finished
        and not copied
    )
    return Checks(
        language, score, share, ratio, repeated, copied, passed, numbers, before, after, finished
    )


def scripts_of(target: Language, settings: TranslateSettings) -> tuple[str, ...]:
    """ISO 15924 codes a translation may be in: the language's, for Serbian the policy's."""
    return SCRIPTS[settings.serbian_script] if target.code == "sr" else target.scripts


def repetition(text: str) -> float:
    """Share, 0 to 1, of word 4-grams or character 12-grams that were seen before in ``text``."""
    return max(_repeated(text.split(), _WORDS), _repeated(text, _CHARACTERS))


def numbers_kept(text: str, origin: str) -> float:
    """Share, 0 to 1, of the numbers of ``origin`` that stand in ``text`` too; 1 if it has none.

    Digits of any script are equal, and so are signs between groups of digits, because languages
    write 1,000.5 in different ways. Numbers of one digit count only where they are kept: to put
    them in words is good style.
    """
    wanted = _numbers(origin)
    if not wanted:
        return 1.0
    runs = set(_RUN.findall(_plain(text)))
    found = {"".join(number) for number in _numbers(text)} | runs
    kept = ["".join(number) in found or set(number) <= runs for number in wanted]
    counted = [
        is_kept
        for is_kept, number in zip(kept, wanted, strict=True)
        if is_kept or len("".join(number)) > 1
    ]
    return sum(counted) / len(counted) if counted else 1.0


def _copied(text: str, origin: str, sentences: list[str]) -> bool:
    """Whether the source came back, or a sentence of it that is more than a name."""
    key = comparison_key(text)
    long = (sentence for sentence in sentences if len(sentence.split()) >= _SENTENCE_WORDS)
    return any(comparison_key(part) in key for part in (origin, *long))


def _numbers(text: str) -> list[tuple[str, ...]]:
    """Each number of ``text`` as its groups of digits, in the digits 0 to 9."""
    plain = _plain(text)
    return [tuple(_RUN.findall(match[0])) for match in _NUMBER.finditer(plain)]


def _plain(text: str) -> str:
    return "".join(
        character if character < "\u0080" else str(unicodedata.decimal(character, character))
        for character in text
    )


def _accepted(text: str, target: Language) -> set[str]:
    """What the output may be identified as: in a second script also as a close language."""
    counts = script_counts(text)
    second = any(counts[script] > counts[target.script] for script in target.scripts[1:])
    return {target.code, *(target.near if second else ())}


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


def _repeated(sequence: Sequence[str], length: int) -> float:
    grams = [tuple(sequence[i : i + length]) for i in range(len(sequence) - length + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0
