"""``pairs`` → ``native_pairs``: language, culture, duplicates; rejected rows stay."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mella_spark.lake.schemas import TABLES, sql_type
from mella_spark.lake.tables import Lake
from mella_spark.settings import Settings
from mella_spark.stages.stream import Batch, Stage, count_reasons

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

NAME = "filter"
SAME = ["image_url", "alt", "language"]
DECIDED_HERE = ("duplicate_of", "kept")


def scored_schema() -> str:
    """Columns of ``native_pairs`` that scoring fills: all but those this stage decides."""
    columns = TABLES["native_pairs"].columns[:-1]
    kept = [column for column in columns if column.name not in DECIDED_HERE]
    return ", ".join(f"`{column.name}` {sql_type(column.type)}" for column in kept)


def source(lake: Lake, settings: Settings) -> DataFrame:
    """New pairs."""
    return lake.stream("pairs", settings.lake.files_per_commit)


def process(batch: Batch) -> None:
    """Scores the pairs; of acceptable ones with the same picture, alt and language keeps the first.

    The first is the one that came in an earlier micro-batch, else the one earlier in the crawl.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    from udfs.culture import score_batches

    if not batch.txn.committed("native_pairs"):
        score = partial(
            score_batches, settings=batch.settings.filter, languages=batch.settings.languages
        )
        pairs = batch.rows.select(*[c.name for c in TABLES["pairs"].columns[:-1]])
        pairs = pairs.repartition(batch.settings.lake.shuffle_partitions)
        scored = pairs.mapInArrow(score, scored_schema())
        order = Window.partitionBy(*SAME, F.col("reject_reason").isNull()).orderBy(
            "warc_file", "warc_offset", "pair_id"
        )
        earlier = batch.txn.others("native_pairs").where("kept").select(*SAME, "pair_id")
        earlier = earlier.groupBy(*SAME).agg(F.min("pair_id").alias("earlier"))
        here = F.first("pair_id").over(order)
        first = F.coalesce("earlier", F.when(F.col("here") != F.col("pair_id"), F.col("here")))
        acceptable = F.col("reject_reason").isNull()
        decided = (
            scored.withColumn("here", here)
            .join(earlier, SAME, "left_outer")
            .withColumn("duplicate_of", F.when(acceptable, first))
            .withColumn(
                "reject_reason",
                F.when(F.col("duplicate_of").isNotNull(), F.lit("duplicate")).otherwise(
                    F.col("reject_reason")
                ),
            )
            .withColumn("kept", F.col("reject_reason").isNull())
        )
        batch.txn.append("native_pairs", decided)
    done = batch.txn.own("native_pairs")
    reason = F.col("reject_reason")
    batch.txn.append("ledger", count_reasons(done, NAME, "warc_file", reason))


STAGE = Stage(
    NAME, "pairs", source, process, rows_per_file=lambda settings: settings.fetch.batch_urls
)
