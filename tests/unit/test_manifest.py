"""Which crawl files inputs name."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mella_spark.errors import UsageError
from mella_spark.stages.manifest import CrawlFile, bounded, find_files


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


def test_remote_inputs_are_refused_clearly() -> None:
    with pytest.raises(UsageError, match=r"s3://bucket/x\.warc\.gz"):
        find_files(["s3://bucket/x.warc.gz"])


@given(st.lists(st.integers(0, 50), max_size=40), st.integers(1, 7), st.integers(1, 100))
def test_groups_are_bounded_and_keep_order(sizes: list[int], files: int, total: int) -> None:
    rows = [CrawlFile(str(i), "warc", "c", size) for i, size in enumerate(sizes)]
    groups = bounded(rows, files, total)
    assert [row for group in groups for row in group] == rows
    for group in groups:
        assert len(group) <= files
        assert len(group) == 1 or sum(row.bytes for row in group) <= total
