"""Corpus figures with confidence intervals, from sufficient statistics.

A metric gives each sample a row of numbers (a score and a one; BLEU's n-gram counts) and knows how
to turn the *sum* of such rows into its value. Resampling the samples is then one matrix product,
for means and for corpus metrics alike. Equal seeds draw equal resamples, so the replicates of two
systems on the same samples are pairs.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

Finish = Callable[[np.ndarray], float]
"""Sum of statistics rows, shape (k,), to the metric's value in [0, 100]."""

_BLOCK = 64  # resamples that are multiplied at once, which bounds memory


@dataclass(frozen=True)
class Estimate:
    """A figure, its bootstrap replicates (shape (b,)) and the number of samples behind it."""

    value: float
    replicates: np.ndarray
    n: int

    def interval(self, confidence: float) -> tuple[float, float]:
        """Percentile interval: the quantiles that leave ``(1 - confidence) / 2`` on each side."""
        tail = 50 * (1 - confidence)
        low, high = np.percentile(self.replicates, [tail, 100 - tail])
        return float(low), float(high)


def estimate(statistics: np.ndarray, finish: Finish, resamples: int, seed: int) -> Estimate:
    """The figure of all rows of ``statistics`` (shape (n, k), n > 0) and of its resamples."""
    counts = draw(len(statistics), resamples, seed)
    return Estimate(
        finish(statistics.sum(axis=0)), replicate(statistics, finish, counts), len(statistics)
    )


@lru_cache(maxsize=2)  # all samples of a group, and those of them that have keywords
def draw(n: int, resamples: int, seed: int) -> np.ndarray:
    """How often each of ``n`` samples stands in each resample, shape (resamples, n)."""
    rng = np.random.default_rng(seed)
    counts = np.empty((resamples, n), np.uint16)
    for row in counts:
        row[:] = np.bincount(rng.integers(n, size=n), minlength=n)
    return counts


def replicate(statistics: np.ndarray, finish: Finish, counts: np.ndarray) -> np.ndarray:
    """The figure of each resample, shape (b,), for ``counts`` of shape (b, n)."""
    rows = statistics.astype(float)
    blocks = [counts[i : i + _BLOCK].astype(float) @ rows for i in range(0, len(counts), _BLOCK)]
    return np.array([finish(sums) for sums in np.concatenate(blocks)], dtype=float)


def macro(estimates: Sequence[Estimate]) -> Estimate:
    """The mean over groups, each weighing the same whatever its size."""
    return Estimate(
        float(np.mean([e.value for e in estimates])),
        np.mean([e.replicates for e in estimates], axis=0),
        sum(e.n for e in estimates),
    )


def difference(before: Estimate, after: Estimate) -> Estimate:
    """``after - before`` and its replicates, of two systems on the same samples and draws."""
    if before.n != after.n or len(before.replicates) != len(after.replicates):
        raise ValueError("paired estimates need the same samples and resamples")
    return Estimate(after.value - before.value, after.replicates - before.replicates, after.n)


def p_value(change: Estimate) -> float:
    """Of the hypothesis that two systems are equally good, in (0, 1]; small speaks against it.

    The paired bootstrap test of Koehn, "Statistical Significance Tests for Machine Translation
    Evaluation" (EMNLP 2004), as sacreBLEU computes it: how often a resample's absolute difference,
    less the mean of all of them, is beyond the one observed.
    """
    sizes = np.abs(change.replicates)
    beyond = np.count_nonzero(sizes - sizes.mean() > abs(change.value))
    return float((beyond + 1) / (len(sizes) + 1))


def ratio(sums: np.ndarray) -> float:
    """100 × first over second: the finish of every mean; 0 where the second is 0."""
    return float(100 * sums[0] / sums[1]) if sums[1] else 0.0


def group_seed(seed: int, *names: str) -> int:
    """A seed of its own for each group, independent of the order groups are scored in."""
    return seed ^ zlib.crc32("/".join(names).encode())
