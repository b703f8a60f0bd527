"""Which encoding a page is read with: declared, undeclared, wrongly declared, cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from legacy_pages import LEGACY, bodies, encodable, page

from mella_spark.web.charset import decode, encoding_of, must_transcode
from mella_spark.web.encodings import ascii_compatible, codec, lookup

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
# Labels that servers and templates put on any page.
CARELESS = ["utf-8", "iso-8859-1", "windows-1251", "koi8-r", "euc-kr", "gbk"]


def legacy(language: str, label: str) -> tuple[str, bytes]:
    """A text as its encoding can hold it, and its bytes."""
    text = encodable(TEXTS[language], label)
    return text, text.encode(codec(lookup(label) or ""))


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
@pytest.mark.parametrize("wrong", CARELESS)
def test_wrongly_declared(language: str, label: str, wrong: str) -> None:
    text, content = legacy(language, label)
    assert text in decode(page(content, f"<meta charset={wrong}>".encode()))[0]


@pytest.mark.parametrize(("language", "label"), LEGACY)
def test_generated_pages(language: str, label: str) -> None:
    """Of pages with a few sentences: all that are declared, 95 % of those that are not."""
    pages = list(bodies(language, label, 40, 200))
    assert all(text in decode(body, label)[0] for text, body in pages)
    assert sum(text in decode(body)[0] for text, body in pages) >= 38
    for wrong in CARELESS:
        # Hungarian without ő and ű is as good in a Western encoding.
        least = 34 if (language, wrong) == ("hu", "iso-8859-1") else 38
        assert sum(text in decode(body, wrong)[0] for text, body in pages) >= least, wrong


def test_the_host_and_the_language_help() -> None:
    text, content = legacy("hu", "windows-1250")
    short = "Kő, nő, fő".encode("cp1250")
    assert "Kő, nő, fő" in decode(page(short), host="kepek.site.hu")[0]
    tagged = b"<html lang=hu><p>" + short
    assert "Kő, nő, fő" in decode(tagged, host="site.example")[0]
    for host in ("site.hu", "", ".", "[::1]", "site.рф", "SITE.HU.", "a.b_c", None):
        assert text in decode(page(content), None, host)[0]


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("wrong", ["windows-1251", "iso-8859-1", "euc-kr", "tis-620"])
def test_utf_8_is_utf_8_whatever_the_label(language: str, wrong: str) -> None:
    body = page(TEXTS[language].encode(), f"<meta charset={wrong}>".encode())
    assert decode(body, wrong) == (body.decode(), "utf-8")


def test_one_character_of_utf_8_in_a_western_page() -> None:
    body = page("© 2024 Example".encode())
    assert decode(body, "iso-8859-1") == (body.decode(), "utf-8")


@pytest.mark.parametrize(
    "text",
    [
        "Où est l'été à Noël? Crème brûlée, garçon, ÀÉÎ. “Ça va”, dit-elle… à bientôt, François!",
        "Straße, Mädchen, größer, Übermut und schöne Füße: „Grüß Gott“, sagte der König – müde.",
        "¿Dónde está la niña? Mañana, en el jardín; él comió jamón. ¡Qué año! N.º 1ª, pingüino.",
        "O coração não é avô; três pães, lições, à noite. São João, ação, órgão, você, amanhã.",
        "Smörgåsbord på ön, där är två åar; köpte ägg, gräddkakor. Århus, rødgrød, blåbær, æble.",
    ],
)
def test_western_text_keeps_its_label(text: str) -> None:
    for label in ("ISO-8859-1", "windows-1252"):
        found, name = decode(page(text.encode("cp1252")), label)
        assert text in found
        assert name == "windows-1252"


def test_a_label_stands_where_there_is_little_to_go_by() -> None:
    for text, label in [("ř", "iso-8859-2"), ("Ж", "koi8-r"), ("ü", "windows-1254"), ("가", "gbk")]:
        body = page(text.encode(codec(lookup(label) or "")))
        assert encoding_of(body, label) == lookup(label)


def test_broken_korean_is_korean() -> None:
    """Titles cut by bytes: half a character before the next tag."""
    text, content = legacy("ko", "euc-kr")
    for body in (page(b"\xb0</p><p>" + content), page(content + b"<p>\xc7 </p>" + content)):
        for label in (None, "euc-kr", "iso-8859-1"):
            assert text in decode(body, label)[0]


@pytest.mark.parametrize("name", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_beats_every_label(name: str) -> None:
    text = "<p>žluťoučký</p>"
    assert decode(text.encode(name), "windows-1251")[0] == text


@pytest.mark.parametrize("name", ["utf-16le", "utf-16be"])
def test_utf_16_by_header_and_by_its_zeros(name: str) -> None:
    text = "<html><img alt='кулич'></html>"
    for label in (name, "utf-16", None, "utf-8", "windows-1251"):
        assert decode(text.encode(name), label) == (text, name)
        assert must_transcode(text.encode(name), label) == name


def test_a_label_of_utf_16_on_something_else() -> None:
    body = page(TEXTS["cs"].encode())
    for text in (body, b"<p>plain</p>", page(TEXTS["ru"].encode("cp1251"))):
        name = encoding_of(text, "utf-16")
        assert ascii_compatible(name)
        assert must_transcode(text, "utf-16") is None
    assert decode(b"<p>plain</p>", "utf-16be") == ("<p>plain</p>", "utf-8")


def test_iso_2022_jp() -> None:
    text = "<img alt='日本語の説明'>"
    body = text.encode("iso2022_jp")
    for label in ("iso-2022-jp", None):
        declared = body if label else b"<meta charset=iso-2022-jp>" + body
        assert must_transcode(declared, label) == "iso-2022-jp"
        assert text in decode(declared, label)[0]
    assert must_transcode(body) is None  # said nowhere, and not guessed (WHATWG)
    assert must_transcode(body + "ž".encode(), "iso-2022-jp") is None


def test_header_beats_meta() -> None:
    body = page(TEXTS["ru"].encode("cp1251"), b"<meta charset=koi8-r>")
    assert decode(body, "windows-1251")[1] == "windows-1251"


def test_a_page_cut_within_a_character_stays_utf_8() -> None:
    whole = "<p>" + TEXTS["th"] + "😀"
    for cut in (1, 2, 3):
        body = whole.encode()[:-cut]
        assert decode(body) == (whole[:-1], "utf-8")


def test_one_broken_byte_does_not_undo_utf_8() -> None:
    body = page(TEXTS["ru"].encode() + b"\xff" + TEXTS["ru"].encode())
    for label in (None, "utf-8"):
        text, name = decode(body, label)
        assert name == "utf-8"
        assert text.count("\ufffd") == 1


def test_plain_text_is_called_what_it_says() -> None:
    assert encoding_of(b"<p>x", "koi8-r") == "koi8-r"
    assert encoding_of(b"<meta charset=euc-kr><p>x") == "euc-kr"
    assert encoding_of(b"<p>x") == encoding_of(b"") == "utf-8"


LABELS = st.sampled_from([None, "utf-8", "euc-kr", "x", "iso-2022-jp", "utf-16", "koi8-r"])


@given(st.binary(max_size=300), LABELS)
def test_any_bytes_decode(body: bytes, label: str | None) -> None:
    text, name = decode(body, label)
    assert lookup(name) == name
    assert name == encoding_of(body, label)
    text.encode("utf-8")


@given(st.sampled_from(LEGACY), st.integers(0, 1 << 16), st.integers(1, 200))
def test_where_a_page_is_cut_does_not_matter(
    pair: tuple[str, str], place: int, length: int
) -> None:
    """A declared page stays what it is, whatever is left of it."""
    language, label = pair
    _, content = legacy(language, label)
    start = place % len(content)
    assert encoding_of(page(content[start : start + length]), label) == lookup(label)


@pytest.mark.parametrize("label", [None, "windows-1250", "iso-8859-1", "koi8-r", "euc-kr", "utf-8"])
def test_an_escape_alone_says_nothing(label: str | None) -> None:
    assert decode(b"<p>a\x1bb</p>", label)[0] == "<p>a\x1bb</p>"
