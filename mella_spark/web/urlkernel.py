"""Which references are plain, for compiled code: those that ``urls`` resolves by joining strings.

Compiled code that uses this is cached until the file it stands in changes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_compile: Any = njit(cache=True, nogil=True)
# A reference that there is more to; below the folder of the base; below its root; an address as it
# is; one that lacks its scheme; of another scheme than http(s); from CLIMB on, with that many ../.
OTHER, BELOW_FOLDER, BELOW_ROOT, ADDRESS, BEHIND_SCHEME, NOT_HTTP, CLIMB = range(7)
MOST_CLIMBS = 3
MAX_URL = 8192

_IN_PATH, _IN_HOST, _LETTER, _IN_SCHEME = 1, 2, 4, 8
_CLASS = np.zeros(256, np.uint8)
for _sign in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~!$&()*+,;:=@/?%-":
    _CLASS[_sign] |= _IN_PATH
for _sign in b"abcdefghijklmnopqrstuvwxyz0123456789.-":
    _CLASS[_sign] |= _IN_HOST
for _sign in b"abcdefghijklmnopqrstuvwxyz":
    _CLASS[_sign] |= _LETTER
for _sign in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+.-":
    _CLASS[_sign] |= _IN_SCHEME


@_compile
def kind_of_reference(data, i, end):  # type: ignore[no-untyped-def]
    """The kind of the reference in these bytes. OTHER is always true, the others are certain.

    Behind the ``../`` of a CLIMB is a reference that is BELOW_FOLDER.
    """
    if i >= end or end - i > MAX_URL:
        return OTHER
    kind = BELOW_FOLDER
    first = data[i]
    if first == 47:  # a slash
        kind = BELOW_ROOT
        if i + 1 < end and data[i + 1] == 47:
            kind = BEHIND_SCHEME
            i += 2
    elif first == 46:  # a dot
        climbs = 0
        while i + 3 <= end and data[i] == 46 and data[i + 1] == 46 and data[i + 2] == 47:
            climbs += 1
            i += 3
        if not 0 < climbs <= MOST_CLIMBS or i >= end or data[i] == 46 or data[i] == 47:
            return OTHER
        kind = CLIMB + climbs - 1
    elif _CLASS[first | 32] & _LETTER:
        colon = _scheme(data, i, end)
        if colon > 0:
            if not _is_http(data, i, colon - i):
                return NOT_HTTP
            if not _is_lower(data, i, colon):
                return OTHER
            if colon + 3 > end or data[colon + 1] != 47 or data[colon + 2] != 47:
                return OTHER
            kind = ADDRESS
            i = colon + 3
    if i >= end or data[i] == 63:  # a question mark
        return OTHER
    if kind in (ADDRESS, BEHIND_SCHEME):
        i = _behind_host(data, i, end)
        if i < 0:
            return OTHER
    before = data[i]
    while i < end:
        byte = data[i]
        if not _CLASS[byte] & _IN_PATH:
            return OTHER
        if byte == 46 and before == 47:
            return OTHER
        if byte == 37 and i + 2 < end and data[i + 1] == 50 and data[i + 2] | 32 == 101:
            return OTHER
        before = byte
        i += 1
    return kind


@_compile
def _scheme(data, i, end):  # type: ignore[no-untyped-def]
    """Where the colon behind a scheme is; -1 if the reference has none."""
    while i < end and _CLASS[data[i]] & _IN_SCHEME:
        i += 1
    return i if i < end and data[i] == 58 else -1


@_compile
def _is_http(data, i, size):  # type: ignore[no-untyped-def]
    """Whether a scheme of that many letters is http or https, in any case."""
    if size != 4 and (size != 5 or data[i + 4] | 32 != 115):
        return False
    last = data[i + 1] | 32 == 116 and data[i + 2] | 32 == 116 and data[i + 3] | 32 == 112
    return last and data[i] | 32 == 104


@_compile
def _is_lower(data, i, end):  # type: ignore[no-untyped-def]
    while i < end and data[i] > 96:
        i += 1
    return i == end


@_compile
def _behind_host(data, i, end):  # type: ignore[no-untyped-def]
    """Where the slash behind a host is that stays as it is; -1 if there is none such."""
    label = i
    while i < end and _CLASS[data[i]] & _IN_HOST:
        if data[i] == 46:
            label = i + 1
        i += 1
    # A host whose last label begins with a digit may be an IPv4 address in disguise.
    return i if i < end and data[i] == 47 and _CLASS[data[label]] & _LETTER else -1
