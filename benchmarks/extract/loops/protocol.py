"""What every measured program does around its loop. Standard library only: it runs everywhere.

A loop is a function of paths and of ``pair``, which it calls with page, address and alt; timed,
that prints a line to the null device, and with ``--pairs FILE`` into a file of JSON lines. The loop
runs once over ``--warm``, untimed, so that imports, compilers and caches count as start-up; then
over the files until ``--min-seconds`` have passed. The last line printed is a JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import sys
import time
from collections.abc import Callable

Pair = Callable[[str, str, str], None]
Loop = Callable[[list[str], Pair], None]


class Counter:
    """Prints and counts pairs."""

    def __init__(self) -> None:
        self.count = 0
        self._write = open(os.devnull, "w", encoding="utf-8", errors="replace").write  # noqa: SIM115

    def pair(self, page: str, address: str, alt: str) -> None:
        """One pair."""
        self.count += 1
        self._write(f"{page}\t{address}\t{alt}\n")


def arguments(description: str | None) -> argparse.ArgumentParser:
    """The arguments that all programs take."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--warm", help="a small file to read first, untimed")
    parser.add_argument("--min-seconds", type=float, default=0.0)
    parser.add_argument("--pairs", help="write the pairs here, as JSON lines, instead of timing")
    parser.add_argument("--cores", help="cores to run on, as 0,1")
    return parser


def main(loop: Loop, description: str | None = None) -> None:
    """Runs ``loop`` as the command line says."""
    given = arguments(description).parse_args()
    pin(given.cores)
    if given.pairs:
        write_pairs(loop, given.files, given.pairs)
        return
    counter = Counter()
    if given.warm:
        loop([given.warm], counter.pair)
    counter.count = 0
    report(timed(lambda: loop(given.files, counter.pair), given.min_seconds), counter.count)


def pin(cores: str | None) -> None:
    """Keeps this process and its children on ``cores``, where the system can."""
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(core) for core in cores.split(",")})


def write_pairs(loop: Loop, files: list[str], target: str) -> None:
    """All pairs of ``files`` as JSON lines."""
    with open(target, "w", encoding="utf-8", errors="surrogatepass") as stream:
        loop(files, lambda *pair: print(json.dumps(pair), file=stream))


def timed(
    once: Callable[[], None], min_seconds: float = 0.0, clock: Callable[[], float] | None = None
) -> dict[str, float]:
    """Runs ``once`` until ``min_seconds`` have passed; seconds are of all passes together.

    ``clock`` gives the seconds of processor time so far, by default of this process.
    """
    clock = clock or cpu_seconds
    ready = time.time()
    wall, cpu, passes = time.perf_counter(), clock(), 0
    while not passes or time.perf_counter() - wall < min_seconds:
        once()
        passes += 1
    return {
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": clock() - cpu,
        "startup_seconds": ready - float(os.environ.get("BENCH_STARTED", ready)),
        "passes": passes,
    }


def cpu_seconds() -> float:
    """Of this process and of its children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def report(times: dict[str, float], pairs: int, **more: object) -> None:
    """Prints the result; memory is in MB: of this process, and of its largest ended child."""
    unit = 1e6 if sys.platform == "darwin" else 1e3
    result = {
        **times,
        "pairs": pairs // int(times["passes"]),
        "rss_mb": peak_mb(),
        "child_rss_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / unit,
        **more,
    }
    print(json.dumps(result))


def peak_mb(pid: int | str = "self") -> float:
    """Peak resident memory of a process in MB; 0 where it is not to be had."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            found = re.search(r"VmHWM:\s+(\d+)", status.read())
        return int(found.group(1)) / 1e3 if found else 0.0
    except OSError:
        # On Linux this is never less than what the parent had when it started the process.
        unit = 1e6 if sys.platform == "darwin" else 1e3
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_maxrss / unit if pid == "self" else 0.0
