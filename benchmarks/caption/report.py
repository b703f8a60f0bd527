"""Measurements to tables: ``python -m benchmarks.caption.report RESULT.json`` writes Markdown."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.caption.ratios import BUSY, ratios
from benchmarks.ratio import Ratio
from benchmarks.tables import piped, plain

Run = dict[str, Any]
RATES = ("program", "tokens/s", "min – max", "CPU ms/token", "of it Java", "pictures/s", "errors")
RATIOS = ("ratio of tokens/s", "median", "min – max", "by CPU time", "wanted", "")
STAGE = ("stage", "busy", "waiting", "padding", "GPU by its driver", "calls", "wanted busy", "")
RECOVERY = ("memory", "pictures", "rows", "errors", "recovered", "downscaled", "complete")
_ANSWERS = {True: "yes", False: "NO", None: ""}


def rates(run: Run) -> list[list[str]]:
    """A row a program: what it generated in a second of wall time, and what a token cost."""
    rows = []
    for name, results in run["results"].items():
        if not results:
            continue
        speeds = [result["tokens"] / result["seconds"] for result in results]
        spent = [
            1000 * result["cpu_seconds"] / result["tokens"]
            for result in results
            if result.get("cpu_seconds") and result["tokens"]
        ]
        java = median(1000 * result.get("java_seconds", 0) / result["tokens"] for result in results)
        pictures = median(result["pictures"] / result["seconds"] for result in results)
        rows.append(
            [
                name,
                _number(median(speeds)),
                f"{_number(min(speeds))} – {_number(max(speeds))}",
                f"{median(spent):.3f}" if spent else "",
                f"{java:.3f}" if java else "",
                _number(pictures),
                str(max(result["errors"] for result in results)),
            ]
        )
    return rows


def ratio_rows(found: Sequence[Ratio]) -> list[list[str]]:
    """A row a ratio, with whether it is what is wanted."""
    return [
        [
            ratio.name,
            f"{ratio.median:.2f}",
            f"{min(ratio.values):.2f} – {max(ratio.values):.2f}",
            "" if ratio.processor is None else f"{ratio.processor:.2f}",
            f"≥ {ratio.wanted}" if ratio.wanted else "",
            _ANSWERS[ratio.reached],
        ]
        for ratio in found
    ]


def stage(run: Run) -> list[list[str]]:
    """A row for each program that is our stage: shares of its time, and of the tokens computed."""
    rows = []
    for name, results in run["results"].items():
        works = [result["work"] for result in results if result.get("work")]
        if not works:
            continue
        busy = median(work["busy_share"] for work in works)
        told = [r["utilisation"] for r in results if r.get("utilisation") is not None]
        bar = run["device"].startswith("cuda")
        rows.append(
            [
                name,
                _percent(busy),
                _percent(median(work["wait_share"] for work in works)),
                _percent(median(work["padding_share"] for work in works)),
                _percent(median(told)) if told else "",
                str(works[0]["calls"]),
                f"≥ {_percent(BUSY)}" if bar else "",
                _ANSWERS[busy >= BUSY if bar else None],
            ]
        )
    return rows


def recovery(run: Run) -> list[list[str]]:
    """The row of the forced lack of memory."""
    told = run.get("recovery")
    if not told:
        return []
    counts = [str(told[k]) for k in ("pictures", "rows", "errors", "failures", "shrunk")]
    return [[told["how"], *counts, _ANSWERS[told["complete"] and told["failures"] > 0]]]


def text(run: Run) -> str:
    """All tables and notes, for a terminal."""
    tables = [f"\n{title}\n{plain(head, rows)}" for title, head, rows in _tables(run) if rows]
    return "\n".join([*tables, *(f"\n{note}" for note in run["notes"])])


def markdown(run: Run) -> str:
    """All tables, for the documentation."""
    return "\n".join(
        f"**{title}**\n\n{piped(header, rows)}\n" for title, header, rows in _tables(run) if rows
    )


def _tables(run: Run) -> list[tuple[str, Sequence[str], list[list[str]]]]:
    title = (
        f"{run['model']} ({run['weights'] / 1e6:,.1f} million weights) on {run['device']}: "
        f"{run['pictures']} pictures, {run['new_tokens']} tokens each, "
        f"batches of {run['batch_sizes']}"
    )
    return [
        (title, RATES, rates(run)),
        ("Ratios, each of runs of one round", RATIOS, ratio_rows(ratios(run))),
        ("The stage", STAGE, stage(run)),
        ("A lack of memory, brought about", RECOVERY, recovery(run)),
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


if __name__ == "__main__":
    print(markdown(json.loads(Path(sys.argv[1]).read_text("utf-8"))))
