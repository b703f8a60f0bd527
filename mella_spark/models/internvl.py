"""InternVL 2 and its generation, whose own code asks the model: pictures cut into tiles.

The tiling is the one those models were trained with (InternVL 1.5, arXiv 2404.16821): the grid of
at most ``max_tiles`` squares whose shape is nearest to the picture's, and a thumbnail of the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PIL import Image

from mella_spark.models.control import control_tokens, guard
from mella_spark.models.protocols import Answer, Generation
from mella_spark.models.recovery import generate

if TYPE_CHECKING:
    import torch

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""ImageNet's, which the vision tower was trained with."""


class TiledChatCaptioner:
    """A model with ``batch_chat``; see :class:`mella_spark.models.protocols.Captioner`."""

    def __init__(self, model: Any, tokenizer: Any, batch_size: int, max_new_tokens: int) -> None:
        self.model, self.tokenizer, self.batch_size = model, tokenizer, batch_size
        self.device = str(model.device)
        self.max_new_tokens = max_new_tokens
        config = model.config
        self.side = int(
            getattr(config, "force_image_size", None) or config.vision_config.image_size
        )
        self.max_tiles = int(getattr(config, "max_dynamic_patch", 12))
        self.thumbnail = bool(getattr(config, "use_thumbnail", True))
        # The model's code puts the picture where the question says so, or else in front of it.
        self._guard = guard(control_tokens(tokenizer) | {"<image>"})

    def caption(
        self, images: Sequence[Image.Image], prompts: Sequence[str] | str
    ) -> list[Generation]:
        """One caption for each RGB picture; see the protocol."""
        asked = [prompts] * len(images) if isinstance(prompts, str) else prompts
        return generate(
            list(zip(images, asked, strict=True)), self._run, self.batch_size, device=self.device
        )

    def _run(self, batch: Sequence[tuple[Image.Image, str]]) -> list[Answer]:
        import torch

        cut = [tiles(image, self.side, self.max_tiles, self.thumbnail) for image, _ in batch]
        pixels = torch.stack([to_tensor(tile) for picture in cut for tile in picture])
        with torch.inference_mode():
            texts = self.model.batch_chat(
                self.tokenizer,
                pixels.to(self.model.device, self.model.dtype),
                [f"<image>\n{self._guard(prompt)}" for _, prompt in batch],
                {"max_new_tokens": self.max_new_tokens, "do_sample": False},
                num_patches_list=[len(picture) for picture in cut],
            )
        return [self._answer(text) for text in texts]

    def _answer(self, text: str) -> Answer:
        """The model's code returns texts alone: their tokens are counted, how they ended is not
        known.
        """
        said = text.strip()
        if not said:
            return Answer(None, 0, None, "EmptyAnswer: the model answered with an empty text")
        return Answer(said, len(self.tokenizer(said, add_special_tokens=False).input_ids))


def tiles(
    image: Image.Image, side: int, max_tiles: int, thumbnail: bool = True
) -> list[Image.Image]:
    """Squares of ``side`` pixels that make up the picture, by rows, then the picture in one."""
    columns, rows = grid(image.width, image.height, side, max_tiles)
    whole = image.resize((columns * side, rows * side), Image.Resampling.BICUBIC)
    cut = [
        whole.crop((x * side, y * side, (x + 1) * side, (y + 1) * side))
        for y in range(rows)
        for x in range(columns)
    ]
    if thumbnail and len(cut) > 1:
        cut.append(image.resize((side, side), Image.Resampling.BICUBIC))
    return cut


def grid(width: int, height: int, side: int, max_tiles: int) -> tuple[int, int]:
    """Columns and rows whose shape is nearest to the picture's.

    Of grids of the same shape a larger one is taken where the picture has more than half of its
    pixels.
    """
    shapes = sorted(
        (
            (columns, rows)
            for columns in range(1, max_tiles + 1)
            for rows in range(1, max_tiles // columns + 1)
        ),
        key=lambda shape: shape[0] * shape[1],
    )
    best, least = (1, 1), float("inf")
    for columns, rows in shapes:
        off = abs(width / height - columns / rows)
        enough = width * height > 0.5 * side * side * columns * rows
        if off < least or (off == least and enough):
            best, least = (columns, rows), off
    return best


def to_tensor(tile: Image.Image) -> torch.Tensor:
    """Channels, rows, columns; normalised as the vision tower expects."""
    import numpy as np
    import torch

    array = np.asarray(tile.convert("RGB"), np.float32) / 255
    scaled = (array - np.array(_MEAN, np.float32)) / np.array(_DEVIATION, np.float32)
    return torch.from_numpy(np.ascontiguousarray(scaled.transpose(2, 0, 1), dtype=np.float32))
