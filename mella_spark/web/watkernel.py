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
    code_of_key,
    contains,
    copy_string,
    digest,
    fnv,
    key_code,
    read_plain,
    read_string,
    skip_blank,
)
from mella_spark.web.urlkernel import CLIMB, kind_of_reference
from mella_spark.web.words import bytes_of, numbers_of

# Verdicts.
ODD, NOT_RESPONSE, HTTP_ERROR, NOT_HTML, NO_IMAGE, PAGE = range(6)
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
# an object; a list of items; any object, any array.
(_ROOT, _CONTAINER, _ENVELOPE, _WARC, _PAYLOAD, _RESPONSE, _MESSAGE, _HEADERS, _MARKUP, _HEAD,
 _METAS, _HEAD_LINKS, _LINKS, _OBJECT, _ARRAY) = range(32, 47)  # fmt: skip
_KEYS = {
    _ROOT: {"Container": _CONTAINER, "Envelope": _ENVELOPE},
    _CONTAINER: {"Filename": _FILE, "Offset": _OFFSET},
    _ENVELOPE: {"WARC-Header-Metadata": _WARC, "Payload-Metadata": _PAYLOAD},
    _WARC: {
        "WARC-Type": _TYPE,
        "WARC-Target-URI": _URI,
        "WARC-Date": _DATE,
        "WARC-Truncated": _CUT,
    },
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
}
_ITEM_KEYS = {
    _METAS: {"name": _NAME, "http-equiv": _PRAGMA},
    _HEAD_LINKS: {"url": _URL, "rel": _REL},
    _LINKS: {"path": _PATH, "url": _URL, "text": _TEXT, "alt": _ALT, "title": _TITLE, "rel": _REL},
}
# Names and pragmas of meta elements that are handed over.
META_NAMES = ("content-language", "content-type", "html@/lang", "html@/xml:lang", "mella-spark",
              "robots", "tdm-policy", "tdm-reservation")  # fmt: skip
# Attributes of an image that are no picture of it.
NO_PICTURE = ("", "background", "data-href", "longdesc", "usemap")

_FIRST_KEY = np.zeros(_METAS - _ROOT + 1, np.int64)  # by object: its keys in the next two
for _number in range(_ROOT, _METAS):
    _FIRST_KEY[_number - _ROOT + 1] = _FIRST_KEY[_number - _ROOT] + len(_KEYS.get(_number, ()))
_KEY_CODES = np.array([key_code(key) for keys in _KEYS.values() for key in keys], np.uint64)
_KEY_WANTS = np.array([want for keys in _KEYS.values() for want in keys.values()], np.int64)
_META_WANTS, _HEAD_WANTS, _LINK_WANTS = (
    np.array([(key_code(key), want) for key, want in keys.items()], np.uint64)
    for keys in _ITEM_KEYS.values()
)
_META_HASHES = np.array([fnv(name) for name in META_NAMES], np.uint64)
_NO_PICTURE_HASHES = np.array([fnv(name) for name in NO_PICTURE], np.uint64)
_SRC, _IMG, _IS_RESPONSE = (np.uint64(fnv(name)) for name in ("src", "img@/", "response"))
_HTML = np.array([fnv("text/html"), fnv("application/xhtml+xml")], np.uint64)
_LICENSE = np.frombuffer(b"license", np.uint8)
_COMMONS = np.frombuffer(b"creativecommons.org", np.uint8)
_DEPTH = 64  # of objects and arrays in each other
# Behind the counts, memory to work with.
_STARTS = COUNTS + _DEPTH
_ENDS = _STARTS + _SIGN
NUMBERS = _ENDS + _SIGN
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
    return PAGE if filled >> _MARKUP & 1 else NOT_HTML


@_compile
def _item(data, i, end, wants, starts, ends):  # type: ignore[no-untyped-def]
    """Reads an object of texts from its brace on: where it ends, and bits of the wanted texts.

    -1 for everything else. ``wants`` are codes of keys and what stands behind them.
    """
    have = 0
    i = skip_blank(data, i + 1, end)
    if i < end and data[i] == 125:
        return i + 1, have
    while i < end and data[i] == 34:
        start = i + 1
        i, flags = read_string(data, start, end)
        if i < 0 or flags & HIDES_LETTERS:
            return -1, 0
        code = code_of_key(data, start, i - 1, end, False)
        i = skip_blank(data, i, end)
        if i >= end or data[i] != 58:
            return -1, 0
        i = skip_blank(data, i + 1, end)
        if i >= end or data[i] != 34:
            return -1, 0
        start = i + 1
        i, flags = read_string(data, start, end)
        if i < 0:
            return -1, 0
        for k in range(len(wants)):
            if wants[k, 0] == code:
                want: Any = np.int64(wants[k, 1])
                if flags & HIDES_LETTERS or have >> want & 1:
                    return -1, 0
                have |= 1 << want
                starts[want], ends[want] = start, i - 1
                break
        i = skip_blank(data, i, end)
        if i >= end:
            return -1, 0
        if data[i] == 125:
            return i + 1, have
        if data[i] != 44:
            return -1, 0
        i = skip_blank(data, i + 1, end)
    return -1, 0


@_compile
def _items(data, i, end, kind, starts, ends, room, noted, counts, commons):  # type: ignore[no-untyped-def]
    """Reads a list of items from its bracket on, and does with each what it is worth; its end."""
    wants = _LINK_WANTS if kind == _LINKS else _META_WANTS if kind == _METAS else _HEAD_WANTS
    i = skip_blank(data, i + 1, end)
    if i < end and data[i] == 93:
        return i + 1
    while i < end and data[i] == 123:
        item = i
        i, have = _item(data, i, end, wants, starts, ends)
        if i < 0:
            return -1
        worth = False
        if kind == _METAS:
            if have >> _NAME & 1:
                worth = _is_wanted_meta(data, starts[_NAME], ends[_NAME])
            if have >> _PRAGMA & 1 and not worth:
                worth = _is_wanted_meta(data, starts[_PRAGMA], ends[_PRAGMA])
        else:
            if have >> _REL & 1:
                worth = contains(data, starts[_REL], ends[_REL], _LICENSE)
            if commons and have >> _URL & 1 and not worth:
                worth = contains(data, starts[_URL], ends[_URL], _COMMONS)
        if worth:
            count = counts[NOTED]
            if count == MAX_NOTED:
                return -1
            noted[3 * count] = kind - _METAS
            noted[3 * count + 1], noted[3 * count + 2] = item, i
            counts[NOTED] = count + 1
        if kind == _LINKS and not _link(data, have, starts, ends, room, counts):
            return -1
        i = skip_blank(data, i, end)
        if i < end and data[i] == 93:
            return i + 1
        if i >= end or data[i] != 44:
            return -1
        i = skip_blank(data, i + 1, end)
    return -1


@_compile
def _link(data, have, starts, ends, room, counts):  # type: ignore[no-untyped-def]
    """Copies out the text of a link, or an image; False if it is one with another picture."""
    if have >> _TEXT & 1:
        at = counts[TEXTS_END]
        last = copy_string(data, starts[_TEXT], ends[_TEXT], room, at, False)
        room[last] = 32
        counts[TEXTS_END] = last + 1
    if not have >> _PATH & 1 or not have >> _URL & 1:
        return True
    at = counts[IMAGES_END]
    kind = _image_attribute(data, starts[_PATH], ends[_PATH], room, at)
    if kind != 1:
        return kind == 0
    counts[SEEN] += 1
    if not have >> _ALT & 1:
        counts[NO_ALT] += 1
        return True
    last = copy_string(data, starts[_ALT], ends[_ALT], room, at, True)
    if last == at:
        counts[BLANK_ALT] += 1
        return True
    room[last] = 0
    url = last + 1
    last = copy_string(data, starts[_URL], ends[_URL], room, url, False)
    kind = kind_of_reference(room, url, last)
    if kind >= CLIMB:  # without its dots
        climbs = 3 * (kind - CLIMB + 1)
        last -= climbs
        for k in range(url, last):
            room[k] = room[k + climbs]
    room[last] = 0
    room[last + 1] = 48 + kind
    room[last + 2] = 0
    last += 3
    if have >> _TITLE & 1:
        last = copy_string(data, starts[_TITLE], ends[_TITLE], room, last, True)
    room[last] = 0
    counts[IMAGES_END] = last + 1
    return True


@_compile
def _is_html(room, end):  # type: ignore[no-untyped-def]
    """Whether a ``Content-Type`` is that of a page."""
    last = 0
    while last < end and room[last] != 59:
        last += 1
    while last > 0 and room[last - 1] == 32:
        last -= 1
    return _among(digest(room, 0, last, True), _HTML)


@_compile
def scan(record, space, notes, numbers, commons):  # type: ignore[no-untyped-def]
    """A verdict on ``record``, and what there is in it in ``space``, which is twice as large.

    Of a PAGE, ``space`` has from its start: alt, reference, its kind and title of each image with
    a worded alt (the kind is a digit of ``urlkernel``; the ``../`` of a CLIMB are left out); then
    address, date, file, offset, type, title and base of the page; each with a null character
    behind it. From ``len(record)`` on it has the texts of links, with spaces between. ``notes``
    gets the spans of elements of the head and of links to licences (``commons``: to those of
    Creative Commons, too), ``numbers`` the counts; they are MAX_NOTED times 3 and NUMBERS long.
    """
    data, room, end = bytes_of(record), bytes_of(space), len(record)
    noted, counts, stack = numbers_of(notes, 0), numbers_of(numbers, 0), numbers_of(numbers, COUNTS)
    starts, ends = numbers_of(numbers, _STARTS), numbers_of(numbers, _ENDS)
    depth, state, have, filled, headers, signs = 0, 0, 0, 0, 0, False
    for k in range(COUNTS):
        counts[k] = 0
    counts[TEXTS_END] = end
    want, mode, i = _ROOT, _AT_VALUE, skip_blank(data, 0, end)
    while i < end:
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
                code = code_of_key(data, start, i - 1, end, state == _HEADERS)
                for k in range(_FIRST_KEY[state - _ROOT], _FIRST_KEY[state - _ROOT + 1]):
                    if _KEY_CODES[k] == code:
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
                else:
                    if want < _ROOT or is_array != (want >= _METAS) or have >> want & 1:
                        return ODD
                    have |= 1 << want
                    if is_array:
                        i = _items(data, i, end, want, starts, ends, room, noted, counts, commons)
                        if i < 0:
                            return ODD
                        i = skip_blank(data, i, end)
                        continue
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
                want = _NOTHING
                continue
            elif want != _NOTHING:
                return ODD
            else:
                i = read_plain(data, i, end)
                if i < 0:
                    return ODD
            i = skip_blank(data, i, end)
        elif depth == 0:
            return ODD
        elif byte == 44:
            i = skip_blank(data, i + 1, end)
            mode = _AT_VALUE if state == _ARRAY else _AT_KEY
            want = _NOTHING
        elif byte != (93 if state == _ARRAY else 125):
            return ODD
        else:
            i += 1
            if state == _HEADERS and signs:
                counts[HEADERS], counts[HEADERS_END] = headers, i
            i = skip_blank(data, i, end)
            depth -= 1
            if depth > 0:
                state = stack[depth - 1]
    if depth > 0 or mode != _BEHIND:
        return ODD
    verdict = _verdict(data, have, filled, starts, ends)
    if verdict == NOT_HTML and have >> _MIME & 1:
        last = copy_string(data, starts[_MIME], ends[_MIME], room, 0, True)
        if _is_html(room, last):
            return NO_IMAGE
    if verdict != PAGE:
        return verdict
    if counts[SEEN] == 0:
        return NO_IMAGE
    at = counts[IMAGES_END]
    for k in range(_URI, _BASE + 1):
        if have >> k & 1:
            at = copy_string(data, starts[k], ends[k], room, at, False)
        room[at] = 0
        at += 1
    counts[HEAD_END] = at
    counts[TRUNCATED] = have >> _CUT & 1
    return verdict
