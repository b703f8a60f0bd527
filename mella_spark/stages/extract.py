"""``manifest`` → ``pairs``, ``captures``, ``ledger``, ``quarantine``: one pass over crawl files."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from mella_spark.lake.schemas import spark_schema
from mella_spark.lake.tables import Lake
from mella_spark.settings import RemoteSettings, Settings
from mella_spark.stages.stream import Batch, Stage
from mella_spark.text.profiles import crawl_codes
from mella_spark.web.parts import parts_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from udfs.extract import Part

NAME = "extract"
# Rows per file: enough to see what is wrong with it, whatever its size. The ledger counts all.
MAX_QUARANTINE = 100
PARTS = {"pair": "pairs", "capture": "captures", "ledger": "ledger", "quarantine": "quarantine"}


def source(lake: Lake, settings: Settings) -> DataFrame:
    """Crawl files; one data file of the manifest a micro-batch."""
    return lake.stream("manifest", files_per_batch=1)


def process(batch: Batch) -> None:
    """Reads the batch's crawl files, a part a task, and puts together what the parts say.

    A pair known from another file or part is counted ``repeated``.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    from udfs.extract import extract_parts

    schema = "`input` STRING, " + ", ".join(
        f"`{part}` STRUCT<{spark_schema(PARTS[part])}>" for part in PARTS
    )
    files = [tuple(row) for row in batch.rows.select("path", "kind", "bytes").collect()]
    parts = split(files, batch.settings.extract.split_bytes)
    extract = partial(
        extract_parts,
        parts=parts,
        settings=batch.settings.extract,
        remote=remote(batch.settings),
    )
    # One number a task: repartitioning rows would leave it to chance which tasks get two parts.
    numbers = batch.lake.spark.range(0, len(parts), 1, max(1, len(parts)))
    extracted = numbers.mapInArrow(extract, schema).persist()
    try:
        # One part never gives a pair twice, so pair and part name a row.
        pairs = (
            extracted.where("pair IS NOT NULL")
            .withColumn("part", F.spark_partition_id())
            .select("input", "part", "pair.*")
        )
        batch.txn.append("captures", extracted.where("capture IS NOT NULL").select("capture.*"))
        repeated = _repeated(pairs, batch.txn.others("pairs").select("pair_id")).persist()
        fresh = pairs.join(F.broadcast(repeated), ["pair_id", "part"], "left_anti")
        batch.txn.append("pairs", fresh, files=files_for(files, batch.settings.extract.split_bytes))
        correction = (
            repeated.groupBy(F.col("input").alias("file"))
            .agg(F.count("*").alias("n"))
            .select(
                "file",
                F.explode(
                    F.array(
                        F.struct(F.lit("kept").alias("reason"), (-F.col("n")).alias("count")),
                        F.struct(F.lit("repeated").alias("reason"), F.col("n").alias("count")),
                    )
                ).alias("change"),
            )
            .select("file", "change.*")
        )
        ledger = (
            extracted.where("ledger IS NOT NULL")
            .select("ledger.file", "ledger.reason", "ledger.count")
            .unionByName(correction)
            .groupBy("file", "reason")
            .agg(F.sum("count").alias("count"))
            .withColumn("stage", F.lit(NAME))
        )
        sample = Window.partitionBy("file").orderBy("offset", "reason")
        rejects = extracted.where("quarantine IS NOT NULL").select("quarantine.*")
        rejects = rejects.withColumn("turn", F.row_number().over(sample))
        batch.txn.append("quarantine", rejects.where(F.col("turn") <= MAX_QUARANTINE))
        batch.txn.append("ledger", ledger)
        repeated.unpersist()
    finally:
        extracted.unpersist()


def _repeated(pairs: DataFrame, known: DataFrame) -> DataFrame:
    """``pair_id``, ``part`` and ``input`` of the rows whose pair is known, or comes earlier.

    Only keys are shuffled, and only the few that occur twice are put in order.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    rows = pairs.select("pair_id", "part", "input", "warc_file", "warc_offset")
    keys = rows.select("pair_id")
    twice = keys.groupBy("pair_id").count().where("count > 1").select("pair_id")
    met = keys.join(known, "pair_id", "left_semi").distinct()
    first = Window.partitionBy("pair_id").orderBy("warc_file", "warc_offset", "part")
    return (
        rows.join(F.broadcast(twice.union(met).distinct()), "pair_id", "left_semi")
        .join(F.broadcast(met.withColumn("known", F.lit(True))), "pair_id", "left_outer")
        .withColumn("turn", F.row_number().over(first))
        .where((F.col("turn") > 1) | F.col("known").isNotNull())
        .select("pair_id", "part", "input")
    )


def files_for(files: Iterable[tuple[str, str, int | None]], split_bytes: int) -> int:
    """In how many data files the pairs of crawl files (path, kind, bytes) are written."""
    return max(1, sum(size or 0 for _, _, size in files) // split_bytes)


def split(files: Iterable[tuple[str, str, int | None]], split_bytes: int) -> list[Part]:
    """Parts (path, kind, start, end) of crawl files (path, kind, bytes), a task each."""
    return [
        (part.path, kind, part.start, part.end)
        for path, kind, size in sorted(files, key=lambda file: file[0])
        for part in parts_of([(path, size)], split_bytes)
    ]


def remote(settings: Settings) -> RemoteSettings:
    """How files elsewhere are read, and which languages' pages of a URL index."""
    given, targets = settings.remote, settings.languages.targets
    codes = given.index_languages or crawl_codes(targets, given.index_near)
    return given.model_copy(update={"index_languages": codes})


STAGE = Stage(NAME, "items", source, process)
