"""Measurements to tables: ``python -m benchmarks.extract.report RESULT.json`` writes Markdown."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.extract.cost import per_billion_pairs
from benchmarks.extract.ratios import InputRatio, ratios
from benchmarks.tables import piped, plain

Run = dict[str, Any]
RATES = (
    "program",
    "pages/s",
    "min – max",
    "CPU ms/page",
    "MB/s packed",
    "MB/s unpacked",
    "MB of memory",
    "s to start",
)
PAIRS = ("program", "pairs", "right", "missed", "wrong", "ours lacks", "wrong are")
RATIOS = ("ratio", "median", "min – max", "by CPU time", "wanted", "")
COSTS = ("program", "pairs a page", "core hours", "GB read", "dollars")


def rates(run: Run, name: str) -> list[list[str]]:
    """A row a program: what it read in a second. Memory is the peak of its largest process."""
    source = run["inputs"][name]
    rows = []
    for job in run["jobs"]:
        if job["input"] != name or not job["results"]:
            continue
        results = job["results"]
        speeds = [pages_a_second(source, result) for result in results]
        middle = median(speeds)
        rows.append(
            [
                job["name"],
                _number(middle),
                f"{_number(min(speeds))} – {_number(max(speeds))}",
                f"{1000 * median(processor_seconds(source, result) for result in results):.3f}",
                _number(middle * source["compressed"] / source["pages"] / 1e6),
                _number(middle * source["uncompressed"] / source["pages"] / 1e6),
                _memory(results),
                f"{median(result['startup_seconds'] for result in results):.1f}",
            ]
        )
    return rows


def pages_a_second(source: dict[str, Any], result: dict[str, Any]) -> float:
    """Pages that a run got through in a second."""
    return float(source["pages"] * result["passes"] / result["seconds"])


def processor_seconds(source: dict[str, Any], result: dict[str, Any]) -> float:
    """Processor time that a page took, of all processes of a run; other programs do not count."""
    return float(result["cpu_seconds"] / result["passes"] / source["pages"])


def pairs(run: Run, name: str) -> list[list[str]]:
    """A row a program: how many of its pairs are right."""
    rows = []
    for program, found in run["pairs"].get(name, {}).items():
        counts = [str(found[key]) for key in ("found", "correct", "missed", "wrong", "lost")]
        why = "; ".join(f"{count} {reason}" for reason, count in found["reasons"].items())
        rows.append([program, *counts, why])
    return rows


def ratio_rows(found: Sequence[InputRatio]) -> list[list[str]]:
    """A row a ratio, with whether it is what is wanted."""
    return [
        [
            f"{ratio.name} ({ratio.input})",
            f"{ratio.median:.2f}",
            f"{min(ratio.values):.2f} – {max(ratio.values):.2f}",
            f"{ratio.processor:.2f}",
            f"≥ {ratio.wanted}" if ratio.wanted else "",
            {True: "yes", False: "NO", None: ""}[ratio.reached],
        ]
        for ratio in found
    ]


def costs(run: Run, name: str) -> list[list[str]]:
    """A row a program: what a billion pairs would cost at its speed on this input."""
    source = run["inputs"][name]
    rows = []
    for job in run["jobs"]:
        results = job["results"]
        if job["input"] != name or job["cores"] * job["copies"] > 1 or not results:
            continue
        if not results[0]["pairs"]:
            continue
        speed = median(pages_a_second(source, result) for result in results)
        density = results[0]["pairs"] / source["pages"]
        packed = source["compressed"] / source["pages"]
        cost = per_billion_pairs(speed, density, packed, run["dollars_per_core_hour"])
        rows.append(
            [
                job["name"],
                f"{density:.1f}",
                f"{cost.core_hours:,.1f}",
                f"{cost.gigabytes:,.0f}",
                f"{cost.dollars:,.2f}",
            ]
        )
    return rows


def text(run: Run) -> str:
    """All tables, for a terminal."""
    return "\n".join(
        f"\n{title}\n{plain(header, rows)}" for title, header, rows in _tables(run) if rows
    )


def markdown(run: Run) -> str:
    """All tables, for the documentation."""
    return "\n".join(
        f"**{title}**\n\n{piped(header, rows)}\n" for title, header, rows in _tables(run) if rows
    )


def _tables(run: Run) -> list[tuple[str, Sequence[str], list[list[str]]]]:
    tables: list[tuple[str, Sequence[str], list[list[str]]]] = []
    for name, source in run["inputs"].items():
        title = (
            f"{name}: {source['pages']:,} pages, {source['compressed'] / 1e6:,.0f} MB packed, "
            f"{source['uncompressed'] / 1e6:,.0f} MB unpacked"
        )
        tables.append((title, RATES, rates(run, name)))
        tables.append((f"{name}: pairs", PAIRS, pairs(run, name)))
        tables.append((f"{name}: a billion pairs", COSTS, costs(run, name)))
    tables.append(("Ratios, each of runs of one round", RATIOS, ratio_rows(ratios(run))))
    if run.get("memory"):
        header = (
            "program",
            "largest process MB",
            "largest child MB",
            "all processes MB",
            "seconds",
        )
        tables.append(("Memory on the heavy archive", header, memory(run)))
    return tables


def memory(run: Run) -> list[list[str]]:
    """A row a program: peaks on the archive with records of up to 60 MiB."""
    rows = []
    for name, result in run["memory"].items():
        worker = result.get("worker_rss_mb") or result["rss_mb"]
        child = "" if result.get("worker_rss_mb") else f"{result['child_rss_mb']:.0f}"
        rows.append(
            [name, f"{worker:.0f}", child, f"{result['tree_mb']:.0f}", f"{result['seconds']:.0f}"]
        )
    return rows


def _memory(results: Sequence[dict[str, Any]]) -> str:
    """The peak; for Spark that of its largest Python worker, where it is known, and of the JVM."""
    peak = max(result.get("worker_rss_mb", result["rss_mb"]) for result in results)
    jvm = max(result.get("jvm_rss_mb", 0) for result in results)
    return (f"{peak:.0f}" if peak else "") + (f" + JVM {jvm:.0f}" if jvm else "")


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


if __name__ == "__main__":
    print(markdown(json.loads(Path(sys.argv[1]).read_text("utf-8"))))
