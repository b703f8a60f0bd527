"""``spark.read.format("warc")`` and ``readStream``, as a notebook uses them."""

from __future__ import annotations

import gzip
import random
from collections import Counter
from pathlib import Path
from typing import Any

from mella_spark.sources.rows import COLUMNS
from mella_spark.sources.warc import register


def page(number: int, payload: bytes = b"") -> bytes:
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\npage %d" % number + payload
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Date: 2024-05-18T01:58:10Z\r\n"
        f"WARC-Target-URI: http://a.example/{number}\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return gzip.compress(head.encode() + block + b"\r\n\r\n")


def test_records_as_rows(spark: Any, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.warc.gz").write_bytes(page(number))
    register(spark)
    source = spark.read.format("warc").option("columns", "url,mime,payload")
    rows = source.load(f"{tmp_path}/*.warc.gz").orderBy("url").collect()
    assert [(row.url, row.mime, bytes(row.payload)) for row in rows] == [
        (f"http://a.example/{number}", "text/html", b"page %d" % number) for number in range(3)
    ]


def test_a_file_is_read_in_parts(spark: Any, tmp_path: Path) -> None:
    pages = [page(number, random.Random(number).randbytes(900)) for number in range(300)]
    (tmp_path / "crawl.warc.gz").write_bytes(b"".join(pages) + b"noise")
    register(spark)
    source = spark.read.format("warc").option("splitBytes", "50000").option("maxBatchBytes", 9000)
    records = source.load(str(tmp_path))
    assert records.columns == list(COLUMNS)
    rows = records.collect()
    assert len(rows) == 301
    assert {row.url for row in rows} == {None, *(f"http://a.example/{n}" for n in range(300))}
    (bad,) = [row for row in rows if row.error]
    assert bad.error.startswith("truncated_file")
    (first,) = [row for row in rows if row.offset == 0]
    assert first.headers[0].asDict() == {"name": "Content-Type", "value": "text/html"}
    assert records.rdd.getNumPartitions() > 5


def test_a_stream_of_files(spark: Any, tmp_path: Path) -> None:
    folder = tmp_path / "crawl"
    folder.mkdir()
    register(spark)
    seen: list[list[str]] = []

    def note(rows: Any, batch: int) -> None:
        seen.append(sorted(row.url for row in rows.collect()))

    def run() -> None:
        source = spark.readStream.format("warc").option("columns", "url")
        query = (
            source.option("maxFilesPerTrigger", 2)
            .load(str(folder))
            .writeStream.foreachBatch(note)
            .option("checkpointLocation", str(tmp_path / "checkpoint"))
            .trigger(availableNow=True)
            .start()
        )
        query.awaitTermination()

    for number in range(3):
        (folder / f"{number}.warc.gz").write_bytes(page(number))
    run()
    assert [len(urls) for urls in seen if urls] == [2, 1]
    (folder / "00.warc.gz").write_bytes(page(10))
    run()
    run()
    counts = Counter(url for urls in seen for url in urls)
    assert counts == {f"http://a.example/{number}": 1 for number in (0, 1, 2, 10)}
