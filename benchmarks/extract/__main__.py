"""Extraction side by side with other readers, on the same files, in one run."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks.extract import environments, inputs, measure, ratios, report
from benchmarks.extract.cost import DOLLARS_PER_CORE_HOUR
from benchmarks.extract.inputs import Input
from benchmarks.extract.measure import Job
from benchmarks.machine import commit, machine

RESULTS = environments.HOME / "results"
_QUIET_LOAD = 0.6


def main() -> None:
    """Measures as the command line says; prints tables and writes them as JSON."""
    given = _arguments()
    for name in environments.NAMES:
        environments.prepare(name)
    folder = inputs.generated(given.size)
    sources = {source.name: source for source in inputs.generated_inputs(folder)}
    crawl = inputs.find_crawl(given.crawl)
    if crawl:
        sources |= {source.name: source for source in inputs.crawl_inputs(crawl)}
    else:
        print("No real crawl: give --crawl FOLDER or set MELLA_CRAWL. It is left out.")
    warm = {"warc": sources["slice"].files[0], "wat": sources["slice-wat"].files[0]}
    jobs = [job for source in sources.values() for job in plan(source)]
    if given.no_spark:
        jobs = [job for job in jobs if job.script != "spark"]
    run: dict[str, Any] = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine(len(measure.cores())),
        "commit": commit(),
        "rounds": given.rounds,
        "dollars_per_core_hour": given.dollars_per_core_hour,
        "versions": {
            "python": platform.python_version(),
            **environments.versions("fastwarc", ("fastwarc", "selectolax", "resiliparse")),
            **environments.versions("soup", ("warcio", "beautifulsoup4", "lxml")),
            **environments.versions("cc2dataset", ("cc2dataset", "pysimdjson")),
        },
        "inputs": {name: asdict(source) for name, source in sources.items()},
        "pairs": {} if given.no_pairs else check(sources, jobs),
    }
    _read_once(sources.values())
    _complain_of_load()
    try:
        measure.run_rounds(jobs, given.rounds, warm)
    except KeyboardInterrupt:
        print("Interrupted: what was measured so far follows.", file=sys.stderr)
        given.memory = False
    run["jobs"] = [asdict(job) | {"input": job.input.name} for job in jobs]
    if given.memory:
        run["memory"] = memory(given.memory_size, warm)
    print(f"\n{run['machine']}; {run['date']}; {run['rounds']} rounds")
    print(", ".join(f"{name} {version}" for name, version in run["versions"].items()))
    print(report.text(run))
    RESULTS.mkdir(parents=True, exist_ok=True)
    target = RESULTS / f"extract-{time.strftime('%Y%m%d-%H%M%S')}.json"
    target.write_text(json.dumps(run, indent=1, ensure_ascii=False), "utf-8")
    print(f"\nAll numbers: {target.relative_to(environments.CHECKOUT)}")


def plan(source: Input) -> list[Job]:
    """What is measured on an input."""
    short = 2.0 if source.name.startswith("crawl") else 0.0
    bare = Job(ratios.BARE, "fastwarc", "bare", source, min_seconds=short)
    lexbor = Job(ratios.LEXBOR, "fastwarc", "lexbor", source, min_seconds=short)
    resiliparse = Job(ratios.RESILIPARSE, "fastwarc", "resiliparse", source, min_seconds=short)
    full = Job(ratios.FULL, "ours", "ours", source, min_seconds=short)
    triples = replace(full, name=ratios.TRIPLES, options=("--detail", "triples"), results=[])
    soup = Job(ratios.SOUP, "soup", "soup", source, rounds=2)
    cc2dataset = Job(ratios.CC2DATASET, "cc2dataset", "cc2dataset", source, min_seconds=short)
    spark = Job("", "ours", "spark", source, rounds=2)
    on_spark = [
        replace(spark, name=name, options=("--what", what), cores=cores, results=[])
        for name, what, cores in (
            (ratios.MAP_1, "map", 1),
            (ratios.MAP_2, "map", 2),
            (ratios.STAGE_1, "stage", 1),
            (ratios.STAGE_2, "stage", 2),
        )
    ]
    if len(measure.cores()) < 2:
        on_spark = [job for job in on_spark if job.cores == 1]
    two = replace(full, name=ratios.TWO, copies=2, results=[])
    written = replace(full, name=ratios.WRITTEN, options=("--write",), results=[])
    return {
        "web": [bare, lexbor, resiliparse, full, triples, two, written, *on_spark],
        "slice": [lexbor, soup, full],
        "slice-wat": [],
        "crawl": [bare, lexbor, resiliparse, soup, full, triples],
    }.get(source.name, [bare, cc2dataset, full, triples])


def check(sources: dict[str, Input], jobs: list[Job]) -> dict[str, Any]:
    """How many pairs of each program are right, by input and program.

    What is right: of ``web``, what the generator knows; of other WARC files, what html5lib finds;
    of WAT files, what a plain reading of their JSON finds.
    """
    folder = RESULTS / "pairs"
    found: dict[str, Any] = {}
    for name, source in sources.items():
        programs = [
            job
            for job in jobs
            if job.input.name == name
            and job.script not in ("bare", "spark")
            and job.copies == 1
            and job.name != ratios.WRITTEN
        ]
        if programs:
            print(f"pairs of {name}", file=sys.stderr)
            truth = Path(source.truth or "") if name == "web" else _oracle(source)
            found[name] = _compare(truth, measure.write_pairs(programs, folder))
    return found


def memory(megabytes: int, warm: dict[str, str]) -> dict[str, Any]:
    """Peak memory on an archive with pages of up to 5 MiB and records of 60 MiB."""
    folder = inputs.generated(megabytes, heavy=True)
    source = next(item for item in inputs.generated_inputs(folder) if item.name == "web")
    plain = Job(ratios.FULL, "ours", "ours", source)
    spark = Job(ratios.MAP_2, "ours", "spark", source, ("--what", "map"), cores=2)
    found = {}
    for job in (plain, spark):
        print(f"memory of {job.name}", file=sys.stderr)
        found[job.name] = measure.run_watched(job, warm)
    return found


def _oracle(source: Input) -> Path:
    """The pairs of an independent reading, kept for the next run: html5lib takes minutes."""
    script = "wat_oracle" if source.kind == "wat" else "oracle"
    code = environments.HERE / "loops" / f"{script}_loop.py"
    read = [f"{file} {Path(file).stat().st_size}" for file in source.files]
    key = hashlib.sha256(code.read_bytes() + "\n".join(read).encode()).hexdigest()[:12]
    folder = environments.HOME / "oracles"
    target = folder / f"{source.name}-{key}.jsonl"
    if not target.exists():
        found = measure.write_pairs([Job("oracle", "soup", script, source)], folder)
        found["oracle"].rename(target)
    return target


def _compare(truth: Path, paths: dict[str, Path]) -> Any:
    script = str(environments.HERE / "compare.py")
    command = [str(environments.python_of("soup")), script, str(truth)]
    command += [f"{name}={path}" for name, path in paths.items()]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def _read_once(sources: Any) -> None:
    """Brings the files into the page cache: what is measured is not the disk."""
    for source in sources:
        for file in source.files:
            with open(file, "rb") as stream:
                while stream.read(1 << 20):
                    pass


def _complain_of_load() -> None:
    if hasattr(os, "getloadavg") and os.getloadavg()[0] > len(measure.cores()) + _QUIET_LOAD:
        print(f"Other programs use this machine (load {os.getloadavg()[0]:.1f}).", file=sys.stderr)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-extract", description=__doc__)
    parser.add_argument("--crawl", help="a folder of real WARC and WAT files")
    parser.add_argument("--size", type=int, default=1000, help="MB of generated pages, unpacked")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-pairs", action="store_true", help="measure only")
    parser.add_argument("--no-spark", action="store_true", help="leave Spark out")
    parser.add_argument("--memory", action="store_true", help="and memory, on a heavy archive")
    parser.add_argument("--memory-size", type=int, default=5000, help="MB of it, unpacked")
    parser.add_argument("--dollars-per-core-hour", type=float, default=DOLLARS_PER_CORE_HOUR)
    return parser.parse_args()


if __name__ == "__main__":
    main()
