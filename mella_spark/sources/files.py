"""Which files a path of the format ``warc`` stands for."""

from __future__ import annotations

import glob
import json
import os
import re
from collections.abc import Mapping

from mella_spark.errors import InputError
from mella_spark.settings import RemoteSettings

_CRAWL_FILE = re.compile(r"\.(warc|wat|wet)(\.gz|\.zst|\.zstd)?$", re.IGNORECASE)
_ELSEWHERE = re.compile(r"(https?|s3a?)://|cc:", re.IGNORECASE)

Sizes = dict[str, int | None]


def list_files(options: Mapping[str, str], remote: RemoteSettings, waiting: bool = False) -> Sizes:
    """Files and sizes for the options ``path`` or ``paths`` (a JSON list), in order of their names.

    Raises InputError where there are none; ``waiting`` allows a folder or glob without files yet.
    """
    paths = json.loads(options.get("paths", "null")) or [options.get("path", "")]
    found: Sizes = {}
    for path in paths:
        path = re.sub(r"^file:(//(localhost)?(?=/))?", "", path)
        files = _elsewhere(path, remote) if _ELSEWHERE.match(path) else _here(path)
        if not files and not (waiting and (os.path.isdir(path) or glob.has_magic(path))):
            raise InputError(
                f"No crawl files at {path!r}.",
                hint="Give a file, a folder, a glob, an https:// or s3:// address, or cc:CRAWL.",
            )
        found.update(files)
    return dict(sorted(found.items()))


def _elsewhere(path: str, remote: RemoteSettings) -> Sizes:
    from mella_spark.remote.listing import kind_of, remote_files

    files = remote_files(path, remote)
    return {name: size for name, size in files.items() if kind_of(name) != "index"}


def _here(path: str) -> Sizes:
    if os.path.isdir(path):
        names = [
            os.path.join(folder, name)
            for folder, _, files in os.walk(path)
            for name in files
            if _CRAWL_FILE.search(name) and name[0] not in "._"
        ]
    else:
        names = [path] if os.path.exists(path) else glob.glob(path, recursive=True)
    sizes: Sizes = {}
    for name in names:
        try:
            if os.path.isfile(name):
                sizes[name] = os.path.getsize(name)
        except OSError:  # gone since it was listed
            continue
    return sizes
