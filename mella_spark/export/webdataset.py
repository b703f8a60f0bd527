"""WebDataset: tar shards in which files of one name belong to one sample.

A sample is ``KEY.jpg`` (or the picture's own extension), ``KEY.txt`` with the response, and
``KEY.json`` with all columns but the picture. The key is the sample's id; WebDataset cuts names at
the first dot and groups neighbours, so an id with a dot or slash gives its hash as key.
"""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

from mella_spark.export.rows import Sample, extension, safe_name, to_json
from mella_spark.export.writers import SplitWriter

_END = tarfile.RECORDSIZE  # the end of an archive is padded to a multiple of this


class WebDatasetWriter(SplitWriter):
    """``SPLIT-000000.tar``, ``SPLIT-000001.tar`` …, none beyond ``shard_bytes`` unless one sample
    alone is. Members carry no time and no owner, so the same rows make the same bytes."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._shards = 0
        self._path: Path | None = None
        self._archive: tarfile.TarFile | None = None

    def write(self, sample: Sample) -> None:
        key, picture = safe_name(sample["sample_id"]), sample["image"]
        rest = {name: value for name, value in sample.items() if name != "image"}
        members = (
            (f"{key}.{extension(picture)}", picture),
            (f"{key}.txt", sample["response"].encode()),
            (f"{key}.json", to_json(rest).encode()),
        )
        size = sum(
            tarfile.BLOCKSIZE * (1 + -(-len(data) // tarfile.BLOCKSIZE)) for _, data in members
        )
        if self._archive and self._archive.offset + size + 2 * tarfile.BLOCKSIZE > self._limit:
            self.close()
        archive = self._archive or self._open()
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        self.samples += 1

    @property
    def _limit(self) -> int:
        return self.shard_bytes // _END * _END

    def _open(self) -> tarfile.TarFile:
        self._path = self.folder / f"{self.split}-{self._shards:06d}.tar"
        self._archive = tarfile.open(self._path, "w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115
        self._shards += 1
        return self._archive

    def close(self) -> None:
        if self._archive and self._path:
            self._archive.close()
            self._archive = None
            self.written.add(self._path)
