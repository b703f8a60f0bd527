"""Every metric of the evaluation over plain values, with intervals and signatures.

All figures are on a scale of 0 to 100. A figure's signature says how it was made, as sacreBLEU's
does, so that two figures with the same signature may be compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU, CHRF

from mella_spark import __version__
from mella_spark.evaluation import bootstrap, keywords, meteor, tokenise
from mella_spark.evaluation.bootstrap import Estimate, Finish
from mella_spark.evaluation.meteor import MeteorParameters

BLEU_TOKENISERS = {
    "ar": "intl", "ja": "char", "ko": "char", "km": "char", "lo": "char", "my": "char",
    "th": "char", "zh": "zh",
}  # fmt: skip
"""sacreBLEU's tokenizer by language, 13a elsewhere. char where spaces do not part words; intl for
Arabic, because 13a does not know its punctuation."""


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

    ``bleu_tokeniser`` names sacreBLEU's tokenizer for all languages; None for the table above.
    ``identifier`` names what tells languages apart, for the signature of fidelity.
    """

    resamples: int = 1000
    confidence: float = 0.95
    seed: int = 7
    bleu_tokeniser: str | None = None
    identifier: str = "given"
    meteor: MeteorParameters = field(default_factory=MeteorParameters)


@dataclass(frozen=True)
class Figure:
    """A metric's value with its confidence interval, in [0, 100], over ``n`` samples."""

    value: float
    low: float
    high: float
    n: int
    signature: str


@dataclass(frozen=True)
class _Metric:
    """Statistics rows of outputs in one language, how sums of them finish, and the signature.

    ``pooled``: sums over languages mean something (they do not for BLEU, whose units differ).
    """

    rows: Callable[[Sequence[Output], str], np.ndarray]
    finish: Callable[[str], Finish]
    signature: Callable[[str], str]
    pooled: bool = True
    needs_keywords: bool = False


def score(
    outputs: Iterable[Output],
    options: MetricOptions = MetricOptions(),
    speaks: Speaks | None = None,
) -> dict[str, dict[str, dict[str, Figure]]]:
    """Figures as ``{source: {language: {metric: Figure}}}``, also for ``micro`` and ``macro``.

    Metrics: ``keyword_strict`` and ``keyword_soft`` (share of all keywords found), ``keyword_any``
    (share of samples with a keyword found), over the samples that have keywords; ``meteor``,
    ``chrf++``, ``bleu``, ``rouge_l``; ``fidelity`` (share of outputs in the language asked for)
    where ``speaks`` is given, which tells whether a text is in a language. ``micro`` pools the
    samples of all languages; ``macro`` is the mean over languages.
    """
    outputs = list(outputs)
    groups: dict[str, dict[str, list[Output]]] = defaultdict(lambda: defaultdict(list))
    for output in outputs:
        groups[output.source][output.language].append(output)
    numbers = {len(output.references) for output in outputs}
    metrics = _metrics(options, numbers.pop() if len(numbers) == 1 else -1, speaks)
    return {
        source: _score_source(source, languages, metrics, options)
        for source, languages in sorted(groups.items())
    }


def _score_source(
    source: str,
    languages: dict[str, list[Output]],
    metrics: dict[str, _Metric],
    options: MetricOptions,
) -> dict[str, dict[str, Figure]]:
    figures: dict[str, dict[str, Figure]] = {name: {} for name in (*sorted(languages), "micro")}
    figures["macro"] = {}
    for name, metric in metrics.items():
        rows: dict[str, np.ndarray] = {}
        estimates: dict[str, Estimate] = {}
        for language, outputs in sorted(languages.items()):
            chosen = [o for o in outputs if o.keywords or not metric.needs_keywords]
            if chosen:
                rows[language] = metric.rows(chosen, language)
                estimates[language] = _estimate(rows[language], metric, language, source, options)
        if not rows:
            continue
        if metric.pooled:
            pool = np.concatenate(list(rows.values()))
            estimates["micro"] = _estimate(pool, metric, "micro", source, options)
        estimates["macro"] = bootstrap.macro([estimates[language] for language in rows])
        signatures = {language: metric.signature(language) for language in rows}
        common = _common(list(signatures.values()))
        for group, found in estimates.items():
            low, high = found.interval(options.confidence)
            own = signatures.get(group, f"mean:{group}|{common}")
            signature = f"{name}|{own}|{_bootstrap_signature(options)}"
            figures[group][name] = Figure(found.value, low, high, found.n, signature)
    return figures


def _estimate(
    rows: np.ndarray, metric: _Metric, group: str, source: str, options: MetricOptions
) -> Estimate:
    seed = bootstrap.group_seed(options.seed, source, group)
    return bootstrap.estimate(rows, metric.finish(group), options.resamples, seed)


def _bootstrap_signature(options: MetricOptions) -> str:
    return f"bs:{options.resamples}|ci:{options.confidence}|seed:{options.seed}|mella:{__version__}"


def _common(signatures: Sequence[str]) -> str:
    """The signatures field by field, with ``*`` where languages differ."""
    columns = zip(*(signature.split("|") for signature in signatures), strict=True)
    return "|".join(
        fields[0] if len(set(fields)) == 1 else f"{fields[0].split(':')[0]}:*" for fields in columns
    )


def _metrics(options: MetricOptions, references: int, speaks: Speaks | None) -> dict[str, _Metric]:
    """All metrics; ``references`` is the number for each sample, -1 where it varies."""
    rouge: dict[str, RougeScorer] = {}

    def rouge_l(output: Output, language: str) -> float:
        scorer = rouge.setdefault(language, rouge_scorer(language))
        return scorer.score_multi(output.references, output.hypothesis)["rougeL"].fmeasure

    def words(language: str) -> str:
        return f"case:lc|stem:{tokenise.stemmer_name(language)}|tok:{tokenise.TOKENISER}"

    metrics = {
        "keyword_strict": _mean(_strict, lambda language: "case:lc|match:strict-v1", True),
        "keyword_soft": _mean(_soft, lambda language: f"match:soft-v1|{words(language)}", True),
        "keyword_any": _mean(_any, lambda language: "case:lc|match:strict-v1", True),
        "meteor": _mean(
            lambda o, language: (
                meteor.meteor(o.hypothesis, o.references, language, options.meteor),
                1,
            ),
            lambda language: f"case:lc|{meteor.signature(language, options.meteor)}",
        ),
        "chrf++": _corpus(lambda language: CHRF(word_order=2), references),
        "bleu": _corpus(lambda lang: bleu_metric(lang, options.bleu_tokeniser), references),
        "rouge_l": _mean(
            lambda o, language: (rouge_l(o, language), 1),
            lambda language: f"case:lc|f:1|tok:{tokenise.TOKENISER}",
        ),
    }
    if speaks is not None:
        metrics["fidelity"] = _mean(
            lambda o, language: (speaks(o.hypothesis, language), 1),
            lambda language: f"identify:{options.identifier}",
        )
    return metrics


def _mean(
    terms: Callable[[Output, str], tuple[float, float]],
    signature: Callable[[str], str],
    needs_keywords: bool = False,
) -> _Metric:
    """A ratio of sums, from each output's numerator and denominator."""
    return _Metric(
        rows=lambda outputs, language: np.array([terms(o, language) for o in outputs], float),
        finish=lambda language: bootstrap.ratio,
        signature=signature,
        needs_keywords=needs_keywords,
    )


def _corpus(make: Callable[[str], BLEU | CHRF], references: int) -> _Metric:
    """A corpus metric of sacreBLEU, on text as written (Serbian in one script)."""

    def rows(outputs: Sequence[Output], language: str) -> np.ndarray:
        def one(text: str) -> str:
            return tokenise.one_script(text, language)

        width = max(len(o.references) for o in outputs)
        streams: list[Any] = [
            [one(o.references[k]) if k < len(o.references) else None for o in outputs]
            for k in range(width)
        ]
        metric = make(language)
        hypotheses = [one(o.hypothesis) for o in outputs]
        return np.array(metric._extract_corpus_statistics(hypotheses, streams), dtype=np.int64)

    def finish(language: str) -> Finish:
        metric = make(language)
        return lambda sums: metric._compute_score_from_stats(sums.tolist()).score

    def signature(language: str) -> str:
        metric = make(language)
        metric.num_refs = references
        script = "latin" if language == "sr" else "as-is"
        return f"{metric.get_signature()}|script:{script}"

    return _Metric(rows, finish, signature, pooled=False)


def bleu_metric(language: str, tokeniser: str | None = None) -> BLEU:
    """sacreBLEU's BLEU for a language."""
    return BLEU(tokenize=tokeniser or BLEU_TOKENISERS.get(language, "13a"), force=True)


def rouge_scorer(language: str) -> RougeScorer:
    """rouge-score's ROUGE-L, cut by :func:`tokenise.tokens`."""

    class Cut:
        def tokenize(self, text: str) -> list[str]:
            return tokenise.tokens(text, language)

    return RougeScorer(["rougeL"], tokenizer=Cut())


def _strict(output: Output, language: str) -> tuple[float, float]:
    found = [keywords.strict_match(k, output.hypothesis, language) for k in output.keywords]
    return sum(found), len(found)


def _soft(output: Output, language: str) -> tuple[float, float]:
    found = [keywords.soft_match(k, output.hypothesis, language) for k in output.keywords]
    return sum(found), len(found)


def _any(output: Output, language: str) -> tuple[float, float]:
    return float(_strict(output, language)[0] > 0), 1
