"""Names for "the same model asked in the same way": work is never done twice or mixed up."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

import PIL

from mella_spark.models.prompts import Source, load_prompt
from mella_spark.settings import AnswerSettings, CaptionSettings, TranslateSettings

EMBEDDED = "embedded"
_FOLDERS = {"caption": "vlm", "translate": "translator"}
_WHOLE_BYTES = 64 << 20
"""Files up to this size are read whole for a digest."""
_WINDOW_BYTES = 1 << 20
_WINDOWS = 16
_DIGITS = 32
THICK = "thick-"
_NOT_WEIGHTS = frozenset({"README.md", ".gitattributes"})


def model_folder(model: str, task: str) -> str:
    """Where the weights are: the shipped folder for ``embedded``, else ``model`` itself.

    ``task`` is ``caption`` or ``translate``.
    """
    if model != EMBEDDED:
        return model
    return str(Path(__file__).resolve().parent / EMBEDDED / _FOLDERS[task])


def caption_key(settings: CaptionSettings) -> str:
    """Name of all that decides a caption, 32 characters: two captions share it or may differ.

    A hash of the model and its revision, number format, quantisation, backend, what turns files
    into pixels, limits, prompt and generation; 32 hexadecimal digits. Where the prompt draws on the
    native alt it starts with ``thick-`` instead, so that no table needs another column to keep such
    captions out of D_ling (:func:`caption_source`). Batch size, device, server address, waiting
    times and error limits do not belong to it.
    """
    prompt = load_prompt(settings.prompt)
    digest = _digest(
        _identity(settings.model, settings.revision, "caption"),
        _loaded(settings),
        image_way(settings),
        settings.max_pixels,
        settings.max_aspect,
        prompt.text,
        settings.web_text_chars if prompt.fields else None,
        settings.max_new_tokens,
        settings.num_beams,
    )
    return digest if prompt.source == "ling" else f"{THICK}{digest}"[:_DIGITS]


def caption_source(key: str) -> Source:
    """Whether captions with this key are ``ling`` or ``thick``; see :class:`prompts.Prompt`."""
    return "thick" if key.startswith(THICK) else "ling"


def image_way(settings: CaptionSettings) -> str:
    """What stands between a file and the model's pixels.

    Of Pillow only the major version counts: within one it keeps how it decodes and resizes, and a
    finer name would have every picture captioned again at each update.
    """
    pillow = f"pillow-{PIL.__version__.partition('.')[0]}-bicubic"
    ways = {"transformers": settings.image_backend, "vllm": "vllm", "openai": "jpeg-95"}
    return f"{pillow} {ways[settings.backend]}"


def translate_key(settings: TranslateSettings) -> str:
    """Hash of all that decides a translation's text; 32 hex digits.

    Limits of the checks do not belong to it, though they decide which texts get a second attempt:
    a limit that is moved should not have everything translated again.
    """
    second = (settings.retry_num_beams, settings.retry_no_repeat_ngram, settings.retry_prompt)
    return _digest(
        _identity(settings.model, settings.revision, "translate"),
        _loaded(settings),
        settings.max_new_tokens,
        settings.num_beams,
        settings.prompt,
        second if settings.retry else None,
        settings.max_sentence_chars if settings.split_sentences else None,
        settings.serbian_script,
    )


def _loaded(settings: AnswerSettings) -> tuple[object, ...]:
    """How the weights are run: what changes the digits of an answer, though not its meaning."""
    return settings.backend, settings.dtype, settings.quantisation


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
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:_DIGITS]
