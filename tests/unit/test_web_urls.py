"""Addresses against the WHATWG standard's examples, urllib and themselves."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mella_spark.web.urls import MAX_URL, normalise, resolve

BASE = "http://ex.org/a/b/c.html?q=1"


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("x.png", "http://ex.org/a/b/x.png"),
        ("./x.png", "http://ex.org/a/b/x.png"),
        ("../../../x", "http://ex.org/x"),
        ("/x", "http://ex.org/x"),
        ("", "http://ex.org/a/b/c.html?q=1"),
        ("?z", "http://ex.org/a/b/c.html?z"),
        ("#f", "http://ex.org/a/b/c.html?q=1"),
        ("x.png#f", "http://ex.org/a/b/x.png"),
        ("//Other.ORG:80/y", "http://other.org/y"),
        ("//other.org:8080/y", "http://other.org:8080/y"),
        ("images//x.png", "http://ex.org/a/b/images//x.png"),
        ("HTTPS://EX.org:443", "https://ex.org/"),
        ("https:x.png", "https://x.png/"),
        ("http:x.png", "http://ex.org/a/b/x.png"),
        ("http:/x.png", "http://ex.org/x.png"),
        ("\\\\h.org\\x", "http://h.org/x"),
        ("x\\y?a\\b", "http://ex.org/a/b/x/y?a\\b"),
        ("a/%2e%2E/b/.", "http://ex.org/a/b/b/"),
        (" \n a b\t.png ", "http://ex.org/a/b/a%20b.png"),
        ("ü/ö.png?ä=ö", "http://ex.org/a/b/%C3%BC/%C3%B6.png?%C3%A4=%C3%B6"),
        ("%7Efoo/%zz", "http://ex.org/a/b/%7Efoo/%zz"),
        ('a"b<c>`{}^|?d"e\'f', "http://ex.org/a/b/a%22b%3Cc%3E%60%7B%7D%5E|?d%22e%27f"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://ПРИМЕР.рф:80/", "http://xn--e1afmkfd.xn--p1ai/"),
        ("http://☃.net/", "http://xn--n3h.net/"),
        ("http://例え。jp/", "http://xn--r8jz45g.jp/"),
        ("http://my_host.example/", "http://my_host.example/"),
        ("http://ex%61mple.org/", "http://example.org/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://017700000001/", "http://127.0.0.1/"),
        ("http://192.168.0.1./", "http://192.168.0.1/"),
        ("http://[1:0::]:80/", "http://[1::]/"),
        ("http://h:/", "http://h/"),
        ("http://h:00080/", "http://h/"),
        ("http://u:p@h/", "http://u:p@h/"),
        ("http://u':p:@@h/", "http://u':p%3A%40@h/"),
        ("http://:a:b@h/", "http://:a%3Ab@h/"),
        ("http://@h/", "http://h/"),
        ("http://u:@h/", "http://u@h/"),
        ("http://h/a/../b.png", "http://h/b.png"),
        ("http://h/%2e%2e/b.png", "http://h/b.png"),
        ("http://h/.b/...png?/../x", "http://h/.b/...png?/../x"),
        ("https://CDN.ex.org:443/b.png?w=1#f", "https://cdn.ex.org/b.png?w=1"),
        ("http://h.org:8080/b:c.png", "http://h.org:8080/b:c.png"),
        ("http://h?x/y", "http://h/?x/y"),
        ("http://h\\x/y", "http://h/x/y"),
        ("http:////h/y", "http://h/y"),
        ("../", "http://ex.org/a/"),
        ("../../../../x.png?a=../b", "http://ex.org/x.png?a=../b"),
        (".../x.png", "http://ex.org/a/b/.../x.png"),
        ("..x.png", "http://ex.org/a/b/..x.png"),
        ("../.x.png", "http://ex.org/a/.x.png"),
        ("a;b=1@2,3.png", "http://ex.org/a/b/a;b=1@2,3.png"),
        ("%2ex.png", "http://ex.org/a/b/%2ex.png"),
        ("a%20b.png", "http://ex.org/a/b/a%20b.png"),
        ("a:b.png", None),
        ("./a:b.png", "http://ex.org/a/b/a:b.png"),
        ("///h.org//x", "http://h.org//x"),
        ("/\\h.org/x", "http://h.org/x"),
        ("http://8080../x", "http://8080../x"),
        ("http://a\u200db.org/", None),
        ("http://\u0915\u094d\u200d\u0937.org/", "http://xn--11b2ezcw70k.org/"),
        ("http://xn--é.org/", None),
        ("data:image/gif;base64,R0", None),
        ("javascript:void(0)", None),
        ("mailto:a@b", None),
        ("file:///etc/passwd", None),
        ("http://", None),
        ("http://a b/", None),
        ("http://a<b/", None),
        ("http://h:99999/", None),
        ("http://h:x/", None),
        ("http://1.2.3.4.5/", None),
        ("http://256.1.1.1/", None),
        ("http://[::1/", None),
        ("http://[zz]/", None),
        ("x" * (MAX_URL + 1), None),
    ],
)
def test_as_browsers_do(reference: str, expected: str | None) -> None:
    assert resolve(reference, BASE) == expected


def test_the_query_is_in_the_encoding_of_the_page_and_the_path_is_not() -> None:
    assert resolve("ж?ж=☃", "http://h/", "cp1251") == "http://h/%D0%B6?%E6=%26%239731%3B"


def test_the_query_of_a_utf_16_page_is_in_utf_8() -> None:
    assert resolve("?é", "http://h/", "utf-16le") == "http://h/?%C3%A9"
    assert resolve("?é", "http://h/", "cp1252") == "http://h/?%E9"


def test_without_a_base() -> None:
    assert normalise("http://H/x#y") == "http://h/x"
    assert normalise("x.png") is None
    assert resolve("x.png", "not a base") is None
    assert resolve("http://h/x", "urn:x") == "http://h/x"


segment = st.text("abcXYZ019-_~", min_size=1, max_size=6)
path = st.lists(st.one_of(segment, st.sampled_from([".", ".."])), max_size=6).map("/".join)
host = st.lists(st.text("abcxyz", min_size=1, max_size=5), min_size=1, max_size=3).map(".".join)
query = st.one_of(st.just(""), segment.map("?a=".__add__))


@given(host, path, path, query, st.sampled_from(["", "/", "//h.example/"]))
def test_sane_references_agree_with_urllib(
    name: str, folder: str, reference: str, question: str, prefix: str
) -> None:
    base = f"http://{name}/{folder.replace('..', 'x').replace('.', 'y')}"
    relative = prefix + reference + question
    if prefix == "//h.example/" and "." in reference:
        relative = prefix  # urllib leaves the dot segments of such a reference alone
    joined = urljoin(base, relative) if relative else base
    assert resolve(relative, base) == joined


@given(st.text(max_size=60), st.sampled_from([BASE, None, "https://ü.example/x/"]))
def test_any_text_gives_a_stable_ascii_address_or_none(text: str, base: str | None) -> None:
    found = resolve(text, base)
    if found is not None:
        assert found.isascii()
        assert found.startswith(("http://", "https://"))
        assert normalise(found) == found


@given(st.text("ab./\\:@?#[]%0x12é☃ \t-_~<>\"'", max_size=30))
def test_any_address_like_text_is_normalised_once(text: str) -> None:
    found = normalise("http://" + text)
    assert found is None or normalise(found) == found
