"""Parts that large crawl files are read in, a task each."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

# What a file of unknown size counts as: Common Crawl's WARC files have about a gigabyte.
UNKNOWN_BYTES = 1 << 30


@dataclass(frozen=True)
class Part:
    """Records that start in bytes ``[start, end)`` of a file; ``end`` is None for its last part."""

    path: str
    start: int = 0
    end: int | None = None


def parts_of(files: Iterable[tuple[str, int | None]], split_bytes: int) -> list[Part]:
    """Equal parts of at most ``split_bytes`` of files with their sizes (None: not known).

    The last part of a file has no end, so that it does not matter whether its size is told rightly.
    """
    parts = []
    for path, size in files:
        known = UNKNOWN_BYTES if size is None else size
        count = max(1, math.ceil(known / split_bytes))
        places = [known * number // count for number in range(count)]
        ends: list[int | None] = [*places[1:], None]
        parts += [Part(path, start, end) for start, end in zip(places, ends, strict=True)]
    return parts
