"""Bytes of a page to text: the WHATWG order, then repair where the declared label cannot be true.

Order (WHATWG Encoding and HTML Standards): byte order mark, ``charset`` of the HTTP header, the
``meta`` prescan, then a detector. Labels go through the WHATWG label table, so ``iso-8859-1`` means
windows-1252 and ``tis-620`` windows-874. Where a browser would show mojibake, text is more useful
to us than fidelity, so a label is set aside when the bytes contradict it:

- valid UTF-8 with several multi-byte sequences is UTF-8, whatever the label says: text in another
  encoding practically never forms valid UTF-8 by chance;
- a multi-byte label under which much of the non-ASCII text is undecodable is wrong;
- windows-1252, every server's careless default, is wrong when most high bytes stand in long runs:
  Western words hold one or two, Cyrillic, Arabic, Thai and Korean words nothing else.
"""

from __future__ import annotations

import codecs
import contextlib
import re

import webencodings
from charset_normalizer import from_bytes

# Where Python's codec of the name lacks characters that the WHATWG encoding has.
_CODECS = {
    "big5": "big5hkscs",
    "euc-kr": "cp949",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "windows-874": "cp874",
}
# Legacy encodings the detector may answer with: WHATWG name by Python codec.
_DETECTABLE = {
    **{f"cp{number}": f"windows-{number}" for number in range(1250, 1259)},
    **{f"iso8859_{part}": f"iso-8859-{part}" for part in (2, 5, 6, 7, 13)},
    "koi8_r": "koi8-r",
    "koi8_u": "koi8-u",
    "cp874": "windows-874",
    "cp949": "euc-kr",
    "cp932": "shift_jis",
    "euc_jp": "euc-jp",
    "gb18030": "gb18030",
    "big5": "big5",
}
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xfe\xff", "utf-16be"), (b"\xff\xfe", "utf-16le"))
_META = re.compile(rb"<!--.*?-->|<meta[\s/]([^>]*)", re.IGNORECASE | re.DOTALL)
_ATTRIBUTE = re.compile(rb"""([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_CONTENT_CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([^\s;"'>]+)""", re.IGNORECASE)
_XML = re.compile(rb"""\s*<\?xml[^>]*?\sencoding\s*=\s*["']([^"'>]+)""")
_TEXT_RUN = re.compile(rb"[^<>\x80-\xff]{0,80}[\x80-\xff][^<>]{0,200}")
_MULTIBYTE = re.compile(rb"(?:[\x00-\x7f]*[\xc2-\xf4][\x80-\xbf]{1,3}){8}")
_CUT_SHORT = re.compile(
    rb"(?:[\xc2-\xf4]|[\xe0-\xf4][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{2})\Z", re.DOTALL
)
_HIGH_RUN = re.compile(rb"[\x80-\xff]{4,}")

# The prescan reads 1024 bytes, but browsers start anew at a meta element found later, so the
# end of any reasonable head counts.
_PRESCAN_BYTES = 16384
_SAMPLE_BYTES = 16384
_MAX_DAMAGE = 0.1
_CENTRAL_EUROPEAN = bytes.fromhex("8a8c8d8e8f9a9c9d9e9f")  # letters of windows-1250 alone
_ISO_CENTRAL_EUROPEAN = bytes.fromhex("a9abaeb9bbbe")  # carons of iso-8859-2, signs in windows-1250


def decode(body: bytes, http_label: str | None = None) -> tuple[str, str]:
    """Text of ``body`` and the WHATWG name of the encoding it was read with. Never raises.

    Undecodable bytes become U+FFFD; a byte order mark is no part of the text.
    """
    name = encoding_of(body, http_label)
    mark = next((mark for mark, of in _BOMS if of == name and body.startswith(mark)), b"")
    if name == "utf-8":
        body = body[: _whole(body)]
    return decode_part(body[len(mark) :], name), name


def encoding_of(body: bytes, http_label: str | None = None) -> str:
    """WHATWG name of the encoding that ``body`` is to be read with. Never raises."""
    for mark, name in _BOMS:
        if body.startswith(mark):
            return name
    if body.isascii() and b"\x1b" not in body and b"\0" not in body:
        return lookup(http_label) or prescan(body[:1024]) or "utf-8"
    valid = _is_utf_8(body)
    if valid and _MULTIBYTE.match(body):
        return "utf-8"
    declared = [name for name in (lookup(http_label), prescan(body)) if name]
    if not declared and (wide := _zeros(body)):
        return wide
    if valid and (not declared or declared[0] == "utf-8"):
        return "utf-8"
    for name in declared:
        if _plausible(name, body):
            return name
    if _damage(body.decode("utf-8", "replace")) <= _MAX_DAMAGE:
        return "utf-8"
    return detect(body) or (declared[0] if declared else "windows-1252")


def must_transcode(body: bytes, http_label: str | None = None) -> str | None:
    """The encoding of a page whose mark-up cannot be told from its bytes; None for all others.

    That is UTF-16 and ISO-2022-JP. Costs a look at the first bytes and one search for an escape.
    """
    if body[:2] in (b"\xfe\xff", b"\xff\xfe") or b"\0" in body[:64] or b"\x1b" in body:
        name = encoding_of(body, http_label)
        return None if ascii_compatible(name) else name
    if http_label and (lookup(http_label) or "").startswith("utf-16"):
        name = encoding_of(body, http_label)
        return None if ascii_compatible(name) else name
    return None


def ascii_compatible(name: str) -> bool:
    """Whether mark-up in the encoding of that WHATWG name can be read from its bytes."""
    return name not in ("utf-16le", "utf-16be", "iso-2022-jp")


def decode_part(raw: bytes, name: str) -> str:
    """Text of a piece of a page in the encoding of that WHATWG name. Never raises.

    Undecodable bytes become U+FFFD.
    """
    if raw.isascii() and ascii_compatible(name):
        return raw.decode("ascii")
    return _decode(raw, name)


def lookup(label: str | None) -> str | None:
    """WHATWG name of an encoding label; None if there is none by that label."""
    if not label:
        return None
    encoding = webencodings.lookup(label.strip().strip("\"'"))
    if encoding is None or encoding.name == "replacement":
        return None
    # Python has no codec for user-defined bytes; their ASCII half is all that can be read.
    return "windows-1252" if encoding.name == "x-user-defined" else encoding.name


def _whole(body: bytes) -> int:
    """Length of ``body`` without a UTF-8 character that its end cuts short."""
    cut = _CUT_SHORT.search(body, max(0, len(body) - 3))
    return cut.start() if cut else len(body)


def _is_utf_8(body: bytes) -> bool:
    """Whether ``body`` is UTF-8, but for a last character cut short."""
    try:
        codecs.utf_8_decode(body, "strict", False)
    except UnicodeDecodeError:
        return False
    return True


def _decode(body: bytes, name: str) -> str:
    if name == "euc-kr":
        # KS X 1001 spells rare syllables in eight bytes, which Python's stricter codec composes.
        with contextlib.suppress(UnicodeDecodeError):
            return body.decode("euc_kr")
    return body.decode(codec(name), "replace")


def codec(name: str) -> str:
    """Python codec for a WHATWG encoding name."""
    if name in _CODECS:
        return _CODECS[name]
    return str(webencodings.lookup(name).codec_info.name)


def prescan(body: bytes) -> str | None:
    """Encoding that the page declares in itself: a ``meta`` element, else an XML declaration."""
    head = body[:_PRESCAN_BYTES]
    for match in _META.finditer(head):
        if match.group(1) is None:
            continue
        attributes = {
            name.lower(): quoted or single or bare
            for name, quoted, single, bare in _ATTRIBUTE.findall(match.group(1))
        }
        label = attributes.get(b"charset")
        if label is None and attributes.get(b"http-equiv", b"").lower() == b"content-type":
            inside = _CONTENT_CHARSET.search(attributes.get(b"content", b""))
            label = inside.group(1) if inside else None
        if label and (name := lookup(label.decode("ascii", "replace"))):
            # A meta element that can be read as ASCII is not UTF-16 (HTML Standard).
            return "utf-8" if name.startswith("utf-16") else name
    xml = _XML.match(head)
    return lookup(xml.group(1).decode("ascii", "replace")) if xml else None


def detect(body: bytes) -> str | None:
    """Most likely legacy encoding of a page, from its stretches of non-ASCII text."""
    sample = b"\n".join(_TEXT_RUN.findall(body))[:_SAMPLE_BYTES]
    guess = from_bytes(sample, cp_isolation=list(_DETECTABLE)).best()
    name = _DETECTABLE.get(guess.encoding) if guess else None
    if name in ("windows-1250", "iso-8859-2"):
        only_windows = sum(map(sample.count, (bytes([b]) for b in _CENTRAL_EUROPEAN)))
        only_iso = sum(map(sample.count, (bytes([b]) for b in _ISO_CENTRAL_EUROPEAN)))
        return "iso-8859-2" if only_iso > only_windows else "windows-1250"
    return name


def _zeros(body: bytes) -> str | None:
    """UTF-16 without a mark, told by the zero bytes of its ASCII: mark-up begins with plenty."""
    odd, even = body[1:64:2].count(0), body[0:64:2].count(0)
    if max(odd, even) <= 16:
        return None
    return "utf-16le" if odd > even else "utf-16be"


def _plausible(name: str, body: bytes) -> bool:
    if name == "windows-1252":
        high = len(body) - len(body.translate(None, bytes(range(0x80, 0x100))))
        return 2 * sum(map(len, _HIGH_RUN.findall(body))) <= high
    return _damage(_decode(body, name)) <= _MAX_DAMAGE


def _damage(text: str) -> float:
    """Share of U+FFFD among the non-ASCII characters of ``text``."""
    other = len(text) - len(text.encode("ascii", "ignore"))
    return text.count("\ufffd") / other if other else 0.0
