"""What each metric counts in an output, how counts become a figure, and its signature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from rouge_score.rouge_scorer import RougeScorer

from mella_spark.evaluation import bootstrap, corpus, keywords, meteor, tokenise
from mella_spark.evaluation.bootstrap import Finish
from mella_spark.evaluation.corpus import CorpusMetric
from mella_spark.evaluation.meteor import MeteorParameters

Speaks = Callable[[str, str], bool]
"""Whether a text is in a language (ISO 639-1)."""


@dataclass(frozen=True)
class Output:
    """What a model said to one sample, and what it is measured against."""

    hypothesis: str
    references: tuple[str, ...]
    language: str
    source: str = "ling"
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True)
class MetricOptions:
    """``resamples`` of the bootstrap, its ``confidence`` in (0, 1) and ``seed``.

    ``bleu_tokeniser`` names sacreBLEU's tokenizer for all languages; None for those of
    :data:`.corpus.BLEU_TOKENISERS`. ``identifier`` names what tells languages apart, for the
    signature of fidelity.
    """

    resamples: int = 1000
    confidence: float = 0.95
    seed: int = 7
    bleu_tokeniser: str | None = None
    identifier: str = "given"
    meteor: MeteorParameters = field(default_factory=MeteorParameters)


DEFAULT_OPTIONS = MetricOptions()


@dataclass(frozen=True)
class Metric:
    """Statistics rows of outputs in one language, how sums of them finish, and the signature.

    ``takes``: the outputs it is defined for. ``pooled``: sums over languages mean something (they
    do not for BLEU and chrF++, whose units differ from language to language).
    """

    rows: Callable[[Sequence[Output], str], np.ndarray]
    finish: Callable[[str], Finish]
    signature: Callable[[str], str]
    takes: Callable[[Output], bool]
    pooled: bool = True


def define(options: MetricOptions, references: int, speaks: Speaks | None) -> dict[str, Metric]:
    """All metrics by name; ``references`` is the number for each sample, -1 where it varies.

    Raises ``SettingsError`` or ``MissingDependencyError`` where BLEU's tokenizer is not usable.
    """
    several = f"nrefs:{'var' if references < 0 else references}"
    norm = f"norm:{tokenise.TOKENISER}"
    strict = f"case:lc|match:strict-v1|{norm}"

    def soft(language: str) -> str:
        return f"case:lc|match:soft-v1|{norm}|stem:{tokenise.stemmer_name(language)}"

    def bleu(language: str) -> Any:
        return corpus.bleu_metric(language, options.bleu_tokeniser)

    bleu("en")
    metrics = {
        "keyword_strict": _keywords(_found_strict, _micro, lambda _: strict),
        "keyword_soft": _keywords(_found_soft, _micro, soft),
        "keyword_strict_macro": _keywords(_found_strict, _macro, lambda _: f"{strict}|of:sample"),
        "keyword_soft_macro": _keywords(_found_soft, _macro, lambda la: f"{soft(la)}|of:sample"),
        "keyword_any": _keywords(_found_strict, _best, lambda _: strict),
        "keyword_any_soft": _keywords(_found_soft, _best, soft),
        "meteor": _mean(
            lambda o, language: (
                meteor.meteor(o.hypothesis, o.references, language, options.meteor),
                1,
            ),
            lambda la: f"{several}|case:lc|{meteor.signature(la, options.meteor)}",
            _has_references,
        ),
        "chrf++": _corpus(corpus.chrf_metric, references),
        "bleu": _corpus(bleu, references),
        "rouge_l": _mean(
            lambda o, language: (rouge_l(o.hypothesis, o.references, language), 1),
            lambda la: f"{several}|case:lc|f:1|tok:{tokenise.tokeniser_name(la)}",
            _has_references,
        ),
    }
    if corpus.spm_model(corpus.SPBLEU) is not None:
        metrics["spbleu"] = _corpus(
            lambda language: corpus.bleu_metric(language, corpus.SPBLEU), references, pooled=True
        )
    if speaks is not None:
        metrics["fidelity"] = _mean(
            lambda o, language: (speaks(o.hypothesis, language), 1),
            lambda _: f"identify:{options.identifier}",
            lambda _: True,
        )
    return metrics


def rouge_l(hypothesis: str, references: Sequence[str], language: str) -> float:
    """rouge-score's ROUGE-L (F1 of the longest common subsequence) in [0, 1] on
    :func:`tokenise.words`: the best over the references."""
    return _rouge_scorer(language).score_multi(references, hypothesis)["rougeL"].fmeasure


@lru_cache
def _rouge_scorer(language: str) -> RougeScorer:
    class Cut:
        def tokenize(self, text: str) -> list[str]:
            return tokenise.words(text, language)

    return RougeScorer(["rougeL"], tokenizer=Cut())


def _has_references(output: Output) -> bool:
    return bool(output.references)


def _mean(
    terms: Callable[[Output, str], tuple[float, float]],
    signature: Callable[[str], str],
    takes: Callable[[Output], bool],
) -> Metric:
    """A ratio of sums, from each output's numerator and denominator."""
    return Metric(
        rows=lambda outputs, language: np.array([terms(o, language) for o in outputs], float),
        finish=lambda language: bootstrap.ratio,
        signature=signature,
        takes=takes,
    )


def _corpus(make: CorpusMetric, references: int, pooled: bool = False) -> Metric:
    """A corpus metric of sacreBLEU, on text as written (Serbian in one script)."""

    def rows(outputs: Sequence[Output], language: str) -> np.ndarray:
        def one(text: str) -> str:
            return tokenise.one_script(text, language)

        width = max(len(o.references) for o in outputs)
        streams: list[Any] = [
            [one(o.references[k]) if k < len(o.references) else None for o in outputs]
            for k in range(width)
        ]
        hypotheses = [one(o.hypothesis) for o in outputs]
        found = make(language)._extract_corpus_statistics(hypotheses, streams)
        return np.array(found, dtype=np.int64)

    def finish(language: str) -> Finish:
        metric = make(language)
        return lambda sums: metric._compute_score_from_stats(sums.tolist()).score

    def signature(language: str) -> str:
        metric = make(language)
        metric.num_refs = references
        script = "latin" if language == "sr" else "as-is"
        return f"{metric.get_signature()}|script:{script}"

    return Metric(rows, finish, signature, _has_references, pooled)


def _keywords(
    found: Callable[[Output, str], list[float]],
    average: Callable[[list[float]], tuple[float, float]],
    signature: Callable[[str], str],
) -> Metric:
    return _mean(
        lambda output, language: average(found(output, language)),
        signature,
        lambda output: bool(output.keywords),
    )


def _found_strict(output: Output, language: str) -> list[float]:
    said = output.hypothesis
    return [float(keywords.strict_match(k, said, language)) for k in output.keywords]


def _found_soft(output: Output, language: str) -> list[float]:
    return [keywords.soft_match(k, output.hypothesis, language) for k in output.keywords]


def _micro(found: list[float]) -> tuple[float, float]:
    """Every keyword weighs the same."""
    return sum(found), len(found)


def _macro(found: list[float]) -> tuple[float, float]:
    """Every sample weighs the same."""
    return sum(found) / len(found), 1


def _best(found: list[float]) -> tuple[float, float]:
    """The keyword that was found best stands for the sample."""
    return max(found), 1
