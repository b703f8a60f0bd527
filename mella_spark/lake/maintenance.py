"""Keeping the tables in shape: status, OPTIMIZE, VACUUM, and pins of versions in use."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mella_spark.errors import UsageError
from mella_spark.lake.schemas import TABLES
from mella_spark.lake.tables import Lake

MIN_RETENTION_HOURS = 24.0
"""Hours; a reader of a version younger than this may still be at work."""

LOG_RETENTION_HOURS = 30 * 24
"""Hours; Delta's own default for commits in the log."""


def table_status(lake: Lake) -> dict[str, dict[str, int]]:
    """Version and rows of each table that exists."""
    return {
        name: {"version": lake.version(name), "rows": lake.count(name)}
        for name in TABLES
        if lake.exists(name)
    }


def pin(folder: Path, table: str, version: int, committed_ms: int) -> Path:
    """Notes in ``folder`` that ``version`` of ``table`` is in use.

    ``committed_ms`` is when the version was committed, Unix milliseconds: VACUUM keeps the files
    of that moment for as long as the note is there. Returns the note's path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{table.rstrip('/').rpartition('/')[2]}-{version}.json"
    note = {"table": table, "version": version, "committed_ms": committed_ms}
    path.write_text(json.dumps(note), encoding="utf-8")
    return path


def commit_ms(table: str, version: int) -> int:
    """When ``version`` of the table at this path was committed, Unix milliseconds."""
    from deltalake import DeltaTable

    return int(DeltaTable(table, version=version).history(1)[0]["timestamp"])


def pins(folder: Path) -> list[dict[str, Any]]:
    """All notes in ``folder``, sorted by file name."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]


def retention_hours(asked: float, notes: list[dict[str, Any]], now_ms: float) -> float:
    """Hours VACUUM must keep so that every pinned version stays whole, at least ``asked``.

    One hour more than the age of the oldest pin, because commits and clocks are not exact.
    """
    ages = [(now_ms - note["committed_ms"]) / 3.6e6 + 1 for note in notes]
    return max([asked, *ages])


def maintain(
    lake: Lake, asked_hours: float, tables: Iterable[str] = tuple(TABLES)
) -> dict[str, dict[str, Any]]:
    """OPTIMIZE, then VACUUM the tables, sparing what pins and ``asked_hours`` protect.

    Raises ``UsageError`` where ``asked_hours`` is below a day.
    """
    if asked_hours < MIN_RETENTION_HOURS:
        raise UsageError(
            f"--retention-hours {asked_hours:g} is too short.",
            f"Give at least {MIN_RETENTION_HOURS:g}: a reader may be at work on older files.",
        )
    folder = lake.root.local / "_pins" if lake.root.local else None
    notes = pins(folder) if folder and folder.is_dir() else []
    result = {}
    for name in tables:
        if not lake.exists(name):
            continue
        mine = [note for note in notes if note["table"].rstrip("/").endswith(f"/{name}")]
        hours = retention_hours(asked_hours, mine, time.time() * 1000)
        reference = lake.reference(name)
        before = _files(lake, name)
        lake.spark.sql(f"OPTIMIZE {reference}")
        _retain(lake, name, math.ceil(hours))
        lake.spark.sql(f"VACUUM {reference}")
        result[name] = {
            "files_before": before,
            "files_after": _files(lake, name),
            "retained_hours": math.ceil(hours),
            "pinned_versions": sorted(note["version"] for note in mine),
        }
    return result


def _retain(lake: Lake, name: str, hours: int) -> None:
    # Delta 4.4 ignores VACUUM's own RETAIN: what counts is the table's property.
    wanted = {
        "delta.deletedFileRetentionDuration": f"interval {hours} hours",
        "delta.logRetentionDuration": f"interval {max(hours, LOG_RETENTION_HOURS)} hours",
    }
    reference = lake.reference(name)
    rows = lake.spark.sql(f"SHOW TBLPROPERTIES {reference}").collect()
    properties = {row["key"]: row["value"] for row in rows}
    if any(properties.get(key) != value for key, value in wanted.items()):
        pairs = ", ".join(f"'{key}' = '{value}'" for key, value in wanted.items())
        lake.spark.sql(f"ALTER TABLE {reference} SET TBLPROPERTIES ({pairs})")


def _files(lake: Lake, name: str) -> int:
    row = lake.spark.sql(f"DESCRIBE DETAIL {lake.reference(name)}").first()
    assert row is not None
    return int(row["numFiles"])
