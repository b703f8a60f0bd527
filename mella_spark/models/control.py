"""A model's own control tokens, taken out of texts that users and web pages wrote.

:mod:`mella_spark.models.prompts` makes web text harmless for models in general. Here the loaded
tokenizer says which strings it reads as commands, whatever they look like.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from mella_spark.models.prompts import neutralise

_ROUNDS = 8


def control_tokens(tokenizer: Any) -> frozenset[str]:
    """Strings that the tokenizer reads as a single special token."""
    added = getattr(tokenizer, "added_tokens_decoder", None) or {}
    special = {token.content for token in added.values() if token.special}
    return frozenset(special.union(getattr(tokenizer, "all_special_tokens", ())))


def guard(tokens: Iterable[str]) -> Callable[[str], str]:
    """A function that breaks up each of ``tokens`` in a text, so that none is left in it."""
    known = sorted((token for token in tokens if token.strip()), key=len, reverse=True)
    if not known:
        return lambda text: text
    pattern = re.compile("|".join(map(re.escape, known)))

    def guarded(text: str) -> str:
        # Breaking up one token can bring another into being at its edges.
        for _ in range(_ROUNDS):
            if not pattern.search(text):
                return text
            text = pattern.sub(_broken, text)
        while pattern.search(text):  # cutting out shortens the text, so this ends
            text = pattern.sub("", text)
        return text

    def _broken(match: re.Match[str]) -> str:
        for plain in (neutralise(match[0]), " ".join(match[0])):
            if not pattern.search(plain):
                return plain
        return ""

    return guarded
