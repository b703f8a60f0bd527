"""``images`` → ``captions``: what is seen, in the pivot language, once a picture."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mella_spark.lake.schemas import spark_schema
from mella_spark.lake.tables import Lake
from mella_spark.settings import Settings
from mella_spark.stages.stream import Batch, Stage, count_reasons, error_kind, fail_above

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

NAME = "caption"


def key(settings: Settings) -> str:
    """Names the checkpoint: another model or prompt captions all pictures anew."""
    from mella_spark.models import caption_key

    return caption_key(settings.caption)[:16]


def source(lake: Lake, settings: Settings) -> DataFrame:
    """New pictures: the one row of each that holds its bytes."""
    images = lake.stream("images", settings.lake.files_per_commit)
    return images.where("bytes IS NOT NULL").select("image_sha256", "bytes", "warc_file")


def process(batch: Batch) -> None:
    """Captions the pictures that this model and prompt have not captioned yet."""
    from pyspark.sql import functions as F

    from mella_spark.models import caption_key
    from udfs.caption import caption_batches

    if not batch.txn.committed("captions"):
        mine = F.col("caption_key") == caption_key(batch.settings.caption)
        known = batch.txn.others("captions").where(mine).select("image_sha256")
        captions = (
            batch.rows.join(known, "image_sha256", "left_anti")
            .repartition(batch.settings.lake.shuffle_partitions, "image_sha256")
            .mapInArrow(
                partial(
                    caption_batches,
                    settings=batch.settings.caption,
                    language=batch.settings.languages.pivot,
                ),
                spark_schema("captions"),
            )
            .persist()
        )
        try:
            fail_above(captions, batch.settings.caption.max_error_rate, NAME)
            batch.txn.append("captions", captions)
        finally:
            captions.unpersist()
    done = batch.txn.own("captions")
    batch.txn.append("ledger", count_reasons(done, NAME, "warc_file", error_kind(F.col("error"))))


STAGE = Stage(
    NAME,
    "pictures",
    source,
    process,
    rows_per_file=lambda settings: settings.translate.batch_texts,
    key=key,
)
