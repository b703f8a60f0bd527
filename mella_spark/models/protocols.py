"""What the stages know of a model: two verbs and one kind of answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from PIL import Image

FinishReason = Literal["stop", "length"]


@dataclass(frozen=True)
class Generation:
    """One answer of a model: ``text`` or ``error`` (``"Type: message"``), never both.

    ``tokens`` generated, the end token included; ``latency_ms`` is the answer's share of the time
    its batch took, in milliseconds. ``finish_reason`` is ``stop`` where the model ended by itself
    and ``length`` where it was cut off, None where that is not known. ``batch_size`` counts the
    inputs answered together; ``device`` is where (``cuda:0``, ``cpu``, or a server's address).
    """

    text: str | None
    error: str | None = None
    tokens: int = 0
    latency_ms: float = 0.0
    finish_reason: FinishReason | None = None
    batch_size: int = 0
    device: str | None = None


class Answer(NamedTuple):
    """What a model said to one input of a batch; ``error`` where this one answer is of no use."""

    text: str | None
    tokens: int
    finish_reason: FinishReason | None = None
    error: str | None = None


@dataclass(frozen=True)
class Prepared:
    """Inputs of one batch, ready for a model to run.

    ``inputs`` is the model's own affair. ``positions`` are the tokens of the prompts as padded,
    ``useful`` those that are no padding, and ``nbytes`` the memory that ``inputs`` takes.
    """

    inputs: Any
    positions: int = 0
    useful: int = 0
    nbytes: int = 0


class Captioner(Protocol):
    """Says what pictures show."""

    device: str

    def caption(
        self, images: Sequence[Image.Image], prompts: Sequence[str] | str
    ) -> list[Generation]:
        """One answer for each picture, in order; a failure is an answer with an error.

        ``prompts`` are one for each picture, or a single one for all.
        """
        ...


@runtime_checkable
class StagedCaptioner(Protocol):
    """A captioner whose work is split, so that the next batch is made ready while one runs.

    ``prepare`` may be called by several threads at once, ``run`` by one. Both may raise whatever
    they like: who calls them recovers (:mod:`mella_spark.models.recovery`).
    """

    device: str

    def image_tokens(self, width: int, height: int) -> int:
        """Positions that a picture of so many pixels takes in the prompt, as far as is known."""
        ...

    def prepare(self, images: Sequence[Image.Image], prompts: Sequence[str]) -> Prepared:
        """Everything that needs no GPU."""
        ...

    def run(self, prepared: Prepared) -> Sequence[Answer | Generation]:
        """One answer for each picture, in order."""
        ...


class Translator(Protocol):
    """Puts texts in another language; ``source`` and ``target`` are ISO 639-1 codes."""

    device: str

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[Generation]:
        """One answer for each text, in order; a failure is an answer with an error."""
        ...
