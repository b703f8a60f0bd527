"""The least that finds pairs: FastWARC, Lexbor through selectolax, ``urljoin``.

No character sets, no lazy images, no ``base``, no checks.
"""

from __future__ import annotations

from urllib.parse import urljoin

from fastwarc.warc import ArchiveIterator, WarcRecordType
from protocol import Pair, main
from selectolax.lexbor import LexborHTMLParser


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
            for image in LexborHTMLParser(record.reader.read()).css("img"):
                attributes = image.attributes
                src, alt = attributes.get("src"), attributes.get("alt")
                if src and alt:
                    pair(page, urljoin(page, src), alt)


if __name__ == "__main__":
    main(loop, __doc__)
