"""``native_pairs`` with ``images``, ``translations`` → ``mella``: the training table.

Two upstreams meet here, so the stage listens to three streams; each micro-batch is joined with the
other tables as they stand, and the insert-only merge makes the order of arrival irrelevant.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from mella_spark.images.clusters import assign
from mella_spark.lake.tables import Lake
from mella_spark.settings import AssembleSettings, Settings
from mella_spark.stages.stream import Batch, Stage, count_reasons

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

NAME = "assemble"
EVENT = {
    "pair": "STRING",
    "image": "STRING",
    "image_sha256": "STRING",
    "caption_key": "STRING",
    "language": "STRING",
    "text": "STRING",
    "model": "STRING",
    "passed": "BOOLEAN",
    "warc_file": "STRING",
}
CANDIDATE = (
    "sample_id",
    "image_sha256",
    "language",
    "source",
    "response",
    "hits",
    "culture_score",
    "page_url",
    "image_url",
    "license_url",
    "optout",
    "warc_file",
    "reason",
    "again",
)


def source(lake: Lake, settings: Settings) -> DataFrame:
    """Three streams as one: kept pairs, pictures that came, translations."""
    from pyspark.sql import functions as F

    files = settings.assemble.batch_files * settings.lake.files_per_commit

    def events(rows: DataFrame, **columns: str) -> DataFrame:
        return rows.select(
            *[
                F.expr(columns[name]).cast(type_).alias(name)
                if name in columns
                else F.lit(None).cast(type_).alias(name)
                for name, type_ in EVENT.items()
            ]
        )

    streams = (
        events(lake.stream("native_pairs", files).where("kept"), pair="pair_id"),
        events(lake.stream("images", files).where("status = 'ok'"), image="image_url"),
        events(
            lake.stream("translations", files).where("error IS NULL"),
            image_sha256="image_sha256",
            caption_key="caption_key",
            language="language",
            text="text",
            model="model",
            passed="checks.passed",
            warc_file="warc_file",
        ),
    )
    return reduce(lambda one, other: one.unionByName(other), streams)


def know_candidates(events: DataFrame, lake: Lake) -> DataFrame:
    """Kept pairs with their pictures, where either of the two is new.

    ``again`` marks candidates that only the picture's event brought: their pair may have been
    seen with it before.
    """
    from pyspark.sql import functions as F

    pairs = lake.read("native_pairs").where("kept")
    new_pairs = events.where("pair IS NOT NULL").select(F.col("pair").alias("pair_id"))
    new_images = events.where("image IS NOT NULL").select(F.col("image").alias("image_url"))
    by_pair = pairs.join(new_pairs, "pair_id", "left_semi").withColumn("again", F.lit(False))
    by_image = (
        pairs.join(new_images, "image_url", "left_semi")
        .join(new_pairs, "pair_id", "left_anti")
        .withColumn("again", F.lit(True))
    )
    pictures = lake.read("images").where("status = 'ok'").select("image_url", "image_sha256")
    gazetteer = F.filter("culture_evidence", lambda item: item["kind"] == "gazetteer")
    return (
        by_pair.unionByName(by_image)
        .join(pictures, "image_url")
        .select(
            _sample_id("know", "image_sha256", "language", "alt"),
            "image_sha256",
            "language",
            F.lit("know").alias("source"),
            F.col("alt").alias("response"),
            F.transform(gazetteer, lambda item: item["value"]).alias("hits"),
            "culture_score",
            "page_url",
            "image_url",
            "license_url",
            "optout",
            "warc_file",
            F.lit(None).cast("string").alias("reason"),
            "again",
        )
    )


def ling_candidates(events: DataFrame, lake: Lake) -> DataFrame:
    """New translations; those whose checks failed carry a reason.

    Captions whose prompt drew on the native alt are of the source ``thick``, never of D_ling.
    """
    from pyspark.sql import functions as F

    pictures = lake.read("images").where("bytes IS NOT NULL").select("image_sha256", "image_url")
    nothing = F.lit(None).cast("string")
    return (
        events.where("text IS NOT NULL")
        .join(pictures, "image_sha256")
        .select(
            _sample_id("ling", "image_sha256", "language", "caption_key", "model"),
            "image_sha256",
            "language",
            F.when(_thick(), "thick").otherwise("ling").alias("source"),
            F.col("text").alias("response"),
            F.lit(None).cast("array<string>").alias("hits"),
            F.lit(None).cast("double").alias("culture_score"),
            nothing.alias("page_url"),
            "image_url",
            nothing.alias("license_url"),
            F.lit(None).cast("array<string>").alias("optout"),
            "warc_file",
            F.when(~F.col("passed"), F.lit("failed_checks")).alias("reason"),
            F.lit(False).alias("again"),
        )
    )


def descriptions(lake: Lake) -> DataFrame:
    """The newest description of each picture in each language, as ``seen``.

    Thick captions are no descriptions here: with the alt's own words in them they do not tell what
    those words add to what is seen.
    """
    from pyspark.sql import functions as F

    described = lake.read("translations").where("error IS NULL").where(~_thick())
    return described.groupBy("image_sha256", "language").agg(
        F.max_by("text", "created_at").alias("seen")
    )


def _thick() -> Column:
    from pyspark.sql import functions as F

    from mella_spark.models.keys import THICK

    return F.startswith(F.col("caption_key"), F.lit(THICK))


def _sample_id(kind: str, *columns: str):  # type: ignore[no-untyped-def]
    from pyspark.sql import functions as F

    return F.substring(F.sha2(F.concat_ws("\n", F.lit(kind), *columns), 256), 1, 32).alias(
        "sample_id"
    )


def process(batch: Batch) -> None:
    """Makes the samples that have become possible, and gives each picture cluster one split."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    from udfs.samples import SAMPLE_SCHEMA, sample_batches

    txn, lake = batch.txn, batch.lake
    events = batch.rows.persist()
    first = Window.partitionBy("sample_id").orderBy("warc_file", "page_url", "image_url")
    known = txn.others("mella").select("sample_id", F.lit(True).alias("known"))
    candidates = (
        know_candidates(events, lake)
        .unionByName(ling_candidates(events, lake))
        .join(known, "sample_id", "left_outer")
        .where("known IS NULL OR NOT again")
        .withColumn("turn", F.row_number().over(first))
        .withColumn(
            "reason",
            F.when((F.col("turn") > 1) | F.col("known"), F.lit("repeated")).otherwise(
                F.col("reason")
            ),
        )
        .select(*CANDIDATE)
        .persist()
    )
    try:
        splits = split_pictures(batch, candidates.where("reason IS NULL"))
        decided = candidates.join(F.broadcast(splits), "image_sha256", "left_outer").withColumn(
            "reason",
            F.coalesce("reason", F.when(F.col("split").isNull(), F.lit("split_conflict"))),
        )
        pictures = lake.read("images").where("bytes IS NOT NULL")
        samples = (
            decided.where("reason IS NULL")
            .join(descriptions(lake), ["image_sha256", "language"], "left_outer")
            .select("sample_id", "language", "source", "response", "hits", "seen")
            .mapInArrow(sample_batches, SAMPLE_SCHEMA)
            .join(decided.drop("reason", "response", "hits", "again"), "sample_id")
            .join(
                pictures.select("image_sha256", F.col("bytes").alias("image"), "width", "height"),
                "image_sha256",
            )
        )
        txn.insert("mella", samples)
        txn.append("ledger", count_reasons(decided, NAME, "warc_file", F.col("reason")))
    finally:
        candidates.unpersist()
        events.unpersist()


def split_pictures(batch: Batch, candidates: DataFrame) -> DataFrame:
    """Cluster and split of every picture of ``candidates``: image_sha256, cluster_id, split.

    A null split means that near-duplicates of the picture already stand in different splits.
    """
    from pyspark.sql import functions as F

    settings = batch.settings.assemble
    hashes = batch.lake.read("images").where("bytes IS NOT NULL").select("image_sha256", "phash")
    new = candidates.select("image_sha256").distinct().join(hashes, "image_sha256")
    placed = batch.txn.others("mella").select("image_sha256", "cluster_id", "split")
    placed = placed.groupBy("image_sha256").agg(
        F.min("cluster_id").alias("cluster_id"), F.min("split").alias("split")
    )
    old = placed.join(hashes, "image_sha256").select("image_sha256", "phash", "cluster_id", "split")
    assigned = assign(
        [tuple(row) for row in new.collect()],
        [tuple(row) for row in old.collect()],
        settings.max_hash_distance,
        split_shares(settings),
        settings.seed,
    )
    return batch.lake.spark.createDataFrame(
        assigned, "image_sha256 STRING, cluster_id STRING, split STRING"
    )


def split_shares(settings: AssembleSettings) -> dict[str, float]:
    """Share of picture clusters for each split; they sum to 1."""
    test = 1 - settings.train_share - settings.validation_share
    return {"train": settings.train_share, "validation": settings.validation_share, "test": test}


STAGE = Stage(NAME, "samples", source, process)
