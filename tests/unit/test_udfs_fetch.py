from __future__ import annotations

import io
import threading
import time
import zlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from images_site import Request, Site, answer, drip, encoded, picture
from remote_site import FileSite, Served, remote_settings
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from mella_spark.images.hashes import distance, phash, sha256
from mella_spark.lake.schemas import arrow_schema
from mella_spark.settings import FetchSettings, conf_dir
from udfs.fetch import OUTPUT_BYTES, fetch_batches

FETCH = FetchSettings(**yaml.safe_load((conf_dir() / "mella.yaml").read_text("utf-8"))["fetch"])
JPEG = encoded(picture(), "JPEG")
INPUT = pa.schema(
    [
        ("image_url", pa.string()),
        ("warc_file", pa.string()),
        ("archive_file", pa.string()),
        ("archive_offset", pa.int64()),
    ]
)


def settings(site: Site | None = None, **changes: object) -> FetchSettings:
    quick = {
        "allow_private_addresses": True,
        "ports": (site.port,) if site else (80,),
        "timeout_seconds": 0.7,
        "backoff_seconds": 0.01,
        "host_delay_seconds": 0.0,
        "per_host": 8,
        "deadline_seconds": 10.0,
        "max_pixels": 1_000_000,
    }
    return FETCH.model_copy(update={**quick, **changes})


def batch(*urls: str, archive: tuple[str, dict[str, int]] | None = None) -> pa.RecordBatch:
    file, offsets = archive or (None, {})
    rows = [
        {
            "image_url": url,
            "warc_file": "pages.warc.gz",
            "archive_file": file if url in offsets else None,
            "archive_offset": offsets.get(url),
        }
        for url in urls
    ]
    return pa.RecordBatch.from_pylist(rows, schema=INPUT)


def fetch(config: FetchSettings, *batches: pa.RecordBatch) -> dict[str, dict[str, Any]]:
    """Rows by address; each batch is checked against the table's contract."""
    seen: Counter[str] = Counter()
    rows: dict[str, dict[str, Any]] = {}
    for out in fetch_batches(iter(batches), config):
        assert out.schema == arrow_schema("images")
        for row in out.to_pylist():
            seen[row["image_url"]] += 1
            rows[row["image_url"]] = row
            ok = row["status"] == "ok"
            filled = ("image_sha256", "bytes", "mime", "width", "height", "phash")
            assert all((row[name] is not None) == ok for name in filled)
            assert (row["reason"] is None) == ok
            assert row["status"] in ("ok", "failed")
            assert datetime.now(UTC) - row["fetched_at"] < timedelta(minutes=1)
            assert row["warc_file"] == "pages.warc.gz"
    asked = Counter(url for b in batches for url in b.column("image_url").to_pylist())
    assert seen == asked  # kept and failed are all that was seen
    return rows


def write_warc(path: Path, records: dict[str, tuple[str, list[tuple[str, str]], bytes]]):
    """A WARC file of responses (status line, headers, body); returns its path and the offsets."""
    offsets = {}
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        for url, (status, headers, body) in records.items():
            offsets[url] = file.tell()
            head = StatusAndHeaders(status, headers, protocol="HTTP/1.1")
            writer.write_record(
                writer.create_warc_record(url, "response", io.BytesIO(body), http_headers=head)
            )
    return str(path), offsets


def test_a_picture_fills_its_row() -> None:
    with Site({"/x": answer(200, JPEG)}) as site:
        row = fetch(settings(site), batch(f"{site.root}/x"))[f"{site.root}/x"]
    assert row["bytes"] == JPEG
    assert row["image_sha256"] == sha256(JPEG)
    assert (row["mime"], row["width"], row["height"]) == ("image/jpeg", 240, 180)
    assert (row["http_status"], row["attempts"], row["source"]) == (200, 1, "web")
    assert distance(row["phash"], phash(picture())) <= 3


def test_every_row_is_answered() -> None:
    bomb = bytearray(encoded(picture()))
    bomb[16:24] = (50_000).to_bytes(4, "big") * 2
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4, "big")
    damaged = bytearray(encoded(picture()))
    damaged[5000:5010] = bytes(10)
    routes = {
        "/ok": answer(200, JPEG),
        "/moved": answer(301, Location="/ok"),
        "/html": answer(200, b"<html>gone</html>", Content_Type="image/jpeg"),
        "/svg": answer(200, b"<svg/>", Content_Type="image/svg+xml"),
        "/cut": answer(200, JPEG[:-500]),
        "/short": answer(200, JPEG, length=len(JPEG) + 9),
        "/bomb": answer(200, bytes(bomb)),
        "/huge": answer(200, encoded(picture(size=(1100, 1000)), "JPEG")),
        "/tiny": answer(200, encoded(picture(size=(8, 300)))),
        "/damaged": answer(200, bytes(damaged)),
        "/slow": drip([b""] * 100, 0.05),
        "/forbidden": answer(200, JPEG),
        "/reserved": answer(200, JPEG, X_Robots_Tag="noimageai"),
        "/robots.txt": answer(200, b"User-agent: *\nDisallow: /forbidden"),
    }
    expected = {
        "/ok": None,
        "/moved": None,
        "/html": "not_image",
        "/svg": "svg",
        "/cut": "truncated",
        "/short": "truncated",
        "/bomb": "too_many_pixels",
        "/huge": "too_many_pixels",
        "/tiny": "too_small",
        "/damaged": "corrupt",
        "/slow": "timeout",
        "/forbidden": "robots",
        "/reserved": "opted_out",
        "/missing": "http_404",
    }
    with Site(routes) as site:
        urls = {site.root + path: reason for path, reason in expected.items()}
        urls |= {"file:///etc/passwd": "bad_scheme", "http://a@b/": "bad_url", "": "bad_scheme"}
        rows = fetch(settings(site, attempts=1), batch(*urls), batch())
    assert {url: row["reason"] for url, row in rows.items()} == urls


def test_private_addresses_are_refused_by_default() -> None:
    assert FETCH.allow_private_addresses is False
    with Site({"/x": answer(200, JPEG)}) as site:
        urls = [
            f"{site.root}/x",
            f"http://localhost:{site.port}/x",
            f"http://2130706433:{site.port}/",
        ]
        rows = fetch(settings(site, allow_private_addresses=False), batch(*urls))
    assert {row["reason"] for row in rows.values()} == {"private_address"}
    assert site.requests == []


def test_pictures_of_the_crawl_need_no_network(tmp_path: Path) -> None:
    png = encoded(picture(4))
    chunked = b"%x\r\n" % len(png) + png + b"\r\n0\r\n\r\n"
    archive = write_warc(
        tmp_path / "crawl.warc.gz",
        {
            "http://a.example/jpeg": ("200 OK", [("Content-Type", "text/plain")], JPEG),
            "http://a.example/png": ("200 OK", [("Transfer-Encoding", "chunked")], chunked),
            "http://a.example/gone": ("404 Not Found", [], b"<html>gone</html>"),
            "http://a.example/html": ("200 OK", [("Content-Type", "image/png")], b"<html>"),
            "http://a.example/no": ("200 OK", [("X-Robots-Tag", "noai")], JPEG),
        },
    )
    urls = [*archive[1], "http://a.example/never"]
    rows = fetch(settings(order=("archive",)), batch(*urls, archive=archive))
    assert {url.rpartition("/")[2]: row["reason"] for url, row in rows.items()} == {
        "jpeg": None,
        "png": None,
        "gone": "http_404",
        "html": "not_image",
        "no": "opted_out",
        "never": "not_in_archive",
    }
    assert rows["http://a.example/png"]["bytes"] == png
    assert rows["http://a.example/jpeg"]["mime"] == "image/jpeg"
    assert {(row["source"], row["attempts"]) for row in rows.values()} == {("archive", 0)}


def test_a_record_that_is_not_there_is_one_row(tmp_path: Path) -> None:
    path, offsets = write_warc(tmp_path / "c.warc.gz", {"http://a/x": ("200 OK", [], JPEG)})
    config = settings(order=("archive",))
    for file, offset in ((path, offsets["http://a/x"] + 7), (path, 10**9), ("/no/such/file", 0)):
        rows = fetch(config, batch("http://a/x", archive=(file, {"http://a/x": offset})))
        assert rows["http://a/x"]["reason"] == "archive"


def test_the_web_is_asked_where_the_crawl_failed_unless_the_owner_said_no(tmp_path: Path) -> None:
    with Site({"/x": answer(200, JPEG), "/no": answer(200, JPEG)}) as site:
        cut, no, new = f"{site.root}/x", f"{site.root}/no", f"{site.root}/x?new"
        archive = write_warc(
            tmp_path / "crawl.warc.gz",
            {
                cut: ("200 OK", [], JPEG[:-900]),
                no: ("200 OK", [("tdm-reservation", "1")], JPEG),
            },
        )
        rows = fetch(settings(site), batch(cut, no, new, archive=archive))
        assert [rows[url]["reason"] for url in (cut, no, new)] == [None, "opted_out", None]
        assert [rows[url]["source"] for url in (cut, no, new)] == ["web", "archive", "web"]
        assert site.asked("/no") == []
        whole = write_warc(tmp_path / "whole.warc.gz", {cut: ("200 OK", [], JPEG)})
        site.requests.clear()
        rows = fetch(settings(site), batch(cut, archive=whole))
        assert rows[cut]["source"] == "archive"
        assert site.requests == []
        rows = fetch(settings(site, order=("web", "archive")), batch(cut, archive=whole))
        assert rows[cut]["source"] == "web"


def test_output_batches_are_bounded_in_bytes() -> None:
    body = JPEG + bytes(3_000_000)  # what follows a picture does it no harm
    paths = [f"/{number}" for number in range(25)]
    with Site(dict.fromkeys(paths, answer(200, body))) as site:
        config = settings(site, timeout_seconds=20.0)
        out = list(fetch_batches(iter([batch(*(site.root + p for p in paths))]), config))
    sizes = [sum(len(row) for row in part.column("bytes").to_pylist()) for part in out]
    assert len(sizes) >= 3
    assert max(sizes) <= OUTPUT_BYTES
    assert sum(part.num_rows for part in out) == 25


def test_a_slow_host_does_not_hold_up_the_others() -> None:
    """Rows come out while others are still under way, across input batches."""
    release = threading.Event()

    def held(_: Request) -> bytes:
        release.wait(10)
        return answer(200, JPEG)

    with Site({"/held": held}) as slow, Site({"/x": answer(200, JPEG)}) as site:
        config = settings(site, ports=(site.port, slow.port), timeout_seconds=10.0, concurrency=4)
        first = batch(f"{slow.root}/held")
        many = [batch(*(f"{site.root}/x?{i}.{j}" for j in range(8))) for i in range(132)]
        out = fetch_batches(iter([first, *many]), config)
        early = next(out)
        assert early.num_rows > 500
        assert f"{slow.root}/held" not in early.column("image_url").to_pylist()
        release.set()
        rest = [url for part in out for url in part.column("image_url").to_pylist()]
        assert f"{slow.root}/held" in rest
        assert early.num_rows + len(rest) == 1057


def test_time_outs_do_not_pass_while_spark_is_busy() -> None:
    """The consumer sleeps longer than the time-out between two batches; nothing is lost."""
    body = JPEG + bytes(9_000_000)
    paths = [f"/{number}" for number in range(9)]
    with Site(dict.fromkeys(paths, answer(200, body))) as site:
        config = settings(site, timeout_seconds=1.5, attempts=1, concurrency=2)
        reasons = []
        for part in fetch_batches(iter([batch(*(site.root + p for p in paths))]), config):
            time.sleep(1.6)
            reasons += part.column("reason").to_pylist()
    assert reasons == [None] * 9


def test_nothing_more_is_fetched_while_spark_does_not_take_what_there_is() -> None:
    body = JPEG + bytes(9_000_000)
    with Site({"/x": answer(200, body)}) as site:
        config = settings(site, timeout_seconds=20.0, per_host=4, concurrency=4)
        out = fetch_batches(iter([batch(*(f"{site.root}/x?{i}" for i in range(40)))]), config)
        first = next(out)
        time.sleep(1.5)
        begun = len(site.asked("/x"))
        assert begun * len(body) < first.num_rows * len(body) + 4 * OUTPUT_BYTES
        assert first.num_rows + sum(part.num_rows for part in out) == 40


def test_leaving_early_ends_everything() -> None:
    before = {thread.name for thread in threading.enumerate()}
    slow = drip([b""] * 400, 0.05)
    with Site({"/slow": slow, "/x": answer(200, JPEG)}) as site:
        config = settings(site, timeout_seconds=20.0)
        urls = [f"{site.root}/x?{number}" for number in range(1030)]
        out = fetch_batches(iter([batch(f"{site.root}/slow", *urls)]), config)
        next(out)
        begun = time.monotonic()
        out.close()
    assert time.monotonic() - begun < 3
    left = {thread.name for thread in threading.enumerate()} - before
    assert not any(name.startswith(("fetch", "decode")) for name in left)


@pytest.mark.parametrize("batches", [[], [batch()], [batch(), batch()]])
def test_nothing_to_do(batches: list[pa.RecordBatch]) -> None:
    assert list(fetch_batches(iter(batches), settings())) == []


def test_crawl_files_may_lie_elsewhere(tmp_path: Path) -> None:
    pictures = {f"http://a.example/{n}": ("200 OK", [], encoded(picture(n))) for n in range(5)}
    file, offsets = write_warc(tmp_path / "pictures.warc.gz", pictures)
    data = Path(file).read_bytes() + bytes(1 << 20)
    with FileSite({"/p.warc.gz": Served(data, cuts=[1000])}) as site:
        archive = (f"{site.root}/p.warc.gz", offsets)
        rows = {}
        for out in fetch_batches(
            iter([batch(*offsets, archive=archive)]),
            settings(order=("archive",)),
            remote_settings(),
        ):
            rows |= {row["image_url"]: row["bytes"] for row in out.to_pylist()}
        assert rows == {url: body for url, (_, _, body) in pictures.items()}
        assert site.sent <= 5 * (1 << 18) + 1000
        assert len({asked.port for asked in site.asked}) <= 2 * 2 + 1
        missing = batch(*offsets, archive=(f"{site.root}/none", offsets))
        config = settings(order=("archive",))
        (out,) = fetch_batches(iter([missing]), config, remote_settings())
        assert {row["reason"] for row in out.to_pylist()} == {"archive"}
