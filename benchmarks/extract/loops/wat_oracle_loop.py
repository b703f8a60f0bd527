"""An independent reading of WAT files: warcio, ``json``, yarl. Every page is printed, as there."""

from __future__ import annotations

import json
from typing import Any

from protocol import Pair, main
from warcio.archiveiterator import ArchiveIterator
from yarl import URL


def loop(paths: list[str], pair: Pair) -> None:
    """The pairs of every page with status 2xx."""
    for path in paths:
        with open(path, "rb") as stream:
            for record in ArchiveIterator(stream):
                if record.rec_type == "metadata":
                    read(json.loads(record.content_stream().read())["Envelope"], pair)


def read(envelope: dict[str, Any], pair: Pair) -> None:
    """The pairs of one record, if it is about a page."""
    response = envelope.get("Payload-Metadata", {}).get("HTTP-Response-Metadata")
    if not response or not response["Response-Message"]["Status"].startswith("2"):
        return
    html = response.get("HTML-Metadata", {})
    page = envelope["WARC-Header-Metadata"]["WARC-Target-URI"].strip("<>")
    pair(page, "", "")
    base = URL(page, encoded=True)
    if href := html.get("Head", {}).get("Base"):
        base = base.join(URL(href.strip(), encoded=True))
    for link in html.get("Links", ()):
        alt, source = " ".join(link.get("alt", "").split()), link.get("url", "").strip()
        if link.get("path") != "IMG@/src" or not alt or not source:
            continue
        address = base.join(URL(source, encoded=True)).with_fragment(None)
        if address.scheme in ("http", "https"):
            pair(page, str(address), alt)


if __name__ == "__main__":
    main(loop, __doc__)
