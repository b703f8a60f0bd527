"""What is read: the real crawl, where there is one, and generated archives that are kept."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.extract.environments import CHECKOUT, HERE, HOME


@dataclass(frozen=True)
class Input:
    """Files that are read together. Bytes and pages are of all of them; a page is a 2xx HTML
    response. ``truth`` is a file of true pairs, where they are known."""

    name: str
    kind: str
    files: tuple[str, ...]
    pages: int
    compressed: int
    uncompressed: int
    truth: str | None = None


def find_crawl(folder: str | None) -> Path | None:
    """The folder of a real crawl, found as the tests find it."""
    beside = CHECKOUT.parent / "shared" / "crawl"
    path = Path(folder or os.environ.get("MELLA_CRAWL") or beside)
    return path if any(path.rglob("*.warc.gz")) else None


def crawl_inputs(folder: Path) -> list[Input]:
    """Its WARC files, and its WAT files if there are any."""
    warc = sorted(str(path) for path in folder.rglob("*.warc.gz"))
    wat = sorted(str(path) for path in folder.rglob("*.wat.gz"))
    pages, unpacked = _describe(warc)
    found = [Input("crawl", "warc", tuple(warc), pages, _size(warc), unpacked)]
    if wat:
        found.append(Input("crawl-wat", "wat", tuple(wat), pages, _size(wat), _describe(wat)[1]))
    return found


def generated(megabytes: int, heavy: bool = False) -> Path:
    """The folder of a generated archive; written if it is not there or the generator is newer."""
    sources = sorted((HERE / "generator").glob("*.py"))
    sources += sorted((CHECKOUT / "mella_spark" / "sample").rglob("*.py"))
    code = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:8]
    folder = HOME / "inputs" / f"{'heavy' if heavy else 'web'}-{megabytes}MB-{code}"
    if not (folder / "about.json").exists():
        print(f"generating {megabytes} MB of web archive", file=sys.stderr)
        command = [sys.executable, "-m", "benchmarks.extract.generator", str(folder)]
        command += ["--size", str(megabytes), *(["--heavy"] if heavy else ["--slice-runs", "4"])]
        subprocess.run(command, check=True, cwd=CHECKOUT)
    return folder


def generated_inputs(folder: Path) -> list[Input]:
    """The archive, its WAT file and the slice."""
    about = json.loads((folder / "about.json").read_text("utf-8"))
    found = []
    for name, counts in about.items():
        warc, wat = f"{folder}/{name}.warc.gz", f"{folder}/{name}.warc.wat.gz"
        sizes = counts["compressed"], counts["bytes"]
        truth = f"{folder}/{name}.truth.jsonl.gz"
        found.append(Input(name, "warc", (warc,), counts["pages"], *sizes, truth))
        sizes = counts["wat_compressed"], counts["wat_bytes"]
        found.append(Input(f"{name}-wat", "wat", (wat,), counts["pages"], *sizes))
    return found


def _size(files: list[str]) -> int:
    return sum(Path(file).stat().st_size for file in files)


def _describe(files: list[str]) -> tuple[int, int]:
    """Pages and uncompressed bytes."""
    pages = unpacked = 0
    for file in files:
        data = gzip.decompress(Path(file).read_bytes())
        unpacked += len(data)
        for response in data.split(b"\r\nWARC-Type: response\r\n")[1:]:
            head = response.partition(b"\r\n\r\n")[2][:4000].partition(b"\r\n\r\n")[0].lower()
            html = b"content-type: text/html" in head or b"content-type: application/xhtml" in head
            pages += html and b" 2" in head[:12]
    return pages, unpacked
