"""Language fidelity: whether an answer is in the language it was asked for in."""

from __future__ import annotations

from mella_spark.text.language import identify
from mella_spark.text.model import SHIPPED

SAME_IN_LATIN_SCRIPT = {"sr": frozenset({"bs", "hr"})}
"""Standards that no identifier tells apart in short Latin texts, and that count as the key."""


def is_in_language(text: str, language: str, model: str = SHIPPED) -> bool:
    """Whether ``text`` is most probably in ``language`` (ISO 639-1); a text without letters never.

    ``model`` is a fastText model, as in the setting ``filter.language_model``.
    """
    found, _ = identify(text, model)
    return found == language or found in SAME_IN_LATIN_SCRIPT.get(language, ())
