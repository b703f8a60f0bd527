"""The extract stage's function: rows of four tables, counts that add up, bounded batches."""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from web_archive import by_warcio, http, members, record, write

from mella_spark.lake.schemas import arrow_schema
from mella_spark.settings import ExtractSettings, Settings
from mella_spark.web import harvest
from mella_spark.web.page import Page
from udfs.extract import MAX_QUARANTINE, OUTPUT_SCHEMA, TABLES, extract_batches, pair_id

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100


@pytest.fixture
def extract(settings: Settings) -> ExtractSettings:
    return settings.extract


def parts(*paths: str, kind: str = "warc") -> pa.RecordBatch:
    """Whole files, as the stage hands them over."""
    ends = pa.nulls(len(paths), pa.int64())
    columns = {"path": list(paths), "kind": [kind] * len(paths), "start": [0] * len(paths)}
    return pa.record_batch({**columns, "end": ends})


def run(
    extract: ExtractSettings, *paths: str, kind: str = "warc", **changes: Any
) -> dict[str, list[dict[str, Any]]]:
    """Rows by column; each row has one of them filled, and the ledger adds up."""
    files = parts(*paths, kind=kind)
    changed = extract.model_copy(update=changes)
    rows: dict[str, list[dict[str, Any]]] = {column: [] for column in TABLES}
    for batch in extract_batches(iter([files]), changed, identify=lambda text: ("cs", 0.5)):
        assert batch.schema == OUTPUT_SCHEMA
        batch.validate(full=True)
        for row in batch.to_pylist():
            assert row.pop("input") in paths
            filled = [(column, value) for column, value in row.items() if value is not None]
            assert len(filled) == 1
            rows[filled[0][0]].append(filled[0][1])
    for path in paths:
        counts = ledger(rows, path)
        assert counts["seen"] == sum(counts.values()) - counts["seen"]
    return rows


def ledger(rows: dict[str, list[dict[str, Any]]], path: str) -> Counter[str]:
    return Counter({r["reason"]: r["count"] for r in rows["ledger"] if r["file"] == path})


def html(*images: str) -> bytes:
    return ("<html lang=cs><title>T</title>" + "".join(images) + "</html>").encode()


def test_every_item_is_counted_once(tmp_path: Path, extract: ExtractSettings) -> None:
    content = members(
        record(b"software: x", kind="warcinfo"),
        record(b"GET / HTTP/1.1\r\n\r\n", kind="request"),
        record(http(html("<img src=a.png alt='žába'><img src=b.png><img src=c alt=''>"))),
        record(http(html("<img src=a.png alt='žába'><img src=a.png alt=x>"))),
        record(http(html("no image"))),
        record(http(html("<!-- <img src=a alt=x> -->"))),
        record(http(html("<img src=a alt=x>"), status="404 Not Found")),
        record(http(b"body{}", mime="text/css")),
        record(http(PNG, mime="text/plain"), "http://SITE.example:80/ž.png#f"),
        record(http(b"<svg/>", mime="image/svg+xml"), "http://site.example/a.svg"),
        record(http(b"", mime="image/png")),
        record(http(html("<img src=sniffed alt=x>"), mime="")),
        b"garbage",
        record(http(b"x"), length=9999),
    )
    path = write(tmp_path, content)
    rows = run(extract, path)
    assert ledger(rows, path) == {
        "seen": 17,
        "kept": 3,
        "no_alt": 1,
        "blank_alt": 1,
        "repeated": 1,
        "not_response": 2,
        "no_image": 2,
        "http_error": 1,
        "not_html": 2,
        "captured_image": 2,
        "unreadable_record": 1,
        "truncated_file": 1,
    }
    assert [row["alt"] for row in rows["pair"]] == ["žába", "x", "x"]
    reasons = [row["reason"] for row in rows["quarantine"]]
    assert reasons == ["unreadable_record", "truncated_file"]
    assert [(row["url"], row["mime"], row["bytes"]) for row in rows["capture"]] == [
        ("http://site.example/%C5%BE.png", "image/png", len(PNG)),
        ("http://site.example/a.svg", "image/svg+xml", 6),
    ]


def test_a_pair_in_full(tmp_path: Path, extract: ExtractSettings) -> None:
    page = record(
        http(
            html("<img src=a.png alt='žába' title=t width=3 height=4>", "<a rel=license href=l>"),
            ("X-Robots-Tag", "noai"),
        ),
        extra="WARC-Truncated: length\r\n",
    )
    path = write(tmp_path, members(page))
    (row,) = run(extract, path)["pair"]
    key = "http://site.example/page.html\nhttp://site.example/a.png\nžába"
    date = row.pop("warc_date")
    assert date.isoformat() == "2024-05-18T01:58:10+00:00"
    assert row == {
        "pair_id": hashlib.sha256(key.encode()).hexdigest()[:32],
        "page_url": "http://site.example/page.html",
        "image_url": "http://site.example/a.png",
        "alt": "žába",
        "figcaption": None,
        "title": "t",
        "context": None,
        "page_lang_declared": "cs",
        "page_language": "cs",
        "page_language_score": 0.5,
        "width_declared": 3,
        "height_declared": 4,
        "license_url": "http://site.example/l",
        "optout": ["x-robots-tag:noai"],
        "charset": "utf-8",
        "truncated": True,
        "warc_file": path,
        "warc_offset": 0,
    }


def test_schema_is_that_of_the_tables() -> None:
    for column, table in TABLES.items():
        assert OUTPUT_SCHEMA.field(column).type == pa.struct(list(arrow_schema(table)))


def test_files_that_cannot_be_read_cost_only_themselves(
    tmp_path: Path, extract: ExtractSettings
) -> None:
    good = write(tmp_path, by_warcio(("http://a.example/", html("<img src=a alt=x>"), "text/html")))
    noise = write(tmp_path, b"noise" * 1000, "noise.warc.gz")
    empty = write(tmp_path, b"", "empty.warc.gz")
    missing = str(tmp_path / "missing.warc.gz")
    rows = run(extract, noise, missing, good, empty)
    assert ledger(rows, noise) == ledger(rows, empty) == {"seen": 1, "kept": 0, "not_warc": 1}
    assert ledger(rows, missing) == {"seen": 1, "kept": 0, "unreadable_file": 1}
    assert ledger(rows, good) == {"seen": 2, "kept": 1, "not_response": 1}
    assert len(rows["quarantine"]) == 3


def test_the_ledger_comes_last_of_a_file_s_rows(tmp_path: Path, extract: ExtractSettings) -> None:
    path = write(tmp_path, b"", "empty.warc.gz")
    assert {row["stage"] for row in run(extract, path)["ledger"]} == {"extract"}


def test_batches_are_bounded(tmp_path: Path, extract: ExtractSettings) -> None:
    images = [f"<img src={n}.png alt='{'ž' * 500} {n}'>" for n in range(500)]
    path = write(tmp_path, members(record(http(html(*images)))))
    files = parts(path)
    limit = 100_000
    changed = extract.model_copy(update={"output_bytes": limit})
    batches = list(extract_batches(iter([files]), changed, identify=lambda text: ("cs", 1.0)))
    assert sum(batch.num_rows - batch.column("pair").null_count for batch in batches) == 500
    assert max(batch.nbytes for batch in batches) < 2 * limit
    assert len(batches) > 5


def test_quarantine_is_a_sample_and_the_ledger_is_not(
    tmp_path: Path, extract: ExtractSettings
) -> None:
    bad = [record(http(b"x")).replace(b"Content-Length", b"Content-Lxngth")] * 300
    path = write(tmp_path, members(*bad))
    rows = run(extract, path)
    assert len(rows["quarantine"]) == MAX_QUARANTINE
    assert ledger(rows, path)["unreadable_record"] == 300
    assert all(len(row["sample"]) <= 2048 for row in rows["quarantine"])


def test_a_page_that_takes_too_long_is_one_reject(
    tmp_path: Path, extract: ExtractSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_page = harvest.read_page

    def reading(body: bytes, *rest: Any) -> Page:
        if b"slow" in body:
            while True:
                sum(range(1000))
        return read_page(body, *rest)

    monkeypatch.setattr(harvest, "read_page", reading)
    slow = html("slow", "<img src=a alt=x>")
    fine = html("<img src=a alt=x>")
    path = write(tmp_path, members(record(http(slow)), record(http(fine))))
    rows = run(extract, path, record_seconds=0.3)
    assert ledger(rows, path) == {"seen": 2, "kept": 1, "record_timeout": 1}
    (reject,) = rows["quarantine"]
    assert reject["sample"].startswith(b"<html lang=cs>")


def test_a_page_at_an_endless_address_is_one_reject(
    tmp_path: Path, extract: ExtractSettings
) -> None:
    page = record(http(html("<img src=a alt=x>")), uri="http://a.example/" + "x" * 9000)
    path = write(tmp_path, members(page))
    assert ledger(run(extract, path), path) == {"seen": 1, "kept": 0, "page_unaddressable": 1}


def test_wat_files_give_the_same_rows(tmp_path: Path, extract: ExtractSettings) -> None:
    from test_web_wat import img, wat

    def metadata(block: bytes) -> bytes:
        return record(block, kind="metadata")

    path = write(
        tmp_path,
        members(
            metadata(wat([img("a.png", "žába"), img("b.png", None)])),
            metadata(wat([img("a.png", "žába")])),
            metadata(b"{broken"),
            metadata(wat([], kind="request")),
        ),
        "crawl.warc.wat.gz",
    )
    rows = run(extract, path, kind="wat")
    assert ledger(rows, path) == {
        "seen": 5,
        "kept": 1,
        "no_alt": 1,
        "repeated": 1,
        "unreadable_record": 1,
        "not_response": 1,
    }
    (row,) = rows["pair"]
    assert row["pair_id"] == pair_id(row["page_url"], row["image_url"], row["alt"])
    assert (row["warc_file"], row["warc_offset"]) == ("CC-MAIN-1.warc.gz", 12345)


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_the_ledger_adds_up_on_damaged_files(extract: ExtractSettings, data: st.DataObject) -> None:
    pages = [
        record(http(html("<img src=a alt=x><img src=b><img src=a alt=x>"))),
        record(http(PNG, mime="image/png")),
        record(http(html("<img src=c alt=y>"))),
    ]
    content = bytearray(members(*pages) if data.draw(st.booleans()) else b"".join(pages))
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=5))
    with tempfile.TemporaryDirectory() as folder:
        run(extract, write(Path(folder), bytes(content)))
