"""Reading the tables for the report: Spark aggregates, the driver gets bounded results only."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from mella_spark import __version__
from mella_spark.errors import InputError
from mella_spark.lake.schemas import TABLES
from mella_spark.lake.tables import Lake
from mella_spark.report.data import (
    SCORE_BINS,
    Bin,
    CategoryCount,
    EvidenceCount,
    LanguageInfo,
    PairCount,
    ReportData,
    SampleCount,
    TableInfo,
    Term,
    TranslationCount,
)
from mella_spark.report.gallery import TERM_CHARS, pictures
from mella_spark.report.redact import flatten, without_credentials
from mella_spark.report.runs import read_evaluation, read_training
from mella_spark.settings import Settings
from mella_spark.stages.funnel import funnel
from mella_spark.text.profiles import load_languages

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

SOFTWARE = ("pyspark", "delta-spark", "petastorm", "pyarrow", "torch", "transformers", "peft")


class PinnedLake(Lake):
    """The tables as they stood when the report began, however long it takes."""

    def __init__(self, lake: Lake) -> None:
        super().__init__(lake.spark, lake.root, lake.properties)
        self.versions = {name: lake.version(name) for name in TABLES if lake.exists(name)}

    def exists(self, name: str) -> bool:
        """Whether the table had been made."""
        return name in self.versions

    def read(self, name: str, version: int | None = None) -> DataFrame:
        """The table at ``version``, by default the pinned one."""
        return super().read(name, self.versions.get(name) if version is None else version)


def collect(lake: Lake, settings: Settings, model: Path | None) -> ReportData:
    """All the report shows. Raises ``InputError`` where there are no tables under the root."""
    from mella_spark.stages.pipeline import STAGES

    pinned = PinnedLake(lake)
    if not pinned.versions:
        raise InputError(f"There are no tables under {lake.root.text}.", "Run `mella run` first.")
    have = pinned.exists
    targets, profiles = settings.languages.targets, load_languages()
    infos = {
        code: LanguageInfo(code, profile.name, profile.endonym, profile.direction)
        for code, profile in profiles.items()
    }
    pivot = settings.languages.pivot
    evaluation = read_evaluation(model, settings.report.examples_per_language) if model else None
    gallery, evaluation = pictures(pinned, settings, evaluation)
    native = have("native_pairs")
    return ReportData(
        root=without_credentials(lake.root.text),
        made_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        languages=tuple(infos.get(c, LanguageInfo(c, c, c)) for c in targets),
        pivot=infos.get(pivot, LanguageInfo(pivot, pivot, pivot)),
        min_culture_score=settings.filter.min_culture_score,
        tables=tuple(
            TableInfo(name, TABLES[name].comment, version, pinned.count(name))
            for name, version in pinned.versions.items()
        ),
        funnel=tuple(funnel(pinned, STAGES)) if have("ledger") else (),
        pairs=_pairs(pinned) if native else (),
        translations=_translations(pinned) if have("translations") else (),
        samples=_samples(pinned) if have("mella") else (),
        sample_pictures=_sample_pictures(pinned) if have("mella") else 0,
        evidence=_evidence(pinned) if native else (),
        categories=_categories(pinned) if native else (),
        terms=_terms(pinned, targets, settings.report.top_terms) if native else (),
        bins=_bins(pinned) if native else (),
        gallery=gallery,
        training=read_training(model) if model else None,
        evaluation=evaluation,
        settings=flatten(settings.model_dump(mode="json")),
        software=_software(),
    )


def _software() -> tuple[tuple[str, str], ...]:
    own = (("mella-spark", __version__), ("python", sys.version.split()[0]))
    installed = {item.name.lower(): item.version for item in metadata.distributions() if item.name}
    return own + tuple((name, installed[name]) for name in SOFTWARE if name in installed)


def _pairs(lake: Lake) -> tuple[PairCount, ...]:
    rows = lake.read("native_pairs").groupBy("language").agg(*_kept_counts()).collect()
    counts = [PairCount(row[0] or "und", row[1], row[2]) for row in rows]
    return tuple(sorted(counts, key=lambda count: (-count.pairs, count.language)))


def _kept_counts() -> tuple[Column, Column]:
    from pyspark.sql import functions as F

    return F.count("*").alias("pairs"), F.count_if("kept").alias("kept_pairs")


def _translations(lake: Lake) -> tuple[TranslationCount, ...]:
    from pyspark.sql import functions as F

    rows = (
        lake.read("translations")
        .groupBy("language")
        .agg(
            F.count("*"),
            F.count_if(F.coalesce("checks.passed", F.lit(False)) & F.col("error").isNull()),
            F.count("error"),
        )
        .orderBy("language")
        .collect()
    )
    return tuple(TranslationCount(*row) for row in rows)


def _samples(lake: Lake) -> tuple[SampleCount, ...]:
    from pyspark.sql import functions as F

    rows = (
        lake.read("mella")
        .groupBy("language", "source", "split")
        .agg(F.count("*"), F.sum(F.char_length("response")))
        .orderBy("language", "source", "split")
        .collect()
    )
    return tuple(SampleCount(*row) for row in rows)


def _sample_pictures(lake: Lake) -> int:
    return lake.read("mella").select("image_sha256").distinct().count()


def _evidence(lake: Lake) -> tuple[EvidenceCount, ...]:
    from pyspark.sql import functions as F

    kinds = F.array_distinct(F.transform("culture_evidence", lambda item: item["kind"]))
    rows = (
        lake.read("native_pairs")
        .select("kept", F.explode(kinds).alias("kind"))
        .groupBy("kind")
        .agg(*_kept_counts())
        .collect()
    )
    return tuple(sorted((EvidenceCount(*row) for row in rows), key=lambda e: (-e.pairs, e.kind)))


def _categories(lake: Lake) -> tuple[CategoryCount, ...]:
    native = lake.read("native_pairs").where("kept AND category IS NOT NULL")
    rows = native.groupBy("category").count().collect()
    counts = (CategoryCount(row[0], row[1]) for row in rows)
    return tuple(sorted(counts, key=lambda item: (-item.pairs, item.category)))


def _terms(lake: Lake, targets: tuple[str, ...], most: int) -> tuple[Term, ...]:
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    hits = F.filter("culture_evidence", lambda item: item["kind"].startswith("gazetteer"))
    values = F.array_distinct(F.transform(hits, lambda item: item["value"]))
    place = Window.partitionBy("language").orderBy(F.desc("pairs"), "value")
    rows = (
        lake.read("native_pairs")
        .where("kept")
        .where(F.col("language").isin(*targets))
        .select("language", F.explode(values).alias("value"))
        .groupBy("language", F.substring("value", 1, TERM_CHARS).alias("value"))
        .agg(F.count("*").alias("pairs"))
        .withColumn("place", F.row_number().over(place))
        .where(F.col("place") <= most)
        .orderBy("language", "place")
        .select("language", "value", "pairs")
        .collect()
    )
    return tuple(Term(*row) for row in rows)


def _bins(lake: Lake) -> tuple[Bin, ...]:
    from pyspark.sql import functions as F

    index = F.least(F.floor(F.col("culture_score") * SCORE_BINS), F.lit(SCORE_BINS - 1))
    rows = (
        lake.read("native_pairs")
        .where("culture_score IS NOT NULL")
        .groupBy(index.cast("int").alias("bin"))
        .agg(F.count_if("kept"), F.count_if(~F.col("kept")))
        .orderBy("bin")
        .collect()
    )
    return tuple(Bin(*row) for row in rows)
