"""Supervised fine-tuning: from a pinned version of the training table to an adapter or a model."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from mella_spark.errors import UsageError
from mella_spark.progress import Progress
from mella_spark.settings import LoaderSettings, TrainSettings
from mella_spark.training import data, lora
from mella_spark.training.files import (
    remove_leftovers,
    write_atomically,
    write_folder_atomically,
)
from mella_spark.training.trainer import Trainer

WITHOUT_EFFECT = frozenset(
    {"device", "log_steps", "checkpoint_steps", "keep_checkpoints", "tensorboard"}
    | {"prefetch_batches", "deterministic"}
)
"""Settings that may change between a training and its resumption."""


@dataclass(frozen=True)
class TrainResult:
    """What a training did; ``train.json`` holds the same.

    ``path`` is the adapter or model. ``losses`` are weighted means per token: ``train_first``,
    ``train_last`` (of the first and last logged steps), ``validation_first`` (before any step),
    ``validation_best``, ``validation_last``; None where there is none. ``counts`` are the training
    samples by source and language; ``skipped`` those seen whose picture did not decode; ``seconds``
    are of the call that finished alone, ``resumed_at`` the steps it was resumed at.
    """

    path: str
    method: str
    model: str
    table: str
    version: int
    steps: int
    epochs: float
    samples: int
    tokens: int
    skipped: int
    counts: dict[str, dict[str, int]]
    losses: dict[str, float | None]
    parameters: int
    trained_parameters: int
    stopped_early: bool
    resumed_at: list[int]
    seconds: float
    seed: int
    settings: dict[str, Any]


def train(
    table: str,
    out: Path,
    settings: TrainSettings,
    version: int | None = None,
    progress: Progress | None = None,
    rank: int = 0,
    world_size: int = 1,
    loader: LoaderSettings | None = None,
) -> TrainResult:
    """Fine-tunes ``settings.model`` on the train split and writes it under ``out``.

    ``out`` gets ``adapter`` (or ``model``), ``checkpoints``, ``curve.jsonl`` and ``train.json``.
    Called again after a crash it goes on from the newest checkpoint, on the same version of the
    table; called after the end it returns the result. With ``world_size`` above 1 the caller has
    set up ``torch.distributed`` and gives every rank the same arguments, ``version`` included;
    ``settings.batch_size`` is then per rank, and rank 0 writes.

    Raises ``UsageError`` where ``out`` holds a training with other settings, ``InputError`` where
    the model, the table or its train split is not usable.
    """
    started = time.monotonic()
    version = _claim(out, table, settings, version, rank)
    finished = out / "train.json"
    if finished.is_file():
        return TrainResult(**json.loads(finished.read_text(encoding="utf-8")))
    with _deterministic(settings.deterministic):
        trainer = Trainer(table, version, out, settings, rank, world_size, loader)
        try:
            trainer.run(progress)
        finally:
            trainer.close()
    folder = out / ("model" if settings.method == "full" else "adapter")
    result = _result(trainer, folder, time.monotonic() - started)
    if rank == 0:
        write_folder_atomically(folder, lambda to: lora.save(trainer.model, trainer.processor, to))
        write_atomically(finished, json.dumps(asdict(result), indent=1).encode())
    return result


def _claim(out: Path, table: str, settings: TrainSettings, version: int | None, rank: int) -> int:
    """The table version of the run that ``out`` belongs to: fixed by the first call."""
    relevant = settings.model_dump(mode="json", exclude=set(WITHOUT_EFFECT))
    mark = hashlib.sha256(json.dumps(relevant, sort_keys=True).encode()).hexdigest()
    path = out / "run.json"
    if not path.is_file():
        version = data.pinned_version(table, version)
        if rank == 0:
            run = {"table": table, "version": version, "settings": mark}
            write_atomically(path, json.dumps(run).encode())
        return version
    run = json.loads(path.read_text(encoding="utf-8"))
    same = run["table"] == table and run["settings"] == mark and version in (None, run["version"])
    if not same:
        raise UsageError(
            f"{out} holds a training with another table, version or settings.",
            "Give another folder, or remove this one to start anew.",
        )
    if rank == 0:
        for folder in (out, out / "checkpoints"):
            remove_leftovers(folder)
    return run["version"]


@contextmanager
def _deterministic(wanted: bool) -> Iterator[None]:
    """Lets torch use only algorithms that give the same result every time, inside the block."""
    before = torch.are_deterministic_algorithms_enabled()
    if wanted:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS asks for it
        torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


def _result(trainer: Trainer, folder: Path, seconds: float) -> TrainResult:
    settings, loop = trainer.settings, trainer.loop
    counts: dict[str, dict[str, int]] = {}
    for (source, language), n in sorted(trainer.counts.items()):
        if (source, language) not in trainer.left_out:
            counts.setdefault(source, {})[language] = n
    return TrainResult(
        path=str(folder),
        method=settings.method,
        model=settings.model,
        table=trainer.table,
        version=trainer.version,
        steps=loop["step"],
        epochs=loop["step"] / trainer.epoch_steps,
        samples=trainer.samples,
        tokens=loop["tokens"],
        skipped=loop["skipped"],
        counts=counts,
        losses=loop["losses"],
        parameters=sum(p.numel() for p in trainer.model.parameters()),
        trained_parameters=sum(p.numel() for p in trainer.trained),
        stopped_early=trainer.stopped_early,
        resumed_at=loop["resumed_at"],
        seconds=seconds,
        seed=settings.seed,
        settings=settings.model_dump(mode="json"),
    )
