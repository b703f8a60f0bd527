"""What every format's writer does, and what it counts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from mella_spark.export.rows import Sample, safe_name

SHARD_BYTES = 512 << 20
"""A shard (tar or Parquet file) takes no further sample that would make it larger."""


@dataclass
class Written:
    """Counts over all splits: files, their bytes, and texts that had to be changed (see
    ``conversations.plain``)."""

    files: int = 0
    bytes: int = 0
    texts_changed: int = 0

    def add(self, path: Path) -> None:
        """Count a finished file."""
        self.files += 1
        self.bytes += path.stat().st_size


class SplitWriter(ABC):
    """Writes the samples of one split below ``folder``; ``schema`` is the samples' columns."""

    def __init__(
        self, folder: Path, split: str, schema: pa.Schema, written: Written, shard_bytes: int
    ) -> None:
        self.folder, self.schema, self.written = folder, schema, written
        self.split = safe_name(split)
        self.shard_bytes = shard_bytes
        self.samples = 0

    @abstractmethod
    def write(self, sample: Sample) -> None:
        """Write one sample."""

    @abstractmethod
    def close(self) -> None:
        """Finish the file that is open."""
