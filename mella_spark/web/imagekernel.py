"""What a scan found of each image, copied out as text by compiled code: addresses, alts, context.

``write`` does what can be done with bytes: white space collapsed, references told apart by what
resolving them takes (``urlkernel``), sizes read. It says ODD_REFERENCE and ODD_SIZE where more is
needed, and leaves character references other than ``&amp;`` in addresses, and Unicode's white
space, to the caller.

Compiled code is cached until this file changes: touch it after a change of ``urlkernel``, of
``names`` or of ``picture``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mella_spark.web.names import ATTRIBUTES
from mella_spark.web.picture import LAST_WORDS, LAZY, LAZY_SRCSET
from mella_spark.web.urlkernel import CLIMB, NOT_HTTP, OTHER, kind_of_reference

# Texts of an image: reference, alt, and if it is described title, aria-label, heading, window of
# text, link; each with a line feed behind it.
TEXTS, TEXTS_DESCRIBED = 2, 7
# Numbers of an image: kinds of its reference and its link (``urlkernel``), declared size.
KIND, LINK_KIND, WIDTH, HEIGHT = range(4)
NUMBERS = 4
ODD_SIZE = -1  # the attribute is there, but no plain number; without the attribute: 0

# Characters of a heading, a label or a link kept in a context: a line, not a paragraph.
LINE_CHARS = 160
# Bytes that can become such a line: a heading in UTF-8; a link, however much of it is escapes.
LINE_BYTES = 4 * LINE_CHARS
LINK_BYTES = 8 * LINE_CHARS
_MAX_DIGITS = 7

_NUMBER = {name: number for number, name in enumerate(ATTRIBUTES, 1)}
_SRC, _ALT, _TITLE, _LABEL = (_NUMBER[name] for name in ("src", "alt", "title", "aria-label"))
_WIDTH, _HEIGHT = _NUMBER["width"], _NUMBER["height"]
# From these on: other attributes with addresses, those of lazy images in the order they count.
_ALTERNATIVES, _LAZY = _NUMBER[LAZY_SRCSET[0]], _NUMBER[LAZY[0]]

_SPACE, _BEHIND_NAME = 1, 2
_CLASS = np.zeros(256, np.uint8)
_CLASS[np.frombuffer(b"\t\n\f\r ", np.uint8)] = _SPACE
_CLASS[np.frombuffer(b"_.-0123456789xX", np.uint8)] = _BEHIND_NAME
_DATA = np.frombuffer(b"data:", np.uint8)
_AMP = np.frombuffer(b"amp;", np.uint8)
_WORDS = np.frombuffer("".join(LAST_WORDS).encode(), np.uint8)
_WORD_ENDS = np.cumsum([len(word) for word in LAST_WORDS])

_compile: Any = njit(cache=True, nogil=True)


@_compile
def _is_space(byte):  # type: ignore[no-untyped-def]
    return _CLASS[byte] & _SPACE


@_compile
def _collapsed(data, start, end, room, at):  # type: ignore[no-untyped-def]
    """Copies text with every run of ASCII's white space as one space, none at its ends; the end."""
    begin = at
    spaced = 1
    for i in range(start, end):
        byte = data[i]
        space = _is_space(byte)
        room[at] = 32 if space else byte
        at += 1 - (space & spaced)
        spaced = space
    return at - 1 if spaced and at > begin else at


@_compile
def _trimmed(data, start, end, room, at):  # type: ignore[no-untyped-def]
    """Copies text without the spaces at its ends; the end."""
    while start < end and data[start] == 32:
        start += 1
    while start < end and data[end - 1] == 32:
        end -= 1
    for i in range(start, end):
        room[at] = data[i]
        at += 1
    return at


@_compile
def _reference(data, start, end, room, at):  # type: ignore[no-untyped-def]
    """Copies a reference: its kind, and the end. Nothing of one that is OTHER.

    A CLIMB is copied without its dots. ``&amp;`` becomes ``&``; a ``&`` is kept before a name and
    an equals sign, where it begins no character reference (HTML Standard, 13.2.5.73).
    """
    begin = at
    while start < end and _is_space(data[start]):
        start += 1
    while start < end and _is_space(data[end - 1]):
        end -= 1
    i = start
    while i < end:
        byte = data[i]
        room[at] = byte
        at += 1
        i += 1
        if byte != 38:
            continue
        amp = i + 4 <= end
        for k in range(4):
            amp = amp and data[i + k] == _AMP[k]
        if amp:
            i += 4
            continue
        name = i
        while name < end and (97 <= data[name] | 32 <= 122 or 48 <= data[name] <= 57):
            name += 1
        if name in (i, end) or data[name] != 61:
            return OTHER, begin
    kind = kind_of_reference(room, begin, at)
    if kind in (OTHER, NOT_HTTP):
        return kind, begin
    if kind >= CLIMB:
        climbs = 3 * (kind - CLIMB + 1)
        at -= climbs
        for k in range(begin, at):
            room[k] = room[k + climbs]
    return kind, at


@_compile
def _may_be_placeholder(room, start, end):  # type: ignore[no-untyped-def]
    """False if no file in this address bears the name of a placeholder.

    That is, if no dot has a word of ``picture.LAST_WORDS`` before it, or ``1x1`` or ``1p``, with
    or without numbers behind it.
    """
    for dot in range(start, end):
        if room[dot] != 46:
            continue
        last = dot
        while last > start and _CLASS[room[last - 1]] & _BEHIND_NAME:
            last -= 1
        for k in range(last, dot - 1):
            if room[k] == 49 and room[k + 1] | 32 == 120:
                return True
        if last - 2 >= start and room[last - 1] | 32 == 112 and room[last - 2] == 49:
            return True
        begin = 0
        for word in range(_WORD_ENDS.size):
            size = _WORD_ENDS[word] - begin
            if last - size >= start:
                k = 0
                while k < size and _same(room[last - size + k], _WORDS[begin + k]):
                    k += 1
                if k == size:
                    return True
            begin = _WORD_ENDS[word]
    return False


@_compile
def _same(byte, letter):  # type: ignore[no-untyped-def]
    return byte == letter or (byte | 32 == letter and 97 <= letter <= 122)


@_compile
def _is_data(data, start, end):  # type: ignore[no-untyped-def]
    """Whether a reference is a ``data:`` URL, as those are written that stand for no picture."""
    found = end - start >= _DATA.size
    for k in range(_DATA.size):
        found = found and data[start + k] == _DATA[k]
    return found


@_compile
def _has_sign(room, start, end):  # type: ignore[no-untyped-def]
    """Whether there is a slash or dot in a reference, as in one that is no id, flag or number."""
    for i in range(start, end):  # noqa: SIM110 - any() of a generator cannot be compiled
        if room[i] == 46 or room[i] == 47:
            return True
    return False


@_compile
def _size(data, start, end):  # type: ignore[no-untyped-def]
    while start < end and _is_space(data[start]):
        start += 1
    while start < end and _is_space(data[end - 1]):
        end -= 1
    if not 0 < end - start <= _MAX_DIGITS:
        return ODD_SIZE if end > start else 0
    size = 0
    for i in range(start, end):
        if not 48 <= data[i] <= 57:
            return ODD_SIZE
        size = 10 * size + data[i] - 48
    return size


@_compile
def write(body, text, images, attributes, described, room, numbers):  # type: ignore[no-untyped-def]
    """Fills ``room`` with the texts of ``images``, ``numbers`` with their NUMBERS.

    Gives the bytes written, or -1 if ``room`` is too small. ``body`` and ``text`` are bytes of the
    page and of its text; ``images`` and ``attributes`` are those of a ``scan.Scan``. Unless
    ``described``, there is only the reference and the alt of each.
    """
    at = 0
    for row in range(images.shape[0]):
        first, last = images[row, 0], images[row, 1]
        need = TEXTS_DESCRIBED + LINE_BYTES + LINK_BYTES + images[row, 11] - images[row, 10]
        if last > first:
            for k in range(first, last):
                need += attributes[k, 2] - attributes[k, 1]
        if at + need > room.size:
            return -1
        alt = src = title = label = width = height = lazy = -1
        alternatives = images[row, 8] > images[row, 7]
        for k in range(first, last):
            name = attributes[k, 0]
            if name == _SRC:
                src = k
            elif name == _ALT:
                alt = k
            elif name == _TITLE:
                title = k
            elif name == _LABEL:
                label = k
            elif name == _WIDTH:
                width = k
            elif name == _HEIGHT:
                height = k
            elif name >= _ALTERNATIVES:
                alternatives = True
                if name >= _LAZY and (lazy < 0 or name < attributes[lazy, 0]):
                    lazy = k
        kind, begin = OTHER, at
        start = end = 0
        if src >= 0:
            start, end = attributes[src, 1], attributes[src, 2]
        if start < end and not (alternatives and _is_data(body, start, end)):
            kind, at = _reference(body, start, end, room, at)
            if alternatives and (kind == NOT_HTTP or _may_be_placeholder(room, begin, at)):
                kind, at = OTHER, begin
        elif lazy >= 0:
            kind, at = _reference(body, attributes[lazy, 1], attributes[lazy, 2], room, at)
            if (
                kind == NOT_HTTP
                or _may_be_placeholder(room, begin, at)
                or not _has_sign(room, begin, at)
            ):
                kind, at = OTHER, begin
        room[at] = 10
        at = _collapsed(body, attributes[alt, 1], attributes[alt, 2], room, at + 1)
        room[at] = 10
        at += 1
        numbers[row, KIND], numbers[row, LINK_KIND] = kind, NOT_HTTP
        numbers[row, WIDTH] = numbers[row, HEIGHT] = 0
        if not described:
            continue
        if title >= 0:
            at = _collapsed(body, attributes[title, 1], attributes[title, 2], room, at)
        room[at] = 10
        at += 1
        if label >= 0:
            at = _collapsed(body, attributes[label, 1], attributes[label, 2], room, at)
        room[at] = 10
        start, end = images[row, 2], min(images[row, 3], images[row, 2] + LINE_BYTES)
        at = _trimmed(text, start, end, room, at + 1)
        room[at] = 10
        at = _trimmed(text, images[row, 10], images[row, 11], room, at + 1)
        room[at] = 10
        at += 1
        start, end = images[row, 4], images[row, 5]
        if 0 < end - start <= LINK_BYTES:
            numbers[row, LINK_KIND], at = _reference(body, start, end, room, at)
        room[at] = 10
        at += 1
        if width >= 0:
            numbers[row, WIDTH] = _size(body, attributes[width, 1], attributes[width, 2])
        if height >= 0:
            numbers[row, HEIGHT] = _size(body, attributes[height, 1], attributes[height, 2])
    return at
