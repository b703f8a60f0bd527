"""``spark.read.format("warc")``, as a notebook uses it."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

from mella_spark.sources.warc import register


def test_records_as_rows(spark: Any, tmp_path: Path) -> None:
    for number in range(3):
        block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\npage %d" % number
        head = (
            "WARC/1.0\r\nWARC-Type: response\r\nWARC-Date: 2024-05-18T01:58:10Z\r\n"
            f"WARC-Target-URI: http://a.example/{number}\r\nContent-Length: {len(block)}\r\n\r\n"
        )
        content = gzip.compress(head.encode() + block + b"\r\n\r\n")
        (tmp_path / f"{number}.warc.gz").write_bytes(content)
    register(spark)
    source = spark.read.format("warc").option("columns", "url,mime,payload")
    rows = source.load(f"{tmp_path}/*.warc.gz").orderBy("url").collect()
    assert [(row.url, row.mime, bytes(row.payload)) for row in rows] == [
        (f"http://a.example/{number}", "text/html", b"page %d" % number) for number in range(3)
    ]
