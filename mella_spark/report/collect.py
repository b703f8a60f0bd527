"""Reading the tables for the report: Spark aggregates, the driver gets bounded results only."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from functools import reduce
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from mella_spark import __version__
from mella_spark.errors import InputError
from mella_spark.lake.schemas import TABLES
from mella_spark.lake.tables import Lake
from mella_spark.report.data import (
    SCORE_BINS,
    THICK,
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
from mella_spark.report.work import model_work
from mella_spark.settings import Settings
from mella_spark.stages.funnel import funnel
from mella_spark.text.profiles import load_languages

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

Facet = tuple[str | None, str, int, int]
"""Language (of terms), key, pairs, kept pairs."""
SOFTWARE = ("pyspark", "delta-spark", "petastorm", "pyarrow", "torch", "transformers", "peft")


class PinnedLake(Lake):
    """The tables as they stood when the report began, however long it takes.

    Each is opened once: opening a version means reading its log.
    """

    def __init__(self, lake: Lake) -> None:
        super().__init__(lake.spark, lake.root, lake.properties)
        self.versions = {name: lake.version(name) for name in TABLES if lake.exists(name)}
        self._tables: dict[str, DataFrame] = {}

    def exists(self, name: str) -> bool:
        """Whether the table had been made."""
        return name in self.versions

    def read(self, name: str, version: int | None = None) -> DataFrame:
        """The table at ``version``, by default the pinned one."""
        if version is not None or name not in self.versions:
            return super().read(name, version)
        if name not in self._tables:
            self._tables[name] = super().read(name, self.versions[name])
        return self._tables[name]


def collect(lake: Lake, settings: Settings, model: Path | None) -> ReportData:
    """All the report shows. Raises ``InputError`` where there are no tables under the root."""
    from mella_spark.stages.pipeline import STAGES

    pinned = PinnedLake(lake)
    if not pinned.versions:
        raise InputError(f"There are no tables under {lake.root.text}.", "Run `mella run` first.")
    targets, profiles = settings.languages.targets, load_languages()
    infos = {
        code: LanguageInfo(code, profile.name, profile.endonym, profile.direction)
        for code, profile in profiles.items()
    }
    pivot = settings.languages.pivot
    evaluation = read_evaluation(model, settings.report.examples_per_language) if model else None
    gallery, evaluation = pictures(pinned, settings, evaluation)
    samples = _samples(pinned)
    facets = _facets(pinned, targets, settings.report.top_terms)
    return ReportData(
        root=without_credentials(lake.root.text),
        made_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        languages=tuple(infos.get(c, LanguageInfo(c, c, c)) for c in targets),
        pivot=infos.get(pivot, LanguageInfo(pivot, pivot, pivot)),
        min_culture_score=settings.filter.min_culture_score,
        tables=_tables(pinned),
        funnel=tuple(funnel(pinned, STAGES)) if pinned.exists("ledger") else (),
        work=tuple(
            replace(run, model=without_credentials(run.model)) for run in model_work(pinned)
        ),
        pairs=tuple(PairCount(key, n, kept) for _, key, n, kept in facets["language"]),
        translations=_translations(pinned),
        samples=tuple(item for item in samples if item.source != THICK),
        thick=tuple(item for item in samples if item.source == THICK),
        sample_pictures=_sample_pictures(pinned),
        evidence=tuple(EvidenceCount(key, n, kept) for _, key, n, kept in facets["kind"]),
        categories=tuple(CategoryCount(key, n) for _, key, n, _ in facets["category"]),
        terms=tuple(Term(str(language), key, n) for language, key, n, _ in facets["term"]),
        bins=tuple(Bin(int(key), kept, n - kept) for _, key, n, kept in facets["bin"]),
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


def _tables(lake: PinnedLake) -> tuple[TableInfo, ...]:
    """Version and rows of every table, counted in one query (from the logs' statistics)."""
    from pyspark.sql import functions as F

    counts = [
        lake.read(name).agg(F.count("*").alias("rows")).select(F.lit(name), "rows")
        for name in lake.versions
    ]
    rows = {row[0]: row[1] for row in reduce(lambda a, b: a.unionAll(b), counts).collect()}
    return tuple(
        TableInfo(name, TABLES[name].comment, version, rows[name])
        for name, version in lake.versions.items()
    )


def _facets(lake: Lake, targets: tuple[str, ...], most_terms: int) -> dict[str, list[Facet]]:
    """``native_pairs`` counted by language, evidence, category, score and term, in one query.

    Of the terms only the ``most_terms`` most frequent of each target language come back.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    found: dict[str, list[Facet]] = {n: [] for n in ("language", "kind", "category", "bin", "term")}
    if not lake.exists("native_pairs"):
        return found
    none, kept = F.lit(None).cast("string"), F.col("kept")

    def facet(name: str, key: Column, language: Column = none) -> Column:
        return F.struct(F.lit(name).alias("facet"), language.alias("language"), key.alias("key"))

    def of_evidence(name: str, values: Column, language: Column = none) -> Column:
        return F.transform(F.array_distinct(values), lambda value: facet(name, value, language))

    nothing = F.array().cast("array<string>")
    kinds = F.transform("culture_evidence", lambda item: item["kind"])
    hits = F.filter("culture_evidence", lambda item: item["kind"].startswith("gazetteer"))
    terms = F.transform(hits, lambda item: F.substring(item["value"], 1, TERM_CHARS))
    terms = F.when(kept & F.col("language").isin(*targets), terms)
    index = F.least(F.floor(F.col("culture_score") * SCORE_BINS), F.lit(SCORE_BINS - 1))
    single = F.array(
        facet("language", F.coalesce("language", F.lit("und"))),
        facet("category", F.when(kept, F.col("category"))),
        facet("bin", index.cast("string")),
    )
    place = Window.partitionBy("facet", "language").orderBy(F.desc("pairs"), "key")
    rows = (
        lake.read("native_pairs")
        .select(
            "kept",
            F.explode(
                F.concat(
                    single,
                    of_evidence("kind", F.coalesce(kinds, nothing)),
                    of_evidence("term", F.coalesce(terms, nothing), F.col("language")),
                )
            ).alias("of"),
        )
        .select("kept", "of.*")
        .where("key IS NOT NULL")
        .groupBy("facet", "language", "key")
        .agg(F.count("*").alias("pairs"), F.count_if("kept").alias("kept_pairs"))
        .withColumn("place", F.row_number().over(place))
        .where((F.col("facet") != "term") | (F.col("place") <= most_terms))
        .orderBy("facet", "language", "place")
        .collect()
    )
    for row in rows:
        found[row["facet"]].append((row["language"], row["key"], row["pairs"], row["kept_pairs"]))
    found["bin"].sort(key=lambda item: int(item[1]))
    return found


def _translations(lake: Lake) -> tuple[TranslationCount, ...]:
    from pyspark.sql import functions as F

    if not lake.exists("translations"):
        return ()
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

    if not lake.exists("mella"):
        return ()
    rows = (
        lake.read("mella")
        .groupBy("language", "source", "split")
        .agg(F.count("*"), F.sum(F.char_length("response")))
        .orderBy("language", "source", "split")
        .collect()
    )
    return tuple(SampleCount(*row) for row in rows)


def _sample_pictures(lake: Lake) -> int:
    if not lake.exists("mella"):
        return 0
    return lake.read("mella").select("image_sha256").distinct().count()
