"""The benchmark's generated archive: readable by others, its truth true, the same every time."""

from __future__ import annotations

import io
import json
import random
import statistics
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from warcio.archiveiterator import ArchiveIterator
from yarl import URL

from benchmarks.extract.generator.archive import Counts, generate, read_truth
from benchmarks.extract.generator.pages import LARGEST, make_page, page_size
from benchmarks.extract.generator.records import HUGE_BYTES, size_of


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Counts]:
    folder = tmp_path_factory.mktemp("bench")
    return folder, generate(folder, 1_500_000, seed=3, slice_runs=1, jobs=1)["web"]


def test_truth_is_what_an_independent_parser_finds() -> None:
    for index in range(12):
        page = make_page(5, index, 60_000)
        label = page.content_type.partition("charset=")[2] or None
        soup = BeautifulSoup(page.body, "html5lib", from_encoding=label)
        base = soup.find("base", href=True)
        base_url = URL(base["href"] if base else page.url)
        found = set()
        for image in soup.find_all("img"):
            alt = " ".join(image.get("alt", "").split())
            address = image["src"] if not image["src"].startswith("data:") else image["data-src"]
            if alt:
                found.add((str(base_url.join(URL(address, encoded=True))), alt))
        assert found == set(page.pairs)


def test_another_reader_reads_it_all(archive: tuple[Path, Counts]) -> None:
    folder, counts = archive
    with (folder / "web.warc.gz").open("rb") as stream:
        kinds = [record.rec_type for record in ArchiveIterator(stream, check_digests="raise")]
    assert kinds[0] == "warcinfo"
    assert kinds[1:] == ["request", "response", "metadata"] * counts.captures
    assert counts.pairs == len(list(read_truth(folder / "web.truth.jsonl.gz")))
    assert counts == json_counts(folder)


def json_counts(folder: Path) -> Counts:
    return Counts(**json.loads((folder / "about.json").read_text("utf-8"))["web"])


def test_wat_records_point_at_their_warc_records(archive: tuple[Path, Counts]) -> None:
    folder, counts = archive
    warc = (folder / "web.warc.gz").read_bytes()
    links = places = 0
    with (folder / "web.warc.wat.gz").open("rb") as stream:
        for record in ArchiveIterator(stream):
            if record.rec_type != "metadata":
                continue
            document = json.loads(record.content_stream().read())
            envelope = document["Envelope"]
            member = io.BytesIO(warc[int(document["Container"]["Offset"]) :])
            found = next(iter(ArchiveIterator(member)))
            expected = envelope["WARC-Header-Metadata"]["WARC-Record-ID"]
            assert found.rec_headers["WARC-Record-ID"] == expected
            payload = envelope["Payload-Metadata"].get("HTTP-Response-Metadata", {})
            links += len(payload.get("HTML-Metadata", {}).get("Links", ()))
            places += 1
    assert places == 3 * counts.captures
    assert links > 10 * counts.pages


def test_the_same_bytes_every_time(archive: tuple[Path, Counts], tmp_path: Path) -> None:
    generate(tmp_path, 1_500_000, seed=3, jobs=2)
    for name in ("web.warc.gz", "web.warc.wat.gz", "web.truth.jsonl.gz"):
        assert (tmp_path / name).read_bytes() == (archive[0] / name).read_bytes()


def test_sizes_are_those_of_the_web() -> None:
    rng = random.Random(1)
    sizes = [page_size(rng) for _ in range(20_000)]
    assert 95_000 < statistics.median(sizes) < 105_000
    assert 145_000 < statistics.mean(sizes) < 155_000
    assert max(sizes) <= LARGEST
    assert abs(len(make_page(1, 1, 100_000).body) - 100_000) < 20_000


def test_heavy_archives_have_huge_records_of_both_kinds() -> None:
    assert size_of(1, 1500, heavy=True) == size_of(1, 4500, heavy=True) == HUGE_BYTES
    assert size_of(1, 1500) < HUGE_BYTES
    large = sum(size_of(1, index, heavy=True) > 1 << 20 for index in range(1000))
    assert 30 < large < 100
