"""Vision-language models by name: the embedded one, a hub name or a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import AutoModelForImageTextToText, AutoProcessor
from transformers.utils import logging

from mella_spark.errors import InputError
from mella_spark.models.devices import resolve_device, resolve_dtype
from mella_spark.models.keys import model_folder
from mella_spark.models.loading import only_cached


def resolve(name: str) -> str:
    """The folder or hub name that transformers loads for a model's name in the settings."""
    return model_folder(name, "caption")


def load(
    name: str,
    revision: str | None = None,
    dtype: str = "auto",
    device: str = "auto",
    trust_remote_code: bool = False,
) -> tuple[Any, Any]:
    """Model (in evaluation mode, on its device) and processor.

    Raises ``InputError`` where the name leads to no loadable model, and what :func:`only_cached`
    and :func:`resolve_device` raise where the hub or the device is not there.
    """
    logging.disable_progress_bar()  # progress is the caller's to show
    where, target = resolve(name), resolve_device(device)
    options: dict[str, Any] = {"revision": revision, "trust_remote_code": trust_remote_code}
    if not Path(where).is_dir():
        options["local_files_only"] = only_cached(where, revision)
    try:
        processor = AutoProcessor.from_pretrained(where, **options)
        model: Any = AutoModelForImageTextToText.from_pretrained(
            where, dtype=resolve_dtype(dtype, target), **options
        )
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"Cannot load the vision-language model {name!r}: {_first_line(error)}",
            "Give 'embedded', a folder written by save_pretrained, or a hub name that is cached.",
        ) from None
    return model.to(target).eval(), processor


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
