"""Wall and processor seconds of this process and of all that it started."""

from __future__ import annotations

import os
import time
from pathlib import Path


class Clock:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._wall, self._processor = time.perf_counter(), processor_seconds()

    def seconds(self) -> tuple[float, float]:
        """Wall time, and processor time with Java's and the workers'."""
        return time.perf_counter() - self._wall, processor_seconds() - self._processor


def processor_seconds() -> float:
    """Processor time so far of this process and of all below it, alive or ended."""
    if not Path("/proc/self/stat").exists():
        return time.process_time()
    parents: dict[int, list[int]] = {}
    spent: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        process = int(stat.parent.name)
        parents.setdefault(int(fields[1]), []).append(process)
        spent[process] = sum(map(int, fields[11:15]))  # own and ended children's; user and system
    tree = [os.getpid()]
    for process in tree:
        tree += parents.get(process, [])
    return sum(spent.get(process, 0) for process in tree) / os.sysconf("SC_CLK_TCK")
