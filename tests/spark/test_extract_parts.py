"""One large crawl file read by many tasks comes to the same tables as read by one."""

from __future__ import annotations

import gzip
import random
from collections import Counter
from pathlib import Path
from typing import Any

from mella_spark.lake.tables import Lake
from mella_spark.stages.extract import MAX_QUARANTINE, STAGE, split
from mella_spark.stages.manifest import UNKNOWN_BYTES, add_files, find_files
from mella_spark.stages.stream import run_stage


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


def extracted(spark: Any, settings: Any, root: Path, path: Path, split_bytes: int) -> Lake:
    lake = Lake(spark, str(root), settings.lake.properties)
    lake.create()
    chosen = settings.extract.model_copy(update={"split_bytes": split_bytes})
    changed = settings.model_copy(update={"extract": chosen})
    add_files(lake, find_files([str(path)]).files, chosen)
    run_stage(STAGE, lake, changed)
    return lake


def rows(lake: Lake, table: str) -> list[tuple[object, ...]]:
    found = lake.read(table).drop("txn").collect()
    return sorted((tuple(row) for row in found), key=repr)


def test_parts_give_the_tables_of_the_whole(spark: Any, settings: Any, tmp_path: Path) -> None:
    path = crawl_file(tmp_path / "crawl.warc.gz")
    assert path.stat().st_size > 5 * 65536
    whole = extracted(spark, settings, tmp_path / "whole", path, 1 << 30)
    parts = extracted(spark, settings, tmp_path / "parts", path, 65536)
    for table in ("pairs", "captures", "ledger"):
        assert rows(whole, table) == rows(parts, table), table
    counts = Counter({(row["reason"]): row["count"] for row in parts.read("ledger").collect()})
    assert counts.pop("seen") == sum(counts.values()) == 400 + 134 + 40
    assert (counts["unreadable_record"], counts["truncated_file"]) == (133, 1)
    assert parts.count("quarantine") == MAX_QUARANTINE
    assert parts.count("pairs") == counts["kept"]


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
