"""Freshly drawn training pictures: every scene and every picture is seen once."""

import io
import random
from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from mella_spark.models.recipe.arrange import Slot, loose
from mella_spark.models.recipe.scenes import scenes
from mella_spark.models.recipe.sight import cells
from mella_spark.sample.draw import draw, layout
from mella_spark.sample.scenes import Scene

SIZE = 96
"""Side of the captioner's input, pixels."""
_DRAWN = (128, 192, 256)
"""Sides the pictures are drawn at before they shrink to the input."""
_JPEG_SHARE = 0.4
_LOOSE_SHARE = 0.5
"""Share of training pictures with things where the sample web would not put them."""
_RECOLOURED_SHARE = 0.25
"""Of the scenes whose caption names no colour: things known by their shape as well."""

Batch = tuple[Tensor, list[Scene], Tensor]
"""uint8 pictures of shape (batch, 3, SIZE, SIZE), their scenes, and what their cells show."""


def picture(scene: Scene, seed: int) -> Image.Image:
    """The scene as it may come from a web page: some size, sometimes with JPEG artefacts."""
    rng = random.Random(seed)
    return _worn(draw(scene, rng.choice(_DRAWN), seed), rng)


def training_picture(scene: Scene, seed: int) -> tuple[Image.Image, list[list[Slot]]]:
    """Such a picture, or a stranger one, and where the copies of each group lie in it."""
    rng = random.Random(seed)
    arranged = loose if rng.random() < _LOOSE_SHARE else layout
    places: list[list[Slot]] = []

    def arrange(shown: Scene, own: random.Random) -> list[list[Slot]]:
        places[:] = arranged(shown, own)
        return places

    image = draw(scene, rng.choice(_DRAWN), seed, arrange)
    natural = all(group.colour is None for group in scene.groups)
    if natural and rng.random() < _RECOLOURED_SHARE:
        bands = list(image.split())
        rng.shuffle(bands)
        image = Image.merge("RGB", bands)
    return _worn(image, rng), places


def _worn(image: Image.Image, rng: random.Random) -> Image.Image:
    if rng.random() < _JPEG_SHARE:
        packed = io.BytesIO()
        image.save(packed, "JPEG", quality=rng.randint(60, 95))
        image = Image.open(packed)
    return image.convert("RGB")


def small(image: Image.Image) -> np.ndarray:
    """The picture at input size, uint8 of shape (SIZE, SIZE, 3)."""
    return np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BICUBIC))


class Pictures(IterableDataset[Batch]):
    """``batches`` batches, with a grid of ``side`` by ``side`` cells on each picture."""

    def __init__(self, seed: int, batches: int, batch_size: int, side: int) -> None:
        self.seed, self.batches, self.batch_size, self.side = seed, batches, batch_size, side

    def __iter__(self) -> Iterator[Batch]:
        stream = scenes(self.seed)
        number = self.seed << 32
        for _ in range(self.batches):
            batch = [next(stream) for _ in range(self.batch_size)]
            drawn = [training_picture(scene, number + i) for i, scene in enumerate(batch)]
            number += self.batch_size
            pixels = torch.from_numpy(np.stack([small(image) for image, _ in drawn]))
            shown = cells(batch, [places for _, places in drawn], self.side)
            yield pixels.permute(0, 3, 1, 2).contiguous(), batch, shown


def loader(seed: int, batches: int, batch_size: int, side: int) -> DataLoader:
    """The batches, drawn ahead in one other process; their order depends on ``seed`` alone."""
    told = Pictures(seed, batches, batch_size, side)
    return DataLoader(told, batch_size=None, num_workers=1, prefetch_factor=8)
