"""FastWARC and Resiliparse's own HTML tree and encoding detection, as its manual shows them."""

from __future__ import annotations

from urllib.parse import urljoin

from fastwarc.warc import ArchiveIterator, WarcRecordType
from protocol import Pair, main
from resiliparse.parse.encoding import detect_encoding
from resiliparse.parse.html import HTMLTree


def loop(paths: list[str], pair: Pair) -> None:
    """Page, ``src`` and ``alt`` of every image that has both."""
    for path in paths:
        for record in ArchiveIterator(
            path, record_types=WarcRecordType.response, auto_decode="all"
        ):
            http = record.http_headers
            if http is None or http.status_code != 200:
                continue
            if "html" not in (record.http_content_type or ""):
                continue
            page = record.headers["WARC-Target-URI"].strip("<>")
            body = record.reader.read()
            tree = HTMLTree.parse_from_bytes(body, record.http_charset or detect_encoding(body))
            # A slice: a live collection searches the tree anew at every step of an iteration.
            for image in tree.document.query_selector_all("img")[:]:
                src, alt = image.getattr("src"), image.getattr("alt")
                if src and alt:
                    pair(page, urljoin(page, src), alt)


if __name__ == "__main__":
    main(loop, __doc__)
