"""A captioner without weights, whose answers and failures are known: for tests only."""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image

from mella_spark.models.engine import Question
from mella_spark.models.protocols import Answer, Prepared

PATCH = 8


class FakeCaptioner:
    """Says the size and mean colour of a picture; fails above limits on items, tokens, pixels.

    ``calls`` are the sizes of the batches that it answered, ``failures`` those that did not fit.
    """

    device = "cpu"

    def __init__(self, items: float = 1e9, tokens: float = 1e9, pixels: float = 1e9) -> None:
        self.items, self.tokens, self.pixels = items, tokens, pixels
        self.calls: list[int] = []
        self.lengths: list[list[int]] = []
        self.failures: list[int] = []
        self.failing = True
        self.threads: set[str] = set()

    def image_tokens(self, width: int, height: int) -> int:
        return 1 + width * height // PATCH**2

    def prepare(self, images: Sequence[Image.Image], prompts: Sequence[str]) -> Prepared:
        self.threads.add(threading.current_thread().name)
        if "fail to prepare" in prompts:
            raise ValueError("an odd prompt")
        lengths = [self.image_tokens(*image.size) for image in images]
        padded = len(images) * max(lengths)
        return Prepared((images, prompts, lengths), padded, sum(lengths), 8 * padded)

    def run(self, prepared: Prepared) -> list[Answer]:
        images, prompts, lengths = prepared.inputs
        if self.failing and (
            len(images) > self.items
            or len(images) * max(lengths) > self.tokens
            or max(image.width * image.height for image in images) > self.pixels
        ):
            self.failures.append(len(images))
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        self.calls.append(len(images))
        self.lengths.append(lengths)
        return [self._say(image, prompt) for image, prompt in zip(images, prompts, strict=True)]

    def _say(self, image: Image.Image, prompt: str) -> Answer:
        if prompt == "say nothing":
            return Answer(None, 1, "stop", "EmptyAnswer: nothing")
        colour = np.asarray(image).reshape(-1, 3).mean(0).round(1).tolist()
        return Answer(f"{prompt} {image.width}x{image.height} {colour}", 3, "stop")


def picture(width: int, height: int, seed: int = 0) -> bytes:
    """A PNG of one colour."""
    colour = tuple(np.random.default_rng(seed).integers(0, 256, 3).tolist())
    packed = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(packed, "PNG")
    return packed.getvalue()


def questions(sizes: Sequence[tuple[int, int]], prompt: str = "what?") -> list[Question]:
    """One question for each size, each picture of its own colour."""
    return [Question(picture(*size, seed), prompt) for seed, size in enumerate(sizes)]
