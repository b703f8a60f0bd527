"""The filter stage inside executors: pairs in, pairs with language, cultural score and fate out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import pyarrow as pa

from mella_spark.culture.score import Assessment, Assessor, make_assessor
from mella_spark.lake.schemas import arrow_schema
from mella_spark.settings import FilterSettings, LanguagesSettings, Settings

ADDED = (
    "language",
    "language_score",
    "script",
    "culture_score",
    "culture_evidence",
    "category",
    "reject_reason",
)
_PAIRS = arrow_schema("pairs")
OUTPUT_SCHEMA = pa.schema([*_PAIRS, *(arrow_schema("native_pairs").field(name) for name in ADDED)])
# What scoring reads; the rest of a pair passes through untouched, in Arrow.
_READ = (
    "alt",
    "page_url",
    "figcaption",
    "title",
    "context",
    "page_lang_declared",
    "page_language",
    "page_language_score",
    "width_declared",
    "height_declared",
)
UDF_RETURNS = (
    "culture_score double, culture_evidence array<struct<kind:string,value:string,weight:double>>,"
    " category string, reject_reason string"
)


def score_batches(
    batches: Iterator[pa.RecordBatch], settings: FilterSettings, languages: LanguagesSettings
) -> Iterator[pa.RecordBatch]:
    """Rows of OUTPUT_SCHEMA for rows of ``pairs``, in the same order and number.

    ``reject_reason`` is null where the pair is acceptable; duplicates are the stage's to find.
    """
    assessor = _assessor(settings, languages)
    for batch in batches:
        table = batch.select(_READ).to_pylist()
        assessments = [assessor.assess(row) for row in table]
        columns = [batch.column(field.name) for field in _PAIRS]
        yield pa.RecordBatch.from_arrays(
            [*columns, *(_column(name, assessments) for name in ADDED)], schema=OUTPUT_SCHEMA
        )


def culture_udf(settings: Settings) -> Any:
    """An iterator pandas UDF over a struct column of a pair, for notebooks and SQL.

    ``culture_udf(settings)(F.struct("*"))`` on ``pairs``; of its fields only ``alt`` and
    ``page_url`` are required. Returns a struct of culture_score, culture_evidence, category and
    reject_reason.
    """
    import pandas as pd
    from pyspark.sql.functions import pandas_udf

    def culture(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        assessor = _assessor(settings.filter, settings.languages)
        for batch in batches:
            read = batch[[name for name in _READ if name in batch]].astype(object)
            rows: list[Any] = read.where(read.notna(), None).to_dict("records")
            assessments = [assessor.assess(row) for row in rows]
            yield pd.DataFrame(
                [
                    (
                        a.culture_score,
                        [item._asdict() for item in a.culture_evidence],
                        a.category,
                        a.reject_reason,
                    )
                    for a in assessments
                ],
                columns=["culture_score", "culture_evidence", "category", "reject_reason"],
            )

    culture.__annotations__ = {
        "batches": Iterator[pd.DataFrame],
        "return": Iterator[pd.DataFrame],
    }
    return pandas_udf(culture, UDF_RETURNS)  # type: ignore[call-overload]


@lru_cache(maxsize=4)
def _assessor(settings: FilterSettings, languages: LanguagesSettings) -> Assessor:
    """One a process: gazetteers and models stay loaded between batches and calls."""
    return make_assessor(settings, languages.targets)


def _column(name: str, assessments: list[Assessment]) -> pa.Array:
    type_ = OUTPUT_SCHEMA.field(name).type
    if name == "culture_evidence":
        values = [[item._asdict() for item in a.culture_evidence] for a in assessments]
        return pa.array(values, type=type_)
    return pa.array([getattr(a, name) for a in assessments], type=type_)
