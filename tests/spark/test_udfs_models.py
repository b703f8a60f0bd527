"""Captions and translations inside Spark: in notebooks (pandas UDFs) and in stages (Arrow)."""

from __future__ import annotations

import io
import random
from functools import partial

import pytest
from PIL import Image
from pyspark.sql import functions as F

from mella_spark.lake.schemas import spark_schema
from mella_spark.models import caption_key
from mella_spark.sample.draw import draw
from mella_spark.sample.scenes import random_scene
from udfs import caption_udf, register, translate_udf
from udfs.caption import caption_batches


def _png(image: Image.Image) -> bytes:
    packed = io.BytesIO()
    image.save(packed, "PNG")
    return packed.getvalue()


@pytest.fixture(scope="module")
def images(spark):
    rng = random.Random(2)
    contents = [_png(draw(random_scene(rng), 96, i)) for i in range(3)] + [b"no picture"]
    rows = [(f"{i:064x}", bytearray(data), "a.warc.gz") for i, data in enumerate(contents)]
    return spark.createDataFrame(rows, "image_sha256 string, bytes binary, warc_file string")


def test_udfs_for_notebooks(spark, settings, images):
    captions = images.withColumn("caption", caption_udf(settings.caption)("bytes"))
    rows = captions.orderBy("image_sha256").collect()
    assert [row.caption.error for row in rows[:3]] == [None] * 3
    assert rows[3].caption.text is None
    assert rows[3].caption.error.startswith("not_image")
    translated = (
        spark.createDataFrame([(row.caption.text,) for row in rows], "text string")
        .withColumn("made", translate_udf(settings.translate)("text", F.lit("ko")))
        .collect()
    )
    assert all("니다" in row.made.text for row in translated if row.text is not None)
    assert [row.made.error for row in translated if row.text is None] == [
        "empty: no text to translate"
    ]


def test_models_are_known_to_sql_by_name(spark, settings, images):
    register(spark, settings)
    images.createOrReplaceTempView("sql_pictures")
    rows = spark.sql(
        """
        SELECT image_sha256, made.text, made.error, made.device,
               translate_udf(made.text, 'ko') AS korean
        FROM (SELECT image_sha256, caption_udf(bytes) AS made FROM sql_pictures)
        ORDER BY image_sha256
        """
    ).collect()
    assert len(rows) == 4
    notebook = images.select("image_sha256", caption_udf(settings.caption)("bytes").alias("made"))
    texts = {row.image_sha256: row.made.text for row in notebook.collect()}
    assert {row.image_sha256: row.text for row in rows} == texts
    assert all("니다" in row.korean.text and row.korean.passed for row in rows[:3])
    assert rows[3].error.startswith("not_image")
    assert rows[3].korean.error == "empty: no text to translate"
    kinds = dict(spark.sql("SELECT caption_udf(bytes) AS made FROM sql_pictures").dtypes)["made"]
    assert kinds.startswith("struct<text:string,error:string,tokens:int")


def test_the_stage_and_the_notebook_say_the_same(settings, images):
    stage = images.mapInArrow(
        partial(caption_batches, settings=settings.caption), spark_schema("captions")
    )
    notebook = images.select("image_sha256", caption_udf(settings.caption)("bytes").alias("made"))
    rows = stage.join(notebook, "image_sha256").collect()
    assert len(rows) == 4
    assert all(row.text == row.made.text and row.error == row.made.error for row in rows)
    assert {row.caption_key for row in rows} == {caption_key(settings.caption)}
