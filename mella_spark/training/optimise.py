"""The arithmetic of one step: loss on the answers, AdamW, warm-up and cosine."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from mella_spark.settings import TrainSettings
from mella_spark.training.collate import IGNORED, Batch


def answer_loss(model: Any, batch: Batch) -> Tensor:
    """Cross-entropy of the answers' tokens, each times its sample's weight, summed (scalar).

    Divided by ``batch.weight`` it is the weighted mean over tokens. Only the positions of answers
    go through the output layer.
    """
    logits = model(**batch.inputs, logits_to_keep=batch.tail).logits[:, :-1]
    labels = batch.labels[:, 1:][:, -logits.shape[1] :]
    learnt = labels != IGNORED
    each = functional.cross_entropy(logits[learnt].float(), labels[learnt], reduction="none")
    return (each * batch.weights.unsqueeze(1).expand_as(labels)[learnt]).sum()


def adamw(model: torch.nn.Module, settings: TrainSettings) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter, 2019) over the trained weights; no decay of vectors."""
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([g for g in groups if g["params"]], lr=settings.learning_rate)


def learning_rate(step: int, steps: int, settings: TrainSettings) -> float:
    """Rate of the 0-based ``step`` of ``steps``: linear from 0 to the peak, then half a cosine down
    to ``min_rate_share`` of the peak."""
    warmup = round(settings.warmup_share * steps)
    if step < warmup:
        return settings.learning_rate * (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    least = settings.min_rate_share
    return settings.learning_rate * (
        least + (1 - least) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
    )


def step_seed(seed: int, step: int, rank: int) -> int:
    """Seed of a step's dropout: a function of these alone, so that resuming needs no state."""
    digest = hashlib.blake2b(f"{seed}/{step}/{rank}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
