"""``captions`` → ``translations``: every caption in every target language, each row checked."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

from mella_spark.lake.schemas import spark_schema
from mella_spark.lake.tables import Lake
from mella_spark.scheduling import place
from mella_spark.settings import Settings
from mella_spark.stages.stream import Batch, Stage, count_reasons, error_kind, fail_above

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

NAME = "translate"


def key(settings: Settings) -> str:
    """Names the checkpoint: another model or set of languages translates all captions anew."""
    from mella_spark.models import translate_key

    parts = (translate_key(settings.translate), *settings.languages.targets)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def source(lake: Lake, settings: Settings) -> DataFrame:
    """New captions that are not errors."""
    return lake.stream("captions", settings.lake.files_per_commit).where("error IS NULL")


def process(batch: Batch) -> None:
    """Translates into the target languages; a bad translation is a row with its checks."""
    from pyspark.sql import functions as F

    from udfs.translate import translate_batches

    if not batch.txn.committed("translations"):
        settings = batch.settings
        targets = F.array(*[F.lit(language) for language in settings.languages.targets])
        wanted = batch.rows.select(
            "image_sha256",
            "caption_key",
            "text",
            F.explode(targets).alias("language"),
            "warc_file",
        )
        known = batch.txn.others("translations").where(F.col("model") == model_name(settings))
        columns = ["image_sha256", "caption_key", "language"]
        placement = place(batch.lake.spark, settings.translate, settings.lake.shuffle_partitions)
        translations = (
            wanted.join(known.select(*columns), columns, "left_anti")
            .repartition(placement.partitions, "image_sha256")
            .sortWithinPartitions("language", "text")
            .mapInArrow(
                partial(
                    translate_batches,
                    settings=settings.translate,
                    source=settings.languages.pivot,
                ),
                spark_schema("translations"),
                profile=placement.profile,
            )
            .persist()
        )
        try:
            fail_above(translations, settings.translate.max_error_rate, NAME)
            batch.txn.append("translations", translations)
        finally:
            translations.unpersist()
    done = batch.txn.own("translations")
    batch.txn.append("ledger", count_reasons(done, NAME, "warc_file", error_kind(F.col("error"))))


def model_name(settings: Settings) -> str:
    """What the ``model`` column of the rows made with ``settings`` holds."""
    from mella_spark.models import translator_name

    return translator_name(settings.translate)


STAGE = Stage(
    NAME, "translations", source, process, rows_per_file=lambda settings: 100_000, key=key
)
