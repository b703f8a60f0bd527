"""``captions`` → ``translations``: every caption in every target language, each row checked."""

from __future__ import annotations

import hashlib
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from mella_spark.lake.schemas import spark_schema
from mella_spark.lake.tables import Lake
from mella_spark.models.work import COLUMN, add_up, spark_type, to_history
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

    if not batch.txn.committed("translations"):
        _translate(batch)
    done = batch.txn.own("translations")
    batch.txn.append("ledger", count_reasons(done, NAME, "warc_file", error_kind(F.col("error"))))


def _translate(batch: Batch) -> None:
    from pyspark.sql import functions as F

    from mella_spark.models import translate_key
    from udfs.translate import translate_batches

    settings, translate = batch.settings, batch.settings.translate
    targets = F.array(*[F.lit(language) for language in settings.languages.targets])
    wanted = batch.rows.select(
        "image_sha256", "caption_key", "text", F.explode(targets).alias("language"), "warc_file"
    )
    known = batch.txn.others("translations").where(F.col("model") == model_name(settings))
    columns = ["image_sha256", "caption_key", "language"]
    ask = partial(
        translate_batches, settings=translate, source=settings.languages.pivot, with_work=True
    )
    placement = place(batch.lake.spark, translate, settings.lake.shuffle_partitions)
    begin = perf_counter()
    translations = (
        wanted.join(known.select(*columns), columns, "left_anti")
        .repartition(placement.partitions, "image_sha256")
        .sortWithinPartitions("language", "text")
        .mapInArrow(
            ask,
            f"{spark_schema('translations')}, `{COLUMN}` {spark_type()}",
            profile=placement.profile,
        )
        .persist()
    )
    try:
        fail_above(translations, translate.max_error_rate, NAME)  # runs the model, keeps the rows
        seconds = perf_counter() - begin
        name, work = model_name(settings), add_up(translations)
        told = to_history(NAME, translate_key(translate), name, seconds, work)
        batch.txn.append("translations", translations, told)
    finally:
        translations.unpersist()


def model_name(settings: Settings) -> str:
    """What the ``model`` column of the rows made with ``settings`` holds."""
    from mella_spark.models import translator_name

    return translator_name(settings.translate)


STAGE = Stage(
    NAME, "translations", source, process, rows_per_file=lambda settings: 100_000, key=key
)
