"""Code that comes with a model: only where it is asked for, and only what was looked at.

Such code can do anything that the user can. A commit hash names bytes that nobody can change
afterwards; a branch or tag names whatever its owner puts there tomorrow.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from mella_spark.errors import SettingsError
from mella_spark.settings import AnswerSettings

_COMMIT = re.compile(r"[0-9a-f]{40}")
_CONFIGS = (
    "config.json",
    "tokenizer_config.json",
    "processor_config.json",
    "preprocessor_config.json",
    "video_preprocessor_config.json",
)


def check_remote_code(settings: AnswerSettings) -> None:
    """Raises ``SettingsError`` where code of a model would run that is not pinned.

    A hub model needs a commit hash as its revision. A model in a folder may bring code in that
    folder. Neither may send for code of another repository, as no setting could pin that.
    """
    if not settings.trust_remote_code:
        return
    folder = Path(settings.model)
    if not folder.is_dir() and not _COMMIT.fullmatch(settings.revision or ""):
        raise SettingsError(
            f"The code of {settings.model!r} may only run from a fixed revision.",
            "Set revision to the commit hash (40 hexadecimal digits) whose code you have read.",
        )
    for name in _CONFIGS:
        for other in sorted(foreign_code(_read(settings, name)) - {settings.model}):
            raise SettingsError(
                f"{settings.model!r} sends for code of another repository, {other!r}.",
                "Download both, put the code into one folder, and give that folder.",
            )


def foreign_code(config: Any) -> set[str]:
    """Repositories named in the ``auto_map`` of a model's configuration (``repository--file``)."""
    found: set[str] = set()
    if isinstance(config, dict):
        for key, value in config.items():
            if key == "auto_map":
                found |= {text.partition("--")[0] for text in _strings(value) if "--" in text}
            else:
                found |= foreign_code(value)
    elif isinstance(config, list):
        for item in config:
            found |= foreign_code(item)
    return found


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value
    return [text for part in parts for text in _strings(part)] if parts else []


def _read(settings: AnswerSettings, name: str) -> Any:
    """A JSON file of the model, None where it has none; what is broken shows when it is loaded."""
    from transformers.utils import cached_file

    try:
        path = cached_file(
            settings.model,
            name,
            revision=settings.revision,
            _raise_exceptions_for_missing_entries=False,
            _raise_exceptions_for_connection_errors=False,
            _raise_exceptions_for_gated_repo=False,
        )
        return None if path is None else json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
