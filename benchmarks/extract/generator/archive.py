"""Captures to files: ``web.warc.gz``, ``web.warc.wat.gz``, ``truth.jsonl.gz``, ``about.json``.

The captures are cut into runs that several processes write at once, each record a gzip member of
its own. A WAT record names the place of its WARC record, which is known only when all runs before
it are written; so the WAT file is compressed in a second pass. ``slice.*`` are the same files cut
off after the first runs, for readers that would take hours.
"""

from __future__ import annotations

import gzip
import json
import pickle
import shutil
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from benchmarks.extract.generator.records import capture, size_of

RUN_BYTES = 24 << 20
_LEVEL = 6  # zlib's default, which Common Crawl's files look like


@dataclass(frozen=True)
class Counts:
    """What is in an archive; bytes are uncompressed unless named otherwise."""

    captures: int = 0
    pages: int = 0
    pairs: int = 0
    page_bytes: int = 0
    bytes: int = 0
    compressed: int = 0
    wat_bytes: int = 0
    wat_compressed: int = 0

    def __add__(self, other: Counts) -> Counts:
        mine, theirs = asdict(self), asdict(other)
        return Counts(**{name: mine[name] + theirs[name] for name in mine})


def generate(
    folder: Path,
    size: int,
    *,
    seed: int = 1,
    heavy: bool = False,
    slice_runs: int = 0,
    jobs: int = 2,
) -> dict[str, Counts]:
    """Writes an archive of at least ``size`` uncompressed bytes of pages into ``folder``.

    ``slice_runs`` is how many runs the slice has; none is written for 0. Returns the counts of
    ``web`` and ``slice``.
    """
    runs = _runs(size, seed, heavy)
    parts = folder / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        write = partial(_write_run, parts, seed, heavy)
        counts = list(pool.map(write, range(len(runs)), runs))
        starts = [len(_preface("web.warc.gz"))]
        for run in counts:
            starts.append(starts[-1] + run.compressed)
        wat = list(pool.map(partial(_write_wat, parts), range(len(runs)), starts[:-1]))
    counts = [
        run + Counts(wat_bytes=size, wat_compressed=packed)
        for run, (size, packed) in zip(counts, wat, strict=True)
    ]
    totals = {}
    for name, number in (("web", len(runs)), ("slice", min(slice_runs, len(runs)))):
        if number:
            _join(parts, "warc", number, folder / f"{name}.warc.gz", _preface("web.warc.gz"))
            _join(parts, "wat", number, folder / f"{name}.warc.wat.gz", _preface("web.warc.wat.gz"))
            _join(parts, "truth", number, folder / f"{name}.truth.jsonl.gz", b"")
            totals[name] = sum(counts[:number], Counts())
    shutil.rmtree(parts)
    about = {name: asdict(total) for name, total in totals.items()}
    (folder / "about.json").write_text(json.dumps(about, indent=1), "utf-8")
    return totals


def _runs(size: int, seed: int, heavy: bool) -> list[tuple[int, int]]:
    """Ranges of capture numbers, each of about ``RUN_BYTES`` of bodies."""
    runs, first, index, in_run = [], 0, 0, 0
    while size > 0:
        body = size_of(seed, index, heavy)
        index, in_run, size = index + 1, in_run + body, size - body
        if in_run >= RUN_BYTES or size <= 0:
            runs.append((first, index))
            first, in_run = index, 0
    return runs


def _write_run(parts: Path, seed: int, heavy: bool, number: int, run: tuple[int, int]) -> Counts:
    """Writes the WARC records and the truth of a run, and what its WAT records need."""
    total = Counts()
    places: list[tuple[int, int, str, str, str]] = []
    offset = 0
    with (
        (parts / f"{number}.warc").open("wb") as warc,
        (parts / f"{number}.truth").open("wb") as truth,
    ):
        lines = []
        for index in range(*run):
            found = capture(seed, index, size_of(seed, index, heavy))
            for record in found.records:
                packed = _pack(record.block)
                warc.write(packed)
                places.append((offset, len(packed), record.envelope, record.url, record.date))
                offset += len(packed)
            page = found.page
            if page is not None:
                lines += [json.dumps([page.url, *pair], ensure_ascii=False) for pair in page.pairs]
            total += Counts(
                captures=1,
                pages=page is not None,
                pairs=len(page.pairs) if page else 0,
                page_bytes=found.body_bytes if page else 0,
                bytes=sum(len(record.block) for record in found.records),
            )
        truth.write(gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0))
    (parts / f"{number}.places").write_bytes(pickle.dumps(places))
    return total + Counts(compressed=offset)


def _write_wat(parts: Path, number: int, start: int) -> tuple[int, int]:
    """Writes the WAT records of a run that begins at byte ``start``; returns their sizes."""
    size = packed_size = 0
    places = pickle.loads((parts / f"{number}.places").read_bytes())  # written by _write_run
    with (parts / f"{number}.wat").open("wb") as stream:
        for offset, length, envelope, url, date in places:
            body = (
                '{"Container":{"Filename":"web.warc.gz","Compressed":true,'
                f'"Offset":"{start + offset}","Gzip-Metadata":{{"Deflate-Length":"{length}"}}}},'
                f'"Envelope":{envelope}}}'
            ).encode()
            record = (
                f"WARC/1.0\r\nWARC-Type: metadata\r\nWARC-Target-URI: {url}\r\n"
                f"WARC-Date: {date}\r\nWARC-Record-ID: <urn:uuid:{number:08x}-0000-4000-8000-"
                f"{offset:012x}>\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            ).encode() + body
            packed = _pack(record + b"\r\n\r\n")
            stream.write(packed)
            size += len(record) + 4
            packed_size += len(packed)
    return size, packed_size


def _preface(name: str) -> bytes:
    """The ``warcinfo`` record that a file begins with, compressed."""
    fields = b"software: mella-spark benchmark generator\r\nformat: WARC File Format 1.0\r\n"
    head = (
        "WARC/1.0\r\nWARC-Type: warcinfo\r\nWARC-Date: 2024-05-18T00:00:00Z\r\n"
        f"WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000000>\r\n"
        f"WARC-Filename: {name}\r\nContent-Type: application/warc-fields\r\n"
        f"Content-Length: {len(fields)}\r\n\r\n"
    )
    return _pack(head.encode() + fields + b"\r\n\r\n")


def _pack(data: bytes) -> bytes:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def _join(parts: Path, kind: str, number: int, target: Path, preface: bytes) -> None:
    with target.open("wb") as stream:
        stream.write(preface)
        for run in range(number):
            with (parts / f"{run}.{kind}").open("rb") as part:
                shutil.copyfileobj(part, stream, 1 << 20)


def read_truth(path: Path) -> Iterator[tuple[str, str, str]]:
    """Page, address and alt of every pair in a truth file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            page, url, alt = json.loads(line)
            yield page, url, alt
