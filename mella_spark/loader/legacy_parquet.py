"""The part of pyarrow's legacy ``ParquetDataset`` that petastorm uses, over current pyarrow.

A dataset is a sorted list of pieces (files), and a piece can be one row group of a file; partition
values come from ``key=value`` folders. petastorm opens everything through ``dataset.fs``, an fsspec
filesystem here.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem as FsspecLocal

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"


class LocalFileSystem(FsspecLocal):
    """``pyarrow.filesystem.LocalFileSystem``: fsspec's, under the names petastorm calls."""

    def delete(self, path: str, recursive: bool = False) -> None:
        self.rm(path, recursive=recursive)


@dataclass
class PartitionLevel:
    """One ``key=value`` folder level: its distinct values, as text or as integers if all are."""

    name: str
    keys: list[Any] = field(default_factory=list)

    @property
    def dictionary(self) -> pa.Array:
        return pa.array(self.keys, pa.int64() if self._integers() else pa.string())

    def _integers(self) -> bool:
        return bool(self.keys) and all(isinstance(key, int) for key in self.keys)

    def as_integers_where_possible(self) -> None:
        try:
            self.keys = [int(key) for key in self.keys]
        except ValueError:
            return


class Partitions(list[PartitionLevel]):
    """The levels, outermost first."""

    @property
    def partition_names(self) -> set[str]:
        return {level.name for level in self}


class ParquetDatasetPiece:
    """A file, or one row group of it. ``partition_keys`` are (name, index into the level)."""

    def __init__(
        self,
        path: str,
        open_file_func: Callable[..., BinaryIO] = open,
        row_group: int | None = None,
        partition_keys: Sequence[tuple[str, int]] = (),
        **_: Any,
    ) -> None:
        self.path = path
        self.row_group = row_group
        self.partition_keys = list(partition_keys)
        self._open = open_file_func

    def _open_file(self) -> BinaryIO:
        return self._open(self.path, "rb")

    def get_metadata(self) -> pq.FileMetaData:
        with self._open_file() as file:
            return pq.ParquetFile(file).metadata

    def read(
        self,
        columns: Iterable[str] | None = None,
        partitions: Partitions | None = None,
        use_pandas_metadata: bool = False,
        **_: Any,
    ) -> pa.Table:
        """Read the piece, with the partition values it stands under as columns."""
        with self._open_file() as source:
            parquet = pq.ParquetFile(source)
            names = None
            if columns is not None:  # asked for by name, in the file's order
                wanted = set(columns)
                names = [name for name in parquet.schema_arrow.names if name in wanted]
            if self.row_group is None:
                table = parquet.read(columns=names, use_pandas_metadata=use_pandas_metadata)
            else:
                table = parquet.read_row_group(self.row_group, columns=names)
        for level, (name, index) in zip(partitions or (), self.partition_keys, strict=True):
            dictionary = level.dictionary
            column = pa.array([dictionary[index].as_py()] * table.num_rows, dictionary.type)
            table = table.append_column(name, column)
        return table

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ParquetDatasetPiece) and vars(self) == vars(other)


class ParquetDataset:
    """``pyarrow.parquet.ParquetDataset(use_legacy_dataset=True)`` as far as petastorm needs it."""

    def __init__(
        self,
        path_or_paths: str | list[str],
        filesystem: Any = None,
        validate_schema: bool = True,
        metadata_nthreads: int = 1,
        filters: Any = None,
        **_: Any,
    ) -> None:
        self.fs = filesystem or LocalFileSystem()
        self.paths = path_or_paths
        self.partitions: Partitions | None = None
        self.metadata: pq.FileMetaData | None = None
        self.common_metadata: Any = None
        self.metadata_path: str | None = None
        if isinstance(path_or_paths, list):
            files, root = [str(path) for path in path_or_paths], None
        elif self.fs.isdir(path_or_paths):
            root = path_or_paths.rstrip("/")
            files = self._walk(root)
        else:
            files, root = [path_or_paths], None
        self.pieces = self._partitioned(files, root)
        if not self.pieces:
            raise OSError(f"Path does not contain Parquet files: {path_or_paths}")
        if filters is not None:
            self.pieces = self._filtered(filters)

    def _walk(self, root: str) -> list[str]:
        files = []
        for path in sorted(self.fs.find(root)):
            name = posixpath.basename(path)
            inside = path[len(root.lstrip("/") if not path.startswith("/") else root) :]
            if name == "_common_metadata":
                with self.fs.open(path, "rb") as file:
                    self.common_metadata = pq.read_schema(file)
            elif name == "_metadata":
                self.metadata_path = path
                with self.fs.open(path, "rb") as file:
                    self.metadata = pq.read_metadata(file)
            elif not any(part.startswith(("_", ".")) for part in inside.split("/") if part) and (
                not name.endswith((".crc", "_SUCCESS"))
            ):
                files.append(path)
        return files

    def _partitioned(self, files: list[str], root: str | None) -> list[ParquetDatasetPiece]:
        levels = Partitions()
        keys_of: list[list[tuple[str, int]]] = []
        for path in files:
            keys = []
            if root is not None:
                folders = posixpath.dirname(path)[len(root) :].split("/")
                pairs = [part.split("=", 1) for part in folders if "=" in part]
                for depth, (name, value) in enumerate(pairs):
                    if depth == len(levels):
                        levels.append(PartitionLevel(name))
                    known = levels[depth].keys
                    text = unquote(value)
                    if text not in known:
                        known.append(text)
                    keys.append((name, known.index(text)))
            keys_of.append(keys)
        for level in levels:
            level.as_integers_where_possible()
        self.partitions = levels or None
        return [
            ParquetDatasetPiece(path, self.fs.open, None, keys)
            for path, keys in zip(files, keys_of, strict=True)
        ]

    def _filtered(self, filters: Any) -> list[ParquetDatasetPiece]:
        """Legacy filters chose pieces by partition value; other columns cannot exclude a piece."""
        groups = filters if filters and isinstance(filters[0], list) else [filters]
        levels = {level.name: level.keys for level in self.partitions or ()}
        return [
            piece
            for piece in self.pieces
            if any(
                all(
                    _holds(levels[name][index], op, value)
                    for column, op, value in group
                    for name, index in piece.partition_keys
                    if name == column
                )
                for group in groups
            )
        ]


def _holds(have: Any, op: str, want: Any) -> bool:
    """Whether partition value ``have`` satisfies ``op want``, compared as ``want``'s type."""
    if op in ("in", "not in"):
        return (have in {type(have)(item) for item in want}) == (op == "in")
    want = type(have)(want)
    results = {
        "=": have == want,
        "==": have == want,
        "!=": have != want,
        "<": have < want,
        "<=": have <= want,
        ">": have > want,
        ">=": have >= want,
    }
    if op not in results:
        raise ValueError(f"Unknown filter operator {op!r}.")
    return results[op]
