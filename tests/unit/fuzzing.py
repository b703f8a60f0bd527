"""Damaged input for the fuzz tests: real-looking seeds, and ways to break them.

A case is a seed and a list of mutations, small enough for hypothesis to shrink and for a
coverage-guided fuzzer to draw from raw bytes. ``MELLA_FUZZ_INPUTS`` is how many inputs the fuzz
tests try in all.
"""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import brotli
import pyarrow as pa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from web_archive import by_warcio, http, record

from mella_spark.settings import ExtractSettings
from udfs.extract import MAX_QUARANTINE, OUTPUT_SCHEMA, TABLES, extract_batches

INPUTS = int(os.environ.get("MELLA_FUZZ_INPUTS", "400"))
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 60
# What parsers look for, and numbers at the edges of what they can hold.
TOKENS = (
    b"\r\n\r\n", b"\r\n", b"\n", b"\0", b" ", b"0\r\n\r\n", b"ffffffff\r\n", b"-1", b"0",
    b"99999999999999999999", b"WARC/1.0\r\n", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n",
    b"Content-Length: 99999999999\r\n", b"WARC-Type: response\r\n", b"HTTP/1.1 200 OK\r\n",
    b"Content-Encoding: gzip\r\n", b"Content-Encoding: br, zstd, deflate, gzip\r\n",
    b"Transfer-Encoding: chunked\r\n", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\x1b$B",
    b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xf0\x9f\x98\x80", b"\xed\xa0\x80", b"\x80",
    b"<img src=a.png alt='\xc5\xbe'>", b"<img srcset='", b"<picture>", b"<source srcset=", b"<!--",
    b"-->", b"<![CDATA[", b"<script>", b"</script>", b"<template>", b"<svg>", b"</svg>", b"<math>",
    b"<base href=", b"<title>", b"<textarea>", b"<plaintext>", b"<noscript>", b"<figure>",
    b"<figcaption>", b"<select>", b"<a href=//x/>", b"<", b">", b"\"", b"'", b"=", b"/", b"&",
    b"&amp", b"&#0;", b"&#xD800;", b"&#x110000;", b"&notin;", b"<meta charset=utf-16>",
    b"<meta charset=iso-2022-jp>", b"<meta name=robots content=noai>", b"http://[::1", b"//",
    b"http://xn--a/", b"http://1.2.3.4.5/", b"%", b"%zz", b"data:,", b"javascript:", b"{", b"}",
    b"[", b"]", b'"Links":[', b"\\ud800", b"1e999", b"null", b", 1x", b"2x, ", b"100w", b"(",
)  # fmt: skip


class Mutation(NamedTuple):
    """``kind`` of change at ``place`` (share of the length, in 65,536ths) over ``length`` bytes."""

    kind: int
    place: int
    length: int
    token: int


def mutate(data: bytes, mutations: Sequence[Mutation]) -> bytes:
    """``data`` with each mutation applied in turn."""
    for kind, place, length, token in mutations:
        at = place * (len(data) + 1) >> 16
        piece = data[at : at + length]
        match kind % 10:
            case 0:  # a flipped bit
                if piece:
                    data = data[:at] + bytes((piece[0] ^ (1 << token % 8),)) + data[at + 1 :]
            case 1:  # another byte
                if piece:
                    data = data[:at] + bytes((token % 256,)) + data[at + 1 :]
            case 2:  # cut off
                data = data[:at]
            case 3:  # its beginning lost
                data = data[at:] if length % 4 == 0 else data[:at] + data[at + length :]
            case 4:  # a slice twice, or often
                data = data[:at] + piece * (2 + token % 40) + data[at + len(piece) :]
            case 5:  # two slices exchanged
                other = data[at + length : at + 2 * length]
                data = data[:at] + other + piece + data[at + 2 * length :]
            case 6:  # zeros
                data = data[:at] + bytes(len(piece)) + data[at + len(piece) :]
            case 7:  # another number
                data = _renumber(data, at, token)
            case _:  # something a parser looks for
                data = data[:at] + TOKENS[token % len(TOKENS)] + data[at:]
        data = data[: 1 << 20]
    return data


def _renumber(data: bytes, at: int, token: int) -> bytes:
    start = next((i for i in range(at, min(at + 400, len(data))) if data[i : i + 1].isdigit()), -1)
    if start < 0:
        return data
    end = start
    while data[end : end + 1].isdigit():
        end += 1
    number = min(int(data[start:end][:18]), 10**15)
    changed = (number + 1, number - 1, 0, number * 2, 2**31, 2**63, number + 2, 10**25)[token % 8]
    return data[:start] + str(changed).encode() + data[end:]


mutations = st.lists(
    st.builds(
        Mutation,
        st.integers(0, 9),
        st.integers(0, 65535),
        st.integers(0, 400),
        st.integers(0, 1 << 16),
    ),
    max_size=5,
)


def fuzz(share: float) -> settings:
    """Settings of a test that tries ``share`` of all inputs."""
    return settings(
        max_examples=max(1, int(INPUTS * share)),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@cache
def pages() -> tuple[bytes, ...]:
    """Pages as found on the web, small ones."""
    images = (
        "<img src='a.png' alt='Kraslice &amp; pomlázka' width=300 height='200'>"
        '<img data-src=//cdn.example/b.jpg src=data:image/gif;base64,R0lGOD alt="Matrjoška">'
        "<picture><source srcset='c.webp 1x, c2.webp 2x' type=image/webp>"
        "<source media='(min-width: 30em)' srcset='d-100.jpg 100w, d-800.jpg 800w'>"
        "<img src=d.jpg alt='Čaj o páté'></picture><noscript><img src=e.png alt=é></noscript>"
        "<IMG SRC=f.png ALT='' ><img alt=x><img src='javascript:x' alt=y>"
    )
    full = (
        "<!DOCTYPE html><html lang=cs><head><meta charset=utf-8><title>Velikonoce</title>"
        "<base href='/sub/'><meta name=robots content='noai, noindex'>"
        "<link rel=license href=https://creativecommons.org/licenses/by/4.0/>"
        "<script>var x = '<img src=no.png alt=no>'; // <!-- <script> </script> --></script>"
        "<style>p:after{content:'<img alt=no>'}</style></head><body><h1>Nadpis</h1><!-- <img alt=c "
        "src=c> --><p>Text před <b>obrázkem</b> žluťoučký kůň.</p><figure>"
        f"<a href='big.jpg'>{images}</a><figcaption>Popisek <i>obrázku</i></figcaption></figure>"
        "<svg><title>t</title><image href=g.png alt=g /><foreignObject><img src=h alt=h>"
        "</foreignObject></svg><template><img src=i alt=i></template>"
        "<select><option>a<img src=j alt=j></select><table><img src=k alt=k><tr><td>x</table>"
        "<textarea><img src=l alt=l></textarea><iframe><img src=m alt=m></iframe>"
        "<![CDATA[ <img src=n alt=n> ]]><p>Konec.</body></html>"
    )
    russian = "<title>Самовар</title><meta charset=x><p>Съешь ещё этих мягких французских булок"
    russian += "<img src='чай.png' alt='Тульский самовар'>"
    return (
        full.encode(),
        full.encode("utf-16"),
        russian.replace("=x", "=windows-1251").encode("cp1251"),
        russian.replace("<meta charset=x>", "").encode("koi8-r"),
        "<meta charset=euc-kr><img src=한.png alt='한복을 입은 아이들'>".encode("euc-kr"),
        "<meta charset=iso-2022-jp><img src=a alt='日本語の説明'>".encode("iso2022_jp"),
        "<p>โคมลอยในคืนลอยกระทง<img src=a alt='กระทง'>".encode("tis-620"),
        b"<div>" * 60 + b"<img src=a alt=deep>" + b"<p>" * 40,
        b"<img " + b" ".join(b"a%d=%d" % (i, i) for i in range(200)) + b" src=x alt=many>",
    )


def wat(page: str = "http://site.example/") -> bytes:
    """A WAT record's JSON, of the shapes that extractors have written."""
    links = [
        {"path": "IMG@/src", "url": "a.png", "alt": "Kraslice", "title": "T"},
        {"path": "IMG@/srcset", "url": "a.png 1x, b.png 2x"},
        {"path": "IMG@/src", "url": "data:image/gif;base64,R0", "alt": ""},
        {"path": "A@/href", "url": "c.html", "text": "čaj", "rel": "license"},
    ]
    envelope = {
        "WARC-Header-Metadata": {
            "WARC-Type": "response",
            "WARC-Target-URI": page,
            "WARC-Date": "2024-05-18T01:58:10Z",
        },
        "Payload-Metadata": {
            "HTTP-Response-Metadata": {
                "Response-Message": {"Status": "200"},
                "Headers": {
                    "Content-Type": ["text/html; charset=utf-8"],
                    "X-Robots-Tag": ["noai", "googlebot: noindex"],
                },
                "HTML-Metadata": {
                    "Head": {
                        "Title": "Velikonoce",
                        "Base": "/x/",
                        "Metas": [{"name": "robots", "content": "noai"}],
                    },
                    "Links": links,
                },
            }
        },
    }
    container = {"Filename": "a.warc.gz", "Offset": "123"}
    return json.dumps({"Container": container, "Envelope": envelope}).encode()


def _chunked(body: bytes) -> bytes:
    pieces = [body[i : i + 300] for i in range(0, len(body), 300)]
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


@cache
def blocks() -> tuple[bytes, ...]:
    """HTTP responses: every encoding of a body, also one in the other."""
    page = pages()[0]
    zstd = bytes(pa.compress(page, codec="zstd", asbytes=True))
    nested = gzip.compress(brotli.compress(page))
    chunked = ("Transfer-Encoding", "chunked")
    return (
        *(http(page) for page in pages()),
        http(page, mime=""),
        http(_chunked(page), chunked),
        http(_chunked(gzip.compress(page)), chunked, ("Content-Encoding", "gzip")),
        http(zlib.compress(page), ("Content-Encoding", "deflate")),
        http(zlib.compress(page)[2:-4], ("Content-Encoding", "deflate")),
        http(brotli.compress(page), ("Content-Encoding", "br")),
        http(zstd, ("Content-Encoding", "zstd")),
        http(nested, ("Content-Encoding", "br, gzip")),
        http(gzip.compress(gzip.compress(page)), ("Content-Encoding", "gzip, gzip")),
        http(
            page, ("Content-Encoding", "gzip"), ("X-Robots-Tag", "noai"), ("tdm-reservation", "1")
        ),
        http(PNG, mime="image/png"),
        http(b"gone", status="404 Not Found"),
    )


@cache
def records() -> tuple[bytes, ...]:
    """Records, not compressed."""
    return (
        *(record(block) for block in blocks()),
        record(blocks()[0], uri="<http://site.example/žluť page.html#f>"),
        record(blocks()[0], length=len(blocks()[0]) - 2),
        record(blocks()[0], extra="WARC-Truncated: length\r\n"),
        record(b"software: x\r\n", kind="warcinfo"),
        record(b"GET / HTTP/1.1\r\n\r\n", kind="request"),
        record(wat(), kind="metadata"),
        record(b"", kind="revisit"),
        record(b"text", kind="conversion"),
    )


def containers(parts: Sequence[bytes]) -> Iterator[bytes]:
    """The records packed as files are: a gzip member each, one gzip stream, zstd frames, plain."""
    yield b"".join(gzip.compress(part, 1) for part in parts)
    yield gzip.compress(b"".join(parts), 1)
    yield b"".join(bytes(pa.compress(part, codec="zstd", asbytes=True)) for part in parts)
    yield b"".join(parts)


def pack(parts: Sequence[bytes], form: int) -> bytes:
    """One of the ``containers``."""
    return list(containers(parts))[form % 4]


@cache
def files() -> tuple[bytes, ...]:
    """Whole files in every container, and one of an independent writer."""
    some = [*records()[:3], *records()[-8:]]
    return (
        *containers(some),
        by_warcio(("http://site.example/", pages()[0], "text/html")),
        *containers([record(wat(f"http://site.example/{i}"), kind="metadata") for i in range(3)]),
    )


def extract(
    folder: Path, content: bytes, settings: ExtractSettings, kind: str = "warc"
) -> Counter[str]:
    """The ledger of a file with that content, after all that must hold of its rows was checked."""
    path = folder / "fuzz.warc"
    path.write_bytes(content)
    columns: dict[str, Any] = {"path": [str(path)], "kind": [kind], "start": [0]}
    part = pa.record_batch({**columns, "end": pa.nulls(1, pa.int64())})
    counts: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    for batch in extract_batches(iter([part]), settings, identify=lambda text: ("cs", 0.5)):
        assert batch.schema == OUTPUT_SCHEMA
        batch.validate(full=True)
        for row in batch.to_pylist():
            (column,) = [name for name in TABLES if row[name] is not None]
            rows[column] += 1
            if column == "ledger":
                counts[row[column]["reason"]] += row[column]["count"]
    assert counts["seen"] == counts.total() - counts["seen"]
    assert counts["kept"] == rows["pair"]
    assert counts["captured_image"] == rows["capture"]
    assert rows["quarantine"] <= MAX_QUARANTINE
    assert counts["seen"] or not content
    return counts
