"""Parts of a file: together they are the whole, each record once, however it is split."""

from __future__ import annotations

import gzip
import io
import random
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from fastwarc.stream_io import ZstdWriter
from hypothesis import given, settings
from hypothesis import strategies as st
from remote_site import FileSite, Served, remote_settings
from web_archive import http, members, record, write

from mella_spark.remote.opener import opener
from mella_spark.web.packing import packing_of
from mella_spark.web.source import Source
from mella_spark.web.warc import Record, Reject, read_records

Item = tuple[object, ...]
Pack = Callable[[bytes], bytes]


def stored(content: bytes) -> bytes:
    """A gzip member that holds its content as it is."""
    member = zlib.compressobj(0, zlib.DEFLATED, 31)
    return member.compress(content) + member.flush()


def frame(content: bytes) -> bytes:
    """A zstd frame."""
    stream = io.BytesIO()
    writer = ZstdWriter(stream)
    writer.write(content)
    writer.close()
    return stream.getvalue()


def read(content: bytes, start: int = 0, end: int | None = None) -> list[Item]:
    """What is read of a part, comparable."""
    return [
        (item.type, item.url, item.offset, item.body)
        if isinstance(item, Record)
        else (item.reason, item.offset, item.detail)
        for item in read_records("any", start, end, opener=lambda path: io.BytesIO(content))
    ]


def in_parts(content: bytes, size: int) -> list[Item]:
    size = max(size, len(content) // 60)
    starts = range(0, max(len(content), 1), size)
    return [item for start in starts for item in read(content, start, start + size)]


def page(seed: int, size: int, url: str = "http://site.example/") -> bytes:
    return record(http(random.Random(seed).randbytes(size)), f"{url}{seed}")


def member(content: bytes) -> bytes:
    """A gzip member, the same whenever it is made."""
    return gzip.compress(content, 1, mtime=0)


def nested(seed: int, count: int, size: int, pack: Pack = member) -> bytes:
    """A page that is itself a crawl file of a number of pages."""
    inner = [pack(page(seed * 1000 + n, size, "http://inner.example/")) for n in range(count)]
    return record(http(b"".join(inner)), f"http://site.example/nested-{seed}")


@st.composite
def records(draw: st.DrawFn) -> list[bytes]:
    made = []
    for seed in range(draw(st.integers(1, 12))):
        match draw(st.sampled_from(["page", "page", "request", "nested", "lying"])):
            case "page":
                made.append(page(seed, draw(st.sampled_from([0, 10, 500, 5_000, 90_000]))))
            case "request":
                made.append(record(b"GET / HTTP/1.1\r\n\r\n", f"http://r/{seed}", "request"))
            case "nested":
                count, size = draw(st.integers(1, 20)), draw(st.sampled_from([10, 900, 20_000]))
                made.append(nested(seed, count, size))
            case _:
                body = http(random.Random(seed).randbytes(300))
                length = draw(st.sampled_from([0, 40, 500, 900, 10**5, 10**12, -1]))
                made.append(record(body, f"http://l/{seed}", length=length))
    return made


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Crawl files packed in every way, sound or damaged."""
    parts = draw(records())
    match draw(st.sampled_from(["gzip", "stored", "zstd", "plain", "whole", "blocks", "several"])):
        case "gzip":
            content = members(*parts)
        case "stored":
            content = b"".join(stored(part) for part in parts)
        case "zstd":
            content = b"".join(frame(part) for part in parts)
        case "plain":
            content = b"".join(parts)
        case "whole":
            content = member(b"".join(parts))
        case "blocks":
            joined, size = b"".join(parts), draw(st.sampled_from([300, 4_000, 65_280]))
            blocks = [joined[i : i + size] for i in range(0, len(joined), size)]
            content = b"".join(member(block) for block in blocks)
        case _:
            count = draw(st.integers(1, 3))
            groups = [b"".join(parts[i : i + count]) for i in range(0, len(parts), count)]
            content = members(*groups)
    damaged = bytearray(content)
    for _ in range(draw(st.sampled_from([0, 0, 1, 3]))):
        place = draw(st.integers(0, len(damaged) - 1))
        damaged[place : place + draw(st.integers(0, 9))] = draw(st.binary(max_size=9))
    cut = draw(st.integers(0, len(damaged))) if draw(st.integers(0, 5)) == 0 else len(damaged)
    return bytes(damaged[:cut])


@settings(max_examples=150, deadline=None)
@given(files(), st.data())
def test_parts_are_the_whole(content: bytes, data: st.DataObject) -> None:
    whole = read(content)
    assert whole
    sizes = st.one_of(st.integers(1, 300), st.integers(300, max(400, len(content))))
    assert in_parts(content, data.draw(sizes)) == whole


@pytest.mark.parametrize("pack", [member, stored, frame])
def test_every_part_of_a_sound_file_has_the_records_that_start_in_it(pack: Pack) -> None:
    packed = [pack(page(seed, seed * 997)) for seed in range(40)]
    packed.insert(20, pack(nested(99, 60, 3_000)))
    content = b"".join(packed)
    places = [sum(map(len, packed[:n])) for n in range(len(packed))]
    for size in (5_000, 64_000, 250_000, len(content)):
        for start in range(0, len(content), size):
            part = read(content, start, start + size)
            assert [item[2] for item in part] == [p for p in places if start <= p < start + size]


@pytest.mark.parametrize(
    ("pack", "inner", "magic"),
    [(stored, member, b"\x1f\x8b\x08"), (frame, frame, b"\x28\xb5\x2f\xfd")],
)
def test_records_of_an_archive_within_a_record_are_not_taken_for_records(
    pack: Pack, inner: Pack, magic: bytes
) -> None:
    """Its members stand in the file as they are; a part may well start among them."""
    content = pack(page(1, 100)) + pack(nested(2, 400, 2_000, inner)) + pack(page(3, 100_000))
    assert content.count(magic) > 300
    whole = read(content)
    assert [item[1] for item in whole] == [
        f"http://site.example/{name}" for name in ("1", "nested-2", "3")
    ]
    for size in (7_000, 65_536, 131_072, 300_000):
        assert in_parts(content, size) == whole


def test_only_the_first_part_of_a_file_that_cannot_be_split_has_records() -> None:
    pages = [page(seed, 5_000) for seed in range(60)]
    for content in (b"".join(pages), member(b"".join(pages))):
        assert len(read(content, 0, 1_000)) == 60
        assert read(content, 1_000, 100_000) == read(content, 100_000) == []


def test_a_place_is_proven_by_what_follows_it() -> None:
    sound = members(page(1, 10), page(2, 90_000), page(3, 10))
    packing = packing_of(Source(io.BytesIO(sound)))
    first = len(members(page(1, 10)))
    assert packing.proven(0)
    assert packing.proven(first)
    damaged = bytearray(sound)
    damaged[first + 40_000] ^= 0xFF
    packing = packing_of(Source(io.BytesIO(bytes(damaged))))
    assert packing.starts(0)
    assert not packing.proven(0)
    last = len(members(page(1, 10), page(2, 90_000)))
    assert packing.next_proven(1) == last


def test_a_missing_file_is_told_by_every_part(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.warc.gz")
    for start in (0, 1_000):
        (item,) = read_records(missing, start, start + 1_000)
        assert isinstance(item, Reject)
        assert item.reason == "unreadable_file"


@pytest.mark.parametrize("ranges", [True, False])
def test_parts_of_a_file_elsewhere(ranges: bool) -> None:
    """A server that has only the whole to give gives it to the first part."""
    content = members(*(page(seed, 3_000) for seed in range(60)))
    settings = remote_settings(skip_bytes=10_000, block_bytes=4096)
    with FileSite({"/crawl.warc.gz": Served(content, ranges=ranges)}) as site:
        parts = [
            list(read_records(f"{site.root}/crawl.warc.gz", start, end, opener=opener(settings)))
            for start, end in ((0, 70_000), (70_000, 140_000), (140_000, None))
        ]
    assert [item for part in parts for item in part] == list(
        read_records("any", opener=lambda path: io.BytesIO(content))
    )
    assert all(parts) == ranges
    assert parts[0]


def test_parts_of_a_file_on_disk(tmp_path: Path) -> None:
    content = members(*(page(seed, 3_000) for seed in range(30)))
    path = write(tmp_path, content)
    starts = range(0, len(content), 10_000)
    found = [item for start in starts for item in read_records(path, start, start + 10_000)]
    assert found == list(read_records(path))
