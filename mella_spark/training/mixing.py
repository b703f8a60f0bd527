"""How much each source and language counts in the loss.

Mixing is done by weighing losses, not by drawing samples again and again: the expected gradient is
that of sampling with the same probabilities, every sample is still seen once an epoch, and the
order of samples stays the loader's own, so that resuming stays exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Weights:
    """Weight of a sample by (source, language); 1 for pairs that are not listed."""

    table: Mapping[tuple[str, str], float] = field(default_factory=dict)

    def __call__(self, source: str, language: str) -> float:
        return self.table.get((source, language), 1.0)


_UNNAMED = {"thick": 0.0}
"""Captions that have seen the alt take part only where they are asked for by name."""


def mixing_weights(
    counts: Mapping[tuple[str, str], int],
    source_weights: Mapping[Any, float],
    language_weights: Mapping[str, float],
    temperature: float = 1.0,
) -> Weights:
    """Weights for samples counted by (source, language), with a mean of 1 over all samples.

    A sample's weight is its source's times its language's times ``share ** (1/temperature - 1)``,
    where share is its language's part of its source: temperature sampling (Arivazhagan et al.,
    "Massively multilingual neural machine translation in the wild", 2019) as weights. Groups of
    weight 0 are left out of the mean.
    """
    of_source: dict[str, int] = {}
    for (source, _), count in counts.items():
        of_source[source] = of_source.get(source, 0) + count
    raw = {
        (source, language): source_weights.get(source, _UNNAMED.get(source, 1.0))
        * language_weights.get(language, 1.0)
        * (count / of_source[source]) ** (1 / temperature - 1)
        for (source, language), count in counts.items()
        if count
    }
    used = {group: weight for group, weight in raw.items() if weight > 0}
    total = sum(counts[group] for group in used)
    mean = sum(counts[group] * weight for group, weight in used.items()) / total if total else 1.0
    return Weights({group: weight / mean for group, weight in raw.items()})
