"""The prescan for a declared encoding, beside html5lib's."""

from __future__ import annotations

import pytest
from html5lib._inputstream import EncodingParser
from hypothesis import given, settings
from hypothesis import strategies as st

from mella_spark.web.prescan import MAX_BYTES, from_content, prescan


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b'<meta charset="KOI8-R">', "koi8-r"),
        (b"<meta charset=utf8 />", "utf-8"),
        (b"<META\tCharset\n=\f' \tgreek '>", "iso-8859-7"),
        (b"<meta/charset=koi8-r>", "koi8-r"),
        (b"<metacharset=koi8-r>", None),
        (b"<meta charset=koi8-r", None),
        (b"<meta charset='koi8-r>", None),
        (b"<meta charset=koi8-r/>", None),
        (b"<meta charset=koi8-r charset=gbk>", "koi8-r"),
        (b"<meta name=x content='charset=koi8-r'>", None),
        (b"<meta http-equiv=content-type content='text/html; charset=koi8-r'>", "koi8-r"),
        (b"<meta content=charset=koi8-r http-equiv=CONTENT-TYPE>", "koi8-r"),
        (b"<meta content=charset=koi8-r http-equiv=refresh>", None),
        (b"<meta content=charset=koi8-r http-equiv=content-type charset=gbk>", "gbk"),
        (b"<meta content=charset=koi8-r http-equiv=content-type charset=nope>", None),
        (b"<!-- <meta charset=koi8-r> --><meta charset=gb2312>", "gbk"),
        (b"<!--><meta charset=koi8-r>-->", "koi8-r"),
        (b"<!-- <meta charset=koi8-r>", None),
        (b"<!doctype '<meta charset=koi8-r>'><meta charset=gbk>", "gbk"),
        (b"<?php <meta charset=koi8-r> ?>", None),
        (b"</ <meta charset=koi8-r>", None),
        (b"<a title='<meta charset=koi8-r>'><meta charset=gbk>", "gbk"),
        (b"<a title=<meta charset=koi8-r>", None),
        (b"<a title='><meta charset=koi8-r>", None),
        (b"<1 title='><meta charset=koi8-r>", "koi8-r"),
        (b"<meta charset=nonsense><meta charset=latin1>", "windows-1252"),
        (b"<meta charset=utf-16>", "utf-8"),
        (b"<meta charset=x-user-defined>", "windows-1252"),
        (b"<meta charset=iso-2022-kr><meta charset=koi8-r>", "koi8-r"),
        (b"<p>charset=koi8-r</p>", None),
        (b"<script>'<meta charset=koi8-r>'</script>", "koi8-r"),
        (b"x" * 2000 + b"<script>'<meta charset=koi8-r>'</script><meta charset=gbk>", "gbk"),
        (b"x" * 2000 + b"<style><meta charset=koi8-r>", None),
        (b"x" * (MAX_BYTES - 30) + b"<meta charset=koi8-r>", "koi8-r"),
        (b"x" * (MAX_BYTES - 10) + b"<meta charset=koi8-r>", None),
        (b'<?xml version="1.0" encoding="ISO-8859-2"?>', "iso-8859-2"),
        (b"<?xml version='1.0' encoding = 'koi8-r' ?><meta charset=gbk>", "gbk"),
        (b"<?xml encoding='utf-16'?>", "utf-8"),
        (b"<?xml encoding='koi8-r\"?>", None),
        (b"<?xml encoding='koi8 -r'?>", None),
        (b"<?xml encoding='koi8-r'", None),
        (b" <?xml encoding='koi8-r'?>", None),
        ("<?xml encoding='koi8-r'?>".encode("utf-16le"), "utf-16le"),
        ("<?xml encoding='koi8-r'?>".encode("utf-16be"), "utf-16be"),
    ],
)
def test_prescan(head: bytes, expected: str | None) -> None:
    assert prescan(head) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"text/html; charset=koi8-r", "koi8-r"),
        (b"text/html;charset = 'koi8-r';x", "koi8-r"),
        (b"charset charset=koi8-r", "koi8-r"),
        (b"mycharset=koi8-r ; charset=gbk", "koi8-r"),
        (b"charset='koi8-r", None),
        (b"charset=;charset=gbk", None),
        (b"charset=", None),
        (b"text/html", None),
    ],
)
def test_content(value: bytes, expected: str | None) -> None:
    assert from_content(value) == expected


def _tag(found: dict[bytes, bytes]) -> bytes:
    """Attributes as written; html5lib lets the first of charset and content decide."""
    if b"charset" in found:
        found.pop(b"Content", None)
    return b"".join(b" " + name + value for name, value in found.items())


VALUES = st.sampled_from(
    [
        *(b"koi8-r", b"gbk", b"utf-8", b"utf-16", b"latin1", b"bogus", b"content-type", b"x"),
        *(b"text/html; charset=koi8-r", b"charset = 'gbk'; x", b"charset", b"<meta charset=gbk>"),
    ]
)
ATTRIBUTES = st.dictionaries(
    st.sampled_from([b"charset", b"Content", b"http-equiv", b"title"]),
    st.one_of(
        VALUES.map(lambda value: b'="' + value + b'"'),
        VALUES.map(lambda value: b" =\n'" + value.replace(b"'", b"") + b"'"),
        VALUES.filter(lambda value: not set(value) & set(b"< ")).map(lambda value: b"= " + value),
        st.just(b""),
    ),
    max_size=4,
).map(_tag)
ELEMENTS = st.one_of(
    st.builds(
        lambda name, rest: name + rest + b">", st.sampled_from([b"<meta", b"<META\n"]), ATTRIBUTES
    ),
    st.builds(lambda name, rest: name + rest + b" >", st.sampled_from([b"<p", b"<x/"]), ATTRIBUTES),
    st.builds(lambda inner: b"<!--" + inner + b"-->", VALUES),
    st.sampled_from([b"text", b"<!doctype html>", b"<?xml ?>", b"</ x>", b"< ", b"<>", b"\n"]),
)


@settings(max_examples=1000)
@given(st.lists(ELEMENTS, max_size=6).map(b"".join))
def test_like_html5lib(body: bytes) -> None:
    """On heads whose tags end; html5lib also departs from the standard in ``<!-->``, ``<meta/``,
    repeated attributes, and attributes of end tags.
    """
    theirs = EncodingParser(body).getEncoding()
    name = None if theirs is None else theirs.name
    assert prescan(body) == ("utf-8" if name in ("utf-16le", "utf-16be") else name)


@given(st.binary(max_size=100) | st.lists(ELEMENTS | VALUES).map(b"".join))
def test_any_bytes(body: bytes) -> None:
    prescan(body)
    from_content(body)
