"""Which crawl files inputs name."""

from __future__ import annotations

import glob
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from remote_site import FileSite, Served, remote_settings, s3_client, s3_server

from mella_spark.errors import UsageError
from mella_spark.remote.listing import matches
from mella_spark.stages.manifest import UNKNOWN_BYTES, CrawlFile, bounded, find_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    names = [
        "a.warc.gz",
        "a.warc.wat.gz",
        "b.wat.gz",
        "notes.txt",
        "deep/CC-MAIN-2024-22/c.warc",
        "deep/d.WARC.ZST",
    ]
    for name in names:
        path = tmp_path / "crawl" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")
    return tmp_path / "crawl"


def names(files: tuple[CrawlFile, ...]) -> list[str]:
    return [Path(file.path).name for file in files]


def test_a_folder_gives_its_crawl_files_but_no_wat_beside_its_warc(folder: Path) -> None:
    found = find_files([str(folder)])
    assert names(found.files) == ["a.warc.gz", "b.wat.gz", "c.warc", "d.WARC.ZST"]
    kinds = {Path(file.path).name: file.kind for file in found.files}
    assert kinds["b.wat.gz"] == "wat"
    assert kinds["d.WARC.ZST"] == "warc"
    assert not found.problems


def test_files_and_globs_are_taken_as_named_and_once(folder: Path) -> None:
    found = find_files([str(folder / "*.gz"), str(folder / "a.warc.gz"), str(folder / "notes.txt")])
    assert names(found.files) == ["a.warc.gz", "a.warc.wat.gz", "b.wat.gz", "notes.txt"]
    assert {file.bytes for file in found.files} == {5}


def test_crawl_names(folder: Path) -> None:
    crawls = {Path(f.path).name: f.crawl for f in find_files([str(folder)]).files}
    assert crawls["c.warc"] == "CC-MAIN-2024-22"
    assert crawls["a.warc.gz"] == "crawl"


def test_each_missing_input_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    inputs = [str(folder / "a.warc.gz"), "/none.warc.gz", "/none*.gz", str(tmp_path / "empty")]
    found = find_files(inputs)
    assert names(found.files) == ["a.warc.gz"]
    assert len(found.problems) == 3


def test_a_folder_of_url_indexes_is_read_where_no_crawl_files_are(tmp_path: Path) -> None:
    for name in ("i/b.parquet", "i/deep/a.gz.PARQUET", "i/_tmp/c.parquet", "i/.d.parquet", "i/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"1")
    found = find_files([str(tmp_path / "i")])
    assert names(found.files) == ["b.parquet", "a.gz.PARQUET"]
    assert {file.kind for file in found.files} == {"index"}
    (tmp_path / "i" / "a.warc").write_bytes(b"1")
    assert names(find_files([str(tmp_path / "i")]).files) == ["a.warc"]


def test_file_addresses_are_local_paths(folder: Path) -> None:
    path = folder / "a.warc.gz"
    assert find_files([path.as_uri()]) == find_files([str(path)])


@pytest.mark.parametrize("text", ["gs://bucket/x.warc.gz", "hdfs://h/x", "ftp://u:pa55@h/x"])
def test_inputs_that_cannot_be_read_are_refused_clearly(text: str) -> None:
    with pytest.raises(UsageError, match="cannot be read") as caught:
        find_files([text], remote_settings())
    assert "pa55" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["cc:CC-MAIN-2024", "cc:CC-MAIN-2024-22:0", "cc:CC-MAIN-2024-22:x"]
)
def test_crawls_are_named_as_they_are(text: str) -> None:
    with pytest.raises(UsageError, match="names no crawl"):
        find_files([text], remote_settings())


def test_addresses_of_files_are_asked_for_their_size() -> None:
    with FileSite({"/CC-MAIN-2024-22/a.wat.gz": Served(b"12345")}) as site:
        url = f"{site.root}/CC-MAIN-2024-22/a.wat.gz?v=1"
        found = find_files([url + "#x", url], remote_settings())
        assert found.files == (CrawlFile(url, "wat", "CC-MAIN-2024-22", 5),)
        found = find_files([f"{site.root}/no.warc.gz", url], remote_settings())
        assert len(found.files) == 1
        assert found.problems == (f"There is no {site.root}/no.warc.gz (HTTP 404).",)
    (problem,) = find_files(["http://127.0.0.1:1/a.warc.gz"], remote_settings()).problems
    assert "no connection" in problem
    (problem,) = find_files(["http://u:pa55@127.0.0.1/a.warc.gz"], remote_settings()).problems
    assert "pa55" not in problem


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """Address of an S3 server with a crawl in the bucket ``crawl``."""
    with s3_server() as endpoint:
        client = s3_client(endpoint)
        client.create_bucket(Bucket="crawl")
        for key in (
            "seg/a.warc.gz",
            "seg/a.warc.wat.gz",
            "seg/deep/b.warc",
            "seg/notes.txt",
            "index/subset=warc/part-0.gz.parquet",
            "other/x.txt",
        ):
            client.put_object(Bucket="crawl", Key=key, Body=b"123")
        yield endpoint


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3://crawl/seg/", ["a.warc.gz", "b.warc"]),
        ("s3a://crawl/seg", ["a.warc.gz", "b.warc"]),
        ("s3://crawl", ["a.warc.gz", "b.warc"]),
        ("s3://crawl/seg/*", ["a.warc.gz", "a.warc.wat.gz", "notes.txt"]),
        ("s3://crawl/seg/**/*.warc*", ["a.warc.gz", "a.warc.wat.gz", "b.warc"]),
        ("s3://crawl/s?g/[a-c].warc.gz", ["a.warc.gz"]),
        ("s3://crawl/index", ["part-0.gz.parquet"]),
        ("s3://crawl/seg/notes.txt", ["notes.txt"]),
    ],
)
def test_buckets_are_read_like_folders(bucket: str, text: str, expected: list[str]) -> None:
    found = find_files([text], remote_settings(s3_endpoint=bucket))
    assert names(found.files) == expected
    assert all(file.path.startswith("s3://crawl/") and file.bytes == 3 for file in found.files)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("s3://crawl/none", "nothing at s3://crawl/none"),
        ("s3://crawl/none/", "nothing at"),
        ("s3://crawl/other", "holds no .warc"),
        ("s3://crawl/*.warc", "Nothing matches"),
        ("s3://nobody/x.warc", "nothing at"),
        ("s3://", "names no bucket"),
        ("s3://*/x", "names no bucket"),
    ],
)
def test_empty_places_in_buckets_are_a_sentence(bucket: str, text: str, problem: str) -> None:
    (sentence,) = find_files([text], remote_settings(s3_endpoint=bucket)).problems
    assert problem in sentence


PARTS = st.lists(st.sampled_from(["a", "b", "ab", "a.b"]), min_size=1, max_size=4)
GLOBS = st.lists(st.sampled_from(["a", "*", "**", "?", "[!b]", "a*"]), min_size=1, max_size=4)


@given(PARTS, GLOBS)
def test_globs_of_addresses_match_like_those_of_files(parts: list[str], globs: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, *parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
        found = glob.glob("/".join(globs), root_dir=folder, recursive=True)
    assert matches("/".join(parts), "/".join(globs)) == ("/".join(parts) in found)


@given(st.lists(st.integers(0, 50), max_size=40), st.integers(1, 7), st.integers(1, 100))
def test_groups_are_bounded_and_keep_order(sizes: list[int], files: int, total: int) -> None:
    rows = [CrawlFile(str(i), "warc", "c", size) for i, size in enumerate(sizes)]
    groups = bounded(rows, files, total)
    assert [row for group in groups for row in group] == rows
    for group in groups:
        assert len(group) <= files
        assert len(group) == 1 or sum(row.bytes for row in group) <= total


def test_a_file_of_unknown_size_counts_as_a_large_one() -> None:
    rows = [CrawlFile(str(i), "warc", "c", None) for i in range(3)]
    assert [len(group) for group in bounded(rows, 10, 2 * UNKNOWN_BYTES)] == [2, 1]
