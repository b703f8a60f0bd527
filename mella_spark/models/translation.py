"""Translation with proof: sentence by sentence, checked, tried once more, judged.

The core of the stage and of the notebooks' UDF. It knows translators by their protocol alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mella_spark.errors import MellaError
from mella_spark.models.checks import Checks, check
from mella_spark.models.protocols import FinishReason, Generation, Translator
from mella_spark.models.quality import Estimator
from mella_spark.models.recovery import describe
from mella_spark.models.sentences import gaps, join, split
from mella_spark.settings import TranslateSettings
from mella_spark.text.profiles import Language, load_languages
from mella_spark.text.serbian import in_script

EMPTY = "empty: no text to translate"


@dataclass(frozen=True)
class Translation:
    """One row's answer: ``text`` or ``error``, never both, and what was measured of it.

    ``checks`` is None for an error; ``quality`` (0 best, 25 worst) unless it is estimated.
    ``attempts`` is how often the model was asked; ``tokens`` and ``latency_ms`` are of all
    attempts, of sentences shared with other rows too; ``batch_size`` is that of the largest batch
    that a sentence of it was in.
    """

    text: str | None
    error: str | None = None
    checks: Checks | None = None
    quality: float | None = None
    attempts: int = 0
    tokens: int = 0
    latency_ms: float = 0.0
    finish_reason: FinishReason | None = None
    batch_size: int = 0
    device: str | None = None

    @property
    def passed(self) -> bool:
        """Whether there is a text that passed all checks."""
        return self.checks is not None and self.checks.passed


def translate_rows(
    texts: Sequence[str | None],
    targets: Sequence[str | None],
    translator: Translator,
    settings: TranslateSettings,
    source: str = "en",
    estimator: Estimator | None = None,
) -> list[Translation]:
    """One translation for each text, in order, each into its own language (ISO 639-1).

    Rows that fail their checks, or that have an error which other settings might mend, are asked
    once more where ``translator`` knows how (``again``); a second text is taken if it passes or the
    first is an error. Never raises because of a row.
    """
    made = [Translation(None, EMPTY)] * len(texts)
    by_target: dict[str, list[int]] = {}
    for i, (text, target) in enumerate(zip(texts, targets, strict=True)):
        if text and text.strip() and target:
            by_target.setdefault(target, []).append(i)
    for target, rows in by_target.items():
        origins = [str(texts[i]) for i in rows]
        for i, answer in zip(
            rows, _two_attempts(origins, target, translator, settings, source), strict=True
        ):
            made[i] = answer
    return made if estimator is None else _judged(made, texts, estimator)


def _two_attempts(
    origins: list[str],
    target: str,
    translator: Translator,
    settings: TranslateSettings,
    source: str,
) -> list[Translation]:
    first, unable = _attempt(origins, target, translator, settings, source)
    again = getattr(translator, "again", None)
    other = again() if settings.retry and again is not None and not unable else None
    # Checks need the language's profile; without one there is nothing that a text could fail.
    failed = [
        i
        for i, answer in enumerate(first)
        if not answer.passed and (answer.error is not None or answer.checks is not None)
    ]
    if other is None or not failed:
        return first
    second, _ = _attempt([origins[i] for i in failed], target, other, settings, source)
    for i, new in zip(failed, second, strict=True):
        first[i] = _better(first[i], new)
    return first


def _better(first: Translation, second: Translation) -> Translation:
    take_second = second.passed or (first.text is None and second.text is not None)
    return replace(
        second if take_second else first,
        attempts=first.attempts + second.attempts,
        tokens=first.tokens + second.tokens,
        latency_ms=first.latency_ms + second.latency_ms,
    )


def _attempt(
    origins: list[str],
    target: str,
    translator: Translator,
    settings: TranslateSettings,
    source: str,
) -> tuple[list[Translation], bool]:
    """One translation for each text, checked; and whether the model cannot do this language."""
    cut = [_pieces(origin.strip(), source, settings) for origin in origins]
    wanted = {piece.strip(): None for pieces in cut for piece in pieces}
    # Longest first: batches have little padding, and one too large for the memory shows at once.
    sentences = sorted(wanted, key=lambda sentence: (-len(sentence), sentence))
    try:
        answers = translator.translate(sentences, source, target)
    except MellaError as error:  # a language the model does not know fails its own rows alone
        return [Translation(None, describe(error), attempts=1)] * len(origins), True
    known = dict(zip(sentences, answers, strict=True))
    profile = load_languages().get(target)
    return [
        _assembled(
            origin, pieces, [known[piece.strip()] for piece in pieces], profile, settings, source
        )
        for origin, pieces in zip(origins, cut, strict=True)
    ], False


def _pieces(text: str, source: str, settings: TranslateSettings) -> list[str]:
    if not settings.split_sentences:
        return [text]
    return [p for p in split(text, source, settings.max_sentence_chars) if p.strip()]


def _assembled(
    origin: str,
    pieces: list[str],
    answers: list[Generation],
    profile: Language | None,
    settings: TranslateSettings,
    source: str,
) -> Translation:
    """The sentences' answers as one; an error of one of them is the row's error."""
    error = next((answer.error for answer in answers if answer.text is None), None)
    reasons = {answer.finish_reason for answer in answers}
    finished: FinishReason | None = (
        "length" if "length" in reasons else None if None in reasons else "stop"
    )
    made = Translation(
        None,
        error or (None if answers else EMPTY),
        attempts=1,
        tokens=sum(answer.tokens for answer in answers),
        latency_ms=sum(answer.latency_ms for answer in answers),
        finish_reason=finished,
        batch_size=max((answer.batch_size for answer in answers), default=0),
        device=next((answer.device for answer in answers), None),
    )
    if made.error is not None:
        return made
    parts = [str(answer.text) for answer in answers]
    written = text = join(parts, gaps(pieces))
    if profile is not None and profile.code == "sr":
        text = join([in_script(part, settings.serbian_script) for part in parts], gaps(pieces))
    checks = None
    if profile is not None:
        whole = finished != "length"
        checks = check(text, origin, profile, settings, source, whole, written)
    return replace(made, text=text, checks=checks)


def _judged(
    made: list[Translation], texts: Sequence[str | None], estimator: Estimator
) -> list[Translation]:
    judged = [i for i, answer in enumerate(made) if answer.text is not None]
    scores = estimator.estimate(
        [str(texts[i]) for i in judged], [str(made[i].text) for i in judged]
    )
    result = list(made)
    for i, score in zip(judged, scores, strict=True):
        result[i] = replace(made[i], quality=score)
    return result
