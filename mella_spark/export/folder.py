"""The folder that an export fills: whole or not at all, and never over something else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mella_spark.errors import InputError, StageError

PARTIAL = ".partial"
"""Where files lie until all are written."""

CARD = "README.md"
"""What the export is, moved to its place last: a folder that has it is complete."""


@contextmanager
def filled(out: Path) -> Iterator[Path]:
    """A new folder inside ``out`` to write to; its contents move up to ``out`` at the end.

    Inside, not beside, so that the move stays on one file system where ``out`` is a mount. On
    failure what was written is removed; what a kill left behind, the next export replaces.

    Raises ``InputError`` where ``out`` holds something already or cannot be made, and
    ``StageError`` where writing fails.
    """
    made = _prepare(out)
    partial = out / PARTIAL
    try:
        partial.mkdir()
        yield partial
        for entry in sorted(partial.iterdir(), key=lambda path: (path.name == CARD, path.name)):
            os.replace(entry, out / entry.name)
        partial.rmdir()
    except BaseException as error:
        shutil.rmtree(partial, ignore_errors=True)
        if made and not any(out.iterdir()):
            out.rmdir()
        if isinstance(error, OSError):
            raise StageError(
                f"The export to {out} failed: {error.strerror or error}.",
                "Make room or choose another folder, and export again.",
            ) from error
        raise


def _prepare(out: Path) -> bool:
    """Makes ``out``; whether it was not there before."""
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file.", "Give an empty or new folder with --out.")
    try:
        made = not out.exists()
        out.mkdir(parents=True, exist_ok=True)
        if any(entry.name != PARTIAL for entry in out.iterdir()):
            raise InputError(f"{out} is not empty.", "Give an empty or new folder with --out.")
        if (out / PARTIAL).exists():
            shutil.rmtree(out / PARTIAL)
    except OSError as error:
        raise InputError(f"Cannot write to {out}: {error.strerror or error}.") from None
    return made
