"""The compiled loop of ``scan``: tokenizer and what of tree construction decides about elements.

The states are those of the HTML Standard (13.2.5); the comments name what is easily missed. All
functions work on arrays of bytes and take time linear in the page.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mella_spark.web import names
from mella_spark.web.names import (
    ATTRIBUTES,
    BREAKOUT,
    FNV_OFFSET,
    FNV_PRIME,
    INLINE,
    SPOILS,
    TABLE_SIZE,
    TAG_MASK,
    Tag,
)
from mella_spark.web.page import SAMPLE_CHARS
from mella_spark.web.words import bytes_of, find, find_either

# A word longer than this many characters is cut: scripts without spaces.
WORD = 24

_TAG_HASHES, _TAG_CODES = names.table(names.tags())
_NAME_HASHES, _NAME_CODES = names.table(names.attributes())
_OFFSET, _PRIME = np.uint64(FNV_OFFSET), np.uint64(FNV_PRIME)
_SLOTS = np.uint64(TABLE_SIZE - 1)
_NUMBER = {name: number for number, name in enumerate(ATTRIBUTES, 1)}
_ALT, _HREF, _REL = (_NUMBER[name] for name in ("alt", "href", "rel"))
_LANG, _XML_LANG = _NUMBER["lang"], _NUMBER["xml:lang"]
_COLOR, _FACE, _SIZE = (_NUMBER[name] for name in ("color", "face", "size"))
_FOREIGN_DEPTH = 64
_NBSP = np.frombuffer(b"nbsp;", np.uint8)
_LICENSE = np.frombuffer(b"license", np.uint8)
_COMMONS = np.frombuffer(b"creativecommons.org/", np.uint8)

# Classes of bytes: white space, other ends of a name, what a text cannot just copy.
_SPACE, _ENDS_NAME, _SPECIAL = 1, 2, 4
_CLASS = np.zeros(256, np.uint8)
_SPACES = np.frombuffer(b"\t\n\f\r ", np.uint8)
_CLASS[_SPACES] = _SPACE | _ENDS_NAME
_CLASS[np.frombuffer(b"/>", np.uint8)] = _ENDS_NAME
_CLASS[np.frombuffer(b"<&\0", np.uint8)] = _SPECIAL
_LOWER = np.arange(256, dtype=np.uint64)
_LOWER[65:91] += np.uint64(32)
_PRINTED = np.arange(256, dtype=np.uint8)
_PRINTED[_SPACES] = 32

# Tags as plain numbers: what compiled code can hold.
_IMG, _IMAGE, _SOURCE, _PICTURE = int(Tag.IMG), int(Tag.IMAGE), int(Tag.SOURCE), int(Tag.PICTURE)
_BASE, _META, _LINK, _A, _HTML = (
    int(Tag.BASE), int(Tag.META), int(Tag.LINK), int(Tag.A), int(Tag.HTML),
)  # fmt: skip
_TITLE, _HEADING, _FIGURE, _FIGCAPTION = (
    int(Tag.TITLE), int(Tag.HEADING), int(Tag.FIGURE), int(Tag.FIGCAPTION),
)  # fmt: skip
_SCRIPT, _RAW, _SELECT, _PLAINTEXT = (
    int(Tag.SCRIPT), int(Tag.RAW), int(Tag.SELECT), int(Tag.PLAINTEXT),
)  # fmt: skip
_TEMPLATE, _FRAMESET, _FONT = int(Tag.TEMPLATE), int(Tag.FRAMESET), int(Tag.FONT)
_P, _BR = int(Tag.P), int(Tag.BR)
_SVG, _MATH, _SVG_HTML, _MATH_HTML = (
    int(Tag.SVG), int(Tag.MATH), int(Tag.SVG_HTML), int(Tag.MATH_HTML),
)  # fmt: skip

# Where the numbers stand that a scan gives beside its arrays.
AT_IMAGES, AT_ATTRIBUTES, AT_ELEMENTS, AT_FIGURES, AT_TEXT = range(5)
AT_SEEN, AT_NO_ALT, AT_BLANK, AT_TITLED, AT_TITLE_END = range(5, 10)
AT_SAMPLE = 10  # to 16: three ranges
COUNTS = 16

_compile: Any = njit(cache=True, nogil=True)


@_compile
def _is_space(byte):  # type: ignore[no-untyped-def]
    return _CLASS[byte] & _SPACE


@_compile
def _is_letter(byte):  # type: ignore[no-untyped-def]
    return 97 <= (byte | 32) <= 122


@_compile
def _lower(byte):  # type: ignore[no-untyped-def]
    return _LOWER[byte]


@_compile
def _code(value, hashes, codes):  # type: ignore[no-untyped-def]
    """Code of a name by its hash; 0 for others."""
    slot = value & _SLOTS
    while hashes[slot]:
        if hashes[slot] == value:
            return codes[slot]
        slot = (slot + np.uint64(1)) & _SLOTS
    return 0


@_compile
def _hash(body, start, end):  # type: ignore[no-untyped-def]
    value = _OFFSET
    for at in range(start, end):
        value = (value ^ _LOWER[body[at]]) * _PRIME
    return value


@_compile
def _attributes(body, at, attributes, count, wanted):  # type: ignore[no-untyped-def]
    """Attributes from behind a tag's name on: (position behind the tag or -1, count, whether the
    tag closes itself). Of equal names the first counts. Writes the known ones if ``wanted``."""
    size, first, slash = body.size, count, False
    while True:
        while at < size and (_is_space(body[at]) or body[at] == 47):
            slash = body[at] == 47
            at += 1
        if at >= size:
            return -1, first, False
        if body[at] == 62:
            return at + 1, count, slash
        slash = False
        named = at
        at += 1  # an equals sign at the start is part of the name
        while at < size and body[at] != 61 and not _CLASS[body[at]] & _ENDS_NAME:
            at += 1
        if at >= size:
            return -1, first, False
        name_end = at
        while at < size and _is_space(body[at]):
            at += 1
            slash = False
        start = end = at
        if at < size and body[at] == 61:
            at += 1
            while at < size and _is_space(body[at]):
                at += 1
            if at >= size:
                return -1, first, False
            quote = body[at]
            if quote == 34 or quote == 39:
                at += 1
                start = at
                at = find(bytes_of(body), at, size, quote)
                if at >= size:
                    return -1, first, False
                end = at
                at += 1
            else:
                start = at
                while at < size and body[at] != 62 and not _is_space(body[at]):
                    at += 1
                end = at
        if wanted:
            name = _code(_hash(body, named, name_end), _NAME_HASHES, _NAME_CODES)
            if name:
                for row in range(first, count):
                    if attributes[row, 0] == name:
                        break
                else:
                    attributes[count, 0] = name
                    attributes[count, 1] = start
                    attributes[count, 2] = end
                    count += 1


@_compile
def _comment_end(body, at):  # type: ignore[no-untyped-def]
    """Position behind a comment whose ``<!--`` ends at ``at``."""
    size = body.size
    if at < size and body[at] == 62:
        return at + 1
    if at + 1 < size and body[at] == 45 and body[at + 1] == 62:
        return at + 2
    while at < size:
        at = find(bytes_of(body), at, size, 45)
        if at + 2 < size and body[at + 1] == 45:
            if body[at + 2] == 62:
                return at + 3
            if body[at + 2] == 33 and at + 3 < size and body[at + 3] == 62:
                return at + 4
        at += 1
    return size


@_compile
def _find(body, at, byte):  # type: ignore[no-untyped-def]
    """Position behind the next ``byte``."""
    return min(find(bytes_of(body), at, body.size, byte) + 1, body.size)


@_compile
def _starts(body, at, start, end):  # type: ignore[no-untyped-def]
    """Whether the tag name body[start:end] stands at ``at``, in any case, and ends there."""
    if at + end - start >= body.size:
        return False
    for offset in range(end - start):
        if _lower(body[at + offset]) != _lower(body[start + offset]):
            return False
    byte = body[at + end - start]
    return byte == 62 or byte == 47 or _is_space(byte)


@_compile
def _raw_end(body, at, start, end, script):  # type: ignore[no-untyped-def]
    """Where the end tag of a raw text element named body[start:end] begins; the end without one.

    In a script, ``<!--`` begins a stretch in which ``<script`` hides the next ``</script``.
    """
    size = body.size
    escaped = doubly = False
    while at < size:
        at = find_either(bytes_of(body), at, size, 60, 45 if escaped else 60)
        if at == size:
            break
        byte = body[at]
        if byte == 60 and at + 1 < size:
            if body[at + 1] == 47 and _starts(body, at + 2, start, end):
                if not doubly:
                    return at
                doubly = False
            elif script and not escaped and at + 3 < size and body[at + 1] == 33:
                if body[at + 2] == 45 and body[at + 3] == 45:
                    escaped = True
                    at += 2  # its dashes may also end it: <!-->
                    continue
            elif escaped and not doubly and _starts(body, at + 1, start, end):
                doubly = True
        elif escaped and byte == 45 and at + 2 < size and body[at + 1] == 45 and body[at + 2] == 62:
            escaped = doubly = False
        at += 1
    return size


@_compile
def _contains(body, start, end, word):  # type: ignore[no-untyped-def]
    """Whether ``word`` stands in body[start:end], in any case."""
    for at in range(start, end - word.size + 1):
        offset = 0
        while offset < word.size and _lower(body[at + offset]) == word[offset]:
            offset += 1
        if offset == word.size:
            return True
    return False


@_compile
def _window(text, size, place, half):  # type: ignore[no-untyped-def]
    """Whole words within ``half`` characters on both sides of a place in the text.

    Bytes 0x80 to 0xBF count nothing: in UTF-8 they continue a character, and in legacy encodings
    they are rare enough. The caller cuts what turns out too long.
    """
    start, left = place, half
    left += place > 0 and text[place - 1] == 32  # the space that the image itself makes
    while start > 0 and left > 0:
        start -= 1
        left -= not 0x80 <= text[start] <= 0xBF
    if start > 0:
        while start < place and 0x80 <= text[start] <= 0xBF:
            start += 1
        at = start - 1
        while at < place and at < start + WORD:
            if text[at] == 32:
                start = at + 1
                break
            at += 1
    end, left = place, half
    while end < size and (left > 0 or 0x80 <= text[end] <= 0xBF):
        left -= not 0x80 <= text[end] <= 0xBF
        end += 1
    if end < size:
        at = end
        while at > place and at > end - WORD:
            if text[at] == 32:
                end = at
                break
            at -= 1
    return start, end


@_compile
def scan(body, text, images, attributes, elements, figures, counts, half):  # type: ignore[no-untyped-def]
    """Fills the arrays; False if one of them is too small."""
    size = body.size
    at = written = 0
    spaced = 1  # the text ends with a space, or is empty
    image_count = attribute_count = element_count = figure_count = 0
    seen = no_alt = blank = 0
    title_start, title_end = -1, -1
    foreign = np.zeros(_FOREIGN_DEPTH, np.int8)  # 1: SVG, 2: MathML, 3: HTML inside of them
    depth = template = 0
    frames, frameset_ok, select, plain = False, True, False, False
    link_start = link_end = 0
    heading_start = heading_end = 0
    open_heading = -1
    figure = -1
    open_caption = -1
    picture = -1
    rooted = False
    while at < size:
        byte = body[at]
        if not _CLASS[byte] & _SPECIAL:
            if template or frames or select:
                frameset_ok &= template > 0 or _is_space(byte) > 0
                at += 1
                continue
            begin = written
            while at < size:  # no branches: words are short
                byte = body[at]
                kind = _CLASS[byte]
                if kind & _SPECIAL:
                    break
                kind &= _SPACE
                text[written] = _PRINTED[byte]
                written += 1 - (kind & spaced)
                spaced = kind
                at += 1
            frameset_ok &= written - begin <= spaced
            continue
        if byte != 60 or plain:
            if (
                byte == 38
                and at + 5 < size
                and body[at + 1] == 110
                and _contains(body, at + 1, at + 6, _NBSP)
            ):
                if not spaced:
                    text[written] = 32
                    written += 1
                    spaced = 1
                frameset_ok = False
                at += 5
            elif byte != 0 and template == 0:  # "&"; in plaintext, also "<"
                frameset_ok = False
                if not (frames or select):
                    text[written] = byte
                    written += 1
                    spaced = 0
            at += 1
            continue
        if at + 2 >= size:
            break
        start = at + 1
        closing = body[start] == 47
        if closing:
            start += 1
        if not _is_letter(body[start]):
            if closing:
                at = _find(body, start, 62)
            elif body[start] == 33:
                if start + 2 < size and body[start + 1] == 45 and body[start + 2] == 45:
                    at = _comment_end(body, start + 3)
                elif (
                    depth
                    and foreign[depth - 1] < 3
                    and start + 7 < size
                    and body[start + 1] == 91
                    and body[start + 7] == 91
                ):
                    end = start + 8  # <![CDATA[ … ]]>
                    while end < size and not (
                        body[end] == 62 and body[end - 1] == 93 and body[end - 2] == 93
                    ):
                        end += 1
                    at = end + 1
                else:
                    at = _find(body, start, 62)
            elif body[start] == 63:
                at = _find(body, start, 62)
            else:
                if template == 0 and not (frames or select):
                    text[written] = 60
                    written += 1
                    spaced = 0
                frameset_ok = False
                at += 1
            continue
        end = start
        value = _OFFSET
        while end < size and not _CLASS[body[end]] & _ENDS_NAME:
            value = (value ^ _LOWER[body[end]]) * _PRIME
            end += 1
        code = _code(value, _TAG_HASHES, _TAG_CODES)
        tag = code & TAG_MASK
        if (
            image_count + 1 >= images.shape[0]
            or element_count + 1 >= elements.shape[0]
            or figure_count + 1 >= figures.shape[0]
            or attribute_count + len(ATTRIBUTES) >= attributes.shape[0]
        ):
            return False
        first = attribute_count
        wanted = not closing and (0 < tag <= _HTML or tag == _FONT)
        at, attribute_count, closed = _attributes(body, end, attributes, first, wanted)
        if at < 0:
            break
        attributes_end = attribute_count
        attribute_count = first  # kept only by what needs them
        if not code & INLINE and not spaced:
            text[written] = 32
            written += 1
            spaced = 1

        if depth and foreign[depth - 1] < 3:
            kind = foreign[depth - 1]
            if closing:
                if tag == (_SVG if kind == 1 else _MATH):
                    depth -= 1
                    continue
                leaves = tag in (_P, _BR)
            else:
                leaves = code & BREAKOUT
                if tag == _FONT:
                    for row in range(first, attributes_end):
                        name = attributes[row, 0]
                        leaves |= name in (_COLOR, _FACE, _SIZE)
            if not leaves:
                if not closing and not closed and depth < _FOREIGN_DEPTH:
                    if tag == (_SVG if kind == 1 else _MATH):
                        foreign[depth] = kind
                        depth += 1
                    elif (kind == 1 and (tag in (_SVG_HTML, _TITLE))) or (
                        kind == 2 and tag == _MATH_HTML
                    ):
                        foreign[depth] = 3
                        depth += 1
                continue
            while depth and foreign[depth - 1] < 3:
                depth -= 1
        elif depth and closing:
            kind = foreign[depth - 2]
            if (kind == 1 and (tag in (_SVG_HTML, _TITLE))) or (kind == 2 and tag == _MATH_HTML):
                depth -= 1
                continue

        if tag == _TEMPLATE:
            if closing:
                template = max(0, template - 1)
            else:
                template += 1
            continue
        if not closing:
            if tag in (_SVG, _MATH):
                if not closed and depth < _FOREIGN_DEPTH:
                    foreign[depth] = 1 if tag == _SVG else 2
                    depth += 1
                continue
            if tag in (_SCRIPT, _RAW, _TITLE):
                begin = at
                at = _raw_end(body, begin, start, end, tag == _SCRIPT)
                if tag == _TITLE and title_start < 0 and not (template or frames):
                    title_start, title_end = begin, at
        if template or frames:
            continue
        if closing:
            if tag == _BR:  # is <br>
                frameset_ok = False
            elif tag == _A:
                link_start = link_end = 0
            elif tag == _HEADING:
                if open_heading >= 0:
                    heading_start, heading_end = open_heading, written
                    open_heading = -1
            elif tag == _PICTURE:
                picture = -1
            elif tag == _FIGCAPTION:
                if open_caption >= 0 and figure >= 0:
                    figures[figure, 1], figures[figure, 2] = open_caption, written
                open_caption = -1
            elif tag == _FIGURE:
                if figure >= 0:
                    if open_caption >= 0:
                        figures[figure, 1], figures[figure, 2] = open_caption, written
                    figure = figures[figure, 0]
                open_caption = -1
            elif tag == _SELECT:
                select = False
            continue

        if tag == _FRAMESET and frameset_ok:
            frames = True
            continue
        if code & SPOILS:
            frameset_ok = False
        if tag in (_IMG, _IMAGE):
            seen += 1
            has_alt = worded = False
            for row in range(first, attributes_end):
                if attributes[row, 0] == _ALT:
                    has_alt = True
                    for place in range(attributes[row, 1], attributes[row, 2]):
                        if not _is_space(body[place]):
                            worded = True
                            break
            if not has_alt:
                no_alt += 1
            elif not worded:
                blank += 1
            else:
                attribute_count = attributes_end
                images[image_count, 0], images[image_count, 1] = first, attributes_end
                images[image_count, 2], images[image_count, 3] = heading_start, heading_end
                images[image_count, 4], images[image_count, 5] = link_start, link_end
                images[image_count, 6] = figure
                images[image_count, 7] = picture if picture >= 0 else element_count
                images[image_count, 8] = element_count
                images[image_count, 9] = written
                image_count += 1
        elif tag == _SOURCE:
            if picture >= 0:
                attribute_count = attributes_end
        elif tag == _PICTURE:
            picture = element_count
        elif tag in (_BASE, _META):
            attribute_count = attributes_end
        elif tag == _HTML:
            if not rooted:
                for row in range(first, attributes_end):
                    if attributes[row, 0] == _LANG or attributes[row, 0] == _XML_LANG:
                        rooted = True
                        attribute_count = attributes_end
        elif tag in (_A, _LINK):
            if tag == _A:
                link_start = link_end = 0
            licensing = False
            for row in range(first, attributes_end):
                name = attributes[row, 0]
                if name == _HREF:
                    if tag == _A:
                        link_start, link_end = attributes[row, 1], attributes[row, 2]
                    licensing |= _contains(body, attributes[row, 1], attributes[row, 2], _COMMONS)
                elif name == _REL:
                    licensing |= _contains(body, attributes[row, 1], attributes[row, 2], _LICENSE)
            if licensing:
                attribute_count = attributes_end
        elif tag == _HEADING:
            open_heading = written
        elif tag == _FIGURE:
            figures[figure_count, 0] = figure
            figures[figure_count, 1] = figures[figure_count, 2] = 0
            figure = figure_count
            figure_count += 1
            open_caption = -1
        elif tag == _FIGCAPTION:
            open_caption = written
        elif tag == _SELECT:
            select = True
        elif tag == _PLAINTEXT:
            plain = True
        if attribute_count > first and tag != _IMG and tag != _IMAGE:
            elements[element_count, 0] = tag
            elements[element_count, 1], elements[element_count, 2] = first, attributes_end
            element_count += 1

    while figure >= 0:  # figures that nothing closes
        if open_caption >= 0:
            figures[figure, 1], figures[figure, 2] = open_caption, written
        figure, open_caption = figures[figure, 0], -1
    for row in range(image_count):
        images[row, 10], images[row, 11] = _window(text, written, images[row, 9], half)
    counts[AT_IMAGES], counts[AT_ATTRIBUTES] = image_count, attribute_count
    counts[AT_ELEMENTS], counts[AT_FIGURES] = element_count, figure_count
    counts[AT_TEXT] = written
    counts[AT_SEEN], counts[AT_NO_ALT], counts[AT_BLANK] = seen, no_alt, blank
    counts[AT_TITLED], counts[AT_TITLE_END] = title_start, title_end
    for part in range(6):
        counts[AT_SAMPLE + part] = 0
    if written <= SAMPLE_CHARS:
        counts[AT_SAMPLE + 1] = written
    else:
        for quarter in range(3):
            counts[AT_SAMPLE + 2 * quarter], counts[AT_SAMPLE + 2 * quarter + 1] = _window(
                text, written, written * (quarter + 1) // 4, SAMPLE_CHARS // 6
            )
    return True
