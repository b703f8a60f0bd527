"""A crawl's own listings and its URL index, served in Common Crawl's layout and schema."""

from __future__ import annotations

import gzip
import io
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from remote_site import FileSite, Served, remote_settings, s3_client, s3_server
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from mella_spark.errors import InputError
from mella_spark.remote import urlindex
from mella_spark.remote.commoncrawl import joined
from mella_spark.remote.listing import remote_files
from mella_spark.remote.opener import opener
from mella_spark.remote.ranges import harvest_index, read_indexed
from mella_spark.remote.urlindex import NotAnIndexError, read_places, row_range
from mella_spark.settings import Settings, load_settings
from mella_spark.stages.extract import remote
from mella_spark.stages.manifest import find_files
from mella_spark.text.profiles import crawl_codes
from mella_spark.web.harvest import Found
from mella_spark.web.warc import Record, Reject

CRAWL = "CC-MAIN-2024-22"
# The columns of Common Crawl's flat schema that matter here, with its types, among others.
SCHEMA = pa.schema(
    [
        ("url_surtkey", pa.string()),
        ("url", pa.string()),
        ("fetch_time", pa.timestamp("ms")),
        ("fetch_status", pa.int16()),
        ("content_mime_type", pa.string()),
        ("content_mime_detected", pa.string()),
        ("content_languages", pa.string()),
        ("warc_filename", pa.string()),
        ("warc_record_offset", pa.int32()),
        ("warc_record_length", pa.int32()),
    ]
)
LANGUAGES = ["ces", "ces,eng", "eng", "eng,ces", "srp", "hrv", "deu", "zho,eng", None, "cesx", ""]


def page(number: int) -> bytes:
    text = f"Obrázek číslo {number}"
    return f"<html><title>T</title><img src=/{number}.png alt='{text}'></html>".encode()


@dataclass
class Web:
    """A small crawl: WARC files by name, and the rows of their index."""

    files: dict[str, bytes]
    rows: list[dict[str, Any]]

    def wanted(self, *codes: str) -> list[dict[str, Any]]:
        return [r for r in self.rows if set((r["content_languages"] or "").split(",")) & {*codes}]


def make_web(files: int = 3, pages: int = 40) -> Web:
    """WARC files by warcio; offsets and lengths by warcio's own reader, rows sorted by address."""
    chance = random.Random(5)
    web = Web({}, [])
    for number in range(files):
        name = f"crawl-data/{CRAWL}/segments/1/warc/CC-MAIN-{number:05}.warc.gz"
        stream = io.BytesIO()
        writer = WARCWriter(stream, gzip=True)
        writer.write_record(writer.create_warcinfo_record(name, {"software": "test"}))
        for at in range(pages):
            headers = StatusAndHeaders(
                "200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1"
            )
            url = f"https://site{chance.randrange(1000)}.example/{number}/{at}"
            payload = io.BytesIO(page(number * pages + at))
            writer.write_record(
                writer.create_warc_record(url, "response", payload=payload, http_headers=headers)
            )
        web.files[name] = stream.getvalue()
        reader = ArchiveIterator(io.BytesIO(web.files[name]))
        for record in reader:
            url = record.rec_headers.get_header("WARC-Target-URI")
            offset = reader.get_record_offset()
            reader.read_to_end()
            if record.rec_type == "response":
                web.rows.append(
                    {
                        "url_surtkey": url,
                        "url": url,
                        "fetch_status": 200,
                        "content_mime_type": "text/html",
                        "content_mime_detected": "text/html",
                        "content_languages": chance.choice(LANGUAGES),
                        "warc_filename": name,
                        "warc_record_offset": offset,
                        "warc_record_length": reader.get_record_length(),
                    }
                )
    web.rows.sort(key=lambda row: row["url_surtkey"])
    return web


WEB = make_web()


def index(rows: list[dict[str, Any]], schema: pa.Schema = SCHEMA, **options: Any) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema), stream, **options)
    return stream.getvalue()


INDEX = index(WEB.rows, row_group_size=50, compression="gzip")


@pytest.fixture
def site() -> Iterator[FileSite]:
    """The crawl on a server, with its listings."""
    part = f"cc-index/table/cc-main/warc/crawl={CRAWL}/subset=warc/part-0.c000.gz.parquet"
    other = part.replace("subset=warc", "subset=robotstxt")
    wats = [name.replace("/warc/", "/wat/").replace(".warc.", ".warc.wat.") for name in WEB.files]
    lists = {
        "warc.paths.gz": [*WEB.files],
        "wat.paths.gz": wats,
        "cc-index-table.paths.gz": [other, part],
    }
    served = {f"/{name}": Served(content) for name, content in WEB.files.items()}
    served |= {f"/{part}": Served(INDEX), "/index.parquet": Served(INDEX)}
    for name, lines in lists.items():
        packed = gzip.compress("".join(f"{line}\n" for line in lines).encode())
        served[f"/crawl-data/{CRAWL}/{name}"] = Served(packed)
    with FileSite(served) as running:
        yield running


# Listings


def test_a_crawl_is_its_list_of_files(site: FileSite) -> None:
    settings = remote_settings(crawl_base=site.root)
    found = find_files([f"cc:{CRAWL}"], settings)
    assert [file.path for file in found.files] == [f"{site.root}/{name}" for name in WEB.files]
    assert [file.bytes for file in found.files] == [len(data) for data in WEB.files.values()]
    assert {(file.kind, file.crawl) for file in found.files} == {("warc", CRAWL)}
    assert len(find_files([f"cc:{CRAWL.lower()}:2"], settings).files) == 2


def test_sizes_are_asked_for_only_while_they_are_few(site: FileSite) -> None:
    settings = remote_settings(crawl_base=site.root + "/", size_requests=2)
    found = find_files([f"cc:{CRAWL}"], settings)
    assert [file.bytes for file in found.files] == [None] * 3
    assert len(site.asked) == 1
    settings = remote_settings(crawl_base=site.root, crawl_files="wat")
    found = find_files([f"cc:{CRAWL}:1"], settings)
    assert [(file.kind, file.bytes) for file in found.files] == [("wat", None)]  # not there


def test_of_the_index_only_captures_are_read(site: FileSite) -> None:
    settings = remote_settings(crawl_base=site.root, crawl_files="index")
    (file,) = find_files([f"cc:{CRAWL}"], settings).files
    assert file.kind == "index"
    assert file.crawl == CRAWL
    assert file.bytes == len(INDEX)
    assert "/subset=warc/" in file.path


def test_a_crawl_may_lie_in_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "crawl-data" / CRAWL
    folder.mkdir(parents=True)
    (folder / "warc.paths.gz").write_bytes(gzip.compress(b"a/b.warc.gz\n\na/c.warc.gz\n"))
    found = find_files([f"cc:{CRAWL}"], remote_settings(crawl_base=str(tmp_path)))
    assert [file.path for file in found.files] == [f"{tmp_path}/a/{n}.warc.gz" for n in "bc"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "no crawl CC-MAIN-2024-22 at"),
        (b"not gzip", "cannot be read"),
        (gzip.compress(b"a\n" * 99)[:-20], "cannot be read"),
        (gzip.compress(b""), "empty"),
        (gzip.compress(b"https://other.example/x\n"), "not a list of files"),
        (gzip.compress(b"../../etc/passwd\n"), "not a list of files"),
        (gzip.compress(b"\xff\xfe\n"), "not a list of files"),
    ],
)
def test_lists_that_are_none_are_a_sentence(content: bytes | None, problem: str) -> None:
    with FileSite() as site:
        if content is not None:
            site.files[f"/crawl-data/{CRAWL}/warc.paths.gz"] = Served(content)
        found = find_files([f"cc:{CRAWL}"], remote_settings(crawl_base=site.root))
        assert not found.files
        assert problem in found.problems[0]


def test_names_from_data_stay_below_the_base() -> None:
    assert joined("https://a.example/", "b/c=d/e.warc.gz") == "https://a.example/b/c=d/e.warc.gz"
    assert joined("s3://bucket", "b/é.warc") == "s3://bucket/b/é.warc"
    assert joined("https://a.example", "b/é.warc") == "https://a.example/b/%C3%A9.warc"
    for name in (
        "",
        "/etc/passwd",
        "//other.example/x",
        "https://other.example/x",
        "file:x",
        "a/../../x",
        "a/./x",
        "a//x",
        "a\\..\\x",
        "%2e%2e/x",
        "a?x",
        "a#x",
        "a b",
        "a\r\nHost: x",
        "a\0",
    ):
        with pytest.raises(ValueError, match="not a path"):
            joined("https://a.example/", name)


@given(st.text(max_size=20))
def test_no_name_leaves_the_base(name: str) -> None:
    try:
        address = joined("https://a.example/base", name)
    except ValueError:
        return
    assert address.startswith("https://a.example/base/")
    assert address.isascii()
    assert ".." not in address.split("/")


# Languages


def test_languages_are_named_as_the_index_names_them(settings: Settings) -> None:
    assert crawl_codes(["cs", "sr"], near=False) == ("ces", "hbs", "srp")
    assert crawl_codes(["sr"], near=True) == ("bos", "hbs", "hrv", "srp")
    codes = remote(settings).index_languages or ()
    assert {"ara", "ces", "hun", "kor", "rus", "srp", "tha", "vie", "hrv"} <= set(codes)
    given = load_settings(overrides=["remote.index_languages=[vie]"], environment={})
    assert remote(given).index_languages == ("vie",)


# Rows of an index


def places(content: bytes, *codes: str, start: int = 0, end: int | None = None) -> list[Any]:
    tables = list(read_places(io.BytesIO(content), len(content), start, end, codes))
    return [tuple(row.values()) for table in tables for row in table.to_pylist()]


def expected(rows: list[dict[str, Any]], *codes: str) -> list[Any]:
    wanted = [*Web({}, rows).wanted(*codes)]
    numbers = {id(row): number for number, row in enumerate(rows)}
    names = ("warc_filename", "warc_record_offset", "warc_record_length")
    return [(numbers[id(row)], *(row[name] for name in names)) for row in wanted]


@pytest.mark.parametrize("codes", [("ces",), ("srp", "hrv"), ("vie",), ("eng",), ()])
def test_rows_are_selected_by_any_of_their_languages(codes: tuple[str, ...]) -> None:
    assert places(INDEX, *codes) == expected(WEB.rows, *codes)


def test_other_statuses_and_types_are_not_pages() -> None:
    rows = [dict(row, content_languages="ces") for row in WEB.rows[:6]]
    rows[0]["fetch_status"] = 404
    rows[1]["content_mime_detected"] = "application/pdf"
    rows[2]["content_mime_detected"] = "application/xhtml+xml"
    rows[3]["content_mime_detected"] = None
    rows[4]["fetch_status"] = None
    assert [row[0] for row in places(index(rows), "ces")] == [2, 3, 4, 5]
    names = ["content_languages", "warc_filename", "warc_record_offset", "warc_record_length"]
    slim = pa.schema([SCHEMA.field(name) for name in names])
    assert len(places(index(rows, slim), "ces")) == 6
    binary = slim.set(0, pa.field(names[0], pa.binary())).set(2, pa.field(names[2], pa.int64()))
    as_bytes = [dict(row, content_languages=b"ces") for row in rows]
    assert len(places(index(as_bytes, binary), "ces")) == 6


@given(
    cuts=st.lists(st.integers(0, len(INDEX) + 10), max_size=5),
    group=st.sampled_from([1, 7, 50, 1000]),
)
@hypothesis_settings(max_examples=40)
def test_the_parts_of_an_index_are_the_whole(cuts: list[int], group: int) -> None:
    content = index(WEB.rows, row_group_size=group)
    edges = [0, *sorted(min(cut, len(content)) for cut in cuts), None]
    parts = [
        row
        for start, end in pairwise(edges)
        for row in places(content, "ces", "srp", start=start or 0, end=end)
    ]
    assert parts == expected(WEB.rows, "ces", "srp")


@given(st.integers(0, 50), st.integers(0, 300), st.lists(st.integers(0, 400), max_size=6))
def test_row_ranges_are_a_partition(rows: int, size: int, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), None]
    ranges = [row_range(rows, size, a or 0, b) for a, b in pairwise(edges)]
    covered = [row for first, last in ranges for row in range(first, last)]
    assert covered == list(range(rows))


def test_row_groups_in_other_languages_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = sorted(WEB.rows, key=lambda row: row["content_languages"] or "")
    content = index(rows, row_group_size=1)
    read = []
    inner = urlindex._of_group
    monkeypatch.setattr(urlindex, "_of_group", lambda f, g, *a: read.append(g) or inner(f, g, *a))
    assert places(content, "ces") == expected(rows, "ces")
    assert read == [row[0] for row in expected(rows, "ces")]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "."),
        (b"PAR1 nothing of the kind PAR1", "."),
        (index([], pa.schema([("url", pa.string())])), "no column content_languages"),
        (
            index([], pa.schema([(field.name, pa.string()) for field in SCHEMA])),
            "warc_record_offset holds no integers",
        ),
    ],
)
def test_other_files_are_no_index(content: bytes, problem: str) -> None:
    with pytest.raises(NotAnIndexError, match=problem):
        places(content, "ces")
    (_, reject), *rest = items(content, crawl_base="https://none.example")
    assert isinstance(reject, Reject)
    assert reject.reason == "not_index"
    assert not rest


# Records


def items(content: bytes, start: int = 0, end: int | None = None, **changes: Any) -> list[Any]:
    """What an index on a server gives for Czech pages."""
    with FileSite({"/i.parquet": Served(content)}) as server:
        settings = remote_settings(index_languages=("ces",), **changes)
        url = f"{server.root}/i.parquet"
        return list(read_indexed(url, start, end, settings, opener(settings)))


@pytest.mark.parametrize("gap", [0, 100_000])
@pytest.mark.parametrize("connections", [1, 8])
def test_every_selected_row_is_its_record(site: FileSite, gap: int, connections: int) -> None:
    found = items(INDEX, crawl_base=site.root, gap_bytes=gap, connections=connections)
    assert all(isinstance(record, Record) for _, record in found)
    places = [(address, record.offset) for address, record in found]
    assert places == sorted(places)
    wanted = WEB.wanted("ces")
    assert Counter(places) == Counter(
        (f"{site.root}/{row['warc_filename']}", row["warc_record_offset"]) for row in wanted
    )
    assert {record.url for _, record in found} == {row["url"] for row in wanted}
    warcs = [asked for asked in site.asked if asked.path.endswith(".warc.gz")]
    if gap:
        assert len(warcs) == len(WEB.files)
    else:  # no byte of other records
        assert sum(row["warc_record_length"] for row in wanted) == site.sent


def test_pairs_name_the_warc_file(site: FileSite, settings: Settings) -> None:
    changes = remote_settings(crawl_base=site.root, index_languages=("ces",))
    url = f"{site.root}/index.parquet"
    events = list(harvest_index(url, settings.extract, changes))
    assert len(events) == len(WEB.wanted("ces"))
    for event in events:
        assert isinstance(event, Found)
        assert event.warc_file.removeprefix(site.root + "/") in WEB.files
        assert event.page.images[0].alt.startswith("Obrázek číslo")


def test_requests_are_bounded_in_bytes(site: FileSite) -> None:
    found = items(INDEX, crawl_base=site.root, range_bytes=1000, connections=2)
    assert len(found) == len(WEB.wanted("ces"))
    lengths = [
        int(last) - int(first) + 1
        for asked in site.asked
        if asked.path.endswith(".warc.gz")
        for first, last in [asked.headers["range"].removeprefix("bytes=").split("-")]
    ]
    longest = max(row["warc_record_length"] for row in WEB.rows)
    assert max(lengths) <= max(1000, longest)


def test_bad_rows_are_counted_one_by_one(site: FileSite) -> None:
    good = WEB.wanted("ces")[:8]
    other = next(row for row in WEB.rows if row["warc_filename"] == good[0]["warc_filename"])
    rows = [dict(row, content_languages="ces") for row in good]
    rows[0]["warc_filename"] = "../../etc/passwd"
    rows[1]["warc_filename"] = "https://169.254.169.254/x.warc.gz"
    rows[2]["warc_record_offset"] = None
    rows[3]["warc_record_length"] = 0
    rows[4]["warc_record_offset"] += 3  # in the midst of a record
    rows[5]["warc_record_length"] -= 30  # cut short
    rows[6]["warc_record_offset"] = (1 << 31) - 5  # behind the end of the file
    rows[7]["warc_record_length"] = (1 << 31) - 1
    rows.append(dict(other, content_languages="ces", warc_filename="crawl-data/none.warc.gz"))
    rows.append(dict(other, content_languages="ces", warc_filename=None))
    rows.append(dict(other, content_languages="ces"))
    reasons = Counter(
        item.reason if isinstance(item, Reject) else "record"
        for _, item in items(index(rows), crawl_base=site.root)
    )
    assert reasons == {
        "bad_index_row": 5,
        "unreadable_record": 3,
        "too_large": 1,
        "unreachable_record": 1,
        "record": 1,
    }


def test_a_file_that_fails_costs_its_own_rows_and_few_requests(site: FileSite) -> None:
    name, *_ = WEB.files
    site.files[f"/{name}"].first = [(500, {})] * 1000
    changes = {"gap_bytes": 0, "connections": 2, "attempts": 2}
    found = items(INDEX, crawl_base=site.root, **changes)
    assert len(found) == len(WEB.wanted("ces"))
    for address, item in found:
        assert isinstance(item, Reject) == address.endswith(name)
    asked = [a for a in site.asked if a.path == f"/{name}"]
    assert len(asked) <= 2 * 2 * 2 * 2


def test_a_server_that_fails_is_left_alone(site: FileSite) -> None:
    rows = [
        dict(row, warc_filename=f"crawl-data/{number}.warc.gz", content_languages="ces")
        for number, row in enumerate(WEB.rows * 3)
    ]
    changes = {"connections": 1, "attempts": 1, "connect_seconds": 3}
    found = items(index(rows), crawl_base="http://127.0.0.1:1", **changes)
    assert {item.reason for _, item in found} == {"unreachable_record"}
    assert len(found) == len(rows)
    details = Counter("before" in item.detail for _, item in found)
    assert details[True] > len(rows) - 10


def test_an_unreadable_index_is_said(site: FileSite) -> None:
    settings = remote_settings(crawl_base=site.root, index_languages=("ces",), attempts=1)
    for path in (f"{site.root}/none.parquet", "/none.parquet"):
        ((where, item),) = read_indexed(path, 0, None, settings, opener(settings))
        assert where == path
        assert item.reason == "unreadable_file"
    broken = bytearray(INDEX)
    broken[100:3000] = np.random.default_rng(1).bytes(2900)
    found = items(bytes(broken), crawl_base=site.root)
    assert found[-1][1].reason == "unreadable_file"


def test_an_index_and_its_files_may_lie_on_s3_or_here(settings: Settings, tmp_path: Path) -> None:
    for name, content in {**WEB.files, "i.parquet": INDEX}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    with s3_server() as endpoint:
        client = s3_client(endpoint)
        client.create_bucket(Bucket="commoncrawl")
        for name, content in {**WEB.files, "i.parquet": INDEX}.items():
            client.put_object(Bucket="commoncrawl", Key=name, Body=content)
        results = []
        for base in ("s3://commoncrawl", str(tmp_path)):
            changes = remote_settings(
                crawl_base=base, index_languages=("ces",), s3_endpoint=endpoint
            )
            found = list(harvest_index(f"{base}/i.parquet", settings.extract, changes))
            assert all(isinstance(event, Found) for event in found)
            results.append([(event.url, event.warc_offset) for event in found])
    assert results[0] == results[1]
    assert len(results[0]) == len(WEB.wanted("ces"))


def test_no_crawl_at_all_is_an_input_error() -> None:
    settings = remote_settings(crawl_base="http://127.0.0.1:1/")
    with pytest.raises(InputError, match="cannot be read"):
        remote_files(f"cc:{CRAWL}", settings)
