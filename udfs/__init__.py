"""Functions that run inside executors over Arrow and pandas batches, thin around the pure core.

For notebooks and SQL: ``caption_udf``, ``translate_udf``, ``language_udf``, ``culture_udf``.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "caption_udf": "udfs.caption",
    "translate_udf": "udfs.translate",
    "language_udf": "udfs.language",
    "culture_udf": "udfs.culture",
}

__all__ = ["caption_udf", "culture_udf", "language_udf", "translate_udf"]


def __getattr__(name: str) -> Any:
    """Import a UDF when it is asked for: an executor loads only what it runs."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
