"""Captioners and translators: any model of the hub or a folder, or the small ones shipped here.

Nothing heavy is imported before a model is loaded.
"""

from mella_spark.models.keys import caption_key, translate_key, translator_name
from mella_spark.models.loading import load_captioner, load_translator
from mella_spark.models.protocols import Captioner, Generation, Translator

__all__ = [
    "Captioner",
    "Generation",
    "Translator",
    "caption_key",
    "load_captioner",
    "load_translator",
    "translate_key",
    "translator_name",
]
