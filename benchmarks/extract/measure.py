"""Programs run in processes of their own, on cores of their own, in turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.extract.environments import HERE, python_of
from benchmarks.extract.inputs import Input

Result = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """A program on an input. ``copies`` share the files and run at once, each on its core."""

    name: str
    environment: str
    script: str
    input: Input
    options: tuple[str, ...] = ()
    cores: int = 1
    copies: int = 1
    min_seconds: float = 0.0
    rounds: int | None = None
    results: list[Result] = field(default_factory=list, compare=False)

    def command(self, *more: str) -> list[str]:
        """The command line."""
        script = str(HERE / "loops" / f"{self.script}_loop.py")
        return [str(python_of(self.environment)), script, *self.options, *more, *self.input.files]


def cores() -> list[int]:
    """The cores that may be used; the last first, as the first also serves interrupts."""
    if not hasattr(os, "sched_getaffinity"):
        return list(range(os.cpu_count() or 1))
    return sorted(os.sched_getaffinity(0), reverse=True)


def run_rounds(jobs: Sequence[Job], rounds: int, warm: dict[str, str]) -> None:
    """Runs every job once a round, in an order that turns; results go into the jobs.

    ``warm`` are the small files by kind of input.
    """
    for number in range(rounds):
        turn = number * 3 % max(1, len(jobs))
        for job in (*jobs[turn:], *jobs[:turn]):
            if job.rounds is None or number < job.rounds:
                print(f"round {number + 1}: {job.input.name}: {job.name}", file=sys.stderr)
                job.results.append(run(job, warm))


def run(job: Job, warm: dict[str, str]) -> Result:
    """One measurement. Raises SystemExit where the program fails."""
    more = ["--warm", warm[job.input.kind], "--min-seconds", str(job.min_seconds)]
    free = cores()
    if job.copies == 1:
        chosen = ",".join(str(core) for core in free[: job.cores])
        return _finish(_start(job.command("--cores", chosen, *more)))
    running = [
        _start(job.command("--cores", str(free[n]), "--part", f"{n}/{job.copies}", *more))
        for n in range(job.copies)
    ]
    results = [_finish(process) for process in running]
    together: Result = {key: max(result[key] for result in results) for key in results[0]}
    return together | {"pairs": sum(result["pairs"] for result in results)}


def write_pairs(jobs: Iterable[Job], folder: Path) -> dict[str, Path]:
    """The pairs that each job finds, in files by name; as many at once as there are cores."""
    folder.mkdir(parents=True, exist_ok=True)
    waiting = [
        (job, folder / f"{job.input.name}-{job.name.replace(' ', '-')}.jsonl") for job in jobs
    ]
    width = len(cores())
    for start in range(0, len(waiting), width):
        some = waiting[start : start + width]
        running = [_start(job.command("--pairs", str(path))) for job, path in some]
        for process in running:
            _finish(process, expect_json=False)
    return {job.name: path for job, path in waiting}


class TreeMemory:
    """Peak memory of a process and all its children, in MB, shared pages counted once (PSS)."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.peak = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """Ends the watch and returns the peak."""
        self._stop.set()
        self._thread.join()
        return self.peak

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            self.peak = max(self.peak, sum(map(_proportional_mb, _tree(self.pid))))


def run_watched(job: Job, warm: dict[str, str]) -> Result:
    """One run with the memory of the whole process tree."""
    chosen = ",".join(str(core) for core in cores()[: job.cores])
    process = _start(job.command("--cores", chosen, "--warm", warm[job.input.kind]))
    memory = TreeMemory(process.pid)
    result = _finish(process)
    return result | {"tree_mb": memory.stop()}


def _start(command: list[str]) -> subprocess.Popen[str]:
    environment = {**os.environ, "BENCH_STARTED": str(time.time()), "PYTHONHASHSEED": "0"}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _finish(process: subprocess.Popen[str], expect_json: bool = True) -> Result:
    output, errors = process.communicate()
    if process.returncode != 0:
        command = " ".join(str(word) for word in process.args)  # type: ignore[union-attr]
        raise SystemExit(f"{command}\nended with {process.returncode}:\n{errors[-3000:]}")
    return json.loads(output.splitlines()[-1]) if expect_json else {}


def _tree(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = [pid]
    for parent in found:
        found += children.get(parent, [])
    return found


def _proportional_mb(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1e3
    except (OSError, ValueError):
        pass
    return 0.0
