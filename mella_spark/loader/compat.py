"""petastorm 0.12 on current pyarrow, numpy and Python: the names it still asks for.

petastorm was written against pyarrow < 9: it imports ``pyarrow.filesystem``, ``pyarrow.hdfs`` and
``pyarrow.localfs``, uses numpy aliases that numpy 2 removed, and reads through the legacy
``ParquetDataset(pieces, partitions, …)``. ``install()`` supplies the plain names globally, and only
where they are missing; the legacy dataset goes into petastorm's own modules alone, so that every
other user of ``pyarrow.parquet`` in the process keeps the current one.

Import petastorm through here::

    from mella_spark.loader.compat import petastorm
    from petastorm.pytorch import BatchedDataLoader      # works from now on
"""

from __future__ import annotations

import importlib
import sys
import types
import warnings
from typing import Any

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mella_spark.errors import MissingDependencyError
from mella_spark.loader.legacy_parquet import LocalFileSystem, ParquetDataset, ParquetDatasetPiece

# The petastorm modules that read Parquet under the name ``pq``.
_PARQUET_USERS = (
    "petastorm.reader",
    "petastorm.arrow_reader_worker",
    "petastorm.py_dict_reader_worker",
    "petastorm.etl.dataset_metadata",
    "petastorm.etl.rowgroup_indexing",
    "petastorm.etl.metadata_util",
)


class _HadoopFileSystem:
    """Stands in for ``pyarrow.hdfs.HadoopFileSystem``, which petastorm only subclasses."""


def _connect_hdfs(host: str = "default", port: int = 0, **options: Any) -> Any:
    """``pyarrow.hdfs.connect`` by way of fsspec."""
    return fsspec.filesystem("hdfs", host=host, port=port, **options)


class _LegacyParquet(types.ModuleType):
    """``pyarrow.parquet`` with the legacy dataset classes; all else is the real module's."""

    ParquetDataset = ParquetDataset
    ParquetDatasetPiece = ParquetDatasetPiece

    def __getattr__(self, name: str) -> Any:
        return getattr(pq, name)


def _module(name: str, **members: Any) -> None:
    """Register module ``name`` with ``members`` unless this pyarrow still has it."""
    try:
        importlib.import_module(name)
    except ImportError:
        module = types.ModuleType(name)
        module.__dict__.update(members)
        sys.modules[name] = module
        parent, _, child = name.rpartition(".")
        setattr(sys.modules[parent], child, module)


def _attribute(owner: Any, name: str, value: Any) -> None:
    """Set ``owner.name`` where it is gone. The instance dictionary is asked, not ``hasattr``:
    numpy answers for removed names with an error or a warning."""
    if name not in vars(owner):
        setattr(owner, name, value)


def install() -> types.ModuleType:
    """Make petastorm importable and usable; returns the package. Calling it again costs nothing.

    Raises ``MissingDependencyError`` where petastorm itself is not installed.
    """
    ready = sys.modules.get("petastorm.reader")
    if ready is not None and isinstance(getattr(ready, "pq", None), _LegacyParquet):
        return sys.modules["petastorm"]
    local = LocalFileSystem()
    _module("pyarrow.filesystem", LocalFileSystem=LocalFileSystem, FileSystem=LocalFileSystem)
    _module("pyarrow.hdfs", HadoopFileSystem=_HadoopFileSystem, connect=_connect_hdfs)
    _attribute(pa, "localfs", local)
    _attribute(pa, "LocalFileSystem", LocalFileSystem)
    _attribute(pa.lib, "ArrowIOError", OSError)
    _attribute(np, "string_", np.bytes_)
    _attribute(np, "unicode_", np.str_)
    with warnings.catch_warnings():
        # petastorm and `future` import modules that Python is about to remove.
        warnings.simplefilter("ignore")
        try:
            package = importlib.import_module("petastorm")
        except ModuleNotFoundError as error:
            raise MissingDependencyError(
                f"The loader needs petastorm, and {error.name} is not installed.",
                "Install the project's requirements: make setup.",
            ) from error
        legacy = _LegacyParquet("pyarrow.parquet")
        for name in _PARQUET_USERS:
            vars(importlib.import_module(name))["pq"] = legacy
    return package
