"""Which pictures go through the model together: of about the same length, and not too many."""

from __future__ import annotations

from collections.abc import Sequence

_BYTES_PER_TOKEN = 3
"""Of prompts in UTF-8; between English (4) and scripts that tokenizers cut finer."""


def text_tokens(prompt: str) -> int:
    """About how many tokens a prompt has, more often too many than too few."""
    return len(prompt.encode()) // _BYTES_PER_TOKEN + 1


def buckets(tokens: Sequence[int], batch_size: int, batch_tokens: float) -> list[list[int]]:
    """Batches of positions in ``tokens``, the longest first, each position in one batch.

    A batch has at most ``batch_size`` members, and ``batch_tokens`` tokens when all are padded to
    its longest; one that alone is longer is a batch of its own. The longest come first, so that a
    lack of memory shows early. Members keep their order, so that equal lengths stay as they came.
    """
    order = sorted(range(len(tokens)), key=lambda i: -tokens[i])
    batches: list[list[int]] = []
    for position in order:
        last = batches[-1] if batches else []
        full = len(last) >= batch_size
        if not last or full or (len(last) + 1) * tokens[last[0]] > batch_tokens:
            batches.append([position])
        else:
            last.append(position)
    return [sorted(batch, key=lambda i: (-tokens[i], i)) for batch in batches]
