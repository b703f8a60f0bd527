"""The compiled readers of WAT records against ``json``, ``urls`` and Python's strings."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from mella_spark.web import jsonkernel, urlkernel, watkernel, watrecord
from mella_spark.web.urls import parse, resolve
from mella_spark.web.wat import read_wat
from mella_spark.web.watrecord import _read_quickly, read_slowly
from mella_spark.web.words import bytes_of

GUARD = 64  # bytes behind a buffer that must stay as they are


@njit
def read_string(data: Any, i: int) -> Any:
    return jsonkernel.read_string(bytes_of(data), i, len(data))


@njit
def read_plain(data: Any) -> Any:
    return jsonkernel.read_plain(bytes_of(data), 0, len(data))


@njit
def copy_string(data: Any, end: int, out: Any, collapsed: bool) -> Any:
    return jsonkernel.copy_string(bytes_of(data), 1, end, bytes_of(out), 0, collapsed)


@njit
def kind_of(data: Any, end: int) -> Any:
    return urlkernel.kind_of_reference(bytes_of(data), 0, end)


def array(data: bytes) -> Any:
    return np.frombuffer(data, np.uint8)


spaces = st.sampled_from([" ", "  ", "\t", "\n", "\x0b", "\x1c", "\x85", "\xa0", "\u1680", "\u2003",
                          "\u2028", "\u205f", "\u3000", "\u200b", "\x00", "\ud83d", "\udca9",
                          "😀", "\\", '"', "/", "é", "ž", "ж", "漢", "\u2603"])  # fmt: skip
text = st.lists(st.one_of(spaces, st.text(max_size=9)), max_size=8).map("".join)


def spelt(value: str, ascii_only: bool, slashes: bool) -> bytes:
    spelling = json.dumps(value, ensure_ascii=ascii_only)
    return (spelling.replace("/", "\\/") if slashes else spelling).encode("utf-8", "surrogatepass")


@given(text, st.booleans(), st.booleans(), st.booleans())
def test_strings_are_read_and_copied(
    value: str, ascii_only: bool, slashes: bool, collapsed: bool
) -> None:
    document = spelt(value, ascii_only, slashes)
    end, flags = read_string(array(document + b"  "), 1)
    try:
        document.decode()
    except UnicodeDecodeError:
        assert end == -1
        return
    assert end == len(document)
    assert bool(flags & jsonkernel.HAS_ESCAPES) == (b"\\" in document)
    out = np.full(len(document) + GUARD, 7, np.uint8)
    length = copy_string(array(document), end - 1, out, collapsed)
    expected = watrecord.text_of(json.loads(document)) or ""
    assert out[:length].tobytes().decode() == (
        " ".join(expected.split()) if collapsed else expected
    )
    assert (out[len(document) :] == 7).all()


@given(
    st.binary(max_size=40), st.sampled_from([b"", b"abcdefgh", "žluťoučký".encode(), b"\\u00e9"])
)
def test_only_what_json_takes_is_a_string(data: bytes, before: bytes) -> None:
    document = b'"' + before + data + b'"'
    end, _ = read_string(array(document), 1)
    try:
        value = json.loads(document.decode("utf-8"))
    except ValueError:
        # Either nothing, or a string that ends before the document does.
        assert end == -1 or json.loads(document[:end]) is not None
    else:
        assert end == len(document)
        assert isinstance(value, str)


@given(st.one_of(st.floats(), st.integers(), st.sampled_from([None, True, False])))
def test_numbers_and_names(value: Any) -> None:
    document = json.dumps(value).encode()
    finite = not isinstance(value, float) or math.isfinite(value)
    assert read_plain(array(document)) == (len(document) if finite else -1)


@pytest.mark.parametrize("data", ["-", "01", "1.", ".5", "1e", "1e+", "+1", "nul", "NaN", "tru e"])
def test_what_is_no_value(data: str) -> None:
    assert read_plain(array(data.encode() + b",")) in (-1, 1)
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own message
        json.loads(f"[{data},1]", parse_constant=lambda name: int(name))


pieces = st.sampled_from(
    ["a", "b.png", "..", ".", "/", "//", "../", "\\", "?", "#", "q=1", ":", "http:", "https://",
     "HTTP://", "ex.org/", "h.1/", "%2e", "%20", "%", " ", "é", "8080", ";", "@", "xn--a.org/",
     "data:", "C:", "1.2.3.4/", "-", "[::1]", "~!$&'()*+,="]
)  # fmt: skip


@settings(max_examples=500)
@given(
    st.lists(pieces, max_size=7).map("".join),
    st.sampled_from(["http://h.org/a/b/c?q", "https://H:8080", "http://h/ü/x", "none"]),
)
def test_plain_references_are_resolved_as_all_are(reference: str, base: str) -> None:
    data = reference.encode()
    kind = kind_of(array(data + b"\0"), len(data))
    parsed = parse(base)
    if kind == urlkernel.NOT_HTTP:
        assert resolve(reference, base) is None
    elif kind == urlkernel.ADDRESS:
        assert resolve(reference, base) == reference
    elif kind != urlkernel.OTHER and parsed is not None:
        folder, rest = parsed.folder, reference
        for _ in range(kind - urlkernel.CLIMB + 1):
            assert rest.startswith("../")
            rest = rest[3:]
            folder = folder[: folder.rfind("/", 0, -1) + 1] or "/"
        prefix = {
            urlkernel.BELOW_FOLDER: parsed.origin + folder,
            urlkernel.BELOW_ROOT: parsed.origin,
            urlkernel.BEHIND_SCHEME: parsed.scheme + ":",
        }
        assert resolve(reference, base) == prefix.get(kind, parsed.origin + folder) + rest


@pytest.mark.parametrize(
    ("reference", "kind"),
    [
        ("a/b.png?w=1:2&h=../x", urlkernel.BELOW_FOLDER),
        ("/a//b.png", urlkernel.BELOW_ROOT),
        ("//c.example.org/b.png", urlkernel.BEHIND_SCHEME),
        ("https://c.example.org/b:c.png", urlkernel.ADDRESS),
        ("data:image/gif;base64,R0", urlkernel.NOT_HTTP),
        ("../../b.png", urlkernel.CLIMB + 1),
        ("../", urlkernel.OTHER),
        ("", urlkernel.OTHER),
        ("HTTP://h.org/x", urlkernel.OTHER),
        ("http://h.org", urlkernel.OTHER),
        ("http://1.2.3.4/x", urlkernel.OTHER),
        ("a b.png", urlkernel.OTHER),
        ("a.png#x", urlkernel.OTHER),
    ],
)
def test_kinds(reference: str, kind: int) -> None:
    assert kind_of(array(reference.encode() + b"\0"), len(reference.encode())) == kind


names = ["path", "url", "alt", "title", "text", "rel", "target", "name", "content", "http-equiv"]
paths = ["IMG@/src", "IMG@/src", "IMG@/src", "img@/SRC", "A@/href", "INPUT@/src", "IMG@/longdesc"]
odd_paths = ["IMG@/data-uri", "IMG@/srcset", "IMG@/data-src", "IMG@/", "IMG@/data-href", "IMG"]
telling = ["license", "nofollow License", "robots", " ROBOTS ", "HTML@/lang", "noai",
           "Content-Type", "https://creativecommons.org/licenses/by/4.0/",
           "//creativecommons.org/publicdomain/", "content-language", "tdm-reservation",
           "text/html; charset=windows-1251"]  # fmt: skip
value = st.one_of(
    text, st.lists(pieces, max_size=4).map("".join), st.sampled_from(telling), st.just("a.png")
)
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), value),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(value, inner, max_size=3),
    max_leaves=5,
)
image = st.fixed_dictionaries(
    {"path": st.sampled_from(paths), "url": value}, optional={"alt": value, "title": value}
)
anchor = st.fixed_dictionaries(
    {"path": st.just("A@/href"), "url": value}, optional={"text": value, "rel": value}
)
meta = st.fixed_dictionaries(
    {"content": value}, optional={"name": value, "http-equiv": value, "property": value}
)
odd_image = st.fixed_dictionaries(
    {"path": st.sampled_from(odd_paths), "url": value}, optional={"alt": value}
)
odd_item = st.one_of(odd_image, st.dictionaries(st.sampled_from(names), anything), anything)


def records(items: Any, metas: Any, links: Any, odd: Any, headers: Any) -> Any:
    """WAT documents with lists of those items; ``odd`` stands where other types may."""
    head = st.fixed_dictionaries(
        {}, optional={"Title": value | odd, "Base": value | odd, "Scripts": anything,
                      "Metas": st.lists(metas, max_size=4), "Link": st.lists(links, max_size=3)}
    )  # fmt: skip
    html = st.fixed_dictionaries(
        {"Links": st.lists(items, max_size=6) | odd}, optional={"Head": head | odd}
    )
    response = st.fixed_dictionaries(
        {"Response-Message": st.fixed_dictionaries({"Status": st.just("200") | odd})},
        optional={"Headers": headers | odd, "HTML-Metadata": html},
    )
    warc = st.fixed_dictionaries(
        {"WARC-Type": st.just("response") | odd},
        optional={"WARC-Target-URI": st.sampled_from(["http://h.org/a/b.html", "<https://ü.org/x>"]),
                  "WARC-Date": st.sampled_from(["2024-05-18T01:58:10Z", "x"]),
                  "WARC-Truncated": st.just("length")},
    )  # fmt: skip
    payload = st.fixed_dictionaries({"HTTP-Response-Metadata": response})
    return st.fixed_dictionaries(
        {
            "Envelope": st.fixed_dictionaries(
                {"Format": anything, "Payload-Metadata": payload, "WARC-Header-Metadata": warc}
            ),
        },
        optional={
            "Container": st.fixed_dictionaries(
                {"Filename": value, "Offset": st.sampled_from(["123", "0", "x"]) | odd}
            )
        },
    )


headers = st.dictionaries(
    st.sampled_from(["Content-Type", "X-Robots-Tag", "Set-Cookie", "Content-Language"]), value
)
odd_headers = st.dictionaries(
    st.sampled_from(["content-type", "Content-Type", "X-Robots-Tag", "Content-Language", "TDM"]),
    value | st.lists(value, max_size=3) | anything,
)
usual = records(image | anchor, meta, anchor, st.nothing(), headers)
unusual = records(
    st.one_of(image, anchor, odd_item), meta | odd_item, anchor | odd_item, anything, odd_headers
)


def read(body: bytes, quickly: bool) -> Any:
    """What is read, or the kind of what cannot be read; never anything else."""
    reader = watrecord._read_quickly
    try:
        watrecord._read_quickly = reader if quickly else lambda _: None
        return read_wat(body)
    except ValueError:
        return "unreadable"
    finally:
        watrecord._read_quickly = reader


def spell(document: Any, ascii_only: bool, slashes: bool, tight: bool) -> bytes:
    separators = (",", ":") if tight else (" , ", "\t:\n")
    spelling = json.dumps(document, ensure_ascii=ascii_only, separators=separators)
    return (spelling.replace("/", "\\/") if slashes else spelling).encode("utf-8", "surrogatepass")


@settings(max_examples=400)
@given(usual | unusual, st.booleans(), st.booleans(), st.booleans())
def test_the_quick_reader_reads_as_the_slow_one(
    document: Any, ascii_only: bool, slashes: bool, tight: bool
) -> None:
    body = spell(document, ascii_only, slashes, tight)
    assert read(body, quickly=True) == read(body, quickly=False)
    guarded = np.full(2 * len(body) + GUARD, 7, np.uint8)
    notes = np.empty(3 * watkernel.MAX_NOTED, np.int64)
    counts = np.empty(watkernel.NUMBERS, np.int64)
    watkernel.scan(array(body), guarded, notes, counts, True)
    assert (guarded[2 * len(body) :] == 7).all()


@settings(max_examples=300)
@given(usual | unusual, st.data())
def test_damage_counts_the_same_with_both_readers(document: Any, data: st.DataObject) -> None:
    body = bytearray(spell(document, data.draw(st.booleans()), False, True))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(body) - 1))
        match data.draw(st.integers(0, 3)):
            case 0:
                body[at] = data.draw(st.integers(0, 255))
            case 1:
                del body[at:]
                body += b" "
            case 2:
                del body[at]
                body += b" "
            case _:
                body[at:at] = data.draw(st.sampled_from([b'"', b"{", b"]", b",", b"\xff", b"NaN"]))
    assert read(bytes(body), quickly=True) == read(bytes(body), quickly=False)


def test_the_extractors_own_shape_is_read_quickly() -> None:
    document = {
        "Container": {"Filename": "a.warc.gz", "Compressed": True, "Offset": "12"},
        "Envelope": {
            "Payload-Metadata": {
                "HTTP-Response-Metadata": {
                    "Headers": {"Content-Type": "text/html", "Set-Cookie": ["a", "b"]},
                    "Response-Message": {"Status": "200"},
                    "HTML-Metadata": {
                        "Head": {
                            "Metas": [{"name": "HTML@/lang", "content": "cs"}],
                            "Link": [{"path": "LINK@/href", "url": "a.css", "rel": "stylesheet"}],
                        },
                        "Links": [
                            {"path": "A@/href", "text": "žlutý\xa0kůň", "url": "x"},
                            {"path": "IMG@/src", "alt": " a\u2003b ", "url": "../c.png"},
                            {"path": "IMG@/src", "alt": "d", "url": "data:,", "title": "t"},
                            {"path": "STYLE/#text", "href": "d.png"},
                        ],
                    },
                }
            },
            "WARC-Header-Metadata": {"WARC-Type": "response", "WARC-Target-URI": "http://h/a/b"},
        },
    }
    for ascii_only in (True, False):
        found = _read_quickly(spell(document, ascii_only, ascii_only, True))
        assert found is not None
        assert found == read_slowly(spell(document, False, False, False)) or found.kinds
        assert (found.alts, found.references) == (["a b", "d"], ["c.png", "data:,"])
        assert found.kinds == [str(urlkernel.CLIMB), str(urlkernel.NOT_HTTP)]
        assert found.texts.decode() == "žlutý\xa0kůň "
        page = read_wat(spell(document, ascii_only, True, True)).page
        assert page is not None
        assert (page.language, [image.url for image in page.images]) == ("cs", ["http://h/c.png"])
