"""The record reader: damage costs what is damaged, and nothing else."""

from __future__ import annotations

import gzip
import io
import random
import tempfile
import zlib
from pathlib import Path

import pytest
from fastwarc.stream_io import BrotliWriter, ZstdWriter, zstd_train_dictionary_from_samples
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


def test_offsets_in_members_of_several_records(tmp_path: Path) -> None:
    content = gzip.compress(A + B) + gzip.compress(C) + gzip.compress(A)
    path = write(tmp_path, content)
    records, rejects = split(path)
    assert not rejects
    assert [item.body for item in records] == [b"one", b"two", b"three", b"one"]
    second = len(gzip.compress(A + B))
    third = second + len(gzip.compress(C))
    assert [item.offset for item in records] == [0, None, second, third]
    assert read_record_at(path, second).body == b"three"


@pytest.mark.parametrize("size", [50, 100, 700])
def test_members_of_a_fixed_size(tmp_path: Path, size: int) -> None:
    whole = (A + B + C) * 5
    blocks = [gzip.compress(whole[i : i + size]) for i in range(0, len(whole), size)]
    path = write(tmp_path, b"".join(blocks))
    records, rejects = split(path)
    assert not rejects
    assert [item.body for item in records] == [b"one", b"two", b"three"] * 5
    for item in records:
        if item.offset is not None:
            assert read_record_at(path, item.offset) == item


@pytest.mark.parametrize("end", [-4, -2, None])
def test_records_without_the_newlines_behind_them(tmp_path: Path, end: int | None) -> None:
    parts = [A[:end], B[:end], C[:end]]
    for content in (members(*parts), b"".join(packed(ZstdWriter, part) for part in parts)):
        path = write(tmp_path, content)
        records, rejects = split(path)
        assert not rejects
        assert [item.body for item in records] == [b"one", b"two", b"three"]
        for item in records:
            assert item.offset is not None
            assert read_record_at(path, item.offset) == item


@pytest.mark.parametrize("newlines", [b"\r\n", b"\r\n\r\n", b"\n"])
def test_more_newlines_than_there_should_be(tmp_path: Path, newlines: bytes) -> None:
    """As in CC-MAIN-2018-34."""
    parts = [A + newlines, B + newlines, C]
    for content in (b"".join(parts), members(*parts), gzip.compress(b"".join(parts))):
        assert bodies(write(tmp_path, content)) == [b"one", b"two", b"three"]
    between = members(A, newlines, B, b"", b"", C, b"")
    records, rejects = split(write(tmp_path, between))
    assert not rejects
    assert [item.body for item in records] == [b"one", b"two", b"three"]


def test_headers_without_carriage_returns(tmp_path: Path) -> None:
    def bare(text: bytes) -> bytes:
        head, separator, block = text.partition(b"\r\n\r\n")
        return (head + separator).replace(b"\r\n", b"\n") + block

    parts = [bare(A), bare(B), bare(C)]
    for content in (b"".join(parts), members(*parts), gzip.compress(b"".join(parts))):
        records, rejects = split(write(tmp_path, content))
        assert not rejects
        assert [item.body for item in records] == [b"one", b"two", b"three"]
        assert [item.url for item in records] == [f"http://site.example/{n}" for n in (1, 2, 3)]


@pytest.mark.parametrize("compressed", [True, False])
def test_zstd_with_a_dictionary(tmp_path: Path, compressed: bool) -> None:
    pages = [record(http(b"page %d of many " % n * 20), f"http://a.example/{n}") for n in range(99)]
    dictionary = zstd_train_dictionary_from_samples(pages, 2000)
    stream = io.BytesIO()
    writer = ZstdWriter(stream, dictionary=dictionary, compress_dictionary_frame=compressed)
    for page in pages:
        writer.write(page)
        writer.finish()
    writer.close()
    path = write(tmp_path, stream.getvalue(), "crawl.warc.zst")
    records, rejects = split(path)
    assert not rejects
    assert [item.url for item in records] == [f"http://a.example/{n}" for n in range(99)]
    for item in records[1:]:
        assert item.offset is not None
        assert read_record_at(path, item.offset) == item


@pytest.mark.parametrize("wrong", [0, 10, 150, 400, 10**6, 10**15, 10**30])
@pytest.mark.parametrize("how", ["gzip", "zstd", "plain"])
def test_a_wrong_length_costs_one_record(tmp_path: Path, how: str, wrong: int) -> None:
    one, bad, three = record(http(b"one")), record(http(b"two" * 30), length=wrong), C
    match how:
        case "gzip":
            content = members(one, bad, three, A, B)
        case "zstd":
            content = b"".join(packed(ZstdWriter, part) for part in (one, bad, three, A, B))
        case _:
            content = b"".join((one, bad, three, A, B))
    records, rejects = split(write(tmp_path, content))
    found = [item.body for item in records]
    assert [item.reason for item in rejects] in (["unreadable_record"], ["too_large"])
    assert found == [b"one", b"three", b"one", b"two"]


@pytest.mark.parametrize("wrong", [0, 10, 150, 400, 10**6, 10**15, ""])
@pytest.mark.parametrize("at", [0, 1, 5, 9])
@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_a_wrong_length_in_one_stream_for_all(
    tmp_path: Path, how: str, at: int, wrong: int | str
) -> None:
    """What follows the damaged record is found again."""
    pages = [record(http(b"page %d" % n), f"http://a.example/{n}") for n in range(10)]
    pages[at] = record(http(b"two" * 30), length=wrong)
    whole = b"".join(pages)
    content = gzip.compress(whole) if how == "gzip" else packed(ZstdWriter, whole)
    records, rejects = split(write(tmp_path, content))
    expected = [b"page %d" % n for n in range(10) if n != at]
    assert [item.body for item in records] == expected
    assert len(rejects) == 1
    assert all(item.offset in (0, None) for item in records)


def test_damage_in_one_stream_for_all_keeps_what_is_before(tmp_path: Path) -> None:
    pages = [record(http(b"%d " % n * 9000), f"http://a/{n}") for n in range(300)]
    content = bytearray(gzip.compress(b"".join(pages)))
    del content[len(content) // 2 : len(content) // 2 + 100]
    records, rejects = split(write(tmp_path, bytes(content)))
    assert len(records) > 50
    assert [item.url for item in records[:50]] == [f"http://a/{n}" for n in range(50)]
    assert [item.reason for item in rejects] == ["truncated_file"]


def test_a_length_that_swallows_the_next_record_exactly(tmp_path: Path) -> None:
    bad = record(http(b"two"), length=len(http(b"two")) + 4 + len(C) - 4)
    records, rejects = split(write(tmp_path, members(A, bad, C, B)))
    assert [item.body for item in records] == [b"one", b"three", b"two"]
    assert [item.reason for item in rejects] == ["unreadable_record"]


def test_a_damaged_large_record_is_no_record(tmp_path: Path) -> None:
    """Its checksum comes long after its first bytes were read."""
    large = gzip.compress(record(http(random.Random(1).randbytes(300_000))))
    for place in (-6, -5_000, 150_000):
        damaged = bytearray(large)
        damaged[place] ^= 0xFF
        records, rejects = split(write(tmp_path, members(A) + bytes(damaged) + members(C)))
        assert [item.body for item in records] == [b"one", b"three"]
        assert [(r.reason, r.offset) for r in rejects] == [("unreadable_record", len(members(A)))]


def test_a_file_whose_first_byte_is_damaged(tmp_path: Path) -> None:
    for content in (members(A, B, C), b"".join(packed(ZstdWriter, part) for part in (A, B, C))):
        records, rejects = split(write(tmp_path, b"x" + content[1:]))
        assert [item.body for item in records] == [b"two", b"three"]
        assert [(r.reason, r.offset) for r in rejects] == [("unreadable_record", 0)]


def test_a_stream_cut_short_is_told(tmp_path: Path) -> None:
    """Also between two records, where nothing else tells."""
    pages = [record(http(random.Random(n).randbytes(50))) for n in range(9)]
    content = gzip.compress(b"".join(pages))
    for end in range(len(content) - 400, len(content)):
        _, rejects = split(write(tmp_path, content[:end]))
        assert [item.reason for item in rejects][-1:] == ["truncated_file"], end


@pytest.mark.parametrize("date", ["2024", "2024-05", "2024-05-18", "2024-05-18T01:58:10.5Z"])
def test_dates_of_any_precision(tmp_path: Path, date: str) -> None:
    dated = A.replace(b"2024-05-18T01:58:10Z", date.encode())
    found = split(write(tmp_path, dated))[0][0].date
    assert found is not None
    assert found.isoformat()[: len(date.removesuffix(".5Z"))] == date.removesuffix(".5Z")
    for wrong in (b"", b"never", b"2024-99-01", b"\xff"):
        dated = A.replace(b"2024-05-18T01:58:10Z", wrong)
        assert split(write(tmp_path, dated))[0][0].date is None


def test_of_several_content_types_the_last_counts(tmp_path: Path) -> None:
    page = http(b"x", ("content-TYPE", "application/xhtml+xml;\r\n charset=utf-16"), ("X", "y"))
    records, _ = split(write(tmp_path, members(record(page))))
    assert (records[0].media_type, records[0].charset) == ("application/xhtml+xml", "utf-16")


class Watched(io.BytesIO):
    """A stream that gives little at a time, and notes where it is asked to go."""

    def __init__(self, content: bytes, fails_at: int | None = None) -> None:
        super().__init__(content)
        self.seeks: list[int] = []
        self.largest = 0
        self.fails_at = fails_at

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None
        assert 0 <= size <= 2 << 20
        self.largest = max(self.largest, size)
        if self.fails_at is not None and self.tell() >= self.fails_at:
            raise ConnectionResetError("gone")
        return super().read(min(size, 1000))

    def seek(self, offset: int, whence: int = 0) -> int:
        assert whence == 0
        if offset != self.tell():
            self.seeks.append(offset)
        return super().seek(offset)


@pytest.mark.parametrize("how", ["gzip", "zstd", "plain", "whole"])
def test_sound_files_are_read_forward_only(how: str) -> None:
    pages = [record(http(random.Random(n).randbytes(n * 700)), f"http://a/{n}") for n in range(60)]
    match how:
        case "gzip":
            content = members(*pages)
        case "zstd":
            content = b"".join(packed(ZstdWriter, page) for page in pages)
        case "plain":
            content = b"".join(pages)
        case _:
            content = gzip.compress(b"".join(pages))
    stream = Watched(content)
    items = list(read_records("any", opener=lambda path: stream))
    assert [type(item) for item in items] == [Record] * 60
    assert all(place < 1000 or place > len(content) - 60_000 for place in stream.seeks)
    assert len(stream.seeks) < 10


def test_a_stream_that_breaks_is_one_reject() -> None:
    pages = [record(http(random.Random(n).randbytes(9000)), f"http://a/{n}") for n in range(60)]
    stream = Watched(members(*pages), fails_at=300_000)
    items = list(read_records("any", opener=lambda path: stream))
    assert len(items) > 25
    assert all(isinstance(item, Record) for item in items[:-1])
    assert isinstance(items[-1], Reject)
    assert items[-1].reason == "unreadable_file"
    assert "gone" in items[-1].detail
    with pytest.raises(InputError, match="gone"):
        read_record_at("any", 0, opener=lambda path: Watched(members(*pages), fails_at=0))


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


@pytest.mark.parametrize("piece", [b"WARC/1.0\r\n", b"WARC/1.0\r\nA: b\r\n"])
def test_heads_that_run_into_each_other_are_one_at_most(piece: bytes, tmp_path: Path) -> None:
    """And take no more time the more there are: none of them is looked at from all the others."""
    path = write(tmp_path, A + 2000 * piece + B, "crawl.warc")
    found = list(read_records(path))
    assert [item.url for item in found if isinstance(item, Record)] == [
        "http://site.example/1",
        "http://site.example/2",
    ]
    assert sum(isinstance(item, Reject) for item in found) <= 1
