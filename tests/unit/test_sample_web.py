"""The sample web, read back with other people's readers: warcio, BeautifulSoup, Pillow."""

import dataclasses
import io
import os
import subprocess
import sys
import unicodedata
import warnings
import zlib
from collections import Counter
from pathlib import Path
from urllib.parse import quote, urljoin

import pytest
from bs4 import BeautifulSoup, XMLParsedAsHTMLWarning
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from warcio.archiveiterator import ArchiveIterator

from mella_spark.sample.markup import encode
from mella_spark.sample.scenes import LANGUAGE_OF, MOTIFS
from mella_spark.sample.truth import TruthPair, clean, read_truth, write_truth
from mella_spark.sample.web import WebManifest, generate_web


@dataclasses.dataclass
class Entry:
    """A record as warcio reads it."""

    kind: str
    url: str | None
    status: str | None
    mime: str
    body: bytes
    truncated: str | None


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> WebManifest:
    return generate_web(tmp_path_factory.mktemp("web"))


@pytest.fixture(scope="module")
def truth(manifest: WebManifest) -> list[TruthPair]:
    return read_truth(manifest.truth)


@pytest.fixture(scope="module")
def entries(manifest: WebManifest) -> list[Entry]:
    return [entry for path in manifest.warc_files for entry in read_warc(path)]


@pytest.fixture(scope="module")
def responses(entries: list[Entry]) -> dict[str, Entry]:
    found = {entry.url: entry for entry in entries if entry.kind == "response"}
    assert len(found) == sum(entry.kind == "response" for entry in entries)
    return found


def read_warc(path: Path) -> list[Entry]:
    entries = []
    with path.open("rb") as file:
        for record in ArchiveIterator(file, check_digests="raise"):
            http = record.http_headers
            entries.append(
                Entry(
                    record.rec_type or "broken",  # warcio: a record that ends within its headers
                    record.rec_headers.get_header("WARC-Target-URI"),
                    http.get_statuscode() if http and record.rec_type == "response" else None,
                    (http.get_header("Content-Type") or "") if http else "",
                    record.content_stream().read(),
                    record.rec_headers.get_header("WARC-Truncated"),
                )
            )
    return entries


def html_pairs(url: str, mime: str, body: bytes) -> set[tuple[str, str, str]]:
    """(page, image, alt) of a page, as a lenient browser-like parser sees it."""
    charset = mime.partition("charset=")[2] or None
    with warnings.catch_warnings(action="ignore", category=XMLParsedAsHTMLWarning):
        soup = BeautifulSoup(body, "html5lib", from_encoding=charset)
    base = soup.find("base")
    root = urljoin(url, base["href"]) if base else url
    pairs = set()
    for image in soup.find_all("img"):
        alt = " ".join(unicodedata.normalize("NFC", image.get("alt", "")).split())
        source = image.get("src", "")
        if source.startswith("data:"):
            candidates = image.get("data-srcset", "").split(",")
            source = image.get("data-src") or candidates[-1].split()[0]
        if alt:
            address = quote(urljoin(root, source), safe="%/:?&=+~#")
            pairs.add((url, address, alt))
    return pairs


def test_truth_is_what_an_independent_reader_finds(
    responses: dict[str, Entry], truth: list[TruthPair]
) -> None:
    found: set[tuple[str, str, str]] = set()
    for url, entry in responses.items():
        if "html" in entry.mime and entry.status == "200":
            found |= html_pairs(url, entry.mime, entry.body)
    assert found == {(pair.page, pair.image, pair.alt) for pair in truth}
    assert len(truth) == len(found)


def test_numbers_of_the_manifest(
    manifest: WebManifest, truth: list[TruthPair], responses: dict[str, Entry]
) -> None:
    assert manifest.pairs == len(truth)
    assert manifest.pages == len({pair.page for pair in truth}) == 45
    assert manifest.bytes == sum(path.stat().st_size for path in manifest.warc_files) < 30e6
    drawn = {pair.image for pair in truth if pair.picture and pair.status == "ok"}
    drawn |= {url for pair in truth for url in pair.also}
    assert manifest.pictures == len(drawn)
    assert drawn <= set(responses)


def test_each_language_has_its_pictures_and_all_its_motifs(truth: list[TruthPair]) -> None:
    for language, motifs in MOTIFS.items():
        native = [pair for pair in truth if pair.lang == language and pair.kind == "native"]
        own = {pair.picture for pair in truth if (pair.picture or "").startswith(f"{language}-")}
        assert len(own) == 60
        seen = Counter(pair.motif for pair in native if pair.motif)
        assert set(seen) == set(motifs)
        assert min(seen.values()) >= 3
        assert any(pair.motif is None for pair in native)


def test_truth_labels_agree_with_each_other(truth: list[TruthPair]) -> None:
    for pair in truth:
        assert (pair.scene is None) == (pair.kind == "navigation") == (pair.picture is None)
        if pair.motif is not None:
            assert pair.kind == "native"
            assert LANGUAGE_OF[pair.motif] == pair.lang
            assert pair.scene is not None
            assert pair.motif in {group.thing for group in pair.scene.groups}
        if pair.kind == "english":
            assert pair.lang == "en"
            assert pair.alt.isascii()
        if pair.kind == "filename":
            assert pair.alt.startswith("IMG_")
    assert {pair.kind for pair in truth} == {"native", "english", "filename", "navigation"}


def test_pictures_decode_and_dead_ones_are_dead(
    truth: list[TruthPair], responses: dict[str, Entry]
) -> None:
    statuses = Counter()
    for image, status in {(pair.image, pair.status) for pair in truth}:
        statuses[status] += 1
        entry = responses.get(image)
        if status == "missing":
            assert entry is None
            continue
        assert entry is not None
        if status == "ok":
            with Image.open(io.BytesIO(entry.body)) as picture:
                picture.load()
                assert picture.get_format_mimetype() == entry.mime
        elif status == "corrupt":
            with (
                Image.open(io.BytesIO(entry.body)) as picture,
                pytest.raises(OSError, match="truncated"),
            ):
                picture.load()
        elif status == "soft_404":
            assert (entry.status, entry.mime) == ("200", "image/png")
            assert entry.body.startswith(b"<!DOCTYPE html>")
        else:
            assert entry.status == "404"
    assert all(statuses[s] == 1 for s in ("missing", "corrupt", "soft_404", "not_found"))


def test_smaller_copies_and_near_duplicates_show_the_same_drawing(
    truth: list[TruthPair], responses: dict[str, Entry]
) -> None:
    def thumbnail(url: str) -> bytes:
        with Image.open(io.BytesIO(responses[url].body)) as picture:
            return picture.convert("L").resize((8, 8), Image.Resampling.BOX).tobytes()

    copies = 0
    addresses: dict[str, set[str]] = {}
    for pair in truth:
        if pair.picture and pair.status == "ok":
            addresses.setdefault(pair.picture, set()).update({pair.image, *pair.also})
    for urls in addresses.values():
        first, *others = sorted(urls)
        for other in others:
            copies += 1
            assert responses[first].body != responses[other].body
            distance = max(
                abs(a - b) for a, b in zip(thumbnail(first), thumbnail(other), strict=True)
            )
            assert distance <= 12
    assert copies > 50


def test_duplicates_within_and_across_sites(truth: list[TruthPair]) -> None:
    pages_of_pair: dict[tuple[str, str], set[str]] = {}
    hosts_of_image: dict[str, set[str]] = {}
    for pair in truth:
        if pair.kind == "native":
            pages_of_pair.setdefault((pair.image, pair.alt), set()).add(pair.page)
            hosts_of_image.setdefault(pair.image, set()).add(pair.page.split("/")[2])
    assert sum(len(pages) > 1 for pages in pages_of_pair.values()) >= 16
    assert sum(len(hosts) >= 8 for hosts in hosts_of_image.values()) >= 6


def test_the_archive_holds_every_kind_of_record(
    entries: list[Entry],
) -> None:
    kinds = Counter(entry.kind for entry in entries)
    assert set(kinds) == {"warcinfo", "request", "response", "revisit", "metadata", "broken"}
    assert kinds["broken"] == 1
    assert entries[-1].kind == "broken"
    assert kinds["request"] == kinds["response"] + 1  # the broken record was asked for
    assert sum(entry.truncated == "length" for entry in entries) == 1


def test_records_are_compressed_one_by_one_and_one_file_is_written_as_wget_does(
    manifest: WebManifest,
) -> None:
    for path in manifest.warc_files:
        member = zlib.decompressobj(wbits=31)
        first = member.decompress(path.read_bytes())
        assert first.count(b"WARC/1.0") == 1
        second = zlib.decompressobj(wbits=31).decompress(member.unused_data)
        wget = path == manifest.warc_files[1]
        assert (b"WARC-Target-URI: <http://" in second) == wget
        assert (b"WARC-Target-URI: http://" in second) != wget


def test_pages_use_the_charsets_of_their_countries(responses: dict[str, Entry]) -> None:
    charsets = set()
    for entry in responses.values():
        if entry.status == "200" and "html" in entry.mime:
            head = (entry.mime.encode() + entry.body[:600]).lower()
            charsets |= {name for name in _CHARSETS if b"charset=" + name in head}
    assert charsets == set(_CHARSETS)


_CHARSETS = (
    b"windows-1250", b"windows-1251", b"windows-1256", b"windows-1258",
    b"iso-8859-2", b"koi8-r", b"euc-kr", b"tis-620",
)  # fmt: skip


def test_the_same_seed_gives_the_same_bytes_in_another_process(
    manifest: WebManifest, tmp_path: Path
) -> None:
    code = "import sys, pathlib; from mella_spark.sample.web import generate_web as g; "
    code += "g(pathlib.Path(sys.argv[1]))"
    subprocess.run(  # another process hashes strings differently
        [sys.executable, "-c", code, str(tmp_path)],
        check=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONHASHSEED": "11"},
    )
    for path in (*manifest.warc_files, manifest.truth):
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()


def test_truth_survives_its_file(truth: list[TruthPair], tmp_path: Path) -> None:
    write_truth(tmp_path / "t.jsonl", truth[:200])
    assert read_truth(tmp_path / "t.jsonl") == truth[:200]


@given(st.text(alphabet=st.sampled_from("aăâeêioôơuưyđ ếộẫừỳỹạ ảằẵÁỨ"), max_size=30))
@settings(deadline=None)
def test_windows_1258_holds_vietnamese_without_references(text: str) -> None:
    assert clean(encode(text, "windows-1258").decode("cp1258")) == clean(text)


def test_scale_below_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="scale"):
        generate_web(tmp_path, scale=0)
