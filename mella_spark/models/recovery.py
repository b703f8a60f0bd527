"""Batches that survive their members: one bad input, or too little memory, costs only itself.

A batch that fails is halved, and a single input that fails becomes its error. So a bad input among
n costs about 2 log2(n) further calls, and a batch too large for the memory shrinks to one that
fits; that size is then kept for the batches that follow.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from mella_spark.models.protocols import Generation

Item = TypeVar("Item")
Answer = tuple[str, int]
"""Text and number of tokens."""

_MESSAGE_CHARS = 300


def generate(
    items: Sequence[Item], run: Callable[[Sequence[Item]], list[Answer]], batch_size: int
) -> list[Generation]:
    """Answers for ``items``, in order, from ``run`` on batches of at most ``batch_size``.

    Never raises because of an item; an item that fails alone gets its error.
    """
    answers: list[Generation] = []
    size = max(1, batch_size)
    while len(answers) < len(items):
        batch = items[len(answers) : len(answers) + size]
        begin = time.perf_counter()
        try:
            made = run(batch)
            if len(made) != len(batch):
                raise RuntimeError(f"{len(made)} answers for {len(batch)} inputs")
        except Exception as error:  # models and processors raise nearly anything
            memory, message = out_of_memory(error), describe(error)
        else:
            share = (time.perf_counter() - begin) * 1000 / len(batch)
            answers += [Generation(text, None, tokens, share) for text, tokens in made]
            continue
        # Outside of the handler, so that the error's frames no longer hold the tensors.
        if memory:
            release_memory()
            size = max(1, len(batch) // 2)
        if len(batch) == 1:
            answers.append(Generation(None, message))
        elif not memory:
            half = len(batch) // 2
            answers += generate(batch[:half], run, half)
            answers += generate(batch[half:], run, len(batch) - half)
    return answers


def describe(error: BaseException) -> str:
    """``Type: message`` on one line, cut to a length fit for a column."""
    message = " ".join(str(error).split())[:_MESSAGE_CHARS]
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def out_of_memory(error: BaseException) -> bool:
    """Whether a smaller batch might have worked."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "out of memory" in str(error).lower()
        or "can't allocate memory" in str(error).lower()
    )


def release_memory() -> None:
    """Give back what a failed batch held, on the GPU too."""
    gc.collect()
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
