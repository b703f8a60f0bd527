"""Which programs are compared with which, and what is wanted of the project."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.ratio import Ratio

FULL, TRIPLES = "ours, everything", "ours, triples"
BARE, LEXBOR, RESILIPARSE = "FastWARC alone", "FastWARC + Lexbor", "FastWARC + Resiliparse"
SOUP, CC2DATASET = "warcio + BeautifulSoup", "cc2dataset"
MAP_1, MAP_2 = "Spark map, 1 core", "Spark map, 2 cores"
STAGE_1, STAGE_2 = "Spark stage, 1 core", "Spark stage, 2 cores"
TWO = "ours, everything, two processes"
WRITTEN = "ours, everything, to Parquet"  # what the Spark stage also does, but for the commits
# (input, ours, theirs, at least)
WANTED: tuple[tuple[str, str, str, float | None], ...] = (
    ("web", FULL, LEXBOR, 0.7),
    ("web", TRIPLES, LEXBOR, 0.9),
    ("web", FULL, RESILIPARSE, None),
    ("web", FULL, BARE, None),
    ("slice", FULL, SOUP, 8.0),
    ("web-wat", FULL, CC2DATASET, 1.5),
    ("web-wat", TRIPLES, CC2DATASET, 1.5),
    ("crawl", FULL, LEXBOR, 0.7),
    ("crawl", TRIPLES, LEXBOR, 0.9),
    ("crawl", FULL, RESILIPARSE, None),
    ("crawl", FULL, BARE, None),
    ("crawl", FULL, SOUP, 8.0),
    ("crawl-wat", FULL, CC2DATASET, 1.5),
    ("crawl-wat", TRIPLES, CC2DATASET, 1.5),
    ("web", MAP_1, FULL, None),
    ("web", MAP_2, FULL, None),
    ("web", MAP_2, MAP_1, None),
    ("web", STAGE_1, FULL, None),
    ("web", STAGE_2, FULL, 1.6),
    ("web", STAGE_2, WRITTEN, 1.6),
    ("web", STAGE_2, STAGE_1, None),
    ("web", TWO, FULL, None),
)


@dataclass(frozen=True)
class InputRatio(Ratio):
    """Pages a second on one input."""

    input: str


def ratios(run: dict[str, Any]) -> list[InputRatio]:
    """The ratios of which both programs were measured."""
    wall, processor = (
        {
            (job["input"], job["name"]): [result[key] / result["passes"] for result in results]
            for job in run["jobs"]
            if (results := job["results"])
        }
        for key in ("seconds", "cpu_seconds")
    )
    found = []
    for source, ours, theirs, wanted in WANTED:
        mine, others = (source, ours), (source, theirs)
        if mine in wall and others in wall:
            # A program measured in fewer rounds is compared within those.
            values = tuple(b / a for a, b in zip(wall[mine], wall[others], strict=False))
            spent = median(processor[others]) / median(processor[mine])
            found.append(InputRatio(f"{ours} / {theirs}", values, spent, wanted, source))
    return found
