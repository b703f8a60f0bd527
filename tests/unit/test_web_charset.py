"""Character encodings: declared, undeclared, wrongly declared, cut."""

from __future__ import annotations

import unicodedata

import pytest
import webencodings
from hypothesis import given
from hypothesis import strategies as st

from mella_spark.web.charset import codec, decode, lookup, prescan

TEXTS = {
    "cs": "Příliš žluťoučký kůň úpěl ďábelské ódy. Vánoční kraslice a pomlázka na dvoře.",
    "hu": "Árvíztűrő tükörfúrógép, a gólya fészke a kéményen. Húsvéti hímes tojás.",
    "ru": "Съешь же ещё этих мягких французских булок, да выпей чаю. Тульский самовар.",
    "sr": "Љубазни фењерџија чађавог лица хоће да ми покаже штос. Ђурђевдански венац.",
    "ar": "نص حكيم له سر قاطع وذو شأن عظيم مكتوب على ثوب أخضر ومغلف بجلد أزرق. فانوس رمضان",
    "ko": "다람쥐 헌 쳇바퀴에 타고파. 한복을 입은 아이들이 장독대 앞에서 논다.",
    "th": "เป็นมนุษย์สุดประเสริฐเลิศคุณค่า กว่าบรรดาฝูงสัตว์เดรัจฉาน โคมลอยในคืนลอยกระทง",
    "vi": "Đèn ông sao ngày Tết Trung thu, bánh chưng và nón lá của người Việt Nam.",
}
LEGACY = [
    ("cs", "windows-1250"),
    ("cs", "iso-8859-2"),
    ("hu", "windows-1250"),
    ("hu", "iso-8859-2"),
    ("ru", "windows-1251"),
    ("ru", "koi8-r"),
    ("ru", "iso-8859-5"),
    ("sr", "windows-1251"),
    ("sr", "iso-8859-5"),
    ("ar", "windows-1256"),
    ("ko", "euc-kr"),
    ("th", "tis-620"),
    ("vi", "windows-1258"),
]


def legacy(language: str, label: str) -> tuple[str, bytes]:
    """A text as its encoding can hold it, and its bytes."""
    text = TEXTS[language]
    if label == "windows-1258":  # Vietnamese: letters with their tone behind them
        text = "".join(_toned(character) for character in text)
    return text, text.encode(codec(lookup(label) or ""))


def _toned(character: str) -> str:
    parts = unicodedata.normalize("NFD", character)
    tones = [part for part in parts if part in "\u0300\u0301\u0303\u0309\u0323"]
    letter = unicodedata.normalize("NFC", "".join(part for part in parts if part not in tones))
    return letter + "".join(tones)


def page(content: bytes, head: bytes = b"") -> bytes:
    return b"<html><head>" + head + b"<title>x</title></head><body>" + content + b"</body></html>"


@pytest.mark.parametrize(("language", "label"), LEGACY)
def test_declared_in_meta_or_header(language: str, label: str) -> None:
    text, content = legacy(language, label)
    meta = f'<meta charset="{label}">'.encode()
    old = f"<META http-equiv=Content-Type content='text/html; charset={label}'>".encode()
    declared = [(page(content, meta), None), (page(content, old), None), (page(content), label)]
    for body, header in declared:
        found, name = decode(body, header)
        assert text in found
        assert name == lookup(label)


@pytest.mark.parametrize(("language", "label"), LEGACY)
def test_undeclared(language: str, label: str) -> None:
    text, content = legacy(language, label)
    assert text in decode(page(content))[0]


@pytest.mark.parametrize(("language", "label"), LEGACY)
@pytest.mark.parametrize("wrong", ["utf-8", "iso-8859-1"])
def test_wrongly_declared(language: str, label: str, wrong: str) -> None:
    text, content = legacy(language, label)
    if wrong == "iso-8859-1" and language in ("cs", "hu", "vi"):
        pytest.skip("Latin text with a Latin label: nothing contradicts the label")
    assert text in decode(page(content, f"<meta charset={wrong}>".encode()))[0]


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("wrong", ["windows-1251", "iso-8859-1", "euc-kr", "tis-620"])
def test_utf_8_is_utf_8_whatever_the_label(language: str, wrong: str) -> None:
    body = page(TEXTS[language].encode(), f"<meta charset={wrong}>".encode())
    assert decode(body, wrong) == (body.decode(), "utf-8")


def test_western_text_keeps_its_label() -> None:
    text = "Où est l'été à Noël? Crème brûlée, garçon, Straße, mañana, ÀÉÎ."
    assert text in decode(page(text.encode("cp1252")), "ISO-8859-1")[0]


@pytest.mark.parametrize("name", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_beats_every_label(name: str) -> None:
    text = "<p>žluťoučký</p>"
    assert decode(text.encode(name), "windows-1251")[0] == text


def test_utf_16_by_header_and_by_its_zeros() -> None:
    text = "<html><img alt='кулич'></html>"
    for name in ("utf-16le", "utf-16be"):
        assert decode(text.encode(name), name) == (text, name)
        assert decode(text.encode(name)) == (text, name)


def test_header_beats_meta() -> None:
    body = page(TEXTS["ru"].encode("cp1251"), b"<meta charset=koi8-r>")
    assert decode(body, "windows-1251")[1] == "windows-1251"


def test_a_page_cut_within_a_character_stays_utf_8() -> None:
    body = ("<p>" + TEXTS["th"]).encode()[:-1]
    text, name = decode(body)
    assert name == "utf-8"
    assert text == ("<p>" + TEXTS["th"])[:-1]


def test_one_broken_byte_does_not_undo_utf_8() -> None:
    body = page(TEXTS["ru"].encode() + b"\xff" + TEXTS["ru"].encode())
    for label in (None, "utf-8"):
        text, name = decode(body, label)
        assert name == "utf-8"
        assert text.count("\ufffd") == 1


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b'<meta charset="KOI8-R">', "koi8-r"),
        (b"<meta charset=utf8 />", "utf-8"),
        (b"<meta name=x content='charset=koi8-r'>", None),
        (b"<!-- <meta charset=koi8-r> --><meta charset=gb2312>", "gbk"),
        (b"<meta charset=nonsense><meta charset=latin1>", "windows-1252"),
        (b"<meta charset=utf-16>", "utf-8"),
        (b"<meta charset=x-user-defined>", "windows-1252"),
        (b'<?xml version="1.0" encoding="ISO-8859-2"?>', "iso-8859-2"),
        (b"<p>charset=koi8-r</p>", None),
        (b"x" * 20000 + b"<meta charset=koi8-r>", None),
    ],
)
def test_prescan(head: bytes, expected: str | None) -> None:
    assert prescan(head) == expected


def test_labels() -> None:
    assert lookup("ISO-8859-1") == "windows-1252"
    assert lookup(' "tis-620" ') == "windows-874"
    assert lookup("iso-2022-kr") is lookup("nope") is lookup(None) is None
    assert codec("euc-kr") == "cp949"
    assert "똠방각하" in "똠방각하".encode("cp949").decode(codec("euc-kr"))


def test_every_label_of_the_standard_has_a_codec() -> None:
    for label in webencodings.LABELS:
        name = lookup(label)
        assert name is None or b"abc".decode(codec(name), "replace")


@given(st.binary(max_size=300), st.sampled_from([None, "utf-8", "euc-kr", "x", "iso-2022-jp"]))
def test_any_bytes_decode(body: bytes, label: str | None) -> None:
    text, name = decode(body, label)
    assert lookup(name) == name
    text.encode("utf-8", "surrogatepass")


def test_korean_syllables_spelled_in_eight_bytes() -> None:
    assert decode(page("곷".encode("euc_kr"), b"<meta charset=euc-kr>"))[0].count("곷") == 1
