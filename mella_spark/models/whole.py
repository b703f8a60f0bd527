"""Captioners that do all of their work in one call, in the form that the engine asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mella_spark.models.protocols import Captioner, Generation, Prepared

if TYPE_CHECKING:
    from PIL import Image


class WholeCaptioner:
    """A captioner such as a server or vLLM, which batches by itself: only decoding runs ahead.

    See :class:`mella_spark.models.protocols.StagedCaptioner`.
    """

    def __init__(self, captioner: Captioner) -> None:
        self.captioner, self.device = captioner, captioner.device

    def image_tokens(self, width: int, height: int) -> int:
        """Not known, as 1 says."""
        return 1

    def prepare(self, images: Sequence[Image.Image], prompts: Sequence[str]) -> Prepared:
        """Nothing but the pictures."""
        return Prepared((images, prompts))

    def run(self, prepared: Prepared) -> list[Generation]:
        """The captioner's own answers."""
        images, prompts = prepared.inputs
        return self.captioner.caption(images, prompts)
