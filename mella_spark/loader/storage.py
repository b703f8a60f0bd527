"""Where a table lies, and opening its files: local paths, and every object store deltalake knows.

Credentials and options of object stores come from the environment, the same for log and data.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.fs as pafs

from mella_spark.errors import InputError, UsageError

_NAME = re.compile(r"[\w$]+\.[\w$]+(\.[\w$]+)?")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://")

# Read-ahead of one column while a row group is decoded piece by piece.
LOCAL_BUFFER = 1 << 16
REMOTE_BUFFER = 1 << 20


def resolve(table: str | os.PathLike[str]) -> str:
    """A table's path or URI. ``file://`` becomes a path; ``catalog.schema.table`` needs Spark.

    Raises ``UsageError`` for a name where no Spark session runs to look it up.
    """
    text = os.fspath(table)
    if text.startswith("file:"):
        return unquote(urlsplit(text).path)
    if _SCHEME.match(text):
        return text.rstrip("/")
    if _NAME.fullmatch(text) and not Path(text).exists():
        return _location(text)
    return os.path.abspath(text)


def _location(name: str) -> str:
    sql = sys.modules.get("pyspark.sql")
    session = sql.SparkSession.getActiveSession() if sql else None
    if session is None:
        raise UsageError(
            f"The table {name!r} is a catalog name, and no Spark session runs to look it up.",
            "Give its path or URI (DESCRIBE DETAIL prints it), or uc://catalog.schema.table with "
            "DATABRICKS_HOST and DATABRICKS_TOKEN set.",
        )
    detail = session.sql(f"DESCRIBE DETAIL {name}").collect()[0]
    return resolve(detail["location"])


@dataclass(frozen=True)
class Storage:
    """Opens the data files of one table. ``root`` is an absolute path, or a URI."""

    root: str

    @property
    def local(self) -> bool:
        return not _SCHEME.match(self.root)

    @property
    def buffer_bytes(self) -> int:
        return LOCAL_BUFFER if self.local else REMOTE_BUFFER

    def key(self, logged: str) -> str:
        """A file's path from the log (percent-encoded; absolute in shallow clones) in the form
        ``open`` takes: relative to the root, or an absolute local path."""
        if _SCHEME.match(logged) or logged.startswith("file:"):
            if logged.startswith("file:") and self.local:
                return unquote(urlsplit(logged).path)
            raise InputError(
                f"The table {self.root} refers to a file outside itself: {logged}.",
                "Shallow clones can be read on local disks only; read the source table.",
            )
        return unquote(logged)

    def open(self, key: str) -> pa.NativeFile:
        """Open a data file for reading. Raises ``InputError`` if it is gone (VACUUM)."""
        try:
            if self.local:
                return pafs.LocalFileSystem().open_input_file(os.path.join(self.root, key))
            return _object_store(self.root).open_input_file(key)
        except FileNotFoundError as error:
            raise InputError(
                f"A data file of {self.root} is gone: {key}.",
                "The pinned version was vacuumed; read a newer one.",
            ) from error


_STORES: dict[tuple[int, str], Any] = {}


def _object_store(root: str) -> pafs.FileSystem:
    """One client a process and table."""
    from deltalake.fs import DeltaStorageHandler

    known = (os.getpid(), root)
    if known not in _STORES:
        _STORES[known] = pafs.PyFileSystem(DeltaStorageHandler(root))
    return _STORES[known]


def decoded_uri(logged: str, root: str) -> str:
    """The URI of a logged file, percent-decoded: the log's writers differ in what they encode, and
    a clone's absolute paths in the number of slashes."""
    if logged.startswith("file:"):
        return "file://" + unquote(urlsplit(logged).path)
    if _SCHEME.match(logged):
        return unquote(logged)
    base = root if _SCHEME.match(root) else f"file://{root}"
    return f"{base.rstrip('/')}/{unquote(logged)}"
