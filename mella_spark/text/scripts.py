"""Scripts of characters: which writing system a text is in (ISO 15924 codes).

A compact table of the Unicode blocks that hold letters. Digits, punctuation, spaces and emoji
belong to no script (Unicode's Zyyy), combining marks to the script of their base (Zinh).
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from functools import lru_cache

COMMON = "Zyyy"
UNKNOWN = "Zzzz"

# First and last code point of the blocks, after Unicode 16's Blocks.txt and Scripts.txt.
BLOCKS = (
    (0x0041, 0x024F, "Latn"),
    (0x0250, 0x02AF, "Latn"),
    (0x0370, 0x03FF, "Grek"),
    (0x0400, 0x052F, "Cyrl"),
    (0x0531, 0x058F, "Armn"),
    (0x0591, 0x05F4, "Hebr"),
    (0x0600, 0x06FF, "Arab"),
    (0x0700, 0x074F, "Syrc"),
    (0x0750, 0x077F, "Arab"),
    (0x0780, 0x07BF, "Thaa"),
    (0x0870, 0x08FF, "Arab"),
    (0x0900, 0x097F, "Deva"),
    (0x0980, 0x09FF, "Beng"),
    (0x0A00, 0x0A7F, "Guru"),
    (0x0A80, 0x0AFF, "Gujr"),
    (0x0B00, 0x0B7F, "Orya"),
    (0x0B80, 0x0BFF, "Taml"),
    (0x0C00, 0x0C7F, "Telu"),
    (0x0C80, 0x0CFF, "Knda"),
    (0x0D00, 0x0D7F, "Mlym"),
    (0x0D80, 0x0DFF, "Sinh"),
    (0x0E00, 0x0E7F, "Thai"),
    (0x0E80, 0x0EFF, "Laoo"),
    (0x0F00, 0x0FFF, "Tibt"),
    (0x1000, 0x109F, "Mymr"),
    (0x10A0, 0x10FF, "Geor"),
    (0x1100, 0x11FF, "Hang"),
    (0x1200, 0x139F, "Ethi"),
    (0x13A0, 0x13FF, "Cher"),
    (0x1400, 0x167F, "Cans"),
    (0x1780, 0x17FF, "Khmr"),
    (0x1800, 0x18AF, "Mong"),
    (0x1C80, 0x1C8F, "Cyrl"),
    (0x1C90, 0x1CBF, "Geor"),
    (0x1D00, 0x1D25, "Latn"),
    (0x1D26, 0x1D2A, "Grek"),
    (0x1D2B, 0x1D2B, "Cyrl"),
    (0x1D2C, 0x1D5C, "Latn"),
    (0x1D5D, 0x1D61, "Grek"),
    (0x1D62, 0x1D65, "Latn"),
    (0x1D66, 0x1D6A, "Grek"),
    (0x1D6B, 0x1D77, "Latn"),
    (0x1D78, 0x1D78, "Cyrl"),
    (0x1D79, 0x1DBE, "Latn"),
    (0x1DBF, 0x1DBF, "Grek"),
    (0x1E00, 0x1EFF, "Latn"),
    (0x1F00, 0x1FFF, "Grek"),
    (0x2071, 0x209C, "Latn"),
    (0x2183, 0x2184, "Latn"),
    (0x2C60, 0x2C7F, "Latn"),
    (0x2D00, 0x2D2F, "Geor"),
    (0x2DE0, 0x2DFF, "Cyrl"),
    (0x2E80, 0x2FDF, "Hani"),
    (0x3005, 0x3007, "Hani"),
    (0x3041, 0x309F, "Hira"),
    (0x30A1, 0x30FF, "Kana"),
    (0x3105, 0x312F, "Bopo"),
    (0x3131, 0x318E, "Hang"),
    (0x31F0, 0x31FF, "Kana"),
    (0x3400, 0x4DBF, "Hani"),
    (0x4E00, 0x9FFF, "Hani"),
    (0xA640, 0xA69F, "Cyrl"),
    (0xA720, 0xA7FF, "Latn"),
    (0xA8E0, 0xA8FF, "Deva"),
    (0xA960, 0xA97F, "Hang"),
    (0xAB30, 0xAB64, "Latn"),
    (0xAB65, 0xAB65, "Grek"),
    (0xAB66, 0xAB6F, "Latn"),
    (0xAC00, 0xD7FF, "Hang"),
    (0xF900, 0xFAFF, "Hani"),
    (0xFB00, 0xFB06, "Latn"),
    (0xFB13, 0xFB17, "Armn"),
    (0xFB1D, 0xFB4F, "Hebr"),
    (0xFB50, 0xFDFF, "Arab"),
    (0xFE70, 0xFEFC, "Arab"),
    (0xFF21, 0xFF5A, "Latn"),
    (0xFF66, 0xFF9D, "Kana"),
    (0xFFA0, 0xFFDC, "Hang"),
    (0x20000, 0x323AF, "Hani"),
)
_STARTS = [block[0] for block in BLOCKS]
_MARKS = "".join(chr(p) for p in range(0x300, 0xFFFF) if unicodedata.category(chr(p))[0] == "M")
_WORDS = re.compile(rf"[^\W\d_](?:[^\W\d_]|[{_MARKS}])*")


@lru_cache(maxsize=8192)
def script_of(character: str) -> str:
    """ISO 15924 code of a letter; ``Zyyy`` for what is no letter or mark, ``Zzzz`` if unknown."""
    if unicodedata.category(character)[0] not in "LM":
        return COMMON
    point = ord(character)
    index = bisect_right(_STARTS, point) - 1
    if index >= 0 and point <= BLOCKS[index][1]:
        return BLOCKS[index][2]
    return COMMON if unicodedata.combining(character) else UNKNOWN


def script_counts(text: str) -> Counter[str]:
    """How many letters of each script ``text`` has; combining marks are not counted."""
    counts: Counter[str] = Counter()
    for character, count in Counter(text).items():
        if character.isalpha():
            counts[script_of(character)] += count
    counts.pop(COMMON, None)
    return counts


def script_shares(text: str) -> dict[str, float]:
    """Share of each script among the letters of ``text``, greatest first; empty if no letters."""
    counts = script_counts(text)
    total = counts.total()
    return {script: count / total for script, count in counts.most_common()}


def dominant_script(text: str) -> str:
    """Script with most letters in ``text``; ``Zyyy`` if it has none."""
    return next(iter(script_shares(text)), COMMON)


def script_share(text: str, scripts: tuple[str, ...] | list[str]) -> float:
    """Share of the letters of ``text`` that belong to one of ``scripts``, 0 to 1."""
    counts = script_counts(text)
    total = counts.total()
    return sum(counts[script] for script in set(scripts)) / total if total else 0.0


def word_spans(text: str) -> list[tuple[int, int]]:
    """Where the ``words`` of ``text`` begin and end."""
    return [match.span() for match in _WORDS.finditer(text)]


def words(text: str) -> list[str]:
    """Runs of letters with their marks; an unspaced script gives one run for a whole phrase."""
    return _WORDS.findall(text)
