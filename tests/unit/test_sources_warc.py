"""The data source's reading and planning, without Spark."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql.streaming.datasource import ReadAllAvailable, ReadMaxBytes, ReadMaxFiles
from web_archive import http, members, record, write

from mella_spark.errors import InputError, UsageError
from mella_spark.settings import Settings
from mella_spark.sources.files import list_files
from mella_spark.sources.rows import COLUMNS, batches
from mella_spark.sources.stream import WarcStreamReader
from mella_spark.sources.warc import WarcDataSource, WarcReader, lowered
from mella_spark.web.parts import Part
from mella_spark.web.warc import read_records


def rows_of(path: str, columns: list[str], max_bytes: int) -> list[pa.RecordBatch]:
    return list(batches(read_records(path), path, columns, max_bytes))


def listed(settings: Settings, path: str) -> list[str]:
    return list(list_files({"path": path}, settings.remote))


def test_batches_are_bounded_in_bytes(tmp_path: Path) -> None:
    pages = [record(http(bytes([65 + n]) * 1000), f"http://a.example/{n}") for n in range(10)]
    path = write(tmp_path, members(*pages, record(http(b"Z" * 9000))))
    found = rows_of(path, ["url", "payload"], 3000)
    assert [batch.num_rows for batch in found] == [2, 2, 2, 2, 2, 1]
    assert found[0].column("payload").to_pylist() == [b"A" * 1000, b"B" * 1000]
    listing = rows_of(path, ["offset", "mime"], 4000)
    assert sum(batch.num_rows for batch in listing) == 11
    assert listing[0].schema.names == ["offset", "mime"]
    large = [record(http(b"", ("X", "y" * 5000)), "http://a.example/" + "u" * 500)] * 20
    path = write(tmp_path, members(*large))
    assert max(batch.nbytes for batch in rows_of(path, list(COLUMNS), 30_000)) < 40_000


def test_all_columns_of_a_record(tmp_path: Path) -> None:
    page = http(b"text", ("X-Robots-Tag", "noai"), mime="text/html; charset=koi8-r")
    path = write(tmp_path, members(record(page, "http://a.example/")))
    ((row,),) = (batch.to_pylist() for batch in rows_of(path, list(COLUMNS), 1 << 20))
    assert row.pop("date").isoformat() == "2024-05-18T01:58:10+00:00"
    headers = [("Content-Type", "text/html; charset=koi8-r"), ("X-Robots-Tag", "noai")]
    assert row == {
        "type": "response",
        "url": "http://a.example/",
        "status": 200,
        "mime": "text/html",
        "charset": "koi8-r",
        "headers": [{"name": name, "value": value} for name, value in headers],
        "payload": b"text",
        "truncated": False,
        "file": path,
        "offset": 0,
        "error": None,
    }


def test_what_cannot_be_read_is_a_row_with_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, members(record(http(b"x"))) + b"noise")
    rows = [row for batch in rows_of(path, list(COLUMNS), 1 << 20) for row in batch.to_pylist()]
    assert [row["status"] for row in rows] == [200, None]
    assert rows[1]["error"].startswith("truncated_file")
    assert (rows[1]["payload"], rows[1]["file"]) == (b"noise", path)


def test_files_folders_and_globs(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "deep").mkdir()
    a, b = write(tmp_path, b"", "a.warc.gz"), write(tmp_path / "deep", b"12", "b.wat.gz")
    other = write(tmp_path, b"", "other.txt")
    write(tmp_path, b"", "_being_written.warc.gz")
    assert listed(settings, str(tmp_path)) == [a, b]
    assert listed(settings, f"file://{a}") == [a]
    assert listed(settings, f"{tmp_path}/*t") == [other]
    found = list_files({"paths": f'["{b}", "{a}"]'}, settings.remote)
    assert list(found.items()) == [(a, 0), (b, 2)]
    with pytest.raises(InputError, match="No crawl files"):
        listed(settings, str(tmp_path / "missing"))


def test_schema_follows_the_columns_asked_for(tmp_path: Path) -> None:
    source = WarcDataSource({"columns": "url, payload"})
    assert source.schema() == "`url` string, `payload` binary"
    path = write(tmp_path, b"")
    reader = WarcReader({"path": path, "columns": "url"})
    assert [partition.value for partition in reader.partitions()] == [Part(path)]


def test_partitions_are_parts_of_files(tmp_path: Path) -> None:
    pages = [record(http(random.Random(n).randbytes(900)), f"http://a/{n}") for n in range(50)]
    path = write(tmp_path, members(*pages))
    reader = WarcReader(lowered({"path": path, "columns": "url", "splitBytes": "10000"}))
    partitions = reader.partitions()
    assert len(partitions) == 6
    found = [
        [url for batch in reader.read(partition) for url in batch.column(0).to_pylist()]
        for partition in partitions
    ]
    assert all(found)
    assert [url for urls in found for url in urls] == [f"http://a/{n}" for n in range(50)]


@pytest.mark.parametrize(("columns", "message"), [("url,nope", "nope"), ("url,url", "twice")])
def test_wrong_columns(columns: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        WarcDataSource({"columns": columns}).schema()


def test_settings_of_remote_files_are_options(tmp_path: Path) -> None:
    path = write(tmp_path, b"")
    reader = WarcReader({"path": path, "remote.s3_endpoint": "http://127.0.0.1:9000"})
    assert reader.reading.remote.s3_endpoint == "http://127.0.0.1:9000"


class Folder:
    """A folder that files come into, and a stream that reads it."""

    def __init__(self, path: Path, **options: Any) -> None:
        self.path = path
        given = {"path": str(path), **{name: str(value) for name, value in options.items()}}
        self.reader = WarcStreamReader(lowered(given))
        self.offset = self.reader.initialOffset()

    def add(self, name: str, size: int = 10) -> None:
        write(self.path, b"x" * size, name)

    def step(self, limit: Any = None) -> list[str]:
        """Names of the files of the next micro-batch."""
        limit = self.reader.getDefaultReadLimit() if limit is None else limit
        start, self.offset = self.offset, self.reader.latestOffset(self.offset, limit)
        found = self.reader.partitions(start, self.offset)
        return [Path(partition.value.path).name for partition in found]


def test_a_stream_reads_each_file_once(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert folder.step() == []
    folder.add("b.warc.gz")
    folder.add("c.warc.gz")
    assert folder.step() == ["b.warc.gz", "c.warc.gz"]
    folder.add("a.warc.gz")
    assert folder.step() == ["a.warc.gz"]
    offset = folder.offset
    assert folder.step() == []
    assert folder.offset == offset


def test_micro_batches_are_bounded(tmp_path: Path) -> None:
    for number, option in enumerate(({"maxFilesPerTrigger": 2}, {"maxBytesPerTrigger": 25})):
        (tmp_path / str(number)).mkdir()
        folder = Folder(tmp_path / str(number), **option)
        for name in "abcde":
            folder.add(f"{name}.warc.gz")
        expected: list[list[str]] = [["a", "b"], ["c", "d"], ["e"], []]
        assert [[name[0] for name in folder.step()] for _ in range(4)] == expected
        folder.add("large.warc.gz", 1000)
        assert folder.step() == ["large.warc.gz"]
    assert isinstance(folder.reader.getDefaultReadLimit(), ReadMaxBytes)
    assert Folder(tmp_path, maxFilesPerTrigger=2).reader.getDefaultReadLimit() == ReadMaxFiles(2)
    assert Folder(tmp_path / "0", maxFilesPerTrigger=2).step(ReadAllAvailable()) != []
    for wrong in ({"maxFilesPerTrigger": 0}, {"maxFilesPerTrigger": 1, "maxBytesPerTrigger": 1}):
        with pytest.raises(UsageError, match="maxFilesPerTrigger"):
            Folder(tmp_path, **wrong)


def test_available_now_ends_with_what_was_there_at_its_start(tmp_path: Path) -> None:
    folder = Folder(tmp_path, maxFilesPerTrigger=1)
    folder.add("a.warc.gz")
    folder.add("c.warc.gz")
    folder.reader.prepareForTriggerAvailableNow()
    assert folder.step() == ["a.warc.gz"]
    folder.add("b.warc.gz")
    assert folder.step() == ["c.warc.gz"]
    assert folder.step() == []


def test_a_restarted_stream_reads_the_same_micro_batch(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.add("a.warc.gz")
    folder.step()
    start = folder.offset
    folder.add("c.warc.gz")
    folder.step()
    folder.add("b.warc.gz")
    again = Folder(tmp_path).reader.partitions(start, folder.offset)
    assert [Path(partition.value.path).name for partition in again] == ["c.warc.gz"]
    (tmp_path / "c.warc.gz").unlink()
    with pytest.raises(InputError, match="1 of 1 files"):
        Folder(tmp_path).reader.partitions(start, folder.offset)


def test_without_limits_as_spark_before_4_2_asks(tmp_path: Path) -> None:
    folder = Folder(tmp_path, maxFilesPerTrigger=1)
    folder.add("a.warc.gz")
    folder.add("b.warc.gz")
    start, end = folder.reader.initialOffset(), folder.reader.latestOffset()
    assert len(folder.reader.partitions(start, end)) == 2
    assert folder.reader.latestOffset() == end


def test_a_stream_over_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No crawl files"):
        Folder(tmp_path / "missing").step()
