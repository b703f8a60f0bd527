"""Captions over Arrow batches and pandas series: bytes in, one row of answer or error out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from PIL import Image

from mella_spark.images.decode import Limits, decode
from mella_spark.images.reasons import Rejected
from mella_spark.lake.schemas import arrow_schema
from mella_spark.models import Captioner, Generation, caption_key, load_captioner
from mella_spark.models.keys import captioner_name
from mella_spark.models.prompts import load_prompt
from mella_spark.settings import CaptionSettings
from udfs.batches import regroup

if TYPE_CHECKING:
    import pandas as pd

GENERATION = "text string, error string, tokens int, latency_ms double"
"""What :func:`caption_udf` and :func:`udfs.translate.translate_udf` return, as Spark's DDL."""


def caption_batches(
    batches: Iterator[pa.RecordBatch], settings: CaptionSettings, language: str = "en"
) -> Iterator[pa.RecordBatch]:
    """Caption pictures: ``image_sha256``, ``bytes``, ``warc_file`` to rows of table ``captions``.

    ``language`` is what the captioner writes in. One row comes out for each row that goes in, in
    order; what goes wrong with a picture is in its ``error``. Raises ``MellaError`` only if the
    model itself cannot be loaded.
    """
    schema = arrow_schema("captions")
    key, model = caption_key(settings), captioner_name(settings)
    prompt_sha256 = load_prompt(settings.prompt).sha256
    for batch in regroup(batches, settings.batch_size):
        answers = caption_bytes(batch.column("bytes").to_pylist(), settings)
        count = batch.num_rows
        columns = {
            "image_sha256": batch.column("image_sha256"),
            "caption_key": [key] * count,
            "text": [answer.text for answer in answers],
            "language": [language] * count,
            "model": [model] * count,
            "prompt_sha256": [prompt_sha256] * count,
            "error": [answer.error for answer in answers],
            "tokens": [answer.tokens for answer in answers],
            "latency_ms": [answer.latency_ms for answer in answers],
            "created_at": [datetime.now(UTC)] * count,
            "warc_file": batch.column("warc_file"),
        }
        yield pa.RecordBatch.from_pydict(columns, schema=schema)


def caption_udf(settings: CaptionSettings) -> Any:
    """An iterator pandas UDF over a column of picture bytes, for notebooks and SQL.

    Returns a struct of text, error, tokens and latency_ms. All errors are values.
    """
    import pandas as pd
    from pyspark.sql.functions import pandas_udf

    def caption(batches: Iterator[pd.Series]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            yield pd.DataFrame(
                [vars(answer) for answer in caption_bytes(batch.tolist(), settings)],
                columns=["text", "error", "tokens", "latency_ms"],
            )

    caption.__annotations__ = {"batches": Iterator[pd.Series], "return": Iterator[pd.DataFrame]}
    make: Any = pandas_udf  # its stubs know no iterator of frames
    return make(caption, GENERATION)


def caption_bytes(pictures: Sequence[bytes | None], settings: CaptionSettings) -> list[Generation]:
    """The core of both: one answer for each picture, in order, whatever the bytes are."""
    captioner, prompt = _captioner(settings), load_prompt(settings.prompt).text
    answers: list[Generation | None] = [None] * len(pictures)
    for start in range(0, len(pictures), settings.batch_size):
        images: dict[int, Image.Image] = {}
        for i in range(start, min(start + settings.batch_size, len(pictures))):
            try:
                images[i] = open_picture(pictures[i], settings)
            except Rejected as error:
                answers[i] = Generation(None, str(error))
        made = captioner.caption(list(images.values()), prompt)
        for i, answer in zip(images, made, strict=True):
            answers[i] = answer
    return [answer for answer in answers if answer is not None]


def open_picture(data: bytes | None, settings: CaptionSettings) -> Image.Image:
    """The picture in RGB, downscaled to ``settings.max_pixels``.

    Raises ``Rejected`` for anything that is no sound picture of a tolerable shape.
    """
    limits = Limits(max_pixels=settings.refuse_pixels)
    image = decode(bytes(data or b""), limits).image
    long, short = max(image.size), min(image.size)
    if long > short * settings.max_aspect:
        raise Rejected("extreme_aspect", f"{image.width}x{image.height}")
    shrink = (settings.max_pixels / (image.width * image.height)) ** 0.5
    if shrink >= 1:
        return image
    size = (max(1, int(image.width * shrink)), max(1, int(image.height * shrink)))
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)


@lru_cache(maxsize=1)
def _captioner(settings: CaptionSettings) -> Captioner:
    """One model a worker process, kept from task to task."""
    return load_captioner(settings)
