"""The element and attribute names that the scanner tells apart, as tables for its inner loop.

Compiled code is cached until ``kernel.py`` changes: touch that file after a change of this one.

Names are compared by 64-bit FNV-1a of their lower-case bytes; two of the names below never share
one, and an unknown name that did would be 1 in 2^64.
"""

from __future__ import annotations

from enum import IntEnum, auto

import numpy as np
import numpy.typing as npt

from mella_spark.web.picture import LAZY, LAZY_SRCSET

FNV_OFFSET = 0xCBF29CE484222325
FNV_PRIME = 0x100000001B3
TABLE_SIZE = 1024


class Tag(IntEnum):
    """Elements that the scanner treats each in its own way."""

    OTHER = 0
    IMG = auto()
    IMAGE = auto()
    SOURCE = auto()
    PICTURE = auto()
    BASE = auto()
    META = auto()
    LINK = auto()  # link, area: licences
    A = auto()
    HTML = auto()
    TITLE = auto()
    HEADING = auto()
    FIGURE = auto()
    FIGCAPTION = auto()
    SCRIPT = auto()
    RAW = auto()  # text up to the end tag, no text of the page
    SELECT = auto()
    PLAINTEXT = auto()
    TEMPLATE = auto()
    FRAMESET = auto()
    SVG = auto()
    MATH = auto()
    SVG_HTML = auto()  # inside SVG: the content is HTML again
    MATH_HTML = auto()
    FONT = auto()
    P = auto()
    BR = auto()


# Flags beside the tag's number.
TAG_MASK = 0xFF
INLINE = 0x100  # stands within words: no space where it begins or ends
BREAKOUT = 0x200  # cannot stand in SVG or MathML: ends them
SPOILS = 0x400  # frameset has no effect behind it

_TAGS: dict[str, Tag] = {
    "img": Tag.IMG,
    "image": Tag.IMAGE,
    "source": Tag.SOURCE,
    "picture": Tag.PICTURE,
    "base": Tag.BASE,
    "meta": Tag.META,
    "link": Tag.LINK,
    "area": Tag.LINK,
    "a": Tag.A,
    "html": Tag.HTML,
    "title": Tag.TITLE,
    **{f"h{level}": Tag.HEADING for level in range(1, 7)},
    "figure": Tag.FIGURE,
    "figcaption": Tag.FIGCAPTION,
    "script": Tag.SCRIPT,
    **dict.fromkeys(("style", "xmp", "iframe", "noembed", "noframes", "textarea"), Tag.RAW),
    "select": Tag.SELECT,
    "plaintext": Tag.PLAINTEXT,
    "template": Tag.TEMPLATE,
    "frameset": Tag.FRAMESET,
    "svg": Tag.SVG,
    "math": Tag.MATH,
    **dict.fromkeys(("foreignobject", "desc"), Tag.SVG_HTML),
    **dict.fromkeys(("mi", "mo", "mn", "ms", "mtext"), Tag.MATH_HTML),
    "font": Tag.FONT,
    "p": Tag.P,
    "br": Tag.BR,
}
_INLINE = (
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr output "
    "q s samp small span strike strong sub sup time tt u var wbr"
)
# HTML Standard, 13.2.6.5: start tags that foreign content cannot hold.
_BREAKOUT = (
    "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li "
    "listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var"
)
# HTML Standard, 13.2.6.4.7: what sets the frameset-ok flag to "not ok".
_SPOILS = (
    "applet area body br button dd dt embed hr iframe image img input keygen li listing marquee "
    "object pre select table textarea wbr xmp"
)

# Attributes in the order of their numbers, which begin at 1.
ATTRIBUTES: tuple[str, ...] = tuple(
    dict.fromkeys(
        (
            "alt",
            "src",
            "href",
            "rel",
            "title",
            "aria-label",
            "width",
            "height",
            "lang",
            "xml:lang",
            "name",
            "content",
            "http-equiv",
            "property",
            "color",
            "face",
            "size",
            "type",
            *LAZY_SRCSET,
            *LAZY,
        )
    )
)


def fnv(name: str) -> int:
    """64-bit FNV-1a of an ASCII name."""
    value = FNV_OFFSET
    for byte in name.encode("ascii"):
        value = ((value ^ byte) * FNV_PRIME) & 0xFFFFFFFFFFFFFFFF
    return value


def table(codes: dict[str, int]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32]]:
    """Open-addressing hash table of names: hashes (0 where free) and codes, TABLE_SIZE each."""
    hashes = np.zeros(TABLE_SIZE, np.uint64)
    values = np.zeros(TABLE_SIZE, np.int32)
    for name, code in codes.items():
        value = fnv(name)
        slot = value % TABLE_SIZE
        while hashes[slot]:
            slot = (slot + 1) % TABLE_SIZE
        hashes[slot], values[slot] = value, code
    return hashes, values


def tags() -> dict[str, int]:
    """Tag number and flags of each element name that has any."""
    codes = {name: int(tag) for name, tag in _TAGS.items()}
    for names, flag in ((_INLINE, INLINE), (_BREAKOUT, BREAKOUT), (_SPOILS, SPOILS)):
        for name in names.split():
            codes[name] = codes.get(name, 0) | flag
    return codes


def attributes() -> dict[str, int]:
    """Number of each attribute name."""
    return {name: number for number, name in enumerate(ATTRIBUTES, 1)}
