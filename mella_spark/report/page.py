"""From plain values to one HTML page. Texts come from the web and are hostile: all are escaped."""

from __future__ import annotations

import base64
import re
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mella_spark import __version__
from mella_spark.report import charts
from mella_spark.report.data import SOURCES, SPLITS, THICK, ReportData, Thumbnail
from mella_spark.report.meanings import (
    EVIDENCE_MEANINGS,
    MAIN_METRICS,
    METRIC_NAMES,
    STAGE_UNITS,
    meaning,
    words,
)

SHOWN_REASONS = 5
"""Reasons that get a colour of their own in the funnel; the others share one."""

SOURCE_NAMES = {
    "know": "cultural knowledge",
    "ling": "linguistic skill",
    THICK: "captions that have seen the alt",
}
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def render(data: ReportData) -> str:
    """The page: valid on its own, without scripts and without any request to elsewhere."""
    return _environment().get_template("report.html.j2").render(data=data)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("mella_spark.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters |= {
        "number": lambda value: f"{value:,}",
        "percent": percent,
        "picture_uri": picture_uri,
        "words": words,
        "web_link": web_link,
    }
    environment.globals |= {
        "charts": charts,
        "evidence_meanings": EVIDENCE_MEANINGS,
        "main_metrics": MAIN_METRICS,
        "meaning": meaning,
        "metric_names": METRIC_NAMES,
        "shown_rejects": shown_rejects,
        "sources": (*SOURCES, THICK),
        "source_names": SOURCE_NAMES,
        "splits": SPLITS,
        "stage_units": STAGE_UNITS,
        "version": __version__,
    }
    return environment


def percent(part: float, whole: float) -> str:
    """``part`` of ``whole`` in percent: 0 % and 100 % only where that is exactly so."""
    if not whole:
        return "–"
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "< 0.1 %"
    if 99.9 < share < 100:
        return "> 99.9 %"
    return f"{share:.1f}".removesuffix(".0") + " %"


def picture_uri(picture: Thumbnail) -> Markup:
    """A thumbnail as ``data:`` URI."""
    return Markup("data:image/webp;base64,") + base64.b64encode(picture.webp).decode()


def web_link(address: str | None) -> str | None:
    """``address`` where it may stand in a link: http and https only."""
    return address if address and re.match(r"https?://[^\s]+$", address) else None


def shown_rejects(rejects: dict[str, int]) -> list[tuple[str, int]]:
    """Rejects, most frequent first, those past ``SHOWN_REASONS`` as one."""
    items = list(rejects.items())
    if len(items) <= SHOWN_REASONS + 1:
        return items
    rest = items[SHOWN_REASONS:]
    total = sum(count for _, count in rest)
    return [*items[:SHOWN_REASONS], (f"{len(rest)} other reasons", total)]


def _printable(value: Any) -> Any:
    """Text with what no page may hold (control characters, lone surrogates) replaced."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return _UNPRINTABLE.sub("\ufffd", value)
    return value
