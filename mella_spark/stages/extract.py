"""``manifest`` → ``pairs``, ``captures``, ``ledger``, ``quarantine``: one pass over crawl files."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mella_spark.lake.schemas import spark_schema
from mella_spark.lake.tables import Lake
from mella_spark.settings import RemoteSettings, Settings
from mella_spark.stages.stream import Batch, Stage
from mella_spark.text.profiles import crawl_codes

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

NAME = "extract"
PARTS = {"pair": "pairs", "capture": "captures", "ledger": "ledger", "quarantine": "quarantine"}


def source(lake: Lake, settings: Settings) -> DataFrame:
    """Crawl files; one data file of the manifest a micro-batch."""
    return lake.stream("manifest", files_per_batch=1)


def process(batch: Batch) -> None:
    """Reads the batch's crawl files; a pair known from another file is counted ``repeated``."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    from udfs.extract import extract_batches

    files = batch.rows.select(
        "path", "kind", F.lit(0).cast("long").alias("start"), F.lit(None).cast("long").alias("end")
    )
    schema = "`input` STRING, " + ", ".join(
        f"`{part}` STRUCT<{spark_schema(PARTS[part])}>" for part in PARTS
    )
    extracted = (
        files.repartition(max(1, files.count()))
        .mapInArrow(
            partial(
                extract_batches, settings=batch.settings.extract, remote=remote(batch.settings)
            ),
            schema,
        )
        .persist()
    )
    try:
        pairs = extracted.where("pair IS NOT NULL").select("input", "pair.*")
        first = Window.partitionBy("pair_id").orderBy("warc_file", "warc_offset")
        known = batch.txn.others("pairs").select("pair_id", F.lit(True).alias("known"))
        pairs = pairs.withColumn("turn", F.row_number().over(first)).join(
            known, "pair_id", "left_outer"
        )
        fresh = (F.col("turn") == 1) & F.col("known").isNull()
        repeated = pairs.where(~fresh).groupBy(F.col("input").alias("file"))
        moved = repeated.agg(F.count("*").alias("n"))
        correction = moved.select(
            "file",
            F.explode(
                F.array(
                    F.struct(F.lit("kept").alias("reason"), (-F.col("n")).alias("count")),
                    F.struct(F.lit("repeated").alias("reason"), F.col("n").alias("count")),
                )
            ).alias("change"),
        ).select("file", "change.*")
        ledger = (
            extracted.where("ledger IS NOT NULL")
            .select("ledger.file", "ledger.reason", "ledger.count")
            .unionByName(correction)
            .groupBy("file", "reason")
            .agg(F.sum("count").alias("count"))
            .withColumn("stage", F.lit(NAME))
        )
        for part in ("capture", "quarantine"):
            rows = extracted.where(f"{part} IS NOT NULL").select(f"{part}.*")
            batch.txn.append(PARTS[part], rows)
        batch.txn.append("pairs", pairs.where(fresh))
        batch.txn.append("ledger", ledger)
    finally:
        extracted.unpersist()


def remote(settings: Settings) -> RemoteSettings:
    """How files elsewhere are read, and which languages' pages of a URL index."""
    given, targets = settings.remote, settings.languages.targets
    codes = given.index_languages or crawl_codes(targets, given.index_near)
    return given.model_copy(update={"index_languages": codes})


STAGE = Stage(NAME, "items", source, process)
