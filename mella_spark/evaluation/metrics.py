"""Every metric of the evaluation over plain values, with intervals and signatures.

All figures are on a scale of 0 to 100. A figure's signature says how it was made, as sacreBLEU's
does, so that two figures with the same signature may be compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mella_spark import __version__
from mella_spark.evaluation import bootstrap
from mella_spark.evaluation.bootstrap import Estimate
from mella_spark.evaluation.definitions import (
    DEFAULT_OPTIONS,
    Metric,
    MetricOptions,
    Output,
    Speaks,
    define,
)

__all__ = ["Difference", "Figure", "MetricOptions", "Output", "compare", "measure", "score"]


@dataclass(frozen=True)
class Figure:
    """A metric's value with its confidence interval, in [0, 100], over ``n`` samples."""

    value: float
    low: float
    high: float
    n: int
    signature: str


@dataclass(frozen=True)
class Difference:
    """How much higher one system scores than another on the same ``n`` samples, in [-100, 100].

    The interval and ``p`` are of paired bootstrap resamples (see :func:`.bootstrap.p_value`).
    """

    value: float
    low: float
    high: float
    p: float
    n: int
    signature: str


@dataclass(frozen=True)
class Measured:
    """An estimate and the signature of its figure."""

    estimate: Estimate
    signature: str

    def figure(self, confidence: float) -> Figure:
        """The estimate with its interval."""
        low, high = self.estimate.interval(confidence)
        return Figure(self.estimate.value, low, high, self.estimate.n, self.signature)


Figures = dict[str, dict[str, dict[str, Figure]]]
Measures = dict[str, dict[str, dict[str, Measured]]]
Differences = dict[str, dict[str, dict[str, Difference]]]


def score(
    outputs: Iterable[Output],
    options: MetricOptions = DEFAULT_OPTIONS,
    speaks: Speaks | None = None,
) -> Figures:
    """Figures as ``{source: {language: {metric: Figure}}}``, also for ``micro`` and ``macro``.

    Metrics, over the samples that have keywords: ``keyword_strict`` and ``keyword_soft`` (share of
    all keywords found: the micro average over keywords), ``keyword_strict_macro`` and
    ``keyword_soft_macro`` (mean of each sample's share), ``keyword_any`` (share of samples with a
    keyword found) and ``keyword_any_soft`` (mean of each sample's best soft match). Over those that
    have references: ``meteor``, ``chrf++``, ``bleu``, ``rouge_l``, and ``spbleu`` where sacreBLEU's
    flores200 model is present. Over all: ``fidelity`` (share of outputs in the language asked for)
    where ``speaks`` is given, which tells whether a text is in a language. ``micro`` pools the
    samples of all languages; ``macro`` is the mean over languages.
    """
    return figures(measure(outputs, options, speaks), options.confidence)


def figures(measures: Measures, confidence: float) -> Figures:
    """The figures of ``measures``, with intervals of a confidence in (0, 1)."""
    return {
        source: {
            group: {name: measured.figure(confidence) for name, measured in found.items()}
            for group, found in groups.items()
        }
        for source, groups in measures.items()
    }


def compare(before: Measures, after: Measures, confidence: float) -> Differences:
    """``after - before`` for every figure of two systems' outputs to the same samples.

    Raises ``ValueError`` where figures were not made alike or not over as many samples.
    """
    return {
        source: {
            group: {
                name: _difference(found[name], after[source][group][name], confidence)
                for name in found
            }
            for group, found in groups.items()
        }
        for source, groups in before.items()
    }


def _difference(before: Measured, after: Measured, confidence: float) -> Difference:
    if before.signature != after.signature:
        raise ValueError(f"not comparable: {before.signature} and {after.signature}")
    change = bootstrap.difference(before.estimate, after.estimate)
    low, high = change.interval(confidence)
    signature = f"{after.signature}|test:paired-bs"
    return Difference(change.value, low, high, bootstrap.p_value(change), change.n, signature)


def measure(
    outputs: Iterable[Output],
    options: MetricOptions = DEFAULT_OPTIONS,
    speaks: Speaks | None = None,
) -> Measures:
    """What :func:`score` says, with the replicates that :func:`compare` needs."""
    outputs = list(outputs)
    groups: dict[str, dict[str, list[Output]]] = defaultdict(lambda: defaultdict(list))
    for output in outputs:
        groups[output.source][output.language].append(output)
    numbers = {len(output.references) for output in outputs if output.references}
    metrics = define(options, numbers.pop() if len(numbers) == 1 else -1, speaks)
    return {
        source: _measure_source(source, languages, metrics, options)
        for source, languages in sorted(groups.items())
    }


def _measure_source(
    source: str,
    languages: dict[str, list[Output]],
    metrics: dict[str, Metric],
    options: MetricOptions,
) -> dict[str, dict[str, Measured]]:
    rows: dict[str, dict[str, np.ndarray]] = {name: {} for name in metrics}
    estimates: dict[str, dict[str, Estimate]] = {name: {} for name in metrics}
    # Languages outside, metrics inside: a group's resamples are drawn once for all its metrics.
    for language, outputs in sorted(languages.items()):
        for name, metric in metrics.items():
            if chosen := [output for output in outputs if metric.takes(output)]:
                rows[name][language] = metric.rows(chosen, language)
                estimates[name][language] = _estimate(
                    rows[name][language], metric, language, source, options
                )
    for name, metric in metrics.items():
        if metric.pooled and rows[name]:
            pool = np.concatenate(list(rows[name].values()))
            estimates[name]["micro"] = _estimate(pool, metric, "micro", source, options)
        if rows[name]:
            estimates[name]["macro"] = bootstrap.macro([estimates[name][la] for la in rows[name]])
    measures: dict[str, dict[str, Measured]] = {
        group: {} for group in (*sorted(languages), "micro", "macro")
    }
    for name, metric in metrics.items():
        signatures = {language: metric.signature(language) for language in rows[name]}
        common = _common(list(signatures.values()))
        for group, found in estimates[name].items():
            own = signatures.get(group, f"mean:{group}|{common}")
            signature = f"{name}|{own}|{_bootstrap_signature(options)}"
            measures[group][name] = Measured(found, signature)
    return measures


def _estimate(
    rows: np.ndarray, metric: Metric, group: str, source: str, options: MetricOptions
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
