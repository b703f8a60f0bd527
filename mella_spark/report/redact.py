"""Settings as text for a page that gets passed around: without secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

REDACTED = "(not shown)"
# Spark's own spark.redaction.regex, plus the names that storage connectors use.
_SECRET = re.compile(
    r"(?i)secret|passw|(?<!_)token(?!is|s\b)|credential|signature|\bsas\b|(access|account|private|api)"
    r"[._-]?key"
)
_USER = re.compile(r"(?<=://)[^/@\s]+@")
_QUERY = re.compile(r"(\b\w+://[^\s?#]+)\?[^\s#]+")


def without_credentials(text: str) -> str:
    """``text`` without user names, passwords and query strings of addresses in it."""
    return _QUERY.sub(r"\1", _USER.sub("", text))


def flatten(settings: Mapping[str, Any], prefix: str = "") -> tuple[tuple[str, str], ...]:
    """``section.key`` and value, as JSON, of all settings; values of secrets are not shown.

    A secret is a value whose key, or in the section ``spark`` whose text, has the look of one.
    """
    rows: list[tuple[str, str]] = []
    for name, value in settings.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping) and value:
            rows += flatten(value, f"{key}.")
            continue
        spark = key.startswith("spark.")
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if _SECRET.search(key) or (spark and _SECRET.search(text)):
            rows.append((key, REDACTED))
        else:
            rows.append((key, without_credentials(text)))
    return tuple(rows)
