"""Input made to take long: quadratic in a careless reader, linear here.

32 KB each, and 1 MB where ``MELLA_FUZZ_INPUTS`` asks for ten thousand inputs. No time is asserted;
a hang runs into the test's timeout.
"""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from fuzzing import INPUTS, extract, wat
from web_archive import http, record

from mella_spark.settings import load_settings

SIZE = 1 << (20 if INPUTS >= 10_000 else 15)
SETTINGS = load_settings(environment={}).extract
IMAGE = b"<img src=a alt=b>"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


def fill(piece: bytes) -> bytes:
    return piece * (SIZE // len(piece))


def numbered(form: bytes) -> bytes:
    return b"".join(form % number for number in range(SIZE // (len(form) + 4)))


PAGES = {
    "nested elements": lambda: fill(b"<div>") + IMAGE,
    "many attributes": lambda: b"<img " + numbered(b"a%d ") + b"src=a alt=b>",
    "one attribute often": lambda: b"<img src=a alt=b " + fill(b"alt=x ") + b">",
    "many images": lambda: numbered(b"<img src=%d alt=b>"),
    "an image often": lambda: fill(IMAGE),
    "many sources": lambda: b"<picture>" + fill(b"<source srcset=a>") + IMAGE + b"</picture>",
    "sources and images": lambda: b"<picture>" + fill(b"<source srcset=a>" + IMAGE),
    "many candidates": lambda: b"<img alt=b srcset='" + fill(b"a 1x,") + b"'>",
    "open descriptors": lambda: b"<img alt=b src=c srcset='a " + fill(b"(") + b"'>",
    "a path up": lambda: b"<img alt=b src='" + fill(b"../") + b"'>",
    "a path up and down": lambda: b"<img alt=b src='" + fill(b"a/../") + b"'>",
    "a long host": lambda: b"<img alt=b src='//" + fill(b"a.") + b"'>",
    "a long base": lambda: b"<base href='" + fill(b"a/") + b"'>" + numbered(b"<img src=%d alt=b>"),
    "a long link": lambda: b"<a href='" + fill(b"x") + b"'>" + numbered(b"<img src=%d alt=b>"),
    "a long heading": lambda: b"<h1>" + fill(b"x ") + b"</h1>" + numbered(b"<img src=%d alt=b>"),
    "a long title": lambda: (
        b"<title>" + fill(b"x ") + b"</title>" + numbered(b"<img src=%d alt=b>")
    ),
    "a long language": lambda: (
        b"<html lang='" + fill(b"x") + b"'>" + numbered(b"<img src=%d alt=b>")
    ),
    "open references": lambda: b"<img src=a alt='" + fill(b"&am") + b"'>",
    "nested figures": lambda: fill(b"<figure><img src=a alt=b><figcaption>") + b"x",
    "one long caption": lambda: (
        b"<figure>" + numbered(b"<img src=%d alt=b>") + b"<figcaption>" + fill(b"x ")
    ),
    "open comments": lambda: IMAGE + fill(b"<!--"),
    "open dashes": lambda: IMAGE + fill(b"<!-- -"),
    "open scripts": lambda: IMAGE + fill(b"<script><!--<script>"),
    "half an end tag": lambda: IMAGE + b"<script>" + fill(b"</scrip"),
    "nested foreign content": lambda: fill(b"<svg><foreignObject>") + IMAGE,
    "templates": lambda: fill(b"<template>") + IMAGE,
    "signs": lambda: IMAGE + fill(b"<"),
    "cdata": lambda: b"<svg>" + fill(b"<![CDATA[") + IMAGE,
    "many metas": lambda: (
        fill(b"<meta name=robots content=noai charset=x>") + b"<img src=a alt=\xe8>"
    ),
    "many licences": lambda: fill(b"<a rel=license href='ftp://a'>") + IMAGE,
    "no space": lambda: IMAGE + fill(b"\xe8"),
    "short runs": lambda: IMAGE + fill(b"<\xe8"),
    "legacy words": lambda: IMAGE + fill("č Ж ".encode("cp1251", "replace")),
    "nearly utf-8": lambda: IMAGE + fill(b"\xc2\xa0a") + b"\xff",
    "utf-16": lambda: (IMAGE.decode() + "ž" * SIZE).encode("utf-16"),
    "escapes": lambda: b"<meta charset=iso-2022-jp>" + fill(b"\x1b$B\x1b(B") + IMAGE,
    "unmapped": lambda: b"<meta charset=euc-jp><img src=a alt='" + fill(b"\xad\xa1") + b"'>",
    "zeros": lambda: IMAGE + bytes(SIZE),
    "an xml declaration": lambda: b"<?xml " + fill(b"encodin") + b">" + IMAGE,
    "html tags": lambda: fill(b"<html ") + b"><img src=a alt=\xe8\xe9\xea\xeb>",
}
RECORDS = {
    "gzip members": lambda: record(http(fill(gzip.compress(b"")), ("Content-Encoding", "gzip"))),
    "encodings": lambda: record(http(gzip.compress(IMAGE), ("Content-Encoding", "gzip," * 9000))),
    "chunks": lambda: record(http(fill(b"1\r\na\r\n"), ("Transfer-Encoding", "chunked"))),
    "folded headers": lambda: record(OK + b"A: b\r\n" + fill(b" x\r\n") + b"\r\n" + IMAGE),
    "many headers": lambda: record(OK + fill(b"A:b\r\n") + b"\r\n" + IMAGE),
    "robots": lambda: record(OK + fill(b"X-Robots-Tag: noai\r\n") + b"\r\n" + IMAGE),
    "a dictionary": lambda: record(OK + b"Content-Usage: " + fill(b"a,") + b"b\r\n\r\n" + IMAGE),
    "no end of a head": lambda: record(OK + fill(b"x\r\n")),
    "records without end": lambda: fill(b"WARC/1.0\r\n"),
    "headers without end": lambda: b"WARC/1.0\r\n" + fill(b"A: b\r\n"),
    "starts without end": lambda: fill(b"WARC/1.0\r\nA: b\r\n"),
}
DOCUMENTS = {
    "nested lists": lambda: b'{"Envelope":' + fill(b"["),
    "many links": lambda: wat().replace(
        b'"Links": [', b'"Links": [' + fill(b'{"path":"IMG@/src","url":"a","alt":"b"},')
    ),
    "many metas": lambda: wat().replace(
        b'"Metas": [', b'"Metas": [' + fill(b'{"name":"robots","content":"noai"},')
    ),
}
CASES = [
    *(("warc", name, lambda make=make: record(http(make()))) for name, make in PAGES.items()),
    *(("warc", name, make) for name, make in RECORDS.items()),
    *(
        ("wat", name, lambda make=make: record(make(), kind="metadata"))
        for name, make in DOCUMENTS.items()
    ),
]


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("kind", "make"), [case[::2] for case in CASES], ids=[c[1] for c in CASES])
def test_what_is_made_to_take_long(kind: str, make: Callable[[], bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert extract(Path(folder), make(), SETTINGS, kind)["seen"]
