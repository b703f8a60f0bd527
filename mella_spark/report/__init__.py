"""The HTML report: ``collect`` reads tables and model folder, ``render`` makes the page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mella_spark.errors import InputError
from mella_spark.report.data import ReportData
from mella_spark.report.page import render

if TYPE_CHECKING:
    from mella_spark.lake.tables import Lake
    from mella_spark.settings import Settings

__all__ = ["ReportData", "render", "write_report"]


def write_report(lake: Lake, out: Path, settings: Settings, model: Path | None) -> Path:
    """Writes the report on ``lake`` and, where given, on the training in folder ``model``.

    One self-contained HTML file at ``out``, replaced as a whole; returns its path. Raises
    ``InputError`` where there are no tables, the model folder holds files of another kind, or
    ``out`` cannot be written.
    """
    from mella_spark.report.collect import collect
    from mella_spark.training.files import write_atomically

    content = render(collect(lake, settings, model)).encode()
    try:
        write_atomically(out, content)
    except OSError as error:
        raise InputError(f"Cannot write the report to {out}: {error.strerror}.") from None
    return out
