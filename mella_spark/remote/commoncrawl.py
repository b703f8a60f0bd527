"""Common Crawl's own listings: which files a crawl is made of.

Each crawl has, under ``crawl-data/CRAWL/``, gzipped lists of its files, one path below the base a
line: ``warc.paths.gz``, ``wat.paths.gz``, and ``cc-index-table.paths.gz`` for the Parquet files of
the columnar URL index (https://commoncrawl.org/get-started).
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import quote

from mella_spark.errors import InputError, UsageError
from mella_spark.remote.file import ForbiddenError, MissingError, shown
from mella_spark.remote.opener import Opener, is_remote
from mella_spark.settings import RemoteSettings

LISTS = {"warc": "warc.paths.gz", "wat": "wat.paths.gz", "index": "cc-index-table.paths.gz"}
_INPUT = re.compile(r"cc:(CC-MAIN-\d{4}-\d{2})(?::(\d+))?", re.IGNORECASE)
_LINE_BYTES = 4096
_MAX_FILES = 1_000_000


@dataclass(frozen=True)
class Crawl:
    """A crawl, and how many of its files are wanted (None: all)."""

    name: str
    limit: int | None


def parse_crawl(text: str) -> Crawl:
    """``cc:CC-MAIN-YYYY-WW[:limit]``. Raises UsageError."""
    found = _INPUT.fullmatch(text.strip())
    if not found or found[2] == "0":
        raise UsageError(f"{text} names no crawl.", "Write cc:CC-MAIN-2024-22 or cc:…:100.")
    return Crawl(found[1].upper(), int(found[2]) if found[2] else None)


def crawl_files(crawl: Crawl, settings: RemoteSettings, open_: Opener) -> list[str]:
    """Addresses of the crawl's files of the kind ``crawl_files``, in the order of its list.

    Of the index only the subset of successful captures. Raises InputError.
    """
    name = LISTS[settings.crawl_files]
    address = joined(settings.crawl_base, f"crawl-data/{crawl.name}/{name}")
    lines = _lines(address, open_)
    if settings.crawl_files == "index":
        lines = (line for line in lines if "/subset=warc/" in line)
    try:
        found = list(islice(lines, _MAX_FILES if crawl.limit is None else crawl.limit))
        files = [joined(settings.crawl_base, line) for line in found]
    except (MissingError, ForbiddenError, FileNotFoundError):
        raise InputError(
            f"There is no crawl {crawl.name} at {shown(settings.crawl_base)}, or none with {name}.",
            "commoncrawl.org lists the crawls; remote.crawl_base says where they are looked for.",
        ) from None
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"The list of {crawl.name}'s files cannot be read: {error}") from None
    except ValueError as error:
        raise InputError(f"{shown(address)} is not a list of files: {error}.") from None
    if not files:
        raise InputError(f"The list of {crawl.name}'s files is empty: {shown(address)}.")
    return files


def _lines(address: str, open_: Opener) -> Iterator[str]:
    with open_(address) as packed, gzip.GzipFile(fileobj=packed) as stream:
        while line := stream.readline(_LINE_BYTES):
            if text := line.decode("utf-8").strip():
                yield text


def joined(base: str, name: str) -> str:
    """The file ``name`` below ``base``, an address or a folder.

    ``name`` comes from data. Raises ValueError where it is not a plain relative path: one that
    could lead to another host or scheme, or above the base.
    """
    parts = name.split("/")
    if (
        re.search(r"[\x00-\x20\x7f?#%\\]", name)
        or ":" in parts[0]
        or any(part in ("", ".", "..") for part in parts)
    ):
        raise ValueError(f"{name[:200]!r} is not a path below the base")
    if is_remote(base) and base[:1] in "hH":
        name = quote(name, safe="/=+,~@:;!$&'()*")
    return f"{base.rstrip('/')}/{name}"
