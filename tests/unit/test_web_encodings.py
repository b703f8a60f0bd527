"""Encodings against what the WHATWG Encoding Standard says of each."""

from __future__ import annotations

import codecs

import pytest
import webencodings
from hypothesis import given
from hypothesis import strategies as st

from mella_spark.web.encodings import (
    ascii_compatible,
    codec,
    decode_part,
    is_multibyte,
    lookup,
)

NAMES = sorted({name for label in webencodings.LABELS if (name := lookup(label))})
SINGLE_BYTE = [name for name in NAMES if not is_multibyte(name)]
# Bytes of the upper half that the standard's index files leave without a character.
HOLES = {
    "iso-8859-3": "a5aebec3d0e3f0",
    "iso-8859-6": "a1a2a3a5a6a7a8a9aaabaeafb0b1b2b3b4b5b6b7b8b9babcbdbec0dbdcdddedff3f4f5f6f7f8f9fa"
    "fbfcfdfeff",
    "iso-8859-7": "aed2ff",
    "iso-8859-8": "a1bfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddefbfcff",
    "windows-1253": "aad2ff",
    "windows-1255": "d9dadbdcdddedffbfcff",
    "windows-1257": "a1a5",
    "windows-874": "dbdcdddefcfdfeff",
}
HOLES["iso-8859-8-i"] = HOLES["iso-8859-8"]


def test_labels() -> None:
    assert lookup("ISO-8859-1") == "windows-1252"
    assert lookup("latin1") == lookup("ascii") == lookup("us-ascii") == "windows-1252"
    assert lookup("iso-8859-9") == "windows-1254"
    assert lookup("iso-8859-11") == lookup(' "tis-620" ') == "windows-874"
    assert lookup("ks_c_5601-1987") == "euc-kr"
    assert lookup("gb2312") == "gbk"
    assert lookup("UTF-16") == "utf-16le"
    assert lookup("\x0butf-8") is lookup("utf\u2010") is lookup("") is None
    assert lookup("iso-2022-kr") is lookup("nope") is lookup(None) is None
    assert len(NAMES) == 38
    assert len(SINGLE_BYTE) == 28


def test_every_label_of_the_standard_has_a_codec() -> None:
    for label in webencodings.LABELS:
        name = lookup(label)
        assert name is None or decode_part(b"abc", name)
        assert name is None or codecs.lookup(codec(name))


@pytest.mark.parametrize("name", SINGLE_BYTE)
def test_single_bytes(name: str) -> None:
    """ASCII is ASCII; from 0x80 to 0x9F nothing is undefined; beyond, only the known holes."""
    text = decode_part(bytes(range(256)), name)
    assert text[:128] == bytes(range(128)).decode("ascii")
    assert "\ufffd" not in text[:160]
    holes = [byte for byte in range(160, 256) if text[byte] == "\ufffd"]
    assert bytes(holes).hex() == HOLES.get(name, "")
    characters = text.replace("\ufffd", "")
    assert len(set(characters)) == len(characters)
    for byte in range(256):  # where Python's codec has a character, it is the same, but for three
        try:
            python = bytes((byte,)).decode(codec(name))
        except UnicodeDecodeError:
            assert text[byte] in (chr(byte), "\ufffd", "\u05ba")
        else:
            assert text[byte] == python or (name, byte) in (("koi8-u", 0xAE), ("koi8-u", 0xBE))


@pytest.mark.parametrize(
    ("name", "raw", "text"),
    [
        ("windows-1252", b"\x80\x81\x8d\x9d\xa0\xff", "€\x81\x8d\x9d\xa0ÿ"),
        ("windows-1250", b"\x8a\x9a\xe8\xf8\x81", "Šščř\x81"),
        ("windows-1251", b"\x98\xa8\xb8\xff", "\x98Ёёя"),
        ("windows-1255", b"\xca\xe0", "\u05baא"),
        ("windows-1256", b"\x81\x8d\x98\xc7\xff", "پچکاے"),
        ("windows-1258", "Tiê\u0301ng Viê\u0323t".encode("cp1258"), "Tiê\u0301ng Viê\u0323t"),
        ("windows-874", b"\x80\x81\xa1\xdf\xfb", "€\x81ก฿๛"),
        ("koi8-u", b"\xa4\xae\xbe\xb4", "єўЎЄ"),
        ("iso-8859-7", b"\xa4\xa5\xaa", "€₯ͺ"),
        ("x-mac-cyrillic", b"\xa2\xb6\xff", "Ґґ€"),
        ("macintosh", b"\xdb\xf0", "€\uf8ff"),
        ("euc-kr", b"\xb0\xa1\x8c\x63\xc6\x52", "가똠힣"),
        ("euc-kr", "곷".encode("euc_kr"), "곷"),
        ("gbk", b"\x80\xa2\xe3\xc4\xe3\xa8\xbc\xa3\xa0", "€€你ḿ\u3000"),
        ("gb18030", b"\x81\x30\x81\x30\x84\x31\xa4\x37\xa6\xd9", "\x80\ufffd︐"),
        ("big5", b"\xa7\x41\xfa\x40", "你\U00020547"),
        ("shift_jis", b"\x87\x40\xfa\x54\xf0\x40\xb1\x80", "①￢\ue000ｱ\x80"),
        ("euc-jp", b"\xad\xa1\xa1\xc1\xfc\xfe\x8e\xb1\x8f\xb0\xa1", "①～＂ｱ丂"),
        ("iso-2022-jp", b"a\x1b$B-!\x1b(I1\x1b(J\\\x1b(Bb", "a①ｱ¥b"),
        ("utf-16be", b"\x30\x42\xd8\x00\x00a", "あ\ufffda"),
        ("utf-8", b"\xf0\x9f\x98\xe2\x82\xac\xc0\xaf", "\ufffd€\ufffd\ufffd"),
    ],
)
def test_bytes(name: str, raw: bytes, text: str) -> None:
    assert decode_part(raw, name) == text


@pytest.mark.parametrize("name", ["euc-kr", "gbk", "gb18030", "big5", "shift_jis", "euc-jp"])
@pytest.mark.parametrize("end", [b"<", b">", b'"', b"'", b"&", b"=", b" "])
def test_a_broken_character_swallows_no_markup(name: str, end: bytes) -> None:
    """So that mark-up can be told from the bytes (the decoders of the standard, ASCII trails)."""
    for lead in range(0x81, 0xFF):
        text = decode_part(bytes((lead,)) + end + b"x", name)
        assert text.endswith(end.decode() + "x")


def test_what_can_be_scanned_as_bytes() -> None:
    assert [name for name in NAMES if not ascii_compatible(name)] == [
        "iso-2022-jp",
        "utf-16be",
        "utf-16le",
    ]
    ascii_text = bytes(range(0x20, 0x7F)) + b"\t\n"
    for name in filter(ascii_compatible, NAMES):
        assert decode_part(ascii_text, name) == ascii_text.decode()


@given(st.binary(max_size=60), st.sampled_from(NAMES))
def test_any_bytes_have_a_text(raw: bytes, name: str) -> None:
    text = decode_part(raw, name)
    text.encode("utf-8")
    assert text.isascii() or not raw.isascii() or not ascii_compatible(name)


@given(st.text(st.characters(codec="cp949"), max_size=30))
def test_korean(text: str) -> None:
    assert decode_part(text.encode("cp949"), "euc-kr") == text
