"""WAT files through extract: the ledger counts by the file that was read."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from mella_spark.lake.tables import Lake
from mella_spark.stages.extract import STAGE
from mella_spark.stages.funnel import funnel
from mella_spark.stages.manifest import add_files, find_files
from mella_spark.stages.stream import run_stage


def wat(path: Path, container: str, *alts: str) -> Path:
    """A WAT file with one page whose images have these alts."""
    links = [{"path": "IMG@/src", "url": f"/{i}.png", "alt": alt} for i, alt in enumerate(alts)]
    envelope = {
        "Container": {"Filename": container, "Offset": "100"},
        "Envelope": {
            "WARC-Header-Metadata": {
                "WARC-Type": "response",
                "WARC-Target-URI": "http://stranka.example.cz/",
                "WARC-Date": "2024-05-18T01:58:10Z",
            },
            "Payload-Metadata": {
                "HTTP-Response-Metadata": {
                    "Response-Message": {"Status": "200"},
                    "Headers": {"Content-Type": "text/html"},
                    "HTML-Metadata": {"Head": {"Title": "Stránka"}, "Links": links},
                }
            },
        },
    }
    body = json.dumps(envelope).encode()
    head = (
        "WARC/1.0\r\nWARC-Type: metadata\r\nWARC-Target-URI: http://stranka.example.cz/\r\n"
        "WARC-Date: 2024-05-18T01:58:10Z\r\nContent-Type: application/json\r\n"
        f"WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{len(alts):012d}>\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    path.write_bytes(gzip.compress(head.encode() + body + b"\r\n\r\n"))
    return path


def test_pairs_met_before_are_counted_where_they_were_read(spark, settings, tmp_path) -> None:  # type: ignore[no-untyped-def]
    files = [
        wat(tmp_path / "a.warc.wat.gz", "a.warc.gz", "Modrý strakáč", "Řeka"),
        wat(tmp_path / "b.warc.wat.gz", "b.warc.gz", "Modrý strakáč", "Řeka", "Hora"),
    ]
    lake = Lake(spark, str(tmp_path / "lake"), settings.lake.properties)
    lake.create()
    add_files(lake, find_files([str(file) for file in files]).files, settings.extract)
    run_stage(STAGE, lake, settings)
    rows = lake.read("ledger").groupBy("file", "reason").sum("count").collect()
    counts = {(Path(row[0]).name, row[1]): row[2] for row in rows if row[2]}
    assert counts["a.warc.wat.gz", "kept"] == 2
    assert counts["b.warc.wat.gz", "kept"] == 1
    assert counts["b.warc.wat.gz", "repeated"] == 2
    assert {file for file, _ in counts} == {"a.warc.wat.gz", "b.warc.wat.gz"}
    assert all(count.balanced for count in funnel(lake, ["extract"]))
    found = {row[0] for row in lake.read("pairs").select("warc_file").collect()}
    assert found == {"a.warc.gz", "b.warc.gz"}
