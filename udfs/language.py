"""The language of alts as a column function, for notebooks and SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mella_spark.settings import Settings
from mella_spark.text.language import LanguageDecision, identify_alt

RETURNS = "language string, score double, script string"


def language_udf(settings: Settings) -> Any:
    """An iterator pandas UDF: ``language_udf(settings)("alt", "page_language")``.

    Returns a struct of language (ISO 639-1, ``und`` where there is none), score (0 to 1) and script
    (ISO 15924). The page's language may be null. Null alts give ``und``.
    """
    import pandas as pd
    from pyspark.sql.functions import pandas_udf

    def language(batches: Iterator[tuple[pd.Series, pd.Series]]) -> Iterator[pd.DataFrame]:
        for alts, pages in batches:
            decisions = decide_languages(alts.tolist(), pages.tolist(), settings)
            yield pd.DataFrame(
                [(d.language, d.score, d.script) for d in decisions],
                columns=["language", "score", "script"],
            )

    language.__annotations__ = {
        "batches": Iterator[tuple[pd.Series, pd.Series]],
        "return": Iterator[pd.DataFrame],
    }
    return pandas_udf(language, RETURNS)  # type: ignore[call-overload]


def decide_languages(
    alts: Sequence[str | None], pages: Sequence[str | None], settings: Settings
) -> list[LanguageDecision]:
    """The core: one decision for each alt, in order, given the language of its page if known."""
    return [
        identify_alt(
            alt or "",
            page or None,
            targets=settings.languages.targets,
            model=settings.filter.language_model,
        )
        for alt, page in zip(alts, pages, strict=True)
    ]
