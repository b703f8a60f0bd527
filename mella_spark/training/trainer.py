"""The training loop: steps, curve, validation, checkpoints.

Everything a step depends on is either a function of (seed, step), as the learning rate and dropout
are, or in the checkpoint: weights, optimiser, the loader's position, the loop's counters.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from mella_spark.progress import Progress
from mella_spark.settings import LoaderSettings, TrainSettings
from mella_spark.training import backbone, checkpoints, data, lora
from mella_spark.training.ahead import ahead
from mella_spark.training.chat import Chat, end_tokens
from mella_spark.training.collate import Batch, Collator
from mella_spark.training.curve import Curve
from mella_spark.training.mixing import mixing_weights
from mella_spark.training.optimise import adamw, answer_loss, learning_rate, step_seed

Made = tuple[Batch | None, int, Any]
"""A batch (None where no picture decoded), samples skipped, and the loader's state after it."""


class Trainer:
    """One training on one rank; ``loop`` is its state, as JSON can hold it."""

    def __init__(
        self,
        table: str,
        version: int,
        out: Path,
        settings: TrainSettings,
        rank: int = 0,
        world_size: int = 1,
        loader: LoaderSettings | None = None,
    ) -> None:
        self.table, self.version, self.settings = table, version, settings
        self.rank, self.world_size = rank, world_size
        self.checkpoints = out / "checkpoints"
        self._count()
        torch.manual_seed(settings.seed)
        base, self.processor = backbone.load(
            settings.model,
            settings.revision,
            settings.dtype,
            settings.device,
            settings.trust_remote_code,
        )
        chat = Chat(self.processor, end_tokens(base), settings.max_pixels)
        self.collate = Collator(chat, settings.max_answer_tokens, self.weights)
        self.model = lora.adapt(base, settings)
        self.trained = [p for p in self.model.parameters() if p.requires_grad]
        self.device = next(self.model.parameters()).device
        self.optimiser = adamw(self.model, settings)
        half = settings.precision == "float16"
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=half)
        self.loader = data.endless_loader(
            table,
            version,
            self.left_out,
            settings.seed,
            settings.batch_size,
            rank,
            world_size,
            loader,
        )
        self.loop: dict[str, Any] = {
            "step": 0,
            "tokens": 0,
            "skipped": 0,
            "loss_sum": 0.0,
            "loss_weight": 0.0,
            "losses": {"train_first": None, "train_last": None}
            | {"validation_first": None, "validation_best": None, "validation_last": None},
            "validations_without_best": 0,
            "resumed_at": [],
            "loader": None,
        }
        resumed = checkpoints.newest(self.checkpoints)
        if resumed is not None:
            self.loop = checkpoints.load(resumed, self.model, self.optimiser, self.scaler)
            self.loader.load_state_dict(self.loop["loader"])
            self.loop["resumed_at"].append(self.loop["step"])
        at = None if resumed is None else self.loop["step"]
        self.curve = Curve(out, at, settings.tensorboard) if rank == 0 else None

    def _count(self) -> None:
        settings = self.settings
        self.counts = data.count_groups(self.table, self.version, "train")
        self.weights = mixing_weights(
            self.counts, settings.source_weights, settings.language_weights, settings.temperature
        )
        self.left_out = {group for group, weight in self.weights.table.items() if weight == 0}
        self.samples = sum(n for group, n in self.counts.items() if group not in self.left_out)
        batch = settings.batch_size * self.world_size
        data.require_samples(self.samples, batch, self.table, "train")
        self.epoch_steps = (self.samples // batch) / settings.accumulation
        self.steps = settings.max_steps or math.ceil(settings.epochs * self.epoch_steps)

    @property
    def stopped_early(self) -> bool:
        """Whether ``patience`` validations brought no new best."""
        patience = self.settings.patience
        return 0 < patience <= self.loop["validations_without_best"]

    def run(self, progress: Progress | None = None) -> None:
        """Steps up to the last, or to an early stop."""
        settings, loop = self.settings, self.loop
        self.progress = progress
        if progress is not None:
            progress.total = self.steps
        held_out = list(self._held_out())
        if loop["step"] == 0 and held_out:
            self._validate(held_out)
        self.model.train()
        self._since = time.monotonic(), loop["step"]
        with ahead(self._made, settings.prefetch_batches) as made:
            while loop["step"] < self.steps and not self.stopped_early:
                self._step([next(made) for _ in range(settings.accumulation)])
                step, last = loop["step"], loop["step"] == self.steps
                if step == 1 or step % settings.log_steps == 0 or last:
                    self._log()
                if held_out and (step % settings.validation_steps == 0 or last):
                    self._validate(held_out)
                if self.rank == 0 and (step % settings.checkpoint_steps == 0 or last):
                    self._save()

    def close(self) -> None:
        """Stops the loader and flushes the curve."""
        self.loader.reader.stop()
        if self.curve is not None:
            self.curve.close()

    def _made(self) -> Iterator[Made]:
        for rows in self.loader:
            batch = self.collate(rows)
            skipped = len(rows["image"]) if batch is None else batch.skipped
            yield batch, skipped, self.loader.state_dict()

    def _held_out(self) -> Iterator[Batch]:
        """The validation samples: the first of the split in an order fixed by the seed."""
        settings, left = self.settings, self.settings.validation_samples
        rows = data.batches(
            self.table,
            self.version,
            "validation",
            data.SAMPLE_COLUMNS,
            settings.batch_size,
            self.left_out,
            seed=settings.seed,
        )
        for columns in rows if left else ():
            taken = {name: values[:left] for name, values in columns.items()}
            left -= len(taken["image"])
            if (batch := self.collate(taken)) is not None:
                yield batch
            if not left:
                return

    def _step(self, made: list[Made]) -> None:
        """One optimiser step: the gradient of the weighted mean over the tokens of all batches on
        all ranks, as if they were one batch."""
        loop = self.loop
        torch.manual_seed(step_seed(self.settings.seed, loop["step"], self.rank))
        parts = [batch for batch, _, _ in made if batch is not None]
        local = (
            sum(batch.weight for batch in parts),
            float(sum(batch.tokens for batch in parts)),
            float(sum(skipped for _, skipped, _ in made)),
        )
        weight, tokens, skipped = self._sum(*local)
        loss = 0.0
        for batch in parts:
            with self._autocast():
                part = answer_loss(self.model, batch.to(self.device)) / weight
            self.scaler.scale(part).backward()
            loss += part.item()
        if weight:
            self._update()
        loop["loss_sum"] += self._sum(loss)[0] * weight
        loop["loss_weight"] += weight
        loop["tokens"] += int(tokens)
        loop["skipped"] += int(skipped)
        loop["loader"] = made[-1][2]
        loop["step"] += 1

    def _update(self) -> None:
        rate = learning_rate(self.loop["step"], self.steps, self.settings)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self._sum_gradients()
        self.scaler.unscale_(self.optimiser)
        norm = torch.nn.utils.clip_grad_norm_(self.trained, self.settings.clip_norm)
        self._latest = {"rate": rate, "norm": norm.item()}
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.optimiser.zero_grad(set_to_none=True)

    def _log(self) -> None:
        loop = self.loop
        if not loop["loss_weight"]:
            return
        loss = loop["loss_sum"] / loop["loss_weight"]
        loop["loss_sum"] = loop["loss_weight"] = 0.0
        if loop["losses"]["train_first"] is None:
            loop["losses"]["train_first"] = loss
        loop["losses"]["train_last"] = loss
        (began, first), now, step = self._since, time.monotonic(), loop["step"]
        self._since = now, step
        per_step = self.settings.batch_size * self.settings.accumulation * self.world_size
        speed = (step - first) * per_step / max(now - began, 1e-9)
        if self.curve is not None:
            self.curve.add(
                "train",
                step,
                loss=loss,
                epoch=step / self.epoch_steps,
                samples_per_second=speed,
                **self._latest,
            )
        if self.progress is not None:
            self.progress.update(step, f"loss {loss:.3f}")

    def _validate(self, held_out: list[Batch]) -> None:
        self.model.eval()
        with torch.inference_mode(), self._autocast():
            total = sum(answer_loss(self.model, b.to(self.device)).item() for b in held_out)
        self.model.train()
        loss = total / sum(batch.weight for batch in held_out)
        losses, loop = self.loop["losses"], self.loop
        if losses["validation_first"] is None:
            losses["validation_first"] = loss
        losses["validation_last"] = loss
        better = losses["validation_best"] is None or loss < losses["validation_best"]
        loop["validations_without_best"] = 0 if better else loop["validations_without_best"] + 1
        if better:
            losses["validation_best"] = loss
        if self.curve is not None:
            self.curve.add("validation", loop["step"], loss=loss)

    def _save(self) -> None:
        checkpoints.save(
            self.checkpoints,
            self.loop,
            self.model,
            self.optimiser,
            self.scaler,
            self.settings.keep_checkpoints,
        )

    def _autocast(self) -> torch.autocast:
        precision = self.settings.precision
        return torch.autocast(
            self.device.type, getattr(torch, precision), enabled=precision != "float32"
        )

    def _sum(self, *values: float) -> list[float]:
        """Sums over all ranks."""
        if self.world_size == 1:
            return list(values)
        tensor = torch.tensor(values, dtype=torch.float64, device=self.device)
        torch.distributed.all_reduce(tensor)
        return tensor.tolist()

    def _sum_gradients(self) -> None:
        if self.world_size == 1:
            return
        for parameter in self.trained:
            if parameter.grad is None:  # this rank's batches did not touch it; others' may have
                parameter.grad = torch.zeros_like(parameter)
            torch.distributed.all_reduce(parameter.grad)
