"""``images`` → ``captions``: what is seen, in the pivot language, once a picture."""

from __future__ import annotations

from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from mella_spark.errors import StageError
from mella_spark.lake.schemas import spark_schema
from mella_spark.lake.tables import Lake
from mella_spark.models.prompts import Prompt, load_prompt
from mella_spark.models.work import COLUMN, add_up, spark_type, to_history
from mella_spark.scheduling import place
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
    return images.where("bytes IS NOT NULL").select(
        "image_sha256", "bytes", "image_url", "warc_file"
    )


def process(batch: Batch) -> None:
    """Captions the pictures that this model and prompt have not captioned yet."""
    from pyspark.sql import functions as F

    if not batch.txn.committed("captions"):
        _caption(batch)
    done = batch.txn.own("captions")
    batch.txn.append("ledger", count_reasons(done, NAME, "warc_file", error_kind(F.col("error"))))


def _caption(batch: Batch) -> None:
    from pyspark.sql import functions as F

    from mella_spark.models import caption_key
    from mella_spark.models.keys import captioner_name
    from udfs.caption import caption_batches

    settings = batch.settings.caption
    name, prompt = caption_key(settings), load_prompt(settings.prompt)
    known = batch.txn.others("captions").where(F.col("caption_key") == name)
    new = batch.rows.join(known.select("image_sha256"), "image_sha256", "left_anti")
    ask = partial(
        caption_batches,
        settings=settings,
        language=batch.settings.languages.pivot,
        prompt=prompt,
        key=name,
        with_work=True,
    )
    placement = place(batch.lake.spark, settings, batch.settings.lake.shuffle_partitions)
    schema = f"{spark_schema('captions')}, `{COLUMN}` {spark_type()}"
    begin = perf_counter()
    captions = (
        with_texts(new, prompt, batch.lake)
        .repartition(placement.partitions, "image_sha256")
        .mapInArrow(ask, schema, profile=placement.profile)
        .persist()
    )
    try:
        check_errors(captions, known, settings.max_error_rate)  # runs the model, and keeps the rows
        seconds = perf_counter() - begin
        told = to_history(NAME, name, captioner_name(settings), seconds, add_up(captions))
        batch.txn.append("captions", captions, told)
    finally:
        captions.unpersist()


def with_texts(rows: DataFrame, prompt: Prompt, lake: Lake) -> DataFrame:
    """``rows`` with ``context`` and ``alt`` of the first kept pair of each picture, if the prompt
    draws on them."""
    from pyspark.sql import functions as F

    if not prompt.fields:
        return rows
    texts = F.struct(*sorted(prompt.fields))
    pairs = lake.read("native_pairs").where("kept").groupBy("image_url")
    first = pairs.agg(F.min_by(texts, "pair_id").alias("texts"))
    return rows.join(first, "image_url", "left").select(rows["*"], "texts.*")


def check_errors(captions: DataFrame, known: DataFrame, max_error_rate: float) -> None:
    """Raises ``StageError`` where too many of all captions made in this way are errors.

    The new ones alone may be few, of which a share says little: then the earlier ones count too.
    """
    try:
        fail_above(captions, max_error_rate, NAME)
    except StageError:
        both = captions.select("error").unionByName(known.select("error"))
        fail_above(both, max_error_rate, NAME)


STAGE = Stage(
    NAME,
    "pictures",
    source,
    process,
    rows_per_file=lambda settings: settings.translate.batch_texts,
    key=key,
)
