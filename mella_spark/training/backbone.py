"""Vision-language models by name: the embedded one, a hub name or a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForImageTextToText, AutoProcessor
from transformers.utils import logging

from mella_spark.errors import InputError, UsageError

EMBEDDED = Path(__file__).resolve().parents[1] / "models" / "embedded" / "vlm"


def resolve(name: str) -> str:
    """The folder or hub name that transformers loads for a model's name in the settings."""
    return str(EMBEDDED) if name == "embedded" else name


def load(
    name: str,
    revision: str | None = None,
    dtype: str = "auto",
    device: str = "auto",
    trust_remote_code: bool = False,
) -> tuple[Any, Any]:
    """Model (in evaluation mode, on its device) and processor.

    Raises ``InputError`` where the name leads to no loadable model, ``UsageError`` where the device
    is not there.
    """
    logging.disable_progress_bar()  # progress is the caller's to show
    where, target = resolve(name), pick_device(device)
    options: dict[str, Any] = {"revision": revision, "trust_remote_code": trust_remote_code}
    try:
        processor = AutoProcessor.from_pretrained(where, **options)
        model: Any = AutoModelForImageTextToText.from_pretrained(where, dtype=dtype, **options)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"Cannot load the vision-language model {name!r}: {_first_line(error)}",
            "Give 'embedded', a folder written by save_pretrained, or a hub name that is cached.",
        ) from None
    return model.to(target).eval(), processor


def pick_device(device: str) -> torch.device:
    """``auto`` is the first GPU where there is one."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        chosen = torch.device(device)
    except RuntimeError:
        raise UsageError(f"{device!r} is not a device.", "Use auto, cpu, cuda or cuda:N.") from None
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise UsageError(f"Device {device!r} was asked for, but no GPU is visible to PyTorch.")
    return chosen


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
