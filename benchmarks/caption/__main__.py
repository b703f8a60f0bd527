"""Captioning side by side with other ways to run the same model, on the same pictures, in one run.

On a machine with a GPU and neither Spark nor Java: ``python -m benchmarks.caption --device cuda``.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.caption import environments, report
from benchmarks.caption.plan import Plan, plan, turns
from benchmarks.caption.ratios import BARE, ONE, OURS, PIPELINE, SPARK, VLLM
from benchmarks.machine import commit, machine

if TYPE_CHECKING:
    from benchmarks.caption.subject import Subject

RESULTS = environments.HOME / "results"


def main() -> int:
    """Measures as the command line says; prints tables and writes them as JSON."""
    given, others = _arguments()
    if given.environment:
        return environments.run_in(given.environment, others)
    chosen = plan(
        given.device,
        **{name: getattr(given, name) for name in vars(plan("cpu")) if name != "device"},
    )
    if chosen.threads:  # before PyTorch is imported, and for the workers too
        os.environ["OMP_NUM_THREADS"] = str(chosen.threads)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    run = measure(chosen, given)
    print(f"\n{run['machine']}; {run['date']}; {chosen.rounds} rounds, {run['threads']} thread(s)")
    print(", ".join(f"{name} {version}" for name, version in run["versions"].items()))
    print(report.text(run))
    RESULTS.mkdir(parents=True, exist_ok=True)
    target = RESULTS / f"caption-{chosen.model}-{time.strftime('%Y%m%d-%H%M%S')}.json"
    target.write_text(json.dumps(run, indent=1, ensure_ascii=False), "utf-8")
    print(f"\nAll numbers: {target.relative_to(environments.CHECKOUT)}")
    return 0


def measure(chosen: Plan, given: argparse.Namespace) -> dict[str, Any]:
    """The whole run, ready for JSON."""
    import torch

    from benchmarks.caption import pictures, programs, subject
    from mella_spark.settings import load_settings

    if chosen.threads:
        torch.set_num_threads(chosen.threads)
    path = pictures.stored(environments.HOME / "inputs", chosen.pictures, chosen.side)
    folder = environments.HOME / "models" / f"caption-{chosen.model}-{chosen.new_tokens}"
    spark = not given.no_spark and chosen.device == "cpu" and _importable("pyspark")
    vllm = _has_vllm(given.vllm)
    settings = load_settings(environment={})
    settings = settings.model_copy(
        update={
            "caption": settings.caption.model_copy(
                update={
                    "model": str(folder) if spark else chosen.model,
                    "device": chosen.device,
                    "batch_size": chosen.batch_size,
                    "max_new_tokens": chosen.new_tokens,
                    "idle_seconds": 3600.0,  # the worker stays warm while others have their turn
                }
            )
        }
    )
    _say(f"making {chosen.model} on {chosen.device}")
    stored = folder if spark or vllm else None
    captioner = subject.load(chosen.model, settings.caption, chosen.device, stored)
    asked = subject.Subject(captioner, settings.caption, pictures.batches(path))
    notes = [] if vllm else [f"vLLM cannot be imported by {given.vllm}: it is left out."]
    with ExitStack() as closing:
        closing.enter_context(asked.lent())
        jobs: list[tuple[str, Any]] = [
            (BARE, programs.bare),
            (OURS, programs.ours),
            (ONE, programs.one_by_one),
            (PIPELINE, programs.pipeline),
        ]
        threads = torch.get_num_threads()
        if spark:
            from benchmarks.caption.on_spark import OnSpark

            _say("starting Spark")
            through = OnSpark(settings, path, threads)
            closing.callback(through.close)
            jobs.append((SPARK, through))
            if through.threads != threads:
                notes.append(f"Spark's worker has {through.threads} threads, the others {threads}.")
        else:
            notes.append("Spark is left out.")
        slow = replace(asked, batches=pictures.batches(path, chosen.slow_pictures))
        _say("warming up")
        if chosen.device.startswith("cuda"):
            programs.ours(slow)  # the first calls load kernels
        programs.record(asked)
        some = replace(asked, batches=pictures.batches(path, 4 * chosen.batch_size))
        results = rounds(jobs, {ONE: slow, PIPELINE: some}, asked, chosen.rounds, notes)
        notes += sameness(results, chosen)
        recovered = None
        if not given.no_recovery:
            from benchmarks.caption.recovery import recover

            _say("a lack of memory")
            recovered = asdict(recover(asked))
    weights = sum(weight.numel() for weight in captioner.model.parameters())
    if vllm:
        del asked, slow, captioner
        results[VLLM] = _vllm(given.vllm, folder, path, chosen)
    return {
        "date": time.strftime("%Y-%m-%d"),
        "machine": _machine(chosen.device),
        "commit": commit(),
        "threads": threads,
        "versions": {"python": platform.python_version(), **subject.versions()},
        **asdict(chosen),
        "weights": weights,
        "batch_sizes": chosen.batch_size,
        "results": results,
        "recovery": recovered,
        "notes": notes,
    }


def rounds(
    jobs: Sequence[tuple[str, Any]],
    subjects: dict[str, Subject],
    usual: Subject,
    count: int,
    notes: list[str],
) -> dict[str, list[dict[str, Any]]]:
    """Every program once a round, in an order that turns, after a short run to warm it up.

    ``jobs`` are names and programs; ``subjects`` are those of programs that do not get the usual
    one. A program that fails is left out from there on, with a note.
    """
    from benchmarks.caption.clock import Clock
    from benchmarks.caption.subject import Utilisation

    results: dict[str, list[dict[str, Any]]] = {name: [] for name, _ in jobs}
    failed: set[str] = set()
    for number in range(-1, count):
        for name, program in turns(jobs, max(0, number)):
            if name in failed or (number < 0 and name in (BARE, OURS)):
                continue  # these two were run when the batches were recorded
            subject = subjects.get(name, usual)
            if number < 0:
                subject = replace(subject, batches=[subject.batches[0].slice(0, 4)])
            _say(f"round {number + 1}: {name}" if number >= 0 else f"warm-up: {name}")
            if name == SPARK:
                program.warm()
                if number < 0:
                    continue
            watch = Utilisation(usual.captioner.device)
            clock = Clock(tree=name == SPARK)
            try:
                made = program(subject)
            except Exception as error:  # a peer that cannot do it is a finding, not an end
                if name in (BARE, OURS, SPARK):
                    raise
                watch.stop()
                failed.add(name)
                told = " ".join(str(error).split())[:200]
                notes.append(f"{name} failed: {type(error).__name__}: {told}")
                continue
            seconds, processor = clock.seconds()
            told_by_driver = watch.stop()
            if number >= 0:
                times = {"seconds": seconds, "cpu_seconds": processor}
                results[name].append(times | asdict(made) | {"utilisation": told_by_driver})
    return results


def sameness(results: dict[str, list[dict[str, Any]]], chosen: Plan) -> list[str]:
    """What is not the same between the programs, though it should be; best nothing."""
    notes = []
    for name, made in results.items():
        for result in made[:1]:
            if result["tokens"] != result["pictures"] * chosen.new_tokens:
                notes.append(f"{name}: {result['tokens']} tokens for {result['pictures']} pictures")
    shapes = {
        (made[0]["work"]["calls"], made[0]["work"]["positions"])
        for made in results.values()
        if made and made[0].get("work")
    }
    if len(shapes) > 1:
        notes.append(f"Spark's batches are not those of the others (calls, tokens): {shapes}")
    return notes


def _machine(device: str) -> str:
    """The machine with its load, and the GPU."""
    load = f", load {os.getloadavg()[0]:.1f} at the end" if hasattr(os, "getloadavg") else ""
    told = machine(os.cpu_count() or 1) + load
    if not device.startswith("cuda"):
        return told
    import torch

    return f"{torch.cuda.get_device_name(device)}; {told}"


def _vllm(python: str, folder: Path, path: Path, chosen: Plan) -> list[dict[str, Any]]:
    """vLLM's results, from a process of its own that has the GPU for itself."""
    import gc

    import torch

    from mella_spark.models.prompts import load_prompt

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    _say("vLLM, in a process of its own")
    script = str(environments.HERE / "vllm_loop.py")
    command = [python, script, str(folder), str(path), "--tokens", str(chosen.new_tokens)]
    command += ["--rounds", str(chosen.rounds), "--prompt", load_prompt("plain").text.strip()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        made = json.loads(done.stdout.splitlines()[-1])
        return made if isinstance(made, list) else []
    except (IndexError, ValueError):
        print(f"vLLM failed:\n{done.stderr[-2000:]}", file=sys.stderr)
        return []


def _has_vllm(python: str) -> bool:
    command = [python, "-c", "import importlib.util as u, sys; sys.exit(not u.find_spec('vllm'))"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _importable(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def _arguments() -> tuple[argparse.Namespace, list[str]]:
    """What is asked, and the same words without ``--environment``."""
    from benchmarks.caption.shapes import SHAPES

    parser = argparse.ArgumentParser(prog="make bench-caption", description=__doc__)
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N")
    parser.add_argument("--model", choices=("embedded", *SHAPES))
    parser.add_argument("--pictures", type=int)
    parser.add_argument("--slow-pictures", type=int, help="for one picture at a time")
    parser.add_argument("--side", type=int, help="pixels of the median picture's longer side")
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--new-tokens", type=int, help="of every answer")
    parser.add_argument("--threads", type=int, help="of PyTorch; 0 for as many as it takes")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--no-spark", action="store_true", help="leave Spark out")
    parser.add_argument("--no-recovery", action="store_true", help="no lack of memory")
    parser.add_argument("--vllm", default=sys.executable, help="an interpreter that has vLLM")
    parser.add_argument("--environment", choices=("plain",), help="run there, without Spark")
    given = parser.parse_args()
    words = [word for word in sys.argv[1:] if word not in ("--environment", "plain")]
    return given, [word for word in words if not word.startswith("--environment=")]


if __name__ == "__main__":
    sys.exit(main())
