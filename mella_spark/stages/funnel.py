"""What became of everything that was seen: the ledger, summed and checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mella_spark.lake.tables import Lake

FILE_PROBLEMS = {
    "missing_file": "{file} is missing.",
    "unreadable_file": "{file} cannot be read.",
    "not_warc": "{file} is not a WARC or WAT file.",
    "not_index": "{file} is not an index with languages and places of WARC records.",
    "unreachable_record": "{file}: some of the records it names could not be got.",
    "truncated_file": "{file} is cut short or ends in damage; all records before that were read.",
}


@dataclass(frozen=True)
class StageCount:
    """One stage's totals over all files."""

    stage: str
    seen: int
    kept: int
    rejects: dict[str, int]

    @property
    def balanced(self) -> bool:
        """Whether every item seen was kept or has a reason."""
        return self.seen == self.kept + sum(self.rejects.values())


def funnel(lake: Lake, order: Iterable[str]) -> list[StageCount]:
    """Totals of the stages in ``order`` that have counted anything."""
    rows = lake.read("ledger").groupBy("stage", "reason").sum("count").collect()
    totals: dict[str, dict[str, int]] = {}
    for stage, reason, count in rows:
        totals.setdefault(stage, {})[reason] = int(count)
    return [stage_count(stage, totals[stage]) for stage in order if stage in totals]


def stage_count(stage: str, counts: dict[str, int]) -> StageCount:
    """``counts`` by reason, split into seen, kept and rejects (most frequent first)."""
    rejects = {k: v for k, v in counts.items() if k not in ("seen", "kept") and v}
    ordered = dict(sorted(rejects.items(), key=lambda item: (-item[1], item[0])))
    return StageCount(stage, counts.get("seen", 0), counts.get("kept", 0), ordered)


def file_problems(lake: Lake, files: Iterable[str]) -> list[str]:
    """One sentence for each of ``files`` that could not be read, or not to its end."""
    wanted = set(files)
    rows = lake.read("ledger").where("stage = 'extract' AND count > 0").select("file", "reason")
    found = {(file, reason) for file, reason in rows.distinct().collect() if file in wanted}
    return [
        FILE_PROBLEMS[reason].format(file=file)
        for file, reason in sorted(found)
        if reason in FILE_PROBLEMS
    ]


def funnel_text(counts: Iterable[StageCount]) -> str:
    """The funnel as a table for a terminal."""
    lines = [f"{'stage':<10} {'seen':>9} {'kept':>9}  why the rest went"]
    for count in counts:
        reasons = ", ".join(f"{reason} {number:,}" for reason, number in count.rejects.items())
        lines.append(f"{count.stage:<10} {count.seen:>9,} {count.kept:>9,}  {reasons or '-'}")
    return "\n".join(lines)
