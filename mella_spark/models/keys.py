"""Names for "the same model asked in the same way": work is never done twice or mixed up."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from mella_spark.settings import CaptionSettings, TranslateSettings

EMBEDDED = "embedded"
_FOLDERS = {"caption": "vlm", "translate": "translator"}
_WHOLE_BYTES = 64 << 20
"""Files up to this size are read whole for a digest."""
_WINDOW_BYTES = 1 << 20
_WINDOWS = 16
_NOT_WEIGHTS = frozenset({"README.md", ".gitattributes"})


def model_folder(model: str, task: str) -> str:
    """Where the weights are: the shipped folder for ``embedded``, else ``model`` itself.

    ``task`` is ``caption`` or ``translate``.
    """
    if model != EMBEDDED:
        return model
    return str(Path(__file__).resolve().parent / EMBEDDED / _FOLDERS[task])


def caption_key(settings: CaptionSettings) -> str:
    """Hash of all that decides a caption: model, limits, prompt, generation; 32 hex digits.

    Batch size, device and error limits do not belong to it.
    """
    return _digest(
        _identity(settings.model, settings.revision, "caption"),
        settings.dtype,
        settings.prompt,
        settings.max_new_tokens,
        settings.num_beams,
        settings.max_pixels,
        settings.max_aspect,
    )


def translate_key(settings: TranslateSettings) -> str:
    """Hash of all that decides a translation's text; 32 hex digits."""
    return _digest(
        _identity(settings.model, settings.revision, "translate"),
        settings.dtype,
        settings.max_new_tokens,
        settings.num_beams,
    )


def captioner_name(settings: CaptionSettings) -> str:
    """What the ``model`` column of a caption holds: as set, with its revision."""
    return _name(settings.model, settings.revision)


def translator_name(settings: TranslateSettings) -> str:
    """What the ``model`` column of a translation holds; part of that table's key."""
    return f"{_name(settings.model, settings.revision)}#{translate_key(settings)[:8]}"


def _name(model: str, revision: str | None) -> str:
    return model if revision is None else f"{model}@{revision}"


def _identity(model: str, revision: str | None, task: str) -> str:
    """Files decide for a folder, so that it can move; name and revision for the hub."""
    folder = Path(model_folder(model, task))
    return folder_digest(folder) if folder.is_dir() else _name(model, revision)


def folder_digest(folder: Path) -> str:
    """SHA-256 over the names and contents of the files directly in ``folder``.

    Of files above 64 MiB the size and 16 windows of 1 MiB count, which tells versions of weights
    apart without reading all of them.
    """
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        if path.name in _NOT_WEIGHTS:
            continue
        stat = path.stat()
        content = _file_digest(str(path), stat.st_size, stat.st_mtime_ns)
        digest.update(f"{path.name}\0{stat.st_size}\0{content}\n".encode())
    return digest.hexdigest()


@lru_cache(maxsize=256)
def _file_digest(path: str, size: int, changed_ns: int) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        if size <= _WHOLE_BYTES:
            digest.update(file.read())
        else:
            for i in range(_WINDOWS):
                file.seek((size - _WINDOW_BYTES) * i // (_WINDOWS - 1))
                digest.update(file.read(_WINDOW_BYTES))
    return digest.hexdigest()


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
