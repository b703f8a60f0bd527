"""Translations over Arrow batches and pandas series: a caption in, one checked row out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mella_spark.lake.schemas import arrow_schema
from mella_spark.models import Translator, load_translator, resident, translator_name
from mella_spark.models.devices import task_place
from mella_spark.models.loading import load_estimator
from mella_spark.models.quality import Estimator
from mella_spark.models.timed import TimedTranslator
from mella_spark.models.translation import EMPTY, Translation, translate_rows
from mella_spark.models.work import COLUMN, Work, arrow_type, column
from mella_spark.settings import TranslateSettings
from udfs.batches import regroup

if TYPE_CHECKING:
    import pandas as pd

_FULL_BATCHES = 8
"""Rows are gathered for so many batches, so that a batch of each language is full."""

RETURNS = (
    "text string, error string, tokens int, latency_ms double, finish_reason string, "
    "attempts int, passed boolean, quality double"
)


def translate_batches(
    batches: Iterable[pa.RecordBatch],
    settings: TranslateSettings,
    source: str = "en",
    *,
    with_work: bool = False,
) -> Iterator[pa.RecordBatch]:
    """Translate captions: ``image_sha256``, ``caption_key``, ``text``, ``language``, ``warc_file``
    to rows of table ``translations``.

    ``language`` is the target of each row and ``source`` the language of all texts (ISO 639-1).
    One row comes out for each that goes in, in order; what goes wrong with one is in its
    ``error``. ``with_work`` adds a column that says what the rows cost
    (:mod:`mella_spark.models.work`). Raises ``MellaError`` only if the model itself cannot be
    loaded, and loads none where there is nothing to translate.
    """
    schema = arrow_schema("translations")
    if with_work:
        schema = schema.append(pa.field(COLUMN, arrow_type()))
    work = Work()
    begin = perf_counter()
    model = translator_name(settings)
    for batch in regroup(iter(batches), settings.batch_size * _FULL_BATCHES):
        targets = batch.column("language").to_pylist()
        made = translate_texts(batch.column("text").to_pylist(), targets, settings, source, work)
        columns: dict[str, Any] = {
            "image_sha256": batch.column("image_sha256"),
            "caption_key": batch.column("caption_key"),
            "language": targets,
            "text": [row.text for row in made],
            "model": [model] * batch.num_rows,
            "checks": [None if row.checks is None else asdict(row.checks) for row in made],
            "quality": [row.quality for row in made],
            "attempts": [row.attempts for row in made],
            "tokens": [row.tokens for row in made],
            "latency_ms": [row.latency_ms for row in made],
            "finish_reason": [row.finish_reason for row in made],
            "batch_size": [row.batch_size for row in made],
            "device": [row.device for row in made],
            "error": [row.error for row in made],
            "created_at": [datetime.now(UTC)] * batch.num_rows,
            "warc_file": batch.column("warc_file"),
        }
        if with_work:
            work.inputs += batch.num_rows
            work.errors += sum(row.error is not None for row in made)
            now = perf_counter()
            # Loading has its own place, and is no time in which the model could have worked.
            work.wall_s, begin = now - begin - work.load_s, now
            columns[COLUMN] = column(work.take(), batch.num_rows)
        yield pa.RecordBatch.from_pydict(columns, schema=schema)


def translate_udf(settings: TranslateSettings, source: str = "en") -> Any:
    """An iterator pandas UDF over the columns (text, target language), for notebooks and SQL.

    Returns a struct of text, error, tokens, latency_ms, finish_reason, attempts, passed (whether
    all checks passed) and quality. All errors are values.
    """
    import pandas as pd
    from pyspark.sql.functions import pandas_udf

    def translate(batches: Iterator[tuple[pd.Series, pd.Series]]) -> Iterator[pd.DataFrame]:
        for texts, targets in batches:
            made = translate_texts(texts.tolist(), targets.tolist(), settings, source)
            yield pd.DataFrame(
                [
                    (
                        row.text,
                        row.error,
                        row.tokens,
                        row.latency_ms,
                        row.finish_reason,
                        row.attempts,
                        row.passed,
                        row.quality,
                    )
                    for row in made
                ],
                columns=[field.split()[0] for field in RETURNS.split(", ")],
            )

    translate.__annotations__ = {
        "batches": Iterator[tuple[pd.Series, pd.Series]],
        "return": Iterator[pd.DataFrame],
    }
    make: Any = pandas_udf  # its stubs know no iterator of frames
    return make(translate, RETURNS)


def translate_texts(
    texts: Sequence[str | None],
    targets: Sequence[str | None],
    settings: TranslateSettings,
    source: str = "en",
    work: Work | None = None,
) -> list[Translation]:
    """The core of both: one answer for each text, in order, each in its own language.

    What it cost is added to ``work``.
    """
    if not any(text and text.strip() for text in texts):
        return [Translation(None, EMPTY)] * len(texts)
    work = Work() if work is None else work
    with _models(settings, work) as (translator, estimator):
        timed = TimedTranslator(translator, work)
        return translate_rows(texts, targets, timed, settings, source, estimator)


@contextmanager
def _models(
    settings: TranslateSettings, work: Work
) -> Iterator[tuple[Translator, Estimator | None]]:
    """The translator and the judge of a worker process and device, kept from task to task."""
    begin = perf_counter()
    # Spark may hand the next task of this process another GPU; a server has its own.
    key = (settings, None if settings.backend == "openai" else task_place(settings.device))
    idle = settings.idle_seconds
    with (
        resident.lease("translate", key, partial(load_translator, settings), idle) as translator,
        resident.lease("quality", key, partial(load_estimator, settings), idle) as estimator,
    ):
        work.load_s += perf_counter() - begin
        yield translator, estimator
