"""One large crawl file read by many tasks comes to the same tables as read by one."""

from __future__ import annotations

import gzip
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from mella_spark.lake.tables import Lake
from mella_spark.stages.extract import MAX_QUARANTINE, PARTS, STAGE, split
from mella_spark.stages.manifest import add_files, find_files
from mella_spark.stages.stream import run_stage
from mella_spark.web.parts import UNKNOWN_BYTES
from udfs.extract import extract_parts


def record(block: bytes, number: int, length: int | None = None) -> bytes:
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Date: 2024-05-18T01:58:10Z\r\n"
        f"WARC-Target-URI: http://site.example/{number % 7}.html\r\n"
        f"Content-Length: {len(block) if length is None else length}\r\n\r\n"
    )
    return gzip.compress(head.encode() + block + b"\r\n\r\n", mtime=0)


def crawl_file(path: Path) -> Path:
    """Pages that repeat one another's pairs, pictures, and records that cannot be read."""
    rng = random.Random(1)
    html = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    png = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\x1a\n"
    members = []
    for number in range(400):
        noise = rng.randbytes(700).hex()
        page = f"<html lang=cs><p>{noise}<img src={number % 5}.png alt='Obraz {number % 50}'>"
        members.append(record(html + page.encode(), number))
        if number % 3 == 0:
            members.append(record(html + b"x", number, length=5000))
        if number % 10 == 0:
            members.append(record(png + rng.randbytes(300), number))
    path.write_bytes(b"".join(members))
    return path


def test_parts_give_the_tables_of_the_whole(spark: Any, settings: Any, tmp_path: Path) -> None:
    path = crawl_file(tmp_path / "crawl.warc.gz")
    assert path.stat().st_size > 5 * 65536
    extract = settings.extract.model_copy(update={"split_bytes": 65536})
    lake = Lake(spark, str(tmp_path / "lake"), settings.lake.properties)
    lake.create()
    add_files(lake, find_files([str(path)]).files, extract)
    run_stage(STAGE, lake, settings.model_copy(update={"extract": extract}))
    whole: dict[str, list[dict[str, Any]]] = {column: [] for column in PARTS}
    for batch in extract_parts(numbers(1), [(str(path), "warc", 0, None)], extract):
        for row in batch.to_pylist():
            for column in PARTS:
                whole[column] += [row[column]] if row[column] else []
    for column in ("pair", "capture", "ledger"):
        found = [row.asDict(recursive=True) for row in lake.read(PARTS[column]).collect()]
        for row in found:
            del row["txn"]
        found = [{name: plain(value) for name, value in row.items()} for row in found]
        expected = [{name: plain(value) for name, value in row.items()} for row in whole[column]]
        assert sorted(found, key=repr) == sorted(expected, key=repr), column
    counts = Counter({row["reason"]: row["count"] for row in whole["ledger"]})
    assert counts.pop("seen") == sum(counts.values()) == 400 + 134 + 40
    assert (counts["unreadable_record"], counts["truncated_file"]) == (133, 1)
    assert lake.count("quarantine") == MAX_QUARANTINE


def numbers(count: int) -> Iterator[pa.RecordBatch]:
    yield pa.record_batch({"id": pa.array(range(count), pa.int64())})


def plain(value: object) -> object:
    """The same for times with a zone and, as Spark gives them, in the machine's without."""
    return str(value.astimezone(UTC)) if isinstance(value, datetime) else value


def test_files_are_split_evenly() -> None:
    files = [("b.warc.gz", "warc", 100), ("a.warc.gz", "wat", 0), ("c.warc.gz", "warc", 250)]
    assert split(files, 100) == [
        ("a.warc.gz", "wat", 0, None),
        ("b.warc.gz", "warc", 0, None),
        ("c.warc.gz", "warc", 0, 83),
        ("c.warc.gz", "warc", 83, 166),
        ("c.warc.gz", "warc", 166, None),
    ]
    unknown = split([("d.warc.gz", "warc", None)], UNKNOWN_BYTES // 4)
    assert len(unknown) == 4
    assert unknown[-1][3] is None
