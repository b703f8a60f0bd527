"""Pairs against an independent reading: warcio for the archive, BeautifulSoup for the pages.

The oracle shares no code with the project: other readers, other HTML parsers, yarl for addresses
(urllib drops the empty segment of ``images//a.png``, against RFC 3986).
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from warcio.archiveiterator import ArchiveIterator
from web_archive import by_warcio, write
from yarl import URL

from mella_spark.settings import load_settings
from mella_spark.web.harvest import Found, harvest

Triple = tuple[str, str, str]
XHTML = "application/xhtml+xml"


def ours(path: Path | str, kind: str = "warc") -> list[Triple]:
    return [
        (event.url, image.url, image.alt)
        for event in harvest(str(path), kind, load_settings(environment={}).extract)
        if isinstance(event, Found)
        for image in event.page.images
    ]


def oracle(stream: io.BufferedIOBase, parser: str) -> Iterator[Triple]:
    for record in ArchiveIterator(stream):
        if record.rec_type != "response" or not record.http_headers.statusline.startswith("2"):
            continue
        if "html" not in (record.http_headers.get_header("Content-Type") or ""):
            continue
        page = record.rec_headers.get_header("WARC-Target-URI").strip("<>")
        content_type = record.http_headers.get_header("Content-Type")
        label = content_type.partition("charset=")[2] or None
        soup = BeautifulSoup(record.content_stream().read(), parser, from_encoding=label)
        base = soup.find("base", href=True)
        base_url = (
            URL(page, encoded=True).join(URL(base["href"])) if base else URL(page, encoded=True)
        )
        for image in soup.find_all("img"):
            alt = " ".join((image.get("alt") or "").split())
            source = image.get("src") or ""
            if not source or source.startswith("data:"):
                source = image.get("data-src") or ""
            url = (
                str(base_url.join(URL(source.strip(), encoded=True)).with_fragment(None))
                if source
                else ""
            )
            if alt and url.startswith(("http://", "https://")):
                yield page, url, alt


def compare(content: bytes, folder: Path, parser: str = "html5lib") -> None:
    found = ours(write(folder, content))
    assert len(found) == len(set(found))
    assert set(found) == set(oracle(io.BytesIO(content), parser))


@pytest.mark.filterwarnings("ignore::bs4.XMLParsedAsHTMLWarning")
@pytest.mark.parametrize("parser", ["html5lib", "lxml"])
def test_hand_made_pages(tmp_path: Path, parser: str) -> None:
    html, utf8 = "text/html", "text/html; charset=utf-8"
    pages = [
        (b"<img src=a.png alt='a &amp; b &eacute;'>", html),
        (b"<base href=/z/><img src=../q.png alt=q>", html),
        (b"<img src='data:,x' data-src='//c.example/l.jpg' alt=l>", html),
        (b"<p><noscript><img src=n.png alt=n></noscript>", html),
        (b"<table><tr><td><img src=images//t.png alt=' t\n t '></table>", html),
        ("<meta charset=windows-1251><img src=w alt=жук>".encode("cp1251"), html),
        ("<meta charset=euc-kr><img src=k alt=한복>".encode("euc-kr"), html),
        ("<img src=u alt='ผ้าไหม'>".encode(), utf8),
        (b"<img src=r alt=r><img src=./r#f alt=r><img src=r alt=s>", html),
        (b"<img src=e><img src=e alt><img alt=e><img src=ftp://h/e alt=e>", html),
        (b"<!-- <img src=c alt=c> --><textarea><img src=c alt=c></textarea>", html),
        (b"body {}", "text/css"),
        (b"<html xmlns='http://www.w3.org/1999/xhtml'><img src='x' alt='x'/></html>", XHTML),
    ]
    numbered = [(f"http://a.example/x/{n}.html", *page) for n, page in enumerate(pages)]
    compare(by_warcio(*numbered), tmp_path, parser)


@pytest.mark.filterwarnings("ignore::bs4.XMLParsedAsHTMLWarning")
def test_a_real_crawl_triple_for_triple(crawl: Path) -> None:
    for path in sorted(crawl.rglob("*.warc.gz")):
        found = ours(path)
        with path.open("rb") as stream:
            expected = set(oracle(stream, "html.parser"))
        assert set(found) == expected, path.name
        assert len(found) > 0


def test_the_truth_of_a_real_crawl_is_found(crawl: Path) -> None:
    truth_file = crawl / "truth.jsonl"
    if not truth_file.exists():
        pytest.skip("the crawl has no truth.jsonl")
    lines = [json.loads(line) for line in truth_file.read_text("utf-8").splitlines()]
    truth = {(line["page"], line["image"], " ".join(line["alt"].split())) for line in lines}
    found = {triple for path in crawl.glob("*.warc.gz") for triple in ours(path)}
    assert truth <= found


def test_wat_files_give_the_pairs_their_format_has(crawl: Path) -> None:
    """All of a WAT's pairs stand in the WARC; missing are lazy images and misread charsets."""
    for wat in sorted(crawl.glob("*.warc.wat.gz")):
        ours_, theirs = ours(wat, "wat"), ours(str(wat).replace(".warc.wat.gz", ".warc.gz"))
        places = {(page, image) for page, image, _ in theirs}
        assert {(page, image) for page, image, _ in ours_} <= places
        assert len(ours_) > 0.8 * len(theirs)
