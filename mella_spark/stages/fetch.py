"""``native_pairs`` → ``images``: the pictures of kept pairs, from the crawl or the web."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mella_spark.lake.schemas import spark_schema
from mella_spark.lake.tables import Lake
from mella_spark.settings import Settings
from mella_spark.stages.stream import Batch, Stage, count_reasons

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

NAME = "fetch"


def source(lake: Lake, settings: Settings) -> DataFrame:
    """New pairs that the filter kept."""
    return lake.stream("native_pairs", settings.lake.files_per_commit).where("kept")


def process(batch: Batch) -> None:
    """Fetches each address once; the bytes of one picture stand in one row only."""
    from pyspark.sql import functions as F

    from udfs.fetch import fetch_batches

    if not batch.txn.committed("images"):
        known = batch.txn.others("images")
        wanted = batch.rows.groupBy("image_url").agg(F.min("warc_file").alias("warc_file"))
        wanted = wanted.join(known.select("image_url"), "image_url", "left_anti")
        # Of several captures of a picture the first good one is read.
        good = F.col("http_status").isNull() | F.col("http_status").between(200, 299)
        captures = batch.lake.read("captures").where(good).groupBy(F.col("url").alias("image_url"))
        where = captures.agg(F.min(F.struct("warc_file", "warc_offset")).alias("capture"))
        wanted = wanted.join(where, "image_url", "left_outer").select(
            "image_url",
            "warc_file",
            F.col("capture.warc_file").alias("archive_file"),
            F.col("capture.warc_offset").alias("archive_offset"),
        )
        # One task for each host (politeness) or crawl file (sequential reading).
        host = F.lower(F.regexp_extract("image_url", "^https?://([^/?#]+)", 1))
        place = F.coalesce("archive_file", host)
        fetched = (
            wanted.repartition(batch.settings.lake.shuffle_partitions, place)
            .sortWithinPartitions("archive_file", "archive_offset", "image_url")
            .mapInArrow(
                partial(fetch_batches, settings=batch.settings.fetch, remote=batch.settings.remote),
                spark_schema("images"),
            )
            .persist()
        )
        try:
            stored = known.where("bytes IS NOT NULL").select("image_sha256")
            firsts = (
                fetched.where("status = 'ok'")
                .groupBy("image_sha256")
                .agg(F.min("image_url").alias("image_url"))
                .join(stored, "image_sha256", "left_anti")
                .select("image_url", F.lit(True).alias("first"))
            )
            rows = fetched.join(firsts, "image_url", "left_outer").withColumn(
                "bytes", F.when(F.col("first"), F.col("bytes"))
            )
            batch.txn.append("images", rows)
        finally:
            fetched.unpersist()
    done = batch.txn.own("images")
    reason = F.when(F.col("status") != "ok", F.coalesce("reason", F.lit("failed")))
    batch.txn.append("ledger", count_reasons(done, NAME, "warc_file", reason))


STAGE = Stage(
    NAME,
    "pictures",
    source,
    process,
    rows_per_file=lambda settings: settings.caption.batch_pictures,
)
