"""Corpus figures with confidence intervals, from sufficient statistics.

A metric gives each sample a row of numbers (a score and a one; BLEU's n-gram counts) and knows how
to turn the *sum* of such rows into its value. Resampling the samples is then one matrix product,
for means and for corpus metrics alike.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Finish = Callable[[np.ndarray], float]
"""Sum of statistics rows, shape (k,), to the metric's value in [0, 100]."""


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
    n = len(statistics)
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(n, np.full(n, 1 / n), size=resamples)
    sums = counts @ statistics
    replicates = np.array([finish(row) for row in sums], dtype=float)
    return Estimate(finish(statistics.sum(axis=0)), replicates, n)


def macro(estimates: Sequence[Estimate]) -> Estimate:
    """The mean over groups, each weighing the same whatever its size."""
    return Estimate(
        float(np.mean([e.value for e in estimates])),
        np.mean([e.replicates for e in estimates], axis=0),
        sum(e.n for e in estimates),
    )


def ratio(sums: np.ndarray) -> float:
    """100 × first over second: the finish of every mean; 0 where the second is 0."""
    return float(100 * sums[0] / sums[1]) if sums[1] else 0.0


def group_seed(seed: int, *names: str) -> int:
    """A seed of its own for each group, independent of the order groups are scored in."""
    return seed ^ zlib.crc32("/".join(names).encode())
