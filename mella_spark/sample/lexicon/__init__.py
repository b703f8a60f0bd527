"""One module a language: how the sample web's things are described and named in it."""

from __future__ import annotations

from mella_spark.sample.lexicon.ar import ARABIC
from mella_spark.sample.lexicon.base import Language, Motif, Noun
from mella_spark.sample.lexicon.cs import CZECH
from mella_spark.sample.lexicon.en import ENGLISH
from mella_spark.sample.lexicon.hu import HUNGARIAN
from mella_spark.sample.lexicon.ko import KOREAN
from mella_spark.sample.lexicon.ru import RUSSIAN
from mella_spark.sample.lexicon.sr import SERBIAN
from mella_spark.sample.lexicon.th import THAI
from mella_spark.sample.lexicon.vi import VIETNAMESE

_ALL = (ENGLISH, ARABIC, CZECH, HUNGARIAN, KOREAN, RUSSIAN, SERBIAN, THAI, VIETNAMESE)

LANGUAGES: dict[str, Language] = {language.code: language for language in _ALL}

__all__ = ["LANGUAGES", "Language", "Motif", "Noun"]
