"""Which programs are compared with which, and what is wanted of the project."""

from __future__ import annotations

from statistics import median
from typing import Any

from benchmarks.ratio import Ratio

BARE, OURS, SPARK = "bare loop", "ours", "ours through Spark"
ONE, PIPELINE, VLLM = "one picture at a time", "pipeline", "vLLM"
# (ours, theirs, at least, on what device only)
WANTED: tuple[tuple[str, str, float | None, str | None], ...] = (
    (SPARK, BARE, 0.9, None),
    (OURS, BARE, None, None),
    (SPARK, OURS, None, None),
    (OURS, ONE, 3.0, "cuda"),
    (OURS, ONE, None, "cpu"),
    (OURS, PIPELINE, None, None),
    (OURS, VLLM, None, None),
)
BUSY = 0.9
"""Least share of the stage in which the model works, on a GPU."""


def ratios(run: dict[str, Any]) -> list[Ratio]:
    """Tokens a second, for the programs of which both were measured.

    By processor time too, which counts what ours does beside the model, wherever that ran; None
    where the processor waits for a GPU.
    """
    device = run["device"].partition(":")[0]
    wall, processor = (
        {
            name: [result["tokens"] / result[key] for result in results if result.get(key)]
            for name, results in run["results"].items()
        }
        for key in ("seconds", "cpu_seconds")
    )
    found = []
    for ours, theirs, wanted, only in WANTED:
        if not (wall.get(ours) and wall.get(theirs)) or only not in (None, device):
            continue
        # A program measured in fewer rounds is compared within those.
        values = tuple(a / b for a, b in zip(wall[ours], wall[theirs], strict=False))
        both = processor[ours] and processor[theirs] and device == "cpu"
        spent = median(processor[ours]) / median(processor[theirs]) if both else None
        found.append(Ratio(f"{ours} / {theirs}", values, spent, wanted))
    return found
