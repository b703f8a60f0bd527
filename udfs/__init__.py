"""Functions that run inside executors over Arrow and pandas batches, thin around the pure core.

For notebooks and SQL: ``caption_udf``, ``translate_udf``, ``language_udf``, ``culture_udf``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from mella_spark.settings import Settings

_HOMES = {
    "caption_udf": "udfs.caption",
    "translate_udf": "udfs.translate",
    "language_udf": "udfs.language",
    "culture_udf": "udfs.culture",
}

__all__ = ["caption_udf", "culture_udf", "language_udf", "register", "translate_udf"]


def register(spark: SparkSession, settings: Settings) -> None:
    """Make the models known to SQL: ``caption_udf(bytes)``, ``translate_udf(text, language)``.

    Each returns a struct of text, error and what else is known of an answer.
    """
    from udfs.caption import caption_udf
    from udfs.translate import translate_udf

    spark.udf.register("caption_udf", caption_udf(settings.caption))
    source = settings.languages.pivot
    spark.udf.register("translate_udf", translate_udf(settings.translate, source))


def __getattr__(name: str) -> Any:
    """Import a UDF when it is asked for: an executor loads only what it runs."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
