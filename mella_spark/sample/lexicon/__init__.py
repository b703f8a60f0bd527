"""One module a language: how the sample web's things are described and named in it."""

from __future__ import annotations

from mella_spark.sample.lexicon.base import Language, Motif, Noun
from mella_spark.sample.lexicon.en import ENGLISH

LANGUAGES: dict[str, Language] = {
    language.code: language for language in (ENGLISH,)
}

__all__ = ["LANGUAGES", "Language", "Motif", "Noun"]
