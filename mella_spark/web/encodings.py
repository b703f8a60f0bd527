"""The encodings of the web (WHATWG Encoding Standard), on top of Python's codecs.

Python's codec of a name is not always the standard's encoding of that name. Where they differ:

- single-byte: the standard gives a C1 control to every byte from 0x80 to 0x9F that Python leaves
  undefined, and three letters differ (windows-1255 0xCA; koi8-u 0xAE and 0xBE);
- gbk and gb18030: 0x80 is the euro sign, and 21 characters have left the private use area;
- euc-jp and iso-2022-jp: rows 13 and 89 to 92 (NEC, IBM) exist, and six signs are the fullwidth
  ones.

Two deviations are kept. euc-kr also composes the syllables that KS X 1001 spells in eight bytes,
which browsers show as loose letters. About 200 rare characters of big5 that Python's tables (HKSCS
2004) lack become U+FFFD.
"""

from __future__ import annotations

import codecs
import contextlib
from functools import lru_cache

import webencodings

# Where Python's codec of the name lacks characters that the WHATWG encoding has.
_CODECS = {
    "big5": "big5hkscs",
    "euc-kr": "cp949",
    "gbk": "gb18030",
    "iso-2022-jp": "iso2022_jp_ext",
    "shift_jis": "cp932",
    "windows-874": "cp874",
}
_MULTIBYTE = frozenset((*_CODECS, "utf-8", "utf-16le", "utf-16be", "euc-jp", "gb18030")) - {
    "windows-874"
}
_LETTERS = {
    "koi8-u": {0xAE: "ў", 0xBE: "Ў"},
    "windows-1255": {0xCA: "\u05ba"},
}
_GB18030 = str.maketrans(
    "\ue5e5\ue7c7\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793\ue794\ue795\ue796"
    "\ue81e\ue826\ue82b\ue82c\ue832\ue843\ue854\ue864",
    "\u3000ḿ︐︒︑︓︔︕︖︗︘︙龴龵龶龷龸龹龺龻",
)
_JAPANESE = str.maketrans("〜‖−¢£¬", "～∥－￠￡￢")
_ERRORS = {
    "euc-jp": "mella-jis",
    "gb18030": "mella-euro",
    "gbk": "mella-euro",
    "iso-2022-jp": "mella-jis",
}


def lookup(label: str | None) -> str | None:
    """WHATWG name of an encoding label; None if there is none by that label.

    None too for the labels of the ``replacement`` encoding, which decodes nothing.
    """
    if not label:
        return None
    encoding = webencodings.lookup(label.strip("\t\n\f\r \"'"))
    if encoding is None or encoding.name == "replacement":
        return None
    # Python has no codec for user-defined bytes; their ASCII half is all that can be read.
    return "windows-1252" if encoding.name == "x-user-defined" else encoding.name


@lru_cache(maxsize=64)
def codec(name: str) -> str:
    """Python codec for a WHATWG encoding name."""
    if name in _CODECS:
        return _CODECS[name]
    return str(webencodings.lookup(name).codec_info.name)


def ascii_compatible(name: str) -> bool:
    """Whether mark-up in the encoding of that WHATWG name can be read from its bytes."""
    return name not in ("utf-16le", "utf-16be", "iso-2022-jp")


def is_multibyte(name: str) -> bool:
    """Whether characters of the encoding of that WHATWG name take one or more bytes."""
    return name in _MULTIBYTE


def decode_part(raw: bytes, name: str) -> str:
    """Text of a page, or a piece of one, in the encoding of that WHATWG name. Never raises.

    Undecodable bytes become U+FFFD. A byte order mark is a character like any other.
    """
    if name == "utf-8":
        return raw.decode("utf-8", "replace")
    if raw.isascii() and ascii_compatible(name):
        return raw.decode("ascii")
    if table := _table(name):
        return codecs.charmap_decode(raw, "replace", table)[0]
    if name == "euc-kr":
        with contextlib.suppress(UnicodeDecodeError):
            return raw.decode("euc_kr")  # Python's stricter codec composes the long form
    text = raw.decode(codec(name), _ERRORS.get(name, "replace"))
    if name in ("gbk", "gb18030"):
        return text.translate(_GB18030)
    return text.translate(_JAPANESE) if name in ("euc-jp", "iso-2022-jp") else text


@lru_cache(maxsize=64)
def _table(name: str) -> str | None:
    """The 256 characters of a single-byte encoding; None for the others."""
    if name in _MULTIBYTE:
        return None
    characters = []
    for byte in range(256):
        try:
            character = bytes((byte,)).decode(codec(name))
        except UnicodeDecodeError:
            character = chr(byte) if 0x80 <= byte < 0xA0 else "\ufffd"
        characters.append(_LETTERS.get(name, {}).get(byte, character))
    return "".join(characters)


def _euro(error: UnicodeError) -> tuple[str, int]:
    """Codec error handler: a lone 0x80 is the euro sign."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    if error.object[error.start] == 0x80:
        return "€", error.start + 1
    return "\ufffd", error.end


def _jis(error: UnicodeError) -> tuple[str, int]:
    """Codec error handler: two bytes of JIS X 0208 that only Shift_JIS has a character for."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    pair = error.object[error.start : error.start + 2]
    # Seven bits within an escape sequence, or eight bits; both count from the same place.
    base = 0x21 if pair[0] < 0x80 else 0xA1
    if len(pair) == 2 and all(base <= byte < base + 94 for byte in pair):
        row, cell = pair[0] - base, pair[1] - base
        lead, trail = row // 2, row % 2 * 94 + cell
        shifted = bytes(
            (lead + (0x81 if lead < 0x1F else 0xC1), trail + (0x40 if trail < 0x3F else 0x41))
        )
        with contextlib.suppress(UnicodeDecodeError):
            return shifted.decode("cp932"), error.start + 2
    return "\ufffd", error.end


codecs.register_error("mella-euro", _euro)
codecs.register_error("mella-jis", _jis)
