"""INPUT… → ``manifest``: which crawl files there are to read."""

from __future__ import annotations

import glob
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mella_spark.errors import UsageError
from mella_spark.lake.schemas import arrow_schema, spark_schema
from mella_spark.lake.tables import Lake
from mella_spark.lake.transaction import transaction
from mella_spark.settings import ExtractSettings

CRAWL_FILE = re.compile(r"\.(warc|wat)(\.gz|\.zst|\.zstd)?$", re.IGNORECASE)
WAT_FILE = re.compile(r"\.wat(\.gz|\.zst|\.zstd)?$", re.IGNORECASE)
CRAWL_NAME = re.compile(r"CC-MAIN-\d{4}-\d{2}")
REMOTE = re.compile(r"(https?|s3a?|cc|gs|abfss?|hdfs|ftp):", re.IGNORECASE)


@dataclass(frozen=True)
class CrawlFile:
    """One row of the manifest."""

    path: str
    kind: str
    crawl: str
    bytes: int


@dataclass(frozen=True)
class Found:
    """What the inputs came to: files, and one sentence for each input without any."""

    files: tuple[CrawlFile, ...]
    problems: tuple[str, ...]


def find_files(inputs: Iterable[str]) -> Found:
    """The crawl files that files, globs and folders name, sorted, each once.

    A folder is searched at any depth; a WAT file beside the WARC file it was made from is left
    out there, because the WARC holds all that the WAT does. A file named directly is always
    taken. Raises ``UsageError`` on a remote input.
    """
    files: dict[str, CrawlFile] = {}
    problems = []
    for text in inputs:
        if REMOTE.match(text) and not Path(text).exists():
            raise UsageError(
                f"Remote input {text} cannot be read yet.", "Give local files, globs or folders."
            )
        path = Path(text).expanduser()
        if path.is_dir():
            matches = _in_folder(path)
            problem = f"The folder {text} holds no .warc or .wat files."
        elif glob.has_magic(text) and not path.exists():
            matches = [Path(match) for match in glob.glob(text, recursive=True)]
            matches = [match for match in matches if match.is_file()]
            problem = f"Nothing matches {text}."
        else:
            matches = [path] if path.exists() else []
            problem = f"There is no file {text}."
        if not matches:
            problems.append(problem)
        for match in matches:
            row = describe(match.resolve())
            files[row.path] = row
    return Found(tuple(files[path] for path in sorted(files)), tuple(problems))


def _in_folder(folder: Path) -> list[Path]:
    names = {path for path in folder.rglob("*") if path.is_file() and CRAWL_FILE.search(path.name)}
    return sorted(path for path in names if warc_beside(path) not in names)


def warc_beside(path: Path) -> Path | None:
    """The WARC file that a WAT file named ``x.warc.wat.gz`` was made from."""
    if not WAT_FILE.search(path.name):
        return None
    return path.with_name(re.sub(r"\.wat(?=\.|$)", "", path.name, flags=re.IGNORECASE))


def describe(path: Path) -> CrawlFile:
    """The manifest row of a local file."""
    crawl = CRAWL_NAME.search(str(path))
    return CrawlFile(
        path=str(path),
        kind="wat" if WAT_FILE.search(path.name) else "warc",
        crawl=crawl.group() if crawl else path.parent.name,
        bytes=path.stat().st_size,
    )


def bounded(files: Iterable[CrawlFile], max_files: int, max_bytes: int) -> list[list[CrawlFile]]:
    """``files`` in order, cut into groups of at most ``max_files`` files and ``max_bytes`` bytes.

    A larger file is a group of its own.
    """
    groups: list[list[CrawlFile]] = []
    size = 0
    for file in files:
        if not groups or len(groups[-1]) == max_files or size + file.bytes > max_bytes:
            groups.append([])
            size = 0
        groups[-1].append(file)
        size += file.bytes
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
