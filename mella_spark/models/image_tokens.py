"""How long a picture's part of a prompt is, told from its width and height alone.

So pictures can be put into batches of about equal length before any is decoded. An estimate that
is wrong costs padding and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

TokenCount = Callable[[int, int], int]
"""Tokens of a picture of (width, height) in pixels."""

_CACHED_SIZES = 65_536


def image_token_counter(processor: Any, config: Any) -> TokenCount:
    """The best estimate there is for a model: what its processor says of itself, the grid of
    patches where the resolution is the picture's own (Qwen-like), else a constant.
    """
    for make in (_by_processor, _by_patches):
        count = make(processor)
        if count is not None:
            return lru_cache(_CACHED_SIZES)(_never_failing(count))
    constant = fixed_tokens(config)
    return lambda width, height: constant


def _by_processor(processor: Any) -> TokenCount | None:
    """Most processors of transformers can count; the method is theirs, so it is tried first."""
    count = getattr(processor, "_get_num_multimodal_tokens", None)
    if count is None:
        return None

    def tokens(width: int, height: int) -> int:
        return int(count(image_sizes=[(height, width)])["num_image_tokens"][0])

    return tokens if _works(tokens) else None


def _by_patches(processor: Any) -> TokenCount | None:
    """Qwen-like: the picture is scaled into a range of pixels, cut into patches, these merged."""
    images = getattr(processor, "image_processor", None)
    patch, merge = getattr(images, "patch_size", None), getattr(images, "merge_size", None)
    least, most = pixel_range(images)
    if not (isinstance(patch, int) and isinstance(merge, int) and least and most):
        return None
    return lambda width, height: patch_tokens(width, height, patch * merge, least, most)


def _never_failing(count: TokenCount) -> TokenCount:
    """1 for a picture that the model will refuse, as for its shape: that is for it to say."""

    def tokens(width: int, height: int) -> int:
        try:
            return count(width, height)
        except Exception:  # as many kinds as there are models
            return 1

    return tokens


def _works(count: TokenCount) -> bool:
    try:
        return count(640, 480) > 0
    except Exception:  # a private method, with as many ways to fail as there are models
        return False


def pixel_range(image_processor: Any) -> tuple[int | None, int | None]:
    """Least and most pixels that an image processor scales a picture to, None where unknown."""
    size: Any = getattr(image_processor, "size", None)
    if not hasattr(size, "get"):
        size = {}
    least = getattr(image_processor, "min_pixels", None) or size.get("shortest_edge")
    most = getattr(image_processor, "max_pixels", None) or size.get("longest_edge")
    return least, most


def patch_tokens(width: int, height: int, unit: int, least: int, most: int) -> int:
    """Tokens of a picture cut into squares of ``unit`` pixels after scaling it, its shape kept, to
    between ``least`` and ``most`` pixels in all.
    """
    pixels = max(1, width * height)
    scale = math.sqrt(min(max(pixels, least), most) / pixels)
    across = max(1, round(width * scale / unit))
    down = max(1, round(height * scale / unit))
    return across * down


def fixed_tokens(config: Any) -> int:
    """Tokens of any picture for a model of one resolution; 1 where nothing tells."""
    stated = getattr(config, "image_seq_length", None) or getattr(
        config, "mm_tokens_per_image", None
    )
    if stated:
        return int(stated)
    vision = getattr(config, "vision_config", None)
    side, patch = getattr(vision, "image_size", None), getattr(vision, "patch_size", None)
    if isinstance(side, int) and isinstance(patch, int) and patch:
        return max(1, (side // patch) ** 2)
    return 1
