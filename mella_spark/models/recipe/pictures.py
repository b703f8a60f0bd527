"""Freshly drawn training pictures: every scene and every picture is seen once."""

import io
import random
from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, IterableDataset

from mella_spark.models.recipe.scenes import scenes
from mella_spark.sample.draw import draw
from mella_spark.sample.scenes import Scene

SIZE = 96
"""Side of the captioner's input, pixels."""
_DRAWN = (128, 192, 256)
"""Sides the pictures are drawn at before they shrink to the input."""
_JPEG_SHARE = 0.4


def picture(scene: Scene, seed: int) -> Image.Image:
    """The scene as it may come from a web page: some size, sometimes with JPEG artefacts."""
    rng = random.Random(seed)
    image = draw(scene, rng.choice(_DRAWN), seed)
    if rng.random() < _JPEG_SHARE:
        packed = io.BytesIO()
        image.save(packed, "JPEG", quality=rng.randint(60, 95))
        image = Image.open(packed)
    return image.convert("RGB")


def small(image: Image.Image) -> np.ndarray:
    """The picture at input size, uint8 of shape (SIZE, SIZE, 3)."""
    return np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BICUBIC))


class Pictures(IterableDataset[tuple[torch.Tensor, list[Scene]]]):
    """``batches`` batches of (uint8 pictures of shape (batch, 3, SIZE, SIZE), their scenes)."""

    def __init__(self, seed: int, batches: int, batch_size: int) -> None:
        self.seed, self.batches, self.batch_size = seed, batches, batch_size

    def __iter__(self) -> Iterator[tuple[torch.Tensor, list[Scene]]]:
        stream = scenes(self.seed)
        number = self.seed << 32
        for _ in range(self.batches):
            batch = [next(stream) for _ in range(self.batch_size)]
            pixels = np.stack([small(picture(scene, number + i)) for i, scene in enumerate(batch)])
            number += self.batch_size
            yield torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous(), batch


def loader(seed: int, batches: int, batch_size: int) -> DataLoader:
    """The batches, drawn ahead in one other process; their order depends on ``seed`` alone."""
    return DataLoader(Pictures(seed, batches, batch_size), batch_size=None, num_workers=1)
