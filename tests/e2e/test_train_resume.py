"""A training killed ten times with SIGKILL ends with the weights of an undisturbed one."""

import json
import multiprocessing
import signal
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit"))
from tiny_vlm import make_vlm, rows, write_table

from mella_spark.settings import load_settings
from mella_spark.training.curve import read_curve
from mella_spark.training.sft import train

STEPS = 60
KILLED_AT = (1, 5, 5, 14, 20, 26, 31, 41, 48, 53)  # between checkpoints, and right after some
PATIENCE_SECONDS = 240  # for a loaded machine; a start takes about two seconds


@pytest.fixture
def processes(monkeypatch):
    """Makes real processes quickly: forked from a server that has imported the trainer once."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mella_spark.training.sft"])
    return context


def kill_at(process, out, step):
    """SIGKILL as soon as the curve shows ``step``; fails where the process ends before."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while process.is_alive() and time.monotonic() < deadline:
        if any(point["step"] >= step for point in read_curve(out / "curve.jsonl")):
            process.kill()
            process.join()
            assert process.exitcode == -signal.SIGKILL
            return
        time.sleep(0.005)
    pytest.fail(f"step {step} was not seen; exit code {process.exitcode}")


@pytest.mark.timeout(1200)
def test_killed_training_ends_like_an_undisturbed_one(tmp_path, processes):
    settings = load_settings(environment={}).train.model_copy(
        update={
            "model": str(make_vlm(tmp_path / "vlm")),
            "max_steps": STEPS,
            "batch_size": 4,
            "accumulation": 2,
            "lora_rank": 4,
            "lora_dropout": 0.2,
            "log_steps": 1,
            "validation_steps": 10,
            "validation_samples": 8,
            "checkpoint_steps": 4,
            "deterministic": True,
            "device": "cpu",
            "tensorboard": False,
        }
    )
    table = write_table(tmp_path / "mella", rows(100))

    def start(out):
        process = processes.Process(target=train, args=(table, out, settings))
        process.start()
        return process

    calm, shaken = tmp_path / "calm", tmp_path / "shaken"
    for step in KILLED_AT:
        kill_at(start(shaken), shaken, step)
    assert not (shaken / "train.json").exists()
    for out in (shaken, calm):
        process = start(out)
        process.join(PATIENCE_SECONDS)
        assert process.exitcode == 0

    ends = [(out / "adapter" / "adapter_model.safetensors").read_bytes() for out in (calm, shaken)]
    assert ends[0] == ends[1]
    results = [json.loads((out / "train.json").read_text()) for out in (calm, shaken)]
    assert results[0]["resumed_at"] == []
    assert len(results[1]["resumed_at"]) >= len(KILLED_AT) - 3  # the first three had no checkpoint
    for name in ("steps", "tokens", "losses", "version", "counts"):
        assert results[0][name] == results[1][name]
    curves = [
        [(p["kind"], p["step"], p["loss"]) for p in read_curve(out / "curve.jsonl")]
        for out in (calm, shaken)
    ]
    assert curves[0] == curves[1]
    assert len([p for p in curves[0] if p[0] == "train"]) == STEPS
    assert [path.name for path in shaken.rglob(".*")] == []
