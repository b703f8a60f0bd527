"""Write WARC files (WARC/1.0, ISO 28500:2009), one gzip member a record.

Everything is a function of the records: dates count up from a fixed day, identifiers follow from
the file name and the position, so the same records give the same bytes.
"""

import base64
import gzip
import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

Headers = tuple[tuple[str, str], ...]

_FIRST_DATE = datetime(2024, 12, 5, 9, 0, 0, tzinfo=UTC)
_CUT_BYTES = 90
"""How much of a cut record's gzip member is left: not enough for its headers."""


@dataclass(frozen=True)
class Record:
    """A WARC record without the headers that the writer adds (id, date, length, digests)."""

    kind: str
    """warcinfo | request | response | revisit | metadata."""
    url: str | None
    content_type: str
    block: bytes
    headers: Headers = ()
    concurrent: bool = False
    """Whether it belongs to the same capture as the record before it."""
    cut: bool = False
    """Whether the file ends within this record, as after a full disk."""


def http_request(url: str) -> bytes:
    """The block of a request record."""
    host, _, path = url.partition("://")[2].partition("/")
    return (
        f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: sample-crawler/1.0\r\n"
        "Accept: */*\r\nConnection: close\r\n\r\n"
    ).encode("ascii")


def http_response(body: bytes, status: str = "200 OK", headers: Headers = ()) -> bytes:
    """The block of a response record; adds Content-Length unless the body is chunked."""
    if not any(name.lower() == "transfer-encoding" for name, _ in headers):
        headers = (*headers, ("Content-Length", str(len(body))))
    lines = [f"HTTP/1.1 {status}", "Server: sample", *(f"{name}: {v}" for name, v in headers)]
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body


def chunked(body: bytes, size: int = 1000) -> bytes:
    """The body in the chunked transfer coding (RFC 9112, section 7.1)."""
    parts = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def capture(url: str, response: bytes, headers: Headers = ()) -> list[Record]:
    """A request and its response."""
    http = "application/http;msgtype="
    return [
        Record("request", url, http + "request", http_request(url)),
        Record("response", url, http + "response", response, headers, concurrent=True),
    ]


def write_warc(path: Path, records: Iterable[Record], angle_brackets: bool = False) -> int:
    """Write the records and return the size of the file in bytes.

    With `angle_brackets` target URIs are written `<URI>`, as wget does.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    previous_id = ""
    with path.open("wb") as file:
        for number, record in enumerate(records):
            record_id = f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{path.name} {number}')}>"
            headers = _headers(record, number, record_id, angle_brackets)
            if record.concurrent:
                headers.append(("WARC-Concurrent-To", previous_id))
            member = gzip.compress(_serialise(headers, record.block), 6, mtime=0)
            file.write(member[:_CUT_BYTES] if record.cut else member)
            previous_id = record_id
            if record.cut:
                break
    return path.stat().st_size


def payload_digest(block: bytes) -> str:
    """The digest of the HTTP body in a block, as WARC-Payload-Digest writes it."""
    return _sha1(block.partition(b"\r\n\r\n")[2])


def _headers(
    record: Record, number: int, record_id: str, angle_brackets: bool
) -> list[tuple[str, str]]:
    date = _FIRST_DATE + timedelta(seconds=number)
    headers = [
        ("WARC-Type", record.kind),
        ("WARC-Record-ID", record_id),
        ("WARC-Date", date.strftime("%Y-%m-%dT%H:%M:%SZ")),
    ]
    if record.url is not None:
        uri = f"<{record.url}>" if angle_brackets else record.url
        headers.append(("WARC-Target-URI", uri))
    headers.append(("Content-Type", record.content_type))
    headers.append(("WARC-Block-Digest", _sha1(record.block)))
    if record.kind == "response":
        headers.append(("WARC-Payload-Digest", payload_digest(record.block)))
    return [*headers, *record.headers]


def _serialise(headers: list[tuple[str, str]], block: bytes) -> bytes:
    lines = ["WARC/1.0", *(f"{name}: {value}" for name, value in headers)]
    lines.append(f"Content-Length: {len(block)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + block + b"\r\n\r\n"


def _sha1(data: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()
