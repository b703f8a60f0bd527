"""Captures as Common Crawl writes them: request, response and metadata, each in WARC and WAT."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from benchmarks.extract.generator.pages import LARGEST, Page, make_page, page_size
from benchmarks.extract.generator.words import LANGUAGES, words

_START = datetime(2024, 5, 18, tzinfo=UTC)
# Other responses are about as rare among Common Crawl's captures: feeds, text, JSON, PDF, images.
_OTHER = 0.025
_TYPES = ("application/rss+xml", "text/plain", "application/json", "application/pdf", "image/jpeg")
_SHARES = (40, 20, 20, 12, 8)
_USER_AGENT = "CCBot/2.0 (https://commoncrawl.org/faq/)"
HUGE_BYTES = 60 << 20


@dataclass(frozen=True)
class Record:
    """A WARC record, not compressed, and the JSON of its WAT record but for its container."""

    block: bytes
    envelope: str
    url: str
    date: str


@dataclass(frozen=True)
class Capture:
    """One fetch: its three records and, where it is a page, the page."""

    records: tuple[Record, ...]
    page: Page | None
    body_bytes: int


def size_of(seed: int, index: int, heavy: bool = False) -> int:
    """Bytes of page ``index``. ``heavy``: one in twenty is up to 5 MiB, one in 3,000 is 60 MiB."""
    rng = random.Random(f"size {seed} {index}")
    if heavy and index % 3000 == 1500:
        return HUGE_BYTES
    if heavy and rng.random() < 0.05:
        return rng.randint(1 << 20, LARGEST)
    return page_size(rng)


def capture(seed: int, index: int, size: int) -> Capture:
    """Capture number ``index``; huge ones are in turn a page and a file of random bytes."""
    rng = random.Random(f"capture {seed} {index}")
    huge = size == HUGE_BYTES
    if (index // 3000 % 2 == 1) if huge else (rng.random() < _OTHER):
        page, mime = None, "application/octet-stream" if huge else _kind(rng)
        url = f"https://www{rng.randint(1, 4000)}.example.org/files/{index}"
        body = _body(rng, mime, size)
    else:
        page = make_page(seed, index, size)
        url, mime, body = page.url, page.content_type, page.body
    date = (_START + timedelta(seconds=index / 40)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Capture(tuple(_records(rng, url, date, mime, body, page)), page, len(body))


def _kind(rng: random.Random) -> str:
    return rng.choices(_TYPES, _SHARES)[0]


def _body(rng: random.Random, mime: str, size: int) -> bytes:
    w = words(rng.choice(LANGUAGES))
    if mime == "image/jpeg":
        return b"\xff\xd8\xff\xe0\x00\x10JFIF" + rng.randbytes(min(size, 60_000))
    if mime in ("application/pdf", "application/octet-stream"):
        return b"%PDF-1.7\n" + rng.randbytes(size)
    if mime == "application/json":
        rows = [{"id": rng.getrandbits(32), "name": rng.choice(w.alts)} for _ in range(size // 120)]
        return json.dumps(rows, ensure_ascii=False).encode()
    lines = "\n".join(rng.choice(w.sentences) for _ in range(size // 80))
    if mime == "text/plain":
        return lines.encode()
    items = "".join(f"<item><title>{line}</title></item>\n" for line in lines.split("\n"))
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{items}</channel></rss>'.encode()


def _records(
    rng: random.Random, url: str, date: str, mime: str, body: bytes, page: Page | None
) -> Iterator[Record]:
    host, path = url.split("/", 3)[2:]
    address = f"203.0.113.{rng.randint(1, 254)}"
    ids = [f"<urn:uuid:{uuid.UUID(int=rng.getrandbits(128), version=4)}>" for _ in range(3)]
    target = {"WARC-Target-URI": url}
    request = {
        "User-Agent": _USER_AGENT,
        "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "Accept-Language": "en-US,en;q=0.5",
        "Accept-Encoding": "br,gzip",
        "Host": host,
        "Connection": "Keep-Alive",
    }
    yield _record(
        "request",
        date,
        ids[0],
        {"WARC-IP-Address": address, **target},
        "application/http; msgtype=request",
        _http(f"GET /{path} HTTP/1.1", request),
        {"HTTP-Request-Metadata": {"Headers": request}},
    )
    response: dict[str, str | list[str]] = {
        "Date": date,
        "Content-Type": mime,
        "X-Crawler-Transfer-Encoding": "chunked",
        "Connection": "keep-alive",
        "Server": rng.choice(("nginx", "Apache/2.4.57", "cloudflare", "LiteSpeed")),
        "Vary": "Accept-Encoding",
        "Set-Cookie": [f"sid={rng.getrandbits(96):x}; path=/; HttpOnly", "seen=1; path=/"],
        "Cache-Control": "max-age=600",
        "X-Crawler-Content-Encoding": "gzip",
        "Content-Length": str(len(body)),
    }
    payload: dict[str, object] = {
        "Response-Message": {"Status": "200", "Version": "HTTP/1.1", "Reason": "OK"},
        "Headers": response,
        "Entity-Length": str(len(body)),
    }
    if page is not None:
        payload["HTML-Metadata"] = {"Head": _HEAD, "Links": [_LINKS]}
    found = _record(
        "response",
        date,
        ids[1],
        {
            "WARC-Concurrent-To": ids[0],
            "WARC-IP-Address": address,
            **target,
            "WARC-Payload-Digest": _digest(body),
            "WARC-Identified-Payload-Type": mime.partition(";")[0],
        },
        "application/http; msgtype=response",
        _http("HTTP/1.1 200 OK", response) + body,
        {"HTTP-Response-Metadata": payload},
    )
    if page is not None:
        envelope = found.envelope.replace(f'"{_HEAD}"', page.head, 1)
        envelope = envelope.replace(f'"{_LINKS}"', page.links, 1)
        found = Record(found.block, envelope, url, date)
    yield found
    facts = f"fetchTimeMs: {rng.randint(20, 4000)}\r\ncharset-detected: UTF-8\r\n".encode()
    yield _record(
        "metadata",
        date,
        ids[2],
        {"WARC-Concurrent-To": ids[1], **target},
        "application/warc-fields",
        facts,
        {},
    )


# Stand-ins in the JSON for what the page has written as JSON already.
_HEAD, _LINKS = "\ufdd0head", "\ufdd0links"


def _record(
    kind: str,
    date: str,
    record_id: str,
    fields: dict[str, str],
    content_type: str,
    block: bytes,
    payload: dict[str, object],
) -> Record:
    named = {
        "WARC-Type": kind,
        "WARC-Date": date,
        "WARC-Record-ID": record_id,
        "Content-Length": str(len(block)),
        "Content-Type": content_type,
        **fields,
        "WARC-Block-Digest": _digest(block),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    envelope = {
        "Format": "WARC/1.0",
        "WARC-Header-Metadata": named,
        "Payload-Metadata": {"Actual-Content-Type": content_type, **payload},
    }
    return Record(
        f"WARC/1.0\r\n{head}\r\n".encode() + block + b"\r\n\r\n",
        json.dumps(envelope, ensure_ascii=False),
        fields["WARC-Target-URI"],
        date,
    )


def _http(first: str, headers: dict[str, str] | dict[str, str | list[str]]) -> bytes:
    lines = [first]
    for name, value in headers.items():
        lines += [f"{name}: {item}" for item in (value if isinstance(value, list) else [value])]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _digest(data: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()
