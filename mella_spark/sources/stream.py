"""``spark.readStream.format("warc")``: crawl files as they come, each once.

The stream's offset is the set of files it has taken, each as the first 16 hex digits of its path's
SHA-256, in the order they were taken; a file is known by its path, as in Spark's own file sources.
So a file that arrives late is never missed, whatever its time says, and a restart reads again what
a micro-batch had read. An offset grows by 16 bytes a file: a stream is good for some hundred
thousand files. Files must come whole, by being renamed into the folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql.datasource import DataSourceStreamReader, InputPartition

from mella_spark.errors import InputError, UsageError
from mella_spark.sources.files import Sizes
from mella_spark.sources.warc import Reading
from mella_spark.web.parts import parts_of

if TYPE_CHECKING:
    from pyspark.sql.streaming.datasource import ReadLimit, SupportsTriggerAvailableNow
else:
    try:  # since Spark 4.2
        from pyspark.sql.streaming.datasource import SupportsTriggerAvailableNow
    except ImportError:

        class SupportsTriggerAvailableNow:
            """Before, Spark runs AvailableNow as one micro-batch of all there is."""


_DIGITS = 16

Offset = dict[str, str]


class WarcStreamReader(DataSourceStreamReader, SupportsTriggerAvailableNow):
    """The files that were not read yet, one partition a part."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self.reading = Reading(options)
        self.max_files = _limit(options, "maxFilesPerTrigger")
        self.max_bytes = _limit(options, "maxBytesPerTrigger")
        if self.max_files and self.max_bytes:
            raise UsageError("Give maxFilesPerTrigger or maxBytesPerTrigger, not both.")
        self._target: Sizes | None = None

    def initialOffset(self) -> Offset:
        return {"files": ""}

    def getDefaultReadLimit(self) -> ReadLimit:
        from pyspark.sql.streaming.datasource import ReadAllAvailable, ReadMaxBytes, ReadMaxFiles

        if self.max_files:
            return ReadMaxFiles(self.max_files)
        return ReadMaxBytes(self.max_bytes) if self.max_bytes else ReadAllAvailable()

    def prepareForTriggerAvailableNow(self) -> None:
        self._target = self.reading.files(waiting=True)

    def latestOffset(self, start: Offset | None = None, limit: ReadLimit | None = None) -> Offset:
        """All files where Spark gives no limit (always, before 4.2), else those up to it."""
        taken = "" if start is None else start["files"]
        known = set(_keys(taken))
        most_files = getattr(limit, "max_files", None)
        most_bytes = getattr(limit, "max_bytes", None)
        fresh: list[str] = []
        total = 0
        files = self.reading.files(waiting=True) if self._target is None else self._target
        for path, size in files.items():
            if (key := _key(path)) in known:
                continue
            total += size or 0
            if fresh and most_bytes is not None and total > most_bytes:
                break
            fresh.append(key)
            if most_files is not None and len(fresh) >= most_files:
                break
        return {"files": taken + "".join(fresh)}

    def partitions(self, start: Offset, end: Offset) -> Sequence[InputPartition]:
        wanted = set(_keys(end["files"])) - set(_keys(start["files"]))
        there = self.reading.files(waiting=True)
        files = [(path, size) for path, size in there.items() if _key(path) in wanted]
        if len(files) < len(wanted):
            raise InputError(
                f"{len(wanted) - len(files)} of {len(wanted)} files of a micro-batch are gone.",
                hint="Files must stay until the stream has read them.",
            )
        return [InputPartition(part) for part in parts_of(files, self.reading.split_bytes)]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        return self.reading.read(partition.value)


def _key(path: str) -> str:
    return hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:_DIGITS]


def _keys(taken: str) -> list[str]:
    return [taken[place : place + _DIGITS] for place in range(0, len(taken), _DIGITS)]


def _limit(options: Mapping[str, Any], name: str) -> int | None:
    text = options.get(name.lower())
    if text is None:
        return None
    if not str(text).isdigit() or int(text) < 1:
        raise UsageError(f"{name} must be a number of at least 1, not {text!r}.")
    return int(text)
