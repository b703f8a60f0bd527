"""The record reader: damage costs what is damaged, and nothing else."""

from __future__ import annotations

import gzip
import io
import tempfile
import zlib
from pathlib import Path

import pytest
from fastwarc.stream_io import BrotliWriter, ZstdWriter
from hypothesis import given, settings
from hypothesis import strategies as st
from web_archive import by_warcio, http, members, record, write

from mella_spark.errors import InputError
from mella_spark.web.warc import Record, Reject, read_record_at, read_records

A = record(http(b"one"), "http://site.example/1")
B = record(http(b"two"), "http://site.example/2")
C = record(http(b"three"), "http://site.example/3")


def chunked(*pieces: bytes) -> bytes:
    """Pieces as chunks, with an extension and a trailer, as servers may."""
    chunks = (b"%X;name=value\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return b"".join(chunks) + b"0\r\nTrailer: x\r\n\r\n"


def packed(writer_type: type[BrotliWriter] | type[ZstdWriter], body: bytes) -> bytes:
    """``body`` compressed by one of FastWARC's writers."""
    stream = io.BytesIO()
    writer = writer_type(stream)
    writer.write(body)
    writer.close()
    return stream.getvalue()


def split(path: str, **options: int) -> tuple[list[Record], list[Reject]]:
    items = list(read_records(path, **options))
    return (
        [item for item in items if isinstance(item, Record)],
        [item for item in items if isinstance(item, Reject)],
    )


def bodies(path: str) -> list[bytes]:
    return [item.body for item in split(path)[0]]


def test_reads_what_an_independent_writer_wrote(tmp_path: Path) -> None:
    page = ("http://site.example/ü", "žluťoučký".encode(), "text/html; charset=UTF-8")
    records, rejects = split(write(tmp_path, by_warcio(page)))
    assert not rejects
    info, response = records
    assert info.type == "warcinfo"
    assert (response.type, response.status, response.media_type) == ("response", 200, "text/html")
    assert (response.charset, response.body) == ("UTF-8", "žluťoučký".encode())
    assert response.date is not None


@pytest.mark.parametrize("name", ["plain.warc", "odd-name.bin"])
def test_compression_is_told_by_content(tmp_path: Path, name: str) -> None:
    frames = packed(ZstdWriter, A) + packed(ZstdWriter, B)
    for content in (A + B, members(A, B), frames):
        assert bodies(write(tmp_path, content, name)) == [b"one", b"two"]


def test_brackets_around_the_target_address_are_dropped(tmp_path: Path) -> None:
    records, _ = split(write(tmp_path, members(record(http(b"x"), "<http://a.example/>"))))
    assert records[0].url == "http://a.example/"


@pytest.mark.parametrize(
    ("headers", "wire"),
    [
        ([("Content-Encoding", "gzip")], gzip.compress(b"body" * 99)),
        ([("Content-Encoding", "x-gzip")], gzip.compress(b"body" * 99)),
        ([("Content-Encoding", "deflate")], zlib.compress(b"body" * 99)),
        ([("Content-Encoding", "deflate")], zlib.compress(b"body" * 99)[2:-4]),
        ([("Content-Encoding", "br")], packed(BrotliWriter, b"body" * 99)),
        ([("Transfer-Encoding", "chunked")], chunked(b"body", b"body" * 98)),
        ([("Transfer-Encoding", "gzip, chunked")], chunked(gzip.compress(b"body" * 99))),
        (
            [("Transfer-Encoding", "chunked"), ("Content-Encoding", "gzip")],
            chunked(gzip.compress(b"body" * 99)),
        ),
        ([("Content-Encoding", "gzip, br")], packed(BrotliWriter, gzip.compress(b"body" * 99))),
        # Headers that describe what the archiving tool had already undone.
        ([("Content-Encoding", "gzip")], b"body" * 99),
        ([("Content-Encoding", "br")], b"body" * 99),
        ([("Transfer-Encoding", "chunked")], b"body" * 99),
        ([("Content-Encoding", "nonsense")], b"body" * 99),
    ],
)  # fmt: skip
def test_encodings_are_undone(tmp_path: Path, headers: list[tuple[str, str]], wire: bytes) -> None:
    assert bodies(write(tmp_path, members(record(http(wire, *headers))))) == [b"body" * 99]


def test_zstd_body(tmp_path: Path) -> None:
    page = http(packed(ZstdWriter, b"body"), ("Content-Encoding", "zstd"))
    assert bodies(write(tmp_path, members(record(page)))) == [b"body"]


def test_a_body_cut_short_gives_its_beginning(tmp_path: Path) -> None:
    packed = gzip.compress(bytes(range(256)) * 200)[:-40]
    (body,) = bodies(write(tmp_path, members(record(http(packed, ("Content-Encoding", "gzip"))))))
    assert body
    assert (bytes(range(256)) * 200).startswith(body)


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    bomb = http(gzip.compress(b"\0" * 5_000_000), ("Content-Encoding", "gzip"))
    records, rejects = split(write(tmp_path, members(record(bomb), A)), max_bytes=1_000_000)
    assert [r.reason for r in rejects] == ["too_large"]
    assert [r.body for r in records] == [b"one"]


def test_http_head_with_bare_newlines(tmp_path: Path) -> None:
    block = b"HTTP/1.1 200 OK\nContent-Type: text/html; charset='koi8-r'\nX: a\n b\n\nbody"
    records, _ = split(write(tmp_path, members(record(block))))
    assert (records[0].body, records[0].charset) == (b"body", "koi8-r")
    assert records[0].header("x") == "a b"


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(
    "bad",
    [
        record(http(b"two"), length=100_000),
        record(http(b"two"), length=-1),
        B.replace(b"Content-Length", b"Content-Lxngth"),
        b"garbage\r\n\r\n",
    ],
)
def test_one_bad_record_is_one_reject(tmp_path: Path, packed: bool, bad: bytes) -> None:
    content = members(A, bad, C) if packed else A + bad + C
    records, rejects = split(write(tmp_path, content))
    good = [item.body for item in records if item.body in (b"one", b"three")]
    assert good == [b"one", b"three"]
    assert [item.reason for item in rejects] == ["unreadable_record"]


@pytest.mark.parametrize("where", [0, 20, -8, -3])
def test_a_damaged_gzip_member_costs_one_record(tmp_path: Path, where: int) -> None:
    one, two, three = (bytearray(gzip.compress(r)) for r in (A, B, C))
    two[where] ^= 0xFF
    records, rejects = split(write(tmp_path, bytes(one + two + three)))
    assert [item.body for item in records] == [b"one", b"three"]
    (reject,) = rejects
    assert (reject.reason, reject.offset) == ("unreadable_record", len(one))
    assert 0 < len(reject.sample) <= 2048


def test_every_truncation_of_a_file_is_whole_records_and_at_most_one_reject(tmp_path: Path) -> None:
    content = members(A, B, C)
    ends = [len(members(A)), len(members(A, B)), len(content)]
    for length in range(1, len(content)):
        records, rejects = split(write(tmp_path, content[:length]))
        whole = sum(end <= length for end in ends)
        # The last bytes of a member hold only its checksum: the record itself may be whole.
        assert whole <= len(records) <= whole + 1
        assert [r.body for r in records] == [b"one", b"two", b"three"][: len(records)]
        cut = length not in ends
        assert len(rejects) == int(cut and len(records) == whole), length


def test_not_a_warc_and_no_file(tmp_path: Path) -> None:
    for content in (b"", b"<html>hello</html>" * 999, gzip.compress(b"hello"), b"\x1f\x8b\x08"):
        records, rejects = split(write(tmp_path, content))
        assert not records
        assert [r.reason for r in rejects] == ["not_warc"], content
    for missing in (str(tmp_path / "missing.warc.gz"), str(tmp_path)):
        assert [r.reason for r in split(missing)[1]] == ["unreadable_file"]


def test_random_access_gives_the_same_record(tmp_path: Path) -> None:
    for content in (members(A, B, C), A + B + C):
        path = write(tmp_path, content)
        for item in split(path)[0]:
            assert item.offset is not None
            assert read_record_at(path, item.offset) == item


def test_random_access_to_nothing_is_an_input_error(tmp_path: Path) -> None:
    path = write(tmp_path, members(A, B))
    for offset in (1, 10**6):
        with pytest.raises(InputError, match=f"byte {offset}"):
            read_record_at(path, offset)
    with pytest.raises(InputError):
        read_record_at(str(tmp_path / "missing"), 0)


def test_a_file_packed_as_one_stream_has_no_offsets(tmp_path: Path) -> None:
    records, rejects = split(write(tmp_path, gzip.compress(A + B + C)))
    assert not rejects
    assert [item.body for item in records] == [b"one", b"two", b"three"]
    assert [item.offset for item in records] == [0, None, None]


def test_truncation_by_the_crawler_is_told(tmp_path: Path) -> None:
    cut = record(http(b"x"), extra="WARC-Truncated: length\r\n")
    assert [r.truncated for r in split(write(tmp_path, members(cut, A)))[0]] == [True, False]


def test_file_addresses(tmp_path: Path) -> None:
    path = write(tmp_path, members(A))
    assert bodies(f"file://{path}") == bodies(f"file:{path}") == [b"one"]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 3), st.booleans())
def test_random_bytes_never_raise_and_cost_no_neighbour(
    noise: bytes, kind: int, packed: bool
) -> None:
    middle = (noise, gzip.compress(noise), b"WARC/1.0\r\n" + noise, record(noise))[kind]
    content = members(A) + middle + members(C) if packed else A + middle + b"\r\n" + C
    with tempfile.TemporaryDirectory() as folder:
        items = list(read_records(write(Path(folder), content)))
    found = [item.body for item in items if isinstance(item, Record)]
    assert b"one" in found
    if packed or kind == 3:
        assert b"three" in found


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_flipped_bytes_never_raise(data: st.DataObject) -> None:
    content = bytearray(members(A, B, C))
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:
        items = list(read_records(write(Path(folder), bytes(content))))
    assert items
