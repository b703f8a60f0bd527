"""METEOR without Java, for any language that :mod:`.tokenise` can cut.

The score is that of Lavie and Agarwal, "METEOR: An Automatic Metric for MT Evaluation with High
Levels of Correlation with Human Judgments" (WMT 2007): unigram precision P and recall R, their
weighted harmonic mean ``PR / (αP + (1-α)R)``, times ``1 - γ (chunks / matches)^β``. Words are
matched by form, then by stem; there is no synonym stage, as no thesaurus covers these languages.
Each hypothesis word, from the last to the first, takes the last free reference word that fits:
the alignment NLTK makes, so the two agree on the same tokens and parameters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mella_spark.evaluation import tokenise


@dataclass(frozen=True)
class MeteorParameters:
    """α weighs precision against recall, β shapes the fragmentation penalty, γ is its maximum.

    The defaults are those of Banerjee and Lavie (2005), which NLTK uses too.
    """

    alpha: float = 0.9
    beta: float = 3.0
    gamma: float = 0.5


def meteor(
    hypothesis: str,
    references: Sequence[str],
    language: str,
    parameters: MeteorParameters = MeteorParameters(),
) -> float:
    """METEOR of one text in [0, 1]: the best over its references; 0 without a reference."""

    def stem(token: str) -> str:
        return tokenise.stem(token, language)

    cut = tokenise.words(hypothesis, language)
    return max(
        (
            meteor_tokens(cut, tokenise.words(reference, language), parameters, stem)
            for reference in references
        ),
        default=0.0,
    )


def meteor_tokens(
    hypothesis: Sequence[str],
    reference: Sequence[str],
    parameters: MeteorParameters = MeteorParameters(),
    stem: Callable[[str], str] | None = None,
) -> float:
    """METEOR of two token lists in [0, 1]; ``stem=None`` matches by form only."""
    matches = align(hypothesis, reference, stem)
    if not matches:
        return 0.0
    precision = len(matches) / len(hypothesis)
    recall = len(matches) / len(reference)
    alpha = parameters.alpha
    mean = precision * recall / (alpha * precision + (1 - alpha) * recall)
    fragmentation = chunks(matches) / len(matches)
    return mean * (1 - parameters.gamma * fragmentation**parameters.beta)


def align(
    hypothesis: Sequence[str],
    reference: Sequence[str],
    stem: Callable[[str], str] | None = None,
) -> list[tuple[int, int]]:
    """Pairs of positions (hypothesis, reference), one to one, ordered by the first."""
    free_h, free_r = set(range(len(hypothesis))), set(range(len(reference)))
    matches: list[tuple[int, int]] = []
    for form in (None, stem) if stem else (None,):
        places: dict[str, list[int]] = defaultdict(list)
        for j in sorted(free_r):
            places[form(reference[j]) if form else reference[j]].append(j)
        for i in sorted(free_h, reverse=True):
            if fitting := places.get(form(hypothesis[i]) if form else hypothesis[i]):
                j = fitting.pop()
                free_h.remove(i)
                free_r.remove(j)
                matches.append((i, j))
    return sorted(matches)


def chunks(matches: Sequence[tuple[int, int]]) -> int:
    """Runs of matches that are neighbours, in the same order, on both sides."""
    neighbours = sum(after == (before[0] + 1, before[1] + 1) for before, after in pairwise(matches))
    return len(matches) - neighbours


def signature(language: str, parameters: MeteorParameters) -> str:
    """The METEOR part of a figure's signature."""
    p = parameters
    return (
        f"a:{p.alpha}|b:{p.beta}|g:{p.gamma}|align:last|stem:{tokenise.stemmer_name(language)}"
        f"|tok:{tokenise.tokeniser_name(language)}"
    )
