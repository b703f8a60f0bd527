"""What the report shows: plain values, so that a page can be made and tested without Spark."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from mella_spark.report.work import ModelWork
from mella_spark.stages.funnel import StageCount

SPLITS = ("train", "validation", "test")
SOURCES = ("know", "ling")
THICK = "thick"
"""Captions that have seen the native alt: shown apart, never as one of ``SOURCES``."""
SCORE_BINS = 20
"""Bins of the culture score's histogram, each 1/20 wide."""


@dataclass(frozen=True)
class LanguageInfo:
    """How a language is called and written; ``code`` is ISO 639-1."""

    code: str
    name: str
    endonym: str
    direction: Literal["ltr", "rtl"] = "ltr"


@dataclass(frozen=True)
class TableInfo:
    """A table as it was read: its version and rows at that version."""

    name: str
    comment: str
    version: int
    rows: int


@dataclass(frozen=True)
class PairCount:
    """Pairs by the language of their alt, and how many of them the filter kept."""

    language: str
    pairs: int
    kept: int


@dataclass(frozen=True)
class TranslationCount:
    """Translations by language: rows, those that passed all checks, those that are errors."""

    language: str
    rows: int
    passed: int
    errors: int


@dataclass(frozen=True)
class SampleCount:
    """Samples of the training table; ``characters`` is the total length of their responses."""

    language: str
    source: str
    split: str
    samples: int
    characters: int


@dataclass(frozen=True)
class EvidenceCount:
    """Pairs that carry a kind of evidence, and how many of them were kept."""

    kind: str
    pairs: int
    kept: int


@dataclass(frozen=True)
class CategoryCount:
    """Kept pairs by cultural category of their strongest gazetteer hit."""

    category: str
    pairs: int


@dataclass(frozen=True)
class Term:
    """A gazetteer term and the kept pairs it was found in."""

    language: str
    value: str
    pairs: int


@dataclass(frozen=True)
class Bin:
    """Pairs whose culture score lies in bin ``index`` of ``SCORE_BINS``."""

    index: int
    kept: int
    rejected: int


@dataclass(frozen=True)
class Thumbnail:
    """A small WebP picture; sides in pixels."""

    webp: bytes = field(repr=False)
    width: int
    height: int


@dataclass(frozen=True)
class Picture:
    """A picture of the gallery in one language: what its author wrote and what is seen.

    Any text may be missing; ``thick`` is a caption that has seen the alt; ``evidence`` are kind and
    value, strongest first.
    """

    language: str
    split: str
    thumbnail: Thumbnail | None = None
    know: str | None = None
    ling: str | None = None
    pivot: str | None = None
    keywords: tuple[str, ...] = ()
    evidence: tuple[tuple[str, str], ...] = ()
    category: str | None = None
    culture_score: float | None = None
    page_url: str | None = None
    license_url: str | None = None
    thick: str | None = None


@dataclass(frozen=True)
class Training:
    """A training's curve and outcome.

    ``train`` and ``validation`` are points (step, mean loss per token in nats). ``facts`` are
    names and values for a table; ``finished`` tells whether the training ended.
    """

    train: tuple[tuple[int, float], ...]
    validation: tuple[tuple[int, float], ...]
    finished: bool
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Score:
    """A metric's value and confidence interval on a scale of 0 to 100, over ``n`` samples."""

    value: float
    low: float
    high: float
    n: int
    signature: str


@dataclass(frozen=True)
class Comparison:
    """A metric before and, where a second model was scored, after fine-tuning."""

    before: Score
    after: Score | None

    @property
    def shown(self) -> Score:
        """The newer of the two."""
        return self.after or self.before


@dataclass(frozen=True)
class Example:
    """A held-out question with its reference and the answers to it."""

    sample_id: str
    source: str
    language: str
    prompt: str
    reference: str
    before: str
    after: str | None
    keywords: tuple[str, ...] = ()
    thumbnail: Thumbnail | None = None


Figures = dict[str, dict[str, dict[str, Comparison]]]
"""Comparisons by source, language (or ``micro``, ``macro``) and metric."""


@dataclass(frozen=True)
class Evaluation:
    """Scores of one or two models on a held-out split. ``hidden_examples`` were left out because
    their samples are not in the table that is reported on."""

    figures: Figures
    examples: tuple[Example, ...]
    facts: dict[str, str] = field(default_factory=dict)
    hidden_examples: int = 0


@dataclass(frozen=True)
class ReportData:
    """Everything on the page. Empty tuples and None stand for what is not there yet.

    ``samples`` are of ``SOURCES`` alone; those of ``THICK`` are in ``thick``.
    """

    root: str
    made_at: str
    languages: tuple[LanguageInfo, ...]
    pivot: LanguageInfo
    min_culture_score: float = 0.0
    tables: tuple[TableInfo, ...] = ()
    funnel: tuple[StageCount, ...] = ()
    work: tuple[ModelWork, ...] = ()
    pairs: tuple[PairCount, ...] = ()
    translations: tuple[TranslationCount, ...] = ()
    samples: tuple[SampleCount, ...] = ()
    thick: tuple[SampleCount, ...] = ()
    sample_pictures: int = 0
    evidence: tuple[EvidenceCount, ...] = ()
    categories: tuple[CategoryCount, ...] = ()
    terms: tuple[Term, ...] = ()
    bins: tuple[Bin, ...] = ()
    gallery: tuple[Picture, ...] = ()
    training: Training | None = None
    evaluation: Evaluation | None = None
    settings: tuple[tuple[str, str], ...] = ()
    software: tuple[tuple[str, str], ...] = ()

    def rows(self, table: str) -> int:
        """Rows of a table; 0 where it does not exist."""
        return next((info.rows for info in self.tables if info.name == table), 0)

    def language(self, code: str) -> LanguageInfo:
        """What is known of a language; its code where nothing is."""
        known = (*self.languages, self.pivot)
        return next((info for info in known if info.code == code), LanguageInfo(code, code, code))

    def count(
        self, language: str | None = None, source: str | None = None, split: str | None = None
    ) -> int:
        """Samples of a language, source and split; None stands for all, but not for ``THICK``."""
        return sum(
            item.samples
            for item in (self.thick if source == THICK else self.samples)
            if language in (None, item.language)
            and source in (None, item.source)
            and split in (None, item.split)
        )
