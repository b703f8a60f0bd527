"""The letters of a text by script, found in one pass over its code points.

What ``scripts.script_counts`` and ``scripts.words`` do character by character in Python is here a
table of code points and compiled code.
"""

from __future__ import annotations

import threading
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mella_spark.text import letterkernel
from mella_spark.text.normalise import INVISIBLE, tidy
from mella_spark.text.scripts import BLOCKS, UNKNOWN

_SIZE = 0x33480  # beyond the last code point that is a letter, in Unicode 16
_MARK, _INVISIBLE = 64, 255  # kinds of characters; there are fewer scripts than the first


@dataclass(frozen=True, slots=True)
class Letters:
    """A text in NFC without invisible characters, and its letters counted by script (ISO 15924)."""

    text: str
    counts: dict[str, int]
    _data: NDArray[np.uint8]

    def of(self, script: str) -> str:
        """The letters of ``script`` with their marks, and a space for all between them."""
        kinds, out = _kinds(), _WORK.room_for(len(self._data))
        kind = kinds.scripts.index(script) + 1
        size = letterkernel.keep_kind(self._data, kinds.table, kind, _MARK - 1, _MARK, out)
        return out[:size].tobytes().decode()


def read_letters(text: str) -> Letters:
    """The letters of ``text``. The counts are those of ``scripts.script_counts``."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    kinds, numbers = _kinds(), _WORK.numbers
    data = _bytes(text)
    letterkernel.count_kinds(data, kinds.table, numbers)
    if numbers[_INVISIBLE]:
        return read_letters(tidy(text))
    found = numbers[1 : len(kinds.scripts) + 1].tolist()
    counts = {script: n for script, n in zip(kinds.scripts, found, strict=True) if n}
    return Letters(text, counts, data)


def frequent_letters(text: str, share: float) -> set[str]:
    """Lower-case letters that are at least ``share`` (0 to 1) of what is no space in ``text``."""
    data = _bytes(text.lower())
    points = np.empty(2 * len(data), np.int64)
    different, total = letterkernel.count_points(data, _WORK.points, points)
    found = points[: 2 * different].tolist()
    least = share * total
    frequent = (chr(point) for point, n in zip(found[::2], found[1::2], strict=True) if n >= least)
    return {letter for letter in frequent if letter.isalpha()}


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode("utf-8", "replace"), np.uint8)


class _Work(threading.local):
    """Memory for compiled code, the same for every text."""

    def __init__(self) -> None:
        self.numbers = np.zeros(256, np.int64)
        self.points = np.zeros(_SIZE, np.int32)
        self.room = np.empty(1 << 13, np.uint8)

    def room_for(self, size: int) -> NDArray[np.uint8]:
        if size > len(self.room):
            self.room = np.empty(2 * size, np.uint8)
        return self.room


_WORK = _Work()


@dataclass(frozen=True, slots=True)
class _Kinds:
    """Kind of each code point.

    0 is no letter, ``n + 1`` a letter of ``scripts[n]`` and ``_MARK + n + 1`` one of its marks;
    ``_MARK`` alone a mark of any script.
    """

    table: NDArray[np.uint8]  # its last entry, 0, stands for all code points beyond
    scripts: list[str]


@lru_cache(maxsize=1)
def _kinds() -> _Kinds:
    characters = "".join(map(chr, range(_SIZE)))
    is_letter = np.fromiter(map(str.isalpha, characters), np.bool_, _SIZE)
    scripts = [*sorted({script for _, _, script in BLOCKS}), UNKNOWN]
    script_of_point = np.zeros(_SIZE, np.uint8)
    for first, last, script in BLOCKS:
        script_of_point[first : last + 1] = scripts.index(script) + 1
    table = np.where(is_letter, np.where(script_of_point, script_of_point, len(scripts)), 0)
    for point in range(0x300, 0x10000):
        if not is_letter[point] and unicodedata.category(characters[point])[0] == "M":
            table[point] = _MARK + script_of_point[point]
    for match in INVISIBLE.finditer(characters):
        table[match.start()] = _INVISIBLE
    return _Kinds(table.astype(np.uint8), scripts)
