"""What the stages know of a model: two verbs and one kind of answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class Generation:
    """One answer of a model: ``text`` or ``error`` (``"Type: message"``), never both.

    ``tokens`` generated, the end token included; ``latency_ms`` is the answer's share of the time
    its batch took, in milliseconds.
    """

    text: str | None
    error: str | None = None
    tokens: int = 0
    latency_ms: float = 0.0


class Captioner(Protocol):
    """Says what pictures show."""

    def caption(self, images: Sequence[Image.Image], prompt: str) -> list[Generation]:
        """One answer for each picture, in order; a failure is an answer with an error."""
        ...


class Translator(Protocol):
    """Puts texts in another language; ``source`` and ``target`` are ISO 639-1 codes."""

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[Generation]:
        """One answer for each text, in order; a failure is an answer with an error."""
        ...
