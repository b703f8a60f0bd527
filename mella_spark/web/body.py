"""HTTP bodies as captured to bytes as meant: transfer and content encodings undone.

Archives are not always honest: some tools store the decoded body under the original headers. So an
encoding is undone only where the bytes have it, and a body cut short gives what can be read.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator

from fastwarc.stream_io import BrotliReader, ZstdReader

_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
_PIECE = 1 << 16


class BodyTooLarge(ValueError):
    """A body grows past the limit when decoded."""


def decode_body(body: bytes, transfer: str, content: str, limit: int) -> bytes:
    """``body`` with the encodings listed in two HTTP header values undone, the last listed first.

    Raises BodyTooLarge where the result passes ``limit`` bytes; unknown encodings are left alone.
    """
    if "chunked" in transfer.lower():
        body = _dechunk(body)
    for name in reversed((content + "," + transfer.lower().replace("chunked", "")).split(",")):
        match name.strip().lower():
            case "gzip" | "x-gzip":
                body = _inflate(body, 31, limit) if body[:2] == b"\x1f\x8b" else body
            case "deflate":
                body = _deflated(body, limit)
            case "br":
                body = _read(BrotliReader(io.BytesIO(body)), limit) or body
            case "zstd":
                magic = body[:4] == b"\x28\xb5\x2f\xfd"
                body = _read(ZstdReader(io.BytesIO(body)), limit) if magic else body
    return body


def _dechunk(body: bytes) -> bytes:
    """Chunks joined (RFC 9112, 7.1); the body itself where it does not start with a chunk."""
    pieces = []
    position = 0
    view = memoryview(body)
    while match := _CHUNK_SIZE.match(body, position):
        size = int(match.group(1), 16)
        if size == 0:
            break
        pieces.append(view[match.end() : match.end() + size])
        position = match.end() + size
        if body.startswith(b"\r\n", position):
            position += 2
        elif body.startswith(b"\n", position):
            position += 1
        elif position < len(body):
            return body if len(pieces) == 1 else b"".join(pieces)
    return b"".join(pieces) if pieces or _CHUNK_SIZE.match(body) else body


def _inflate(body: bytes, window: int, limit: int) -> bytes:
    """All gzip members or the zlib stream in ``body``, as far as they are intact."""
    stream = zlib.decompressobj(window)
    try:
        first = stream.decompress(body, limit + 1)
    except zlib.error:
        return _inflate_by_piece(body, window, limit)
    if len(first) > limit:
        raise BodyTooLarge(f"decoded body is larger than {limit} bytes")
    if window == 31 and stream.eof and stream.unused_data.startswith(b"\x1f\x8b"):
        return b"".join((first, *_members(stream.unused_data, limit - len(first))))
    return first


def _members(data: bytes, limit: int) -> Iterator[bytes]:
    """What further gzip members hold, in time linear in ``data`` also where they are tiny.

    So a member is fed in growing steps: what is fed beyond its end is copied.
    """
    place = 0
    while data.startswith(b"\x1f\x8b", place):
        stream, start, step = zlib.decompressobj(31), place, 64
        pieces: list[bytes] = []
        while not stream.eof and place < len(data):
            try:
                pieces.append(stream.decompress(data[place : place + step], limit + 1))
            except zlib.error:
                yield _inflate_by_piece(data[start:], 31, limit + sum(map(len, pieces)))
                return
            limit -= len(pieces[-1])
            if limit < 0:
                raise BodyTooLarge("decoded body is too large")
            place += step
            step *= 2
        yield from pieces
        place = min(place, len(data)) - len(stream.unused_data)


def _inflate_by_piece(body: bytes, window: int, limit: int) -> bytes:
    """What comes before a damaged place."""
    stream, pieces = zlib.decompressobj(window), []
    size = 0
    for start in range(0, len(body), 256):
        try:
            piece = stream.decompress(body[start : start + 256], limit - size + 1)
        except zlib.error:
            break
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            raise BodyTooLarge(f"decoded body is larger than {limit} bytes")
    return b"".join(pieces)


def _deflated(body: bytes, limit: int) -> bytes:
    """``deflate`` means zlib, and raw deflate in servers that misread the standard."""
    if body.lstrip()[:1] == b"<":
        return body
    for window in (15, -15):
        try:
            zlib.decompressobj(window).decompress(body[:512], 1)
        except zlib.error:
            continue
        return _inflate(body, window, limit)
    return body


def _read(reader: BrotliReader | ZstdReader, limit: int) -> bytes:
    pieces, size = [], 0
    try:
        while piece := reader.read(_PIECE):
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                raise BodyTooLarge(f"decoded body is larger than {limit} bytes")
    except (OSError, EOFError):
        pass  # what was readable before the damage is kept
    return b"".join(pieces)
