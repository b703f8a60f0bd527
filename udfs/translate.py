"""Translations over Arrow batches and pandas series: a caption in, one checked row out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mella_spark.errors import MellaError
from mella_spark.lake.schemas import arrow_schema
from mella_spark.models import Generation, Translator, load_translator, translator_name
from mella_spark.models.checks import check
from mella_spark.models.recovery import describe
from mella_spark.settings import TranslateSettings
from mella_spark.text.profiles import Language, load_languages
from udfs.batches import regroup

if TYPE_CHECKING:
    import pandas as pd

_FULL_BATCHES = 8
"""Rows are gathered for so many batches, so that a batch of each language is full."""


def translate_batches(
    batches: Iterator[pa.RecordBatch], settings: TranslateSettings, source: str = "en"
) -> Iterator[pa.RecordBatch]:
    """Translate captions: ``image_sha256``, ``caption_key``, ``text``, ``language``, ``warc_file``
    to rows of table ``translations``.

    ``language`` is the target of each row and ``source`` the language of all texts (ISO 639-1).
    One row comes out for each that goes in, in order; what goes wrong with one is in its
    ``error``. Raises ``MellaError`` only if the model itself cannot be loaded.
    """
    schema = arrow_schema("translations")
    model = translator_name(settings)
    for batch in regroup(batches, settings.batch_size * _FULL_BATCHES):
        texts = batch.column("text").to_pylist()
        targets = batch.column("language").to_pylist()
        answers = translate_texts(texts, targets, settings, source)
        columns = {
            "image_sha256": batch.column("image_sha256"),
            "caption_key": batch.column("caption_key"),
            "language": targets,
            "text": [answer.text for answer in answers],
            "model": [model] * batch.num_rows,
            "checks": [
                None if answer.text is None else _checks(answer.text, text, target, settings)
                for answer, text, target in zip(answers, texts, targets, strict=True)
            ],
            "error": [answer.error for answer in answers],
            "created_at": [datetime.now(UTC)] * batch.num_rows,
            "warc_file": batch.column("warc_file"),
        }
        yield pa.RecordBatch.from_pydict(columns, schema=schema)


def translate_udf(settings: TranslateSettings, source: str = "en") -> Any:
    """An iterator pandas UDF over the columns (text, target language), for notebooks and SQL.

    Returns a struct of text, error, tokens and latency_ms. All errors are values.
    """
    import pandas as pd
    from pyspark.sql.functions import pandas_udf

    def translate(batches: Iterator[tuple[pd.Series, pd.Series]]) -> Iterator[pd.DataFrame]:
        for texts, targets in batches:
            answers = translate_texts(texts.tolist(), targets.tolist(), settings, source)
            yield pd.DataFrame(
                [vars(answer) for answer in answers],
                columns=["text", "error", "tokens", "latency_ms"],
            )

    translate.__annotations__ = {
        "batches": Iterator[tuple[pd.Series, pd.Series]],
        "return": Iterator[pd.DataFrame],
    }
    make: Any = pandas_udf  # its stubs know no iterator of frames
    return make(translate, "text string, error string, tokens int, latency_ms double")


def translate_texts(
    texts: Sequence[str | None],
    targets: Sequence[str | None],
    settings: TranslateSettings,
    source: str = "en",
) -> list[Generation]:
    """The core of both: one answer for each text, in order, each in its own language."""
    translator = _translator(settings)
    answers = [Generation(None, "empty: no text to translate")] * len(texts)
    wanted: dict[str, list[tuple[int, str]]] = {}
    for i, (text, target) in enumerate(zip(texts, targets, strict=True)):
        if text and text.strip() and target:
            wanted.setdefault(target, []).append((i, text))
    for target, rows in wanted.items():
        for (i, _), answer in zip(
            rows, _translate(translator, [text for _, text in rows], source, target), strict=True
        ):
            answers[i] = answer
    return answers


def _translate(
    translator: Translator, texts: list[str], source: str, target: str
) -> list[Generation]:
    try:
        return translator.translate(texts, source, target)
    except MellaError as error:  # a language the model does not know fails its own rows alone
        return [Generation(None, describe(error))] * len(texts)


def _checks(
    text: str, origin: str, target: str, settings: TranslateSettings
) -> dict[str, Any] | None:
    profile = _languages().get(target)
    return None if profile is None else asdict(check(text, origin, profile, settings))


@lru_cache(maxsize=1)
def _languages() -> dict[str, Language]:
    return load_languages()


@lru_cache(maxsize=1)
def _translator(settings: TranslateSettings) -> Translator:
    """One model a worker process, kept from task to task."""
    return load_translator(settings)
