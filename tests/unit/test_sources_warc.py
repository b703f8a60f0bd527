"""The data source's reading, without Spark."""

from __future__ import annotations

from pathlib import Path

import pytest
from web_archive import http, members, record, write

from mella_spark.errors import InputError, UsageError
from mella_spark.sources.warc import COLUMNS, WarcDataSource, WarcReader, batches, list_files


def test_batches_are_bounded_in_payload_bytes(tmp_path: Path) -> None:
    pages = [record(http(bytes([65 + n]) * 1000), f"http://a.example/{n}") for n in range(10)]
    path = write(tmp_path, members(*pages, record(http(b"Z" * 9000))))
    found = list(batches(path, ["url", "payload"], 4000))
    assert [batch.num_rows for batch in found] == [2, 2, 2, 2, 2, 1]
    assert found[0].column("payload").to_pylist() == [b"A" * 1000, b"B" * 1000]
    listing = list(batches(path, ["offset", "mime"], 4000))
    assert sum(batch.num_rows for batch in listing) == 11
    assert listing[0].schema.names == ["offset", "mime"]


def test_what_cannot_be_read_is_a_row_with_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, members(record(http(b"x"))) + b"noise")
    rows = [row for batch in batches(path, list(COLUMNS), 1 << 20) for row in batch.to_pylist()]
    assert [row["status"] for row in rows] == [200, None]
    assert rows[1]["error"].startswith("truncated_file")
    assert rows[1]["payload"] == b"noise"


def test_files_folders_and_globs(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    a, b = write(tmp_path, b"", "a.warc.gz"), write(tmp_path / "deep", b"", "b.wat.gz")
    other = write(tmp_path, b"", "other.txt")
    assert list_files(str(tmp_path)) == [a, b]
    assert list_files(f"file://{a}") == [a]
    assert list_files(f"{tmp_path}/*") == sorted([a, str(tmp_path / "deep"), other])
    with pytest.raises(InputError, match="No WARC files"):
        list_files(str(tmp_path / "missing"))


def test_schema_follows_the_columns_asked_for(tmp_path: Path) -> None:
    source = WarcDataSource({"columns": "url, payload"})
    assert source.schema() == "`url` string, `payload` binary"
    path = write(tmp_path, b"")
    reader = WarcReader({"path": path, "columns": "url"})
    assert [partition.value for partition in reader.partitions()] == [path]


@pytest.mark.parametrize(("columns", "message"), [("url,nope", "nope"), ("url,url", "twice")])
def test_wrong_columns(columns: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        WarcDataSource({"columns": columns}).schema()
