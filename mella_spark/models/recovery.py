"""Batches that survive their members: one bad input, or too little memory, costs only itself.

A batch that fails is halved, and a single input that fails becomes its error. So a bad input among
n costs about 2 log2(n) further calls. A batch too large for the memory is halved as well; what
fits is remembered for the batches that follow, and grows back after successes. A single input that
does not fit is made smaller where that is possible.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from mella_spark.models.protocols import Answer, Generation

Item = TypeVar("Item")

_MESSAGE_CHARS = 300
_MOST_PATIENCE = 256
_MEMORY_SIGNS = ("out of memory", "can't allocate memory", "alloc_failed")
"""As PyTorch, its CPU allocator, and cuBLAS and cuDNN say it."""


@dataclass
class Room:
    """How much fits in the memory, learnt from failures: a limit on the cost of a batch.

    Any unit will do in which memory is about proportional: inputs, or padded tokens. After
    ``patience`` successes near the limit it doubles; where that fails, the patience doubles too, so
    that a steady limit costs ever fewer failures. Where an input failed by itself, it and not the
    batch was too large, and one success is enough. Read by one thread while another learns.
    """

    patience: int = 8
    limit: float = math.inf
    failures: int = 0
    _base: int = field(default=0, init=False)
    _most: float = field(default=0.0, init=False)
    _streak: int = field(default=0, init=False)
    _grown: bool = field(default=False, init=False)
    _hasty: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._base = self.patience

    def failed(self, cost: float, alone: bool = False) -> None:
        """A batch of this cost did not fit; ``alone``: it was a single input."""
        self.failures += 1
        self._most = max(self._most, cost)
        if self._grown and not self._hasty:
            self.patience = min(2 * self.patience, _MOST_PATIENCE)
        self.limit, self._streak, self._grown, self._hasty = cost / 2, 0, False, alone

    def succeeded(self, cost: float) -> None:
        """A batch of this cost did fit."""
        if math.isinf(self.limit) or cost <= self.limit / 2:
            return  # says nothing about what the limit keeps out
        self._streak += 1
        if self._streak < self.patience and not self._hasty:
            return
        if self._grown:
            self.patience = self._base
        self.limit, self._streak, self._grown = 2 * self.limit, 0, True
        if self.limit > 2 * self._most:
            self.limit = math.inf


def generate(
    items: Sequence[Item],
    run: Callable[[Sequence[Item]], Sequence[Answer | Generation]],
    batch_size: int,
    *,
    cost: Callable[[Item], float] = lambda item: 1,
    room: Room | None = None,
    shrink: Callable[[Item], Item | None] = lambda item: None,
    device: str | None = None,
) -> list[Generation]:
    """Answers for ``items``, in order, from ``run`` on batches of at most ``batch_size``.

    A batch costs its length times the largest ``cost`` in it, as all are padded to the longest;
    ``room`` remembers what did not fit. ``shrink`` makes an item smaller, or None where it cannot.
    Never raises because of an item; an item that fails alone gets its error. Raises what broke the
    device for good, as no later answer could be trusted.
    """
    answers: list[Generation] = []
    room = Room() if room is None else room
    remaining = list(items)
    while remaining:
        batch = fitting(remaining[: max(1, batch_size)], cost, room.limit)
        price = len(batch) * max(map(cost, batch))
        begin = time.perf_counter()
        try:
            made = run(batch)
            if len(made) != len(batch):
                raise RuntimeError(f"{len(made)} answers for {len(batch)} inputs")
        except Exception as error:  # models and processors raise nearly anything
            if fatal(error):
                raise
            memory, message = out_of_memory(error), describe(error)
        else:
            room.succeeded(price)
            share = (time.perf_counter() - begin) * 1000 / len(batch)
            answers += [answered(one, share, len(batch), device) for one in made]
            remaining = remaining[len(batch) :]
            continue
        # Outside of the handler, so that the error's frames no longer hold the tensors.
        if memory:
            release_memory()
            room.failed(price, alone=len(batch) == 1)
            smaller = shrink(batch[0]) if len(batch) == 1 else None
            if smaller is not None:
                remaining[0] = smaller
                continue
        if len(batch) == 1:
            answers.append(Generation(None, message, batch_size=1, device=device))
            remaining = remaining[1:]
        elif not memory:
            half = len(batch) // 2
            for part in (batch[:half], batch[half:]):
                answers += generate(
                    part, run, half, cost=cost, room=room, shrink=shrink, device=device
                )
            remaining = remaining[len(batch) :]
    return answers


def fitting(items: Sequence[Item], cost: Callable[[Item], float], limit: float) -> Sequence[Item]:
    """The longest beginning of ``items`` that stays within ``limit``, and at least one item."""
    largest = 0.0
    for i, item in enumerate(items):
        largest = max(largest, cost(item))
        if i and (i + 1) * largest > limit:
            return items[:i]
    return items


def answered(
    answer: Answer | Generation, share_ms: float, batch_size: int, device: str | None
) -> Generation:
    """``answer`` with what is known of its batch, where it does not know better itself."""
    if isinstance(answer, Generation):
        return replace(
            answer,
            latency_ms=answer.latency_ms or share_ms,
            batch_size=answer.batch_size or batch_size,
            device=answer.device or device,
        )
    text, tokens, reason, error = Answer(*answer)
    return Generation(None if error else text, error, tokens, share_ms, reason, batch_size, device)


def describe(error: BaseException) -> str:
    """``Type: message`` on one line, cut to a length fit for a column."""
    message = " ".join(str(error).split())[:_MESSAGE_CHARS]
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def out_of_memory(error: BaseException) -> bool:
    """Whether a smaller batch might have worked."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or any(sign in str(error).lower() for sign in _MEMORY_SIGNS)
    )


def fatal(error: BaseException) -> bool:
    """Whether the device is of no more use to this process, and every later call would fail too.

    CUDA keeps such errors until the process ends; Spark then starts the task in another one.
    """
    message = str(error).lower()
    return "cuda error" in message and not out_of_memory(error)


def release_memory() -> None:
    """Give back what a failed batch held, on the GPU too."""
    gc.collect()
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
