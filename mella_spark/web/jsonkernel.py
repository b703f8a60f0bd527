"""JSON in bytes, for compiled code: its strings and plain values, checked and copied out.

Strings are checked as RFC 8259 and the Unicode Standard have them. Compiled code that uses these
functions is cached until the files it stands in change: touch those after a change of this one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mella_spark.web.words import HIGHEST, ONES, load, zero_bits

_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_QUOTES, _ESCAPES, _SPACES = (np.uint64(ord(sign) * 0x0101010101010101) for sign in '"\\ ')
_compile: Any = njit(cache=True, nogil=True)
HAS_ESCAPES, HIDES_LETTERS = 1, 2  # flags of a string; the second: it writes letters as escapes
FNV_OFFSET, FNV_PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)


def fnv(text: str) -> int:
    """64-bit FNV-1a, as ``digest`` has it."""
    value = int(FNV_OFFSET)
    for byte in text.encode():
        value = (value ^ byte) * int(FNV_PRIME) % (1 << 64)
    return value


_TRUE, _FALSE, _NULL = np.uint64(fnv("true")), np.uint64(fnv("false")), np.uint64(fnv("null"))
# Bytes within a string: plain, its end, an escape, not allowed, the start of a long character.
_END, _ESCAPE, _CONTROL, _LONG = 1, 2, 3, 4
_CLASS = np.zeros(256, np.uint8)
_CLASS[:32] = _CONTROL
_CLASS[ord('"')], _CLASS[ord("\\")] = _END, _ESCAPE
_CLASS[128:] = _LONG
# Bytes to look at while a checked string is copied: escapes, and what may begin white space.
_COPY_CLASS = np.zeros(256, np.uint8)
_COPY_CLASS[[ord(" "), ord("\\"), 0xC2, 0xE1, 0xE2, 0xE3]] = 1
_ESCAPED = np.zeros(256, np.int64)  # by the letter behind the backslash
for _letter, _character in zip('"\\/bfnrt', '"\\/\b\f\n\r\t', strict=True):
    _ESCAPED[ord(_letter)] = ord(_character)
_HEX = np.full(256, -1, np.int64)
for _digit in "0123456789abcdefABCDEF":
    _HEX[ord(_digit)] = int(_digit, 16)
LOWER = np.arange(256, dtype=np.uint64)
LOWER[65:91] += np.uint64(32)


@_compile
def _plain_end(data, i, end):  # type: ignore[no-untyped-def]
    """Where plain ASCII text from ``i`` on ends, or too near to ``end`` to be told."""
    while i + 8 <= end:
        word = load(data, i)
        quote, escape = word ^ _QUOTES, word ^ _ESCAPES
        # The highest bit of a byte: it is the quote, the backslash, below a space, above ASCII.
        # Carries can set it falsely, but only in a byte above one where it is true.
        found = (quote - ONES) & ~quote | (escape - ONES) & ~escape | (word - _SPACES) | word
        found &= HIGHEST
        if found:
            return i + (zero_bits(found) >> 3)
        i += 8
    return i


def key_code(name: str) -> int:
    """A number for the name of a key, as ``code_of_key`` has it."""
    return int.from_bytes(name.encode(), "little") if len(name.encode()) <= 8 else fnv(name)


@_compile
def code_of_key(data, i, end, last, lower):  # type: ignore[no-untyped-def]
    """A number for a key, the same for no other. ``lower``: letters of long ones in lower case.

    ``last`` is the end of all data.
    """
    size = end - i
    if 0 < size <= 8 and i + 8 <= last:
        return load(data, i) & (_ALL >> np.uint64(64 - 8 * size))
    if size > 8:
        return digest(data, i, end, lower)
    value = np.uint64(0)
    for k in range(size):
        value |= np.uint64(data[i + k]) << np.uint64(8 * k)
    return value


@_compile
def _hex(data, i):  # type: ignore[no-untyped-def]
    """The number that four hexadecimal digits stand for; negative if they are none."""
    digits = _HEX[data[i]] << 12 | _HEX[data[i + 1]] << 8 | _HEX[data[i + 2]] << 4
    return digits | _HEX[data[i + 3]]


@_compile
def read_string(data, i, end):  # type: ignore[no-untyped-def]
    """Where the string that begins behind its quote at ``i`` has ended, -1 if nowhere; flags."""
    flags = 0
    i = _plain_end(data, i, end)
    while i < end:
        byte = data[i]
        kind = _CLASS[byte]
        if kind == 0:
            i += 1
        elif kind == _END:
            return i + 1, flags
        elif kind == _ESCAPE:
            flags |= HAS_ESCAPES
            if i + 1 < end and _ESCAPED[data[i + 1]]:
                i = _plain_end(data, i + 2, end)
                continue
            if i + 6 > end or data[i + 1] != 117:
                return -1, 0
            code = _hex(data, i + 2)
            if code < 0:
                return -1, 0
            if 32 <= code < 128:
                flags |= HIDES_LETTERS
            i += 6
        elif kind == _LONG:
            if 0xC2 <= byte < 0xE0 and i + 2 <= end and data[i + 1] & 0xC0 == 0x80:
                i += 2
                continue
            size = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            if byte < 0xC2 or byte > 0xF4 or i + size > end:
                return -1, 0
            second = data[i + 1]
            least = 0xA0 if byte == 0xE0 else 0x90 if byte == 0xF0 else 0x80
            most = 0x9F if byte == 0xED else 0x8F if byte == 0xF4 else 0xBF
            if second < least or second > most:
                return -1, 0
            for k in range(2, size):
                if data[i + k] & 0xC0 != 0x80:
                    return -1, 0
            i += size
        else:
            return -1, 0
    return -1, 0


@_compile
def _is_space(code):  # type: ignore[no-untyped-def]
    """White space as ``str.split`` has it."""
    if code < 0x1680:
        return code == 32 or 9 <= code <= 13 or 28 <= code <= 31 or code == 0x85 or code == 0xA0
    return (
        code == 0x1680 or 0x2000 <= code <= 0x200A or code == 0x2028 or code == 0x2029
        or code == 0x202F or code == 0x205F or code == 0x3000
    )  # fmt: skip


@_compile
def copy_string(data, i, end, out, at, collapsed):  # type: ignore[no-untyped-def]
    """Copies a checked string, escapes undone, to ``out`` at ``at``; returns where that ends.

    ``collapsed``: each run of white space becomes a space, none at the ends. A null character and
    half a surrogate pair become U+FFFD.
    """
    first = at
    gap = False
    if not collapsed:
        while i < end and data[i] != 92:
            out[at] = data[i]
            at += 1
            i += 1
    while i < end:
        byte = data[i]
        if _COPY_CLASS[byte] == 0:
            if gap:
                out[at] = 32
                at += 1
                gap = False
            out[at] = byte
            at += 1
            i += 1
            continue
        code = np.int64(byte)
        if byte == 92:
            code = _ESCAPED[data[i + 1]]
            i += 2
            if code == 0:
                code = _hex(data, i)
                i += 4
                if (
                    0xD800 <= code < 0xDC00
                    and i + 6 <= end
                    and data[i] == 92
                    and data[i + 1] == 117
                ):
                    low = _hex(data, i + 2)
                    if 0xDC00 <= low < 0xE000:
                        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
                        i += 6
                if code == 0 or 0xD800 <= code < 0xE000:
                    code = np.int64(0xFFFD)
        elif byte == 32:
            i += 1
        elif byte == 0xC2:
            code = np.int64(data[i + 1])  # U+0080 to U+00BF are spelt so
            i += 2
        else:
            code = (byte & 15) << 12 | (data[i + 1] & 63) << 6 | (data[i + 2] & 63)
            i += 3
        if collapsed and _is_space(code):
            gap = at > first
            continue
        if gap:
            out[at] = 32
            at += 1
            gap = False
        if code < 0x80:
            out[at] = code
            at += 1
        elif code < 0x800:
            out[at], out[at + 1] = 0xC0 | code >> 6, 0x80 | code & 63
            at += 2
        elif code < 0x10000:
            out[at], out[at + 1] = 0xE0 | code >> 12, 0x80 | code >> 6 & 63
            out[at + 2] = 0x80 | code & 63
            at += 3
        else:
            out[at], out[at + 1] = 0xF0 | code >> 18, 0x80 | code >> 12 & 63
            out[at + 2], out[at + 3] = 0x80 | code >> 6 & 63, 0x80 | code & 63
            at += 4
    return at


@_compile
def digest(data, i, end, lower):  # type: ignore[no-untyped-def]
    value = FNV_OFFSET
    while i < end:
        byte = LOWER[data[i]] if lower else np.uint64(data[i])
        value = (value ^ byte) * FNV_PRIME
        i += 1
    return value


@_compile
def contains(data, i, end, word):  # type: ignore[no-untyped-def]
    """Whether ``word``, in lower case, is in these bytes, in any case."""
    while i + len(word) <= end:
        k = 0
        while k < len(word) and LOWER[data[i + k]] == word[k]:
            k += 1
        if k == len(word):
            return True
        i += 1
    return False


@_compile
def skip_blank(data, i, end):  # type: ignore[no-untyped-def]
    while i < end and data[i] <= 32 and (data[i] == 32 or 9 <= data[i] <= 10 or data[i] == 13):
        i += 1
    return i


@_compile
def read_plain(data, i, end):  # type: ignore[no-untyped-def]
    """Where the number, true, false or null at ``i`` ends; -1 if there is none."""
    start = i
    while i < end and 97 <= data[i] <= 122:
        i += 1
    if i > start:
        name = digest(data, start, i, False)
        return i if name in (_TRUE, _FALSE, _NULL) else -1
    if i < end and data[i] == 45:
        i += 1
    whole = i
    while i < end and 48 <= data[i] <= 57:
        i += 1
    if i == whole or (data[whole] == 48 and i > whole + 1):
        return -1
    if i < end and data[i] == 46:
        i += 1
        fraction = i
        while i < end and 48 <= data[i] <= 57:
            i += 1
        if i == fraction:
            return -1
    if i < end and (data[i] | 32) == 101:
        i += 1
        if i < end and (data[i] == 43 or data[i] == 45):
            i += 1
        exponent = i
        while i < end and 48 <= data[i] <= 57:
            i += 1
        if i == exponent:
            return -1
    return i
