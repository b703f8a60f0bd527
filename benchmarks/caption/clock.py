"""Wall and processor seconds of this process and of all that it started."""

from __future__ import annotations

import os
import time
from pathlib import Path


class Clock:
    """Seconds since it was made: wall time, and processor time of this process.

    With ``tree`` that of all below it too; it is right as long as none of them ends meanwhile.
    """

    def __init__(self, tree: bool = False) -> None:
        self._processor = processor_seconds if tree else time.process_time
        self._began = time.perf_counter(), self._processor()

    def seconds(self) -> tuple[float, float]:
        """Wall and processor time."""
        wall, processor = self._began
        return time.perf_counter() - wall, self._processor() - processor


def processor_seconds(pid: int | None = None) -> float:
    """Processor time so far of this process and of all below it, alive or ended.

    With ``pid`` that of one process, without those below it.
    """
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
        own, ended = fields[11:13], fields[13:15]  # user and system each; ended are children
        spent[process] = sum(map(int, own if pid else own + ended))
    tree = [os.getpid() if pid is None else pid]
    for process in tree:
        tree += parents.get(process, []) if pid is None else []
    return sum(spent.get(process, 0) for process in tree) / os.sysconf("SC_CLK_TCK")
