"""The same crawl file from a disk, a web server, a bucket, a crawl's list and a URL index."""

from __future__ import annotations

import gzip
import io
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from remote_site import FileSite, Served, remote_settings, s3_client, s3_server
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from mella_spark.lake.tables import Lake
from mella_spark.settings import Settings
from mella_spark.stages import extract, fetch, filter
from mella_spark.stages.funnel import file_problems, funnel
from mella_spark.stages.manifest import add_files, find_files
from mella_spark.stages.stream import run_stage

CRAWL = "CC-MAIN-2024-22"
NAME = f"crawl-data/{CRAWL}/segments/1/warc/CC-MAIN-00000.warc.gz"
TOWNS = ("Praha", "Brno", "Olomouc", "Litomyšl", "Telč", "Kutná Hora")


def picture(number: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (64 + number, 64), (9 * number, 80, 200)).save(stream, "PNG")
    return stream.getvalue()


def page(number: int) -> bytes:
    town = TOWNS[number]
    return (
        f"<html lang=cs><title>{town}</title><p>Staré město a jeho kostely, náměstí a lidé.</p>"
        f"<img src=/{number}.png alt='Kostel svatého Mikuláše, {town}'></html>"
    ).encode()


def make_warc(noise: int = 0) -> bytes:
    """Pages (with so much noise in each) and their pictures, by an independent writer."""
    stream = io.BytesIO()
    writer = WARCWriter(stream, gzip=True)
    for number in range(len(TOWNS)):
        for url, mime, body in (
            (
                f"https://mesta.cz/{number}",
                "text/html",
                page(number) + os.urandom(noise).hex().encode(),
            ),
            (f"https://mesta.cz/{number}.png", "image/png", picture(number)),
        ):
            headers = StatusAndHeaders("200 OK", [("Content-Type", mime)], protocol="HTTP/1.1")
            writer.write_record(
                writer.create_warc_record(
                    url, "response", payload=io.BytesIO(body), http_headers=headers
                )
            )
    return stream.getvalue()


WARC = make_warc()


def make_index(content: bytes) -> bytes:
    """The columnar index of the pages, with offsets and lengths by an independent reader."""
    rows = []
    reader = ArchiveIterator(io.BytesIO(content))
    for record in reader:
        mime, offset = record.http_headers.get_header("Content-Type"), reader.get_record_offset()
        reader.read_to_end()
        rows.append(
            {
                "fetch_status": 200,
                "content_mime_detected": mime,
                "content_languages": "ces,eng" if mime == "text/html" else None,
                "warc_filename": NAME,
                "warc_record_offset": offset,
                "warc_record_length": reader.get_record_length(),
            }
        )
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), stream)
    return stream.getvalue()


@pytest.fixture(scope="module")
def site() -> Iterator[FileSite]:
    with FileSite(
        {
            f"/{NAME}": Served(WARC, cuts=[len(WARC) // 3, len(WARC) // 4]),
            "/i.parquet": Served(make_index(WARC)),
            f"/crawl-data/{CRAWL}/warc.paths.gz": Served(gzip.compress(NAME.encode() + b"\n")),
        }
    ) as running:
        yield running


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with s3_server() as endpoint:
        client = s3_client(endpoint)
        client.create_bucket(Bucket="commoncrawl")
        client.put_object(Bucket="commoncrawl", Key=NAME, Body=WARC, ACL="public-read")
        yield endpoint


def pairs(lake: Lake) -> set[tuple[str, str, str, int]]:
    rows = lake.read("pairs").select("page_url", "image_url", "alt", "warc_offset").collect()
    assert len(rows) == len(set(rows))
    return {tuple(row) for row in rows}


@pytest.mark.parametrize("source", ["http", "s3", "crawl", "index"])
def test_wherever_it_lies_a_crawl_file_gives_the_same_pairs(  # type: ignore[no-untyped-def]
    source: str, spark, settings: Settings, site: FileSite, bucket: str, tmp_path: Path
) -> None:
    text = {
        "http": f"{site.root}/{NAME}",
        "s3": "s3://commoncrawl/crawl-data/**/*.warc.gz",
        "crawl": f"cc:{CRAWL}:1",
        "index": f"{site.root}/i.parquet",
    }[source]
    changes = remote_settings(
        crawl_base=site.root, s3_endpoint=bucket, s3_anonymous=True, block_bytes=4096
    )
    changed = settings.model_copy(
        update={
            "remote": changes,
            "fetch": settings.fetch.model_copy(update={"order": ("archive",)}),
        }
    )
    found = find_files([text], changed.remote)
    assert not found.problems
    lake = Lake(spark, str(tmp_path / "lake"), settings.lake.properties)
    lake.create()
    assert add_files(lake, found.files, changed.extract) == 1
    run_stage(extract.STAGE, lake, changed)

    reader = ArchiveIterator(io.BytesIO(WARC))
    offsets = {
        r.rec_headers.get_header("WARC-Target-URI"): reader.get_record_offset() for r in reader
    }
    assert pairs(lake) == {
        (
            f"https://mesta.cz/{number}",
            f"https://mesta.cz/{number}.png",
            f"Kostel svatého Mikuláše, {town}",
            offsets[f"https://mesta.cz/{number}"],
        )
        for number, town in enumerate(TOWNS)
    }
    path = found.files[0].path
    expected = f"s3://commoncrawl/{NAME}" if source == "s3" else f"{site.root}/{NAME}"
    assert {row[0] for row in lake.read("pairs").select("warc_file").collect()} == {expected}
    rows = lake.read("ledger").select("file", "reason", "count").collect()
    assert {row["file"] for row in rows} == {path}
    counts = Counter({row["reason"]: row["count"] for row in rows})
    captured = 0 if source == "index" else len(TOWNS)
    assert counts == {"seen": 6 + captured, "kept": 6} | (
        {"captured_image": captured} if captured else {}
    )
    assert all(count.balanced for count in funnel(lake, ["extract"]))
    assert not file_problems(lake, [path])

    if source == "http":  # the pictures come from the same place
        run_stage(filter.STAGE, lake, changed)
        run_stage(fetch.STAGE, lake, changed)
        images = lake.read("images").where("status = 'ok'").select("image_url", "bytes").collect()
        kept = lake.read("native_pairs").where("kept").count()
        assert len(images) == kept > 0
        for url, body in images:
            assert body == picture(int(url.rpartition("/")[2].partition(".")[0]))


def test_a_file_that_cannot_be_got_is_a_count_and_a_sentence(  # type: ignore[no-untyped-def]
    spark, settings: Settings, tmp_path: Path
) -> None:
    warc = make_warc(noise=50_000)
    with FileSite({"/a.warc.gz": Served(warc), "/b.warc.gz": Served(warc)}) as site:
        changed = settings.model_copy(update={"remote": remote_settings(attempts=2)})
        inputs = [f"{site.root}/a.warc.gz", f"{site.root}/b.warc.gz"]
        found = find_files(inputs, changed.remote)
        lake = Lake(spark, str(tmp_path / "lake"), settings.lake.properties)
        lake.create()
        add_files(lake, found.files, changed.extract)
        del site.files["/a.warc.gz"]
        site.files["/b.warc.gz"].cuts = [len(warc) // 2, 0, 0, 0]
        run_stage(extract.STAGE, lake, changed)
    counts = {
        (row["file"][-9:-8], row["reason"]): row["count"] for row in lake.read("ledger").collect()
    }
    assert counts.pop(("a", "seen")) == counts.pop(("a", "unreadable_file")) == 1
    assert counts.pop(("b", "unreadable_file")) == 1
    assert 1 <= counts[("b", "kept")] < len(TOWNS)
    assert len(file_problems(lake, inputs)) == 2
    assert all(count.balanced for count in funnel(lake, ["extract"]))
