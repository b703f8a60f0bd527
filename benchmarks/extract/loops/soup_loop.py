"""warcio and BeautifulSoup on lxml, the way the jobs of cc-pyspark read pages."""

from __future__ import annotations

import warnings
from urllib.parse import urljoin

from bs4 import BeautifulSoup, XMLParsedAsHTMLWarning
from protocol import Pair, main
from warcio.archiveiterator import ArchiveIterator

warnings.filterwarnings("ignore", category=XMLParsedAsHTMLWarning)


def loop(paths: list[str], pair: Pair) -> None:
    """Page, ``src`` and ``alt`` of every image that has both."""
    for path in paths:
        with open(path, "rb") as stream:
            for record in ArchiveIterator(stream):
                http = record.http_headers
                if record.rec_type != "response" or http.get_statuscode() != "200":
                    continue
                if "html" not in (http.get_header("Content-Type") or ""):
                    continue
                page = record.rec_headers.get_header("WARC-Target-URI").strip("<>")
                soup = BeautifulSoup(record.content_stream().read(), "lxml")
                for image in soup.find_all("img"):
                    src, alt = image.get("src"), image.get("alt")
                    if src and alt:
                        pair(page, urljoin(page, src), alt)


if __name__ == "__main__":
    main(loop, __doc__)
