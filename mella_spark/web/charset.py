"""Which encoding a page is to be read with: the WHATWG order, then repair of untrue labels.

Order (WHATWG Encoding and HTML Standards): byte order mark, ``charset`` of the HTTP header, the
``prescan`` of the page's own declarations, then a ``detector``. Labels go through the WHATWG label
table, so ``iso-8859-1`` means windows-1252 and ``tis-620`` windows-874. Where a browser would show
mojibake, text is more useful to us than fidelity, so a label is set aside when the bytes contradict
it:

- valid UTF-8 with several multi-byte sequences is UTF-8, whatever the label says: text in another
  encoding practically never forms valid UTF-8 by chance;
- half of the first bytes zero is UTF-16, and UTF-16 without zeros is something else;
- a multi-byte label under which much of the non-ASCII text is undecodable is wrong;
- windows-1252, every server's careless default, is wrong when most high bytes stand in long runs:
  Western words hold one or two, Cyrillic, Arabic, Thai and Korean words nothing else;
- a single-byte label is wrong when the text is incoherent under it (signs within words, cases or
  scripts mixed, no language's alphabet) and coherent under the detector's guess.
"""

from __future__ import annotations

import re
import struct

import pyarrow as pa

from mella_spark.web.detector import confirmed, contradicted, detect, hint, sample
from mella_spark.web.encodings import ascii_compatible, codec, decode_part, is_multibyte, lookup
from mella_spark.web.prescan import prescan

__all__ = [
    "ascii_compatible",
    "codec",
    "decode",
    "decode_part",
    "encoding_of",
    "is_multibyte",
    "lookup",
    "must_transcode",
    "prescan",
]

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xfe\xff", "utf-16be"), (b"\xff\xfe", "utf-16le"))
_WIDE = ("utf-16le", "utf-16be")
_HIGH = bytes(range(0x80, 0x100))
_HIGH_RUN = re.compile(rb"[\x80-\xff]{4,}")
_SEVERAL = re.compile(rb"(?:[\x00-\x7f]*+[\xc2-\xf4][\x80-\xbf]{1,3}+){8}")
_CUT_SHORT = re.compile(
    rb"(?:[\xc2-\xf4]|[\xe0-\xf4][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{2})\Z", re.DOTALL
)

# Bytes behind several characters of UTF-8 that a label is believed after, if they are UTF-8 too.
_CONVINCING = 1 << 14
_MAX_DAMAGE, _MIN_BROKEN = 0.1, 3


def decode(body: bytes, http_label: str | None = None, host: str | None = None) -> tuple[str, str]:
    """Text of ``body`` and the WHATWG name of the encoding it was read with. Never raises.

    Undecodable bytes become U+FFFD; a byte order mark is no part of the text, and neither is a
    character of UTF-8 that the end cuts short.
    """
    name = encoding_of(body, http_label, host)
    mark = next((mark for mark, of in _BOMS if of == name and body.startswith(mark)), b"")
    if name == "utf-8":
        body = body[: _whole(body)]
    return decode_part(body[len(mark) :], name), name


def encoding_of(body: bytes, http_label: str | None = None, host: str | None = None) -> str:
    """WHATWG name of the encoding that ``body`` is to be read with. Never raises.

    ``http_label`` is the charset of the response, ``host`` the page's: its top-level domain helps
    where nothing true is declared.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return name
    if wide := _zeros(body):
        return wide
    if body.isascii() and b"\x1b" not in body:
        return next(filter(ascii_compatible, _declared(body, http_label)), "utf-8")
    several = _SEVERAL.match(body) if b"\x1b" not in body else None
    end = len(body)
    if several and lookup(http_label) == "utf-8":
        end = several.end() + _CONVINCING
    valid = _is_utf_8(body[:end])
    if valid and several:
        return "utf-8"
    declared = _declared(body, http_label)
    # One sequence of UTF-8 looks like text in Thai or Korean, but in Western text like nothing.
    if valid and (not declared or declared[0] in ("utf-8", "windows-1252")):
        return "utf-8"
    if "iso-2022-jp" in declared and b"\x1b" in body and body.isascii():
        return "iso-2022-jp"
    if declared and confirmed(body, declared[0], hint(body, host)):
        return declared[0]
    text = sample(body)
    guess = ""
    for name in declared:
        if name in _WIDE or name == "iso-2022-jp":
            continue
        if is_multibyte(name) and _damaged(text, name):
            continue
        if name == "utf-8":
            return name
        if name == "windows-1252" and _runs(text):
            continue
        guess = guess or detect(text, hint(body, host))
        if name == guess or not contradicted(text, name, guess):
            return name
    if not _damaged(text, "utf-8"):
        return "utf-8"
    return guess or detect(text, hint(body, host))


def must_transcode(body: bytes, http_label: str | None = None) -> str | None:
    """The encoding of a page whose mark-up cannot be told from its bytes; None for all others.

    That is UTF-16 and ISO-2022-JP. Costs a look at the first bytes and one search for an escape.
    """
    if body[:2] in (b"\xfe\xff", b"\xff\xfe") or b"\0" in body[:64] or b"\x1b" in body:
        name = encoding_of(body, http_label)
        return None if ascii_compatible(name) else name
    return None


def _declared(body: bytes, http_label: str | None) -> list[str]:
    return [name for name in (lookup(http_label), prescan(body)) if name]


def _whole(body: bytes) -> int:
    """Length of ``body`` without a UTF-8 character that its end cuts short."""
    cut = _CUT_SHORT.search(body, max(0, len(body) - 3))
    return cut.start() if cut else len(body)


def _is_utf_8(body: bytes) -> bool:
    """Whether ``body`` is UTF-8, but for a last character cut short."""
    end = _whole(body)
    # Arrow looks at text without making a string of it, in half the time of a codec.
    text = pa.LargeStringArray.from_buffers(
        1, pa.py_buffer(struct.pack("=2q", 0, end)), pa.py_buffer(body)
    )
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _zeros(body: bytes) -> str | None:
    """UTF-16 without a mark, told by the zero bytes of its ASCII: mark-up begins with plenty."""
    head = body[:64]
    if b"\0" not in head:
        return None
    odd, even = head[1::2].count(0), head[0::2].count(0)
    if max(odd, even) <= 16 or min(odd, even) > 2:
        return None
    return "utf-16le" if odd > even else "utf-16be"


def _runs(text: bytes) -> bool:
    """Whether most high bytes stand in runs."""
    high = len(text) - len(text.translate(None, _HIGH))
    return 2 * sum(map(len, _HIGH_RUN.findall(text))) > high


def _damaged(text: bytes, name: str) -> bool:
    """Whether much of the non-ASCII part of ``text``, a sample that may be cut, is undecodable.

    UTF-8 is never valid by accident, so there a single broken character says something.
    """
    decoded = decode_part(text, name)[:-2]
    broken = decoded.count("\ufffd")
    other = len(decoded) - len(decoded.encode("ascii", "ignore"))
    return broken > _MAX_DAMAGE * other and (name == "utf-8" or broken >= _MIN_BROKEN)
