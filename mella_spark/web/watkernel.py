"""One compiled pass over the JSON of a WAT record: what of it makes pairs, copied out as text.

``scan`` checks the whole document as JSON and as UTF-8, but keeps only the few values that are
wanted and builds no objects of the rest, which is most of it and the cost of a general parser. It
knows the shape that the extractor writes. To everything else it says ``ODD``: values of another
type, repeated keys, letters written as escapes, images with other attributes, deep nesting, and
what is not JSON. For those the caller has a slow reader.

Compiled code is cached until this file changes: touch it after a change of ``jsonkernel``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mella_spark.web.jsonkernel import (
    HIDES_LETTERS,
    contains,
    copy_string,
    digest,
    fnv,
    read_plain,
    read_string,
    skip_blank,
)

# Verdicts.
ODD, NOT_RESPONSE, HTTP_ERROR, NO_MARKUP, NO_IMAGE, PAGE = range(6)
# What is counted, by position; of spans of bytes, start and end.
SEEN, NO_ALT, BLANK_ALT, IMAGES_END, HEAD_END, TEXTS_END, HEADERS, HEADERS_END, NOTED, TRUNCATED = (
    range(10)
)
COUNTS = 10
MAX_NOTED = 256  # elements of the head, licences
NOTED_META, NOTED_HEAD_LINK, NOTED_LINK = range(3)

# What is wanted of the value behind a key. Nothing; a text of an item of a list;
_NOTHING, _PATH, _URL, _ALT, _TITLE, _TEXT, _REL, _NAME, _PRAGMA = range(9)
# a text of the record, from _URI to _BASE to be copied out; that the key is there;
_TYPE, _CUT, _STATUS, _URI, _DATE, _FILE, _OFFSET, _MIME, _HEADLINE, _BASE, _SIGN = range(9, 20)
# an object, an array.
(_ROOT, _CONTAINER, _ENVELOPE, _WARC, _PAYLOAD, _RESPONSE, _MESSAGE, _HEADERS, _MARKUP, _HEAD,
 _META, _HEAD_LINK, _LINK, _OBJECT) = range(32, 46)  # fmt: skip
_METAS, _HEAD_LINKS, _LINKS, _ARRAY = range(64, 68)
_KEYS = {
    _ROOT: {"Container": _CONTAINER, "Envelope": _ENVELOPE},
    _CONTAINER: {"Filename": _FILE, "Offset": _OFFSET},
    _ENVELOPE: {"WARC-Header-Metadata": _WARC, "Payload-Metadata": _PAYLOAD},
    _WARC: {"WARC-Type": _TYPE, "WARC-Target-URI": _URI, "WARC-Date": _DATE,
            "WARC-Truncated": _CUT},
    _PAYLOAD: {"HTTP-Response-Metadata": _RESPONSE},
    _RESPONSE: {"Response-Message": _MESSAGE, "Headers": _HEADERS, "HTML-Metadata": _MARKUP},
    _MESSAGE: {"Status": _STATUS},
    _HEADERS: {  # compared in lower case
        "content-type": _MIME,
        "content-language": _SIGN,
        "content-signal": _SIGN,
        "content-usage": _SIGN,
        "tdm-policy": _SIGN,
        "tdm-reservation": _SIGN,
        "x-robots-tag": _SIGN,
    },
    _MARKUP: {"Head": _HEAD, "Links": _LINKS},
    _HEAD: {"Title": _HEADLINE, "Base": _BASE, "Metas": _METAS, "Link": _HEAD_LINKS},
    _META: {"name": _NAME, "http-equiv": _PRAGMA},
    _HEAD_LINK: {"url": _URL, "rel": _REL},
    _LINK: {"path": _PATH, "url": _URL, "alt": _ALT, "title": _TITLE, "text": _TEXT, "rel": _REL},
}  # fmt: skip
# Names and pragmas of meta elements that are handed over.
META_NAMES = ("content-language", "content-type", "html@/lang", "html@/xml:lang", "mella-spark",
              "robots", "tdm-policy", "tdm-reservation")  # fmt: skip
# Attributes of an image that are no picture of it.
NO_PICTURE = ("", "background", "data-href", "longdesc", "usemap")

_FIRST_KEY = np.zeros(_OBJECT - _ROOT + 2, np.int64)  # by object: its keys in the next two
for _number in range(_ROOT, _OBJECT + 1):
    _FIRST_KEY[_number - _ROOT + 1] = _FIRST_KEY[_number - _ROOT] + len(_KEYS.get(_number, ()))
_KEY_HASHES = np.array([fnv(key) for keys in _KEYS.values() for key in keys], np.uint64)
_KEY_WANTS = np.array([want for keys in _KEYS.values() for want in keys.values()], np.int64)
_ELEMENTS = np.array([_META, _HEAD_LINK, _LINK, _NOTHING], np.int64)  # by array, from _METAS on
_META_HASHES = np.array([fnv(name) for name in META_NAMES], np.uint64)
_NO_PICTURE_HASHES = np.array([fnv(name) for name in NO_PICTURE], np.uint64)
_SRC, _IMG, _IS_RESPONSE = (np.uint64(fnv(name)) for name in ("src", "img@/", "response"))
_LICENSE = np.frombuffer(b"license", np.uint8)
_COMMONS = np.frombuffer(b"creativecommons.org", np.uint8)
_DEPTH = 64
_ITEM = (1 << _TYPE) - 1  # bits of an item's texts
_AT_VALUE, _AT_KEY, _BEHIND = range(3)
_compile: Any = njit(cache=True, nogil=True)


@_compile
def _among(value, values):  # type: ignore[no-untyped-def]
    for other in values:  # noqa: SIM110 - any() of a generator cannot be compiled
        if value == other:
            return True
    return False


@_compile
def _is_wanted_meta(data, i, end):  # type: ignore[no-untyped-def]
    """Whether a meta element's name is one of META_NAMES, or may be."""
    while i < end and data[i] == 32:
        i += 1
    while i < end and data[end - 1] == 32:
        end -= 1
    for k in range(i, end):
        if data[k] == 92 or data[k] > 127:
            return True
    return _among(digest(data, i, end, True), _META_HASHES)


@_compile
def _image_attribute(data, i, end, room, at):  # type: ignore[no-untyped-def]
    """0 if a link's path is not that of an image, 1 if of its ``src``, 2 if of another picture."""
    if end - i < 5 or data[i] | 32 != 105:
        return 0
    end = copy_string(data, i, end, room, at, False)
    if end - at < 5 or digest(room, at, at + 5, True) != _IMG:
        return 0
    attribute = digest(room, at + 5, end, True)
    if attribute == _SRC:
        return 1
    return 0 if _among(attribute, _NO_PICTURE_HASHES) else 2


@_compile
def _verdict(data, have, filled, starts, ends):  # type: ignore[no-untyped-def]
    if not (have >> _ENVELOPE & 1 and have >> _WARC & 1):
        return ODD
    if not have >> _TYPE & 1 or not filled >> _RESPONSE & 1:
        return NOT_RESPONSE
    if digest(data, starts[_TYPE], ends[_TYPE], False) != _IS_RESPONSE:
        return NOT_RESPONSE
    if not have >> _STATUS & 1:
        return HTTP_ERROR
    if not 0 < ends[_STATUS] - starts[_STATUS] < 10:
        return ODD
    status = 0
    for i in range(starts[_STATUS], ends[_STATUS]):
        if not 48 <= data[i] <= 57:
            return ODD
        status = 10 * status + data[i] - 48
    if not 200 <= status < 300:
        return HTTP_ERROR
    return PAGE if filled >> _MARKUP & 1 else NO_MARKUP


@_compile
def scan(data, room, noted, counts, commons):  # type: ignore[no-untyped-def]
    """A verdict on the record in ``data``, and what it has in ``room``, twice as large.

    Of a PAGE, ``room`` has from its start: alt, address and title of each image with a worded alt;
    then address, date, file, offset, type, title and base of the page; each with a null character
    behind it. From ``len(data)`` on it has the texts of links. ``noted`` gets the spans of elements
    of the head and of links to licences (``commons``: to those of Creative Commons, too).
    """
    end = len(data)
    stack = np.empty(_DEPTH, np.int64)
    starts, ends = np.zeros(_SIGN, np.int64), np.zeros(_SIGN, np.int64)
    depth, state, have, filled, item, headers = 0, 0, 0, 0, 0, 0
    at, texts_at, noted_at, seen, no_alt, blank = 0, end, 0, 0, 0, 0
    want, mode, i = _ROOT, _AT_VALUE, skip_blank(data, 0, end)
    signs = False
    while True:
        if i >= end:
            return ODD
        byte = data[i]
        if mode == _AT_KEY:
            if byte != 34:
                return ODD
            start = i + 1
            i, flags = read_string(data, start, end)
            if i < 0:
                return ODD
            want = _NOTHING
            if state != _OBJECT:
                if flags & HIDES_LETTERS:
                    return ODD
                filled |= 1 << state
                key = digest(data, start, i - 1, state == _HEADERS)
                for k in range(_FIRST_KEY[state - _ROOT], _FIRST_KEY[state - _ROOT + 1]):
                    if _KEY_HASHES[k] == key:
                        want = _KEY_WANTS[k]
                if want == _SIGN:
                    signs = True
                    want = _NOTHING
            i = skip_blank(data, i, end)
            if i >= end or data[i] != 58:
                return ODD
            i = skip_blank(data, i + 1, end)
            mode = _AT_VALUE
        elif mode == _AT_VALUE:
            mode = _BEHIND
            if byte == 34:
                start = i + 1
                i, flags = read_string(data, start, end)
                if i < 0:
                    return ODD
                if want != _NOTHING:
                    if want >= _ROOT or flags & HIDES_LETTERS or have >> want & 1:
                        return ODD
                    have |= 1 << want
                    starts[want], ends[want] = start, i - 1
            elif byte == 123 or byte == 91:
                is_array = byte == 91
                if want == _NOTHING:
                    want = _ARRAY if is_array else _OBJECT
                elif want < _ROOT or is_array != (want >= _METAS):
                    return ODD
                elif _META <= want <= _LINK:
                    item = i
                    have &= ~_ITEM
                else:
                    bit = want - _METAS + _OBJECT + 1 if is_array else want
                    if have >> bit & 1:
                        return ODD
                    have |= 1 << bit
                    if want == _HEADERS:
                        headers = i
                if depth == _DEPTH:
                    return ODD
                stack[depth] = state = want
                depth += 1
                i = skip_blank(data, i + 1, end)
                if i < end and data[i] == (93 if is_array else 125):
                    continue  # it is empty
                mode = _AT_VALUE if is_array else _AT_KEY
                want = _ELEMENTS[state - _METAS] if is_array else _NOTHING
            elif want != _NOTHING:
                return ODD
            else:
                i = read_plain(data, i, end)
                if i < 0:
                    return ODD
            if mode == _BEHIND:
                i = skip_blank(data, i, end)
                if depth == 0:
                    return ODD
        elif byte == 44:
            i = skip_blank(data, i + 1, end)
            mode = _AT_VALUE if state >= _METAS else _AT_KEY
            if state >= _METAS:
                want = _ELEMENTS[state - _METAS]
        elif byte != (93 if state >= _METAS else 125):
            return ODD
        else:
            i += 1
            if _META <= state <= _LINK:
                worth = -1
                if state == _META:
                    for k in (_NAME, _PRAGMA):
                        if have >> k & 1 and _is_wanted_meta(data, starts[k], ends[k]):
                            worth = NOTED_META
                else:
                    link = NOTED_LINK if state == _LINK else NOTED_HEAD_LINK
                    if have >> _REL & 1 and contains(data, starts[_REL], ends[_REL], _LICENSE):
                        worth = link
                    first, last = starts[_URL], ends[_URL]
                    if commons and have >> _URL & 1 and contains(data, first, last, _COMMONS):
                        worth = link
                if worth >= 0:
                    if noted_at == MAX_NOTED:
                        return ODD
                    noted[noted_at, 0], noted[noted_at, 1], noted[noted_at, 2] = worth, item, i
                    noted_at += 1
                if state == _LINK:
                    if have >> _TEXT & 1:
                        last = copy_string(data, starts[_TEXT], ends[_TEXT], room, texts_at, True)
                        if last > texts_at:
                            room[last] = 32
                            texts_at = last + 1
                    kind = 0
                    if have >> _PATH & 1 and have >> _URL & 1:
                        kind = _image_attribute(data, starts[_PATH], ends[_PATH], room, at)
                    if kind == 2:
                        return ODD
                    if kind == 1:
                        seen += 1
                        last = at
                        if have >> _ALT & 1:
                            last = copy_string(data, starts[_ALT], ends[_ALT], room, at, True)
                            if last == at:
                                blank += 1
                        else:
                            no_alt += 1
                        if last > at:
                            room[last] = 0
                            last = copy_string(
                                data, starts[_URL], ends[_URL], room, last + 1, False
                            )
                            room[last] = 0
                            at = last + 1
                            if have >> _TITLE & 1:
                                at = copy_string(data, starts[_TITLE], ends[_TITLE], room, at, True)
                            room[at] = 0
                            at += 1
            elif state == _HEADERS and signs:
                counts[HEADERS], counts[HEADERS_END] = headers, i
            depth -= 1
            i = skip_blank(data, i, end)
            if depth == 0:
                break
            state = stack[depth - 1]
    if i < end:
        return ODD
    verdict = _verdict(data, have, filled, starts, ends)
    if verdict == PAGE and seen == 0:
        return NO_IMAGE
    if verdict < NO_MARKUP:
        return verdict
    counts[SEEN], counts[NO_ALT], counts[BLANK_ALT], counts[NOTED] = seen, no_alt, blank, noted_at
    counts[IMAGES_END], counts[TEXTS_END] = at, texts_at
    for k in range(_URI, _BASE + 1):
        if have >> k & 1:
            at = copy_string(data, starts[k], ends[k], room, at, False)
        room[at] = 0
        at += 1
    counts[HEAD_END] = at
    counts[TRUNCATED] = have >> _CUT & 1
    return verdict
