"""INPUT… → ``manifest``: which crawl files there are to read."""

from __future__ import annotations

import glob
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mella_spark.errors import InputError, UsageError
from mella_spark.lake.schemas import arrow_schema, spark_schema
from mella_spark.lake.tables import Lake
from mella_spark.lake.transaction import transaction
from mella_spark.remote.file import shown
from mella_spark.remote.listing import in_folder, kind_of, remote_files
from mella_spark.settings import ExtractSettings, RemoteSettings
from mella_spark.web.parts import UNKNOWN_BYTES

CRAWL_NAME = re.compile(r"CC-MAIN-\d{4}-\d{2}")
REMOTE = re.compile(r"(https?|s3a?)://|cc:", re.IGNORECASE)
ELSEWHERE = re.compile(r"(?!file:)[a-z][a-z0-9+.-]+://", re.IGNORECASE)


@dataclass(frozen=True)
class CrawlFile:
    """One row of the manifest; ``bytes`` is None where the size is not known."""

    path: str
    kind: str
    crawl: str
    bytes: int | None


@dataclass(frozen=True)
class Found:
    """What the inputs came to: files, and one sentence for each input without any."""

    files: tuple[CrawlFile, ...]
    problems: tuple[str, ...]


def find_files(inputs: Iterable[str], remote: RemoteSettings | None = None) -> Found:
    """The crawl files that inputs name, sorted, each once.

    An input is a file, glob or folder (searched at any depth) here or, with ``s3://``, in a bucket;
    an ``http(s)://`` address of a file; or ``cc:CC-MAIN-YYYY-WW[:limit]``. See ``listing`` for what
    is read of a folder; a file named directly is always taken. ``remote`` says how to reach what
    lies elsewhere. Raises ``UsageError`` on an input of another kind.
    """
    files: dict[str, CrawlFile] = {}
    problems = []
    for text in inputs:
        try:
            rows = _remote(text, remote) if _is_remote(text) else _local(text)
        except InputError as error:
            problems.append(str(error))
            continue
        files.update((row.path, row) for row in rows)
    return Found(tuple(files[path] for path in sorted(files)), tuple(problems))


def _is_remote(text: str) -> bool:
    if Path(text).exists():
        return False
    if not REMOTE.match(text) and ELSEWHERE.match(text):
        raise UsageError(
            f"{shown(text)} cannot be read.",
            "Inputs are local paths, https:// and s3:// addresses, and cc:CC-MAIN-YYYY-WW[:limit].",
        )
    return bool(REMOTE.match(text))


def _remote(text: str, settings: RemoteSettings | None) -> list[CrawlFile]:
    if settings is None:
        raise UsageError(f"{shown(text)} cannot be read without settings.")
    files = remote_files(text, settings)
    return [_row(path, path, size) for path, size in files.items()]


def _local(text: str) -> list[CrawlFile]:
    path = Path(re.sub(r"^file:(//(localhost)?(?=/))?", "", text)).expanduser()
    if path.is_dir():
        below = (item.relative_to(path) for item in path.rglob("*") if item.is_file())
        matches = [path / name for name in in_folder(item.as_posix() for item in below)]
        problem = f"The folder {text} holds no .warc, .wat or .parquet files."
    elif glob.has_magic(text) and not path.exists():
        matches = [Path(match) for match in glob.glob(text, recursive=True)]
        matches = [match for match in matches if match.is_file()]
        problem = f"Nothing matches {text}."
    else:
        matches = [path] if path.exists() else []
        problem = f"There is no file {text}."
    if not matches:
        raise InputError(problem)
    return [describe(match.resolve()) for match in matches]


def describe(path: Path) -> CrawlFile:
    """The manifest row of a local file."""
    return _row(str(path), path.name, path.stat().st_size)


def _row(path: str, name: str, size: int | None) -> CrawlFile:
    crawl = CRAWL_NAME.search(path)
    folder = re.sub(r"[?#].*", "", path) if "://" in path else path
    parent = Path(folder).parent.name
    return CrawlFile(path, kind_of(name), crawl.group() if crawl else parent, size)


def bounded(files: Iterable[CrawlFile], max_files: int, max_bytes: int) -> list[list[CrawlFile]]:
    """``files`` in order, cut into groups of at most ``max_files`` files and ``max_bytes`` bytes.

    A larger file is a group of its own; one of unknown size counts as ``UNKNOWN_BYTES``.
    """
    groups: list[list[CrawlFile]] = []
    total = 0
    for file in files:
        size = UNKNOWN_BYTES if file.bytes is None else file.bytes
        if not groups or len(groups[-1]) == max_files or total + size > max_bytes:
            groups.append([])
            total = 0
        groups[-1].append(file)
        total += size
    return groups


def add_files(lake: Lake, files: Iterable[CrawlFile], settings: ExtractSettings) -> int:
    """Appends the files that the manifest does not have; each group is one commit of one file.

    One data file of the manifest is one micro-batch of ``extract``. Returns how many were new.
    """
    known = {row[0] for row in lake.read("manifest").select("path").collect()}
    new = [file for file in files if file.path not in known]
    now = datetime.now(UTC)
    columns = arrow_schema("manifest").names
    for group in bounded(new, settings.batch_files, settings.batch_bytes):
        records = [(file.path, file.kind, file.crawl, file.bytes, now) for file in group]
        rows = lake.spark.createDataFrame(records, spark_schema("manifest")).select(*columns)
        with transaction(lake, f"mella/manifest/{uuid.uuid4()}", 0) as txn:
            txn.append("manifest", rows)
    return len(new)
