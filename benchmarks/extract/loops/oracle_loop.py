"""An independent reading of WARC files: warcio, html5lib through BeautifulSoup, yarl.

Prints a pair without address and alt for every page, so that a comparison can be held to the pages
that were read: html5lib needs about half a second for a page of 100 KB, and ``--pages`` stops it.
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterator
from itertools import islice

from bs4 import BeautifulSoup, Tag, XMLParsedAsHTMLWarning
from protocol import Pair, arguments, write_pairs
from warcio.archiveiterator import ArchiveIterator
from yarl import URL

warnings.filterwarnings("ignore", category=XMLParsedAsHTMLWarning)
sys.setrecursionlimit(20_000)
Pages = Iterator[tuple[str, str, bytes]]


def pages(path: str) -> Pages:
    """Address, content type and body of every page."""
    with open(path, "rb") as stream:
        for record in ArchiveIterator(stream):
            http = record.http_headers
            if record.rec_type != "response" or not http.get_statuscode().startswith("2"):
                continue
            content_type = http.get_header("Content-Type") or ""
            if "html" in content_type:
                page = record.rec_headers.get_header("WARC-Target-URI").strip("<>")
                yield page, content_type, record.content_stream().read()


def read(page: str, content_type: str, body: bytes, pair: Pair) -> None:
    """The pairs of one page."""
    label = content_type.partition("charset=")[2].strip("\"' ") or None
    markup: bytes | str = body
    if label and label.lower() == "euc-kr":
        # KS X 1001 spells rare syllables in eight bytes: Python's codec knows, html5lib's does not.
        with contextlib.suppress(UnicodeDecodeError):
            markup = body.decode("euc_kr")
    encoding = label if isinstance(markup, bytes) else None
    soup = BeautifulSoup(markup, "html5lib", from_encoding=encoding)
    found = soup.find("base", href=True)
    base = URL(page, encoded=True)
    if isinstance(found, Tag):
        base = base.join(URL(str(found["href"]).strip(), encoded=True))
    for image in soup.find_all("img"):
        alt = " ".join(str(image.get("alt") or "").split())
        source = str(image.get("src") or "").strip()
        if not source or source.startswith("data:"):
            source = str(image.get("data-src") or "").strip()
        if not (alt and source):
            continue
        address = base.join(URL(source, encoded=True)).with_fragment(None)
        if address.scheme in ("http", "https"):
            pair(page, str(address), alt)


def main() -> None:
    """Reads the files as the command line says."""
    parser = arguments(__doc__)
    parser.add_argument("--pages", type=int)
    given = parser.parse_args()

    def loop(paths: list[str], pair: Pair) -> None:
        for path in paths:
            for page in islice(pages(path), given.pages):
                pair(page[0], "", "")
                read(*page, pair)

    write_pairs(loop, given.files, given.pairs)


if __name__ == "__main__":
    main()
