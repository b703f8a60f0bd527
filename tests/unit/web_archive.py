"""Small WARC files for the tests of mella_spark.web, written with warcio or byte by byte."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter


def http(
    body: bytes, *headers: tuple[str, str], status: str = "200 OK", mime: str = "text/html"
) -> bytes:
    """An HTTP response as it goes over the wire."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {mime}" if mime else "X-None: 1"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def record(
    block: bytes,
    uri: str = "http://site.example/page.html",
    kind: str = "response",
    length: int | str | None = None,
    extra: str = "",
) -> bytes:
    """One record, not compressed; ``length`` may lie."""
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {uri}\r\n"
        "WARC-Date: 2024-05-18T01:58:10Z\r\nWARC-Record-ID: <urn:uuid:0>\r\n"
        f"{extra}Content-Type: application/http; msgtype={kind}\r\n"
        f"Content-Length: {len(block) if length is None else length}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def members(*records: bytes) -> bytes:
    """A ``.warc.gz``: one gzip member a record."""
    return b"".join(gzip.compress(r, mtime=0) for r in records)


def write(folder: Path, content: bytes, name: str = "crawl.warc.gz") -> str:
    """The path of a file with that content."""
    path = folder / name
    path.write_bytes(content)
    return str(path)


def by_warcio(*pages: tuple[str, bytes, str]) -> bytes:
    """A ``.warc.gz`` written by an independent writer; pages are (address, body, content type)."""
    stream = io.BytesIO()
    writer = WARCWriter(stream, gzip=True)
    writer.write_record(writer.create_warcinfo_record("test.warc.gz", {"software": "test"}))
    for uri, body, mime in pages:
        headers = StatusAndHeaders("200 OK", [("Content-Type", mime)], protocol="HTTP/1.1")
        writer.write_record(
            writer.create_warc_record(
                uri, "response", payload=io.BytesIO(body), http_headers=headers
            )
        )
    return stream.getvalue()
