"""Files and folders that are either whole or not there."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file so that a reader, or a crash, meets the old or the new content only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(name, path)


def write_folder_atomically(path: Path, fill: Callable[[Path], None]) -> None:
    """Lets ``fill`` write into a temporary folder, which then takes the place of ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    fill(temporary)
    for file in temporary.rglob("*"):
        _sync(file)
    if path.exists():
        remove_folder(path)
    temporary.rename(path)
    _sync(path.parent)


def remove_folder(path: Path) -> None:
    """Removes a folder so that nobody meets a half of it under its name."""
    doomed = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    shutil.rmtree(path.rename(doomed / path.name).parent)


def remove_leftovers(folder: Path) -> None:
    """Removes what interrupted calls of the functions above left in ``folder``."""
    for path in folder.glob(".*-*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
