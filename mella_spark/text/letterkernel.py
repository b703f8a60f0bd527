"""Letters of a text in UTF-8 by kind, as compiled code: counted, and those of one kind kept.

Texts are valid UTF-8. Kinds are numbers below 256, by code point in a table.
"""

from __future__ import annotations

from typing import Any

from numba import njit

_compile: Any = njit(cache=True, nogil=True)
_SPACE = 32


@_compile
def _point(text, i, end):  # type: ignore[no-untyped-def]
    """The code point at ``i``, and how many bytes it has."""
    first = text[i]
    if first < 0x80:
        return first + 0, 1
    if first < 0xE0:
        return (first & 31) << 6 | (text[i + 1] & 63), 2
    if first < 0xF0:
        return (first & 15) << 12 | (text[i + 1] & 63) << 6 | (text[i + 2] & 63), 3
    more = (text[i + 2] & 63) << 6 | (text[i + 3] & 63)
    return (first & 7) << 18 | (text[i + 1] & 63) << 12 | more, 4


@_compile
def count_kinds(text, table, counts):  # type: ignore[no-untyped-def]
    """How many characters of each kind there are, in ``counts``."""
    for k in range(256):
        counts[k] = 0
    i, end, last = 0, len(text), len(table) - 1
    while i < end:
        point, size = _point(text, i, end)
        counts[table[min(point, last)]] += 1
        i += size


@_compile
def keep_kind(text, table, kind, mask, mark, out):  # type: ignore[no-untyped-def]
    """Copies the characters of ``kind`` (under ``mask``) and those that are ``mark`` to ``out``.

    Everything between them becomes a space. Returns how many bytes that is.
    """
    i, at, end, last = 0, 0, len(text), len(table) - 1
    gap = False
    while i < end:
        point, size = _point(text, i, end)
        found = table[min(point, last)]
        if found & mask == kind or found == mark:
            if gap:
                out[at] = _SPACE
                at += 1
                gap = False
            for k in range(size):
                out[at + k] = text[i + k]
            at += size
        else:
            gap = True
        i += size
    return at


@_compile
def count_points(text, counts, points):  # type: ignore[no-untyped-def]
    """How many of each code point but the space there are.

    In ``points`` are then the different ones, and how often each is there, one behind the other.
    ``counts`` has zeros for all code points below its length, before and after. Returns how many
    are different, and how many there are in all; code points beyond ``counts`` are not counted.
    """
    i, end, different, total = 0, len(text), 0, 0
    while i < end:
        point, size = _point(text, i, end)
        i += size
        if point == _SPACE:
            continue
        total += 1
        if point < len(counts):
            if counts[point] == 0:
                points[2 * different] = point
                different += 1
            counts[point] += 1
    for k in range(different):
        points[2 * k + 1] = counts[points[2 * k]]
        counts[points[2 * k]] = 0
    return different, total
