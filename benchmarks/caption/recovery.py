"""A lack of memory that is brought about: no row may be lost, and none may become an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.caption.programs import bare, count
from benchmarks.caption.subject import Subject
from udfs.caption import caption_batches

_ROOM = 0.5
"""Share of what a run needs beside the weights that it is left with."""


@dataclass(frozen=True)
class Recovery:
    """``failures`` were recovered from; ``complete``: one row a picture, in order, no error."""

    how: str
    pictures: int
    rows: int
    errors: int
    failures: int
    shrunk: int
    complete: bool


def recover(subject: Subject) -> Recovery:
    """Captions all pictures with half the memory that this took before.

    On CUDA the process gets no more; elsewhere the model refuses the larger batches as CUDA would.
    """
    on_cuda = subject.captioner.device.startswith("cuda")
    how = _less_memory(subject) if on_cuda else _refusal(subject)
    try:
        rows = list(caption_batches(subject.batches, subject.settings, with_work=True))
    finally:
        subject.captioner.most_positions = None
        if on_cuda:
            import torch

            torch.cuda.set_per_process_memory_fraction(1.0, subject.captioner.device)
    asked = [name for batch in subject.batches for name in batch.column("image_sha256").to_pylist()]
    answered = [name for batch in rows for name in batch.column("image_sha256").to_pylist()]
    counts = count(rows)
    work: dict[str, Any] = counts.work or {}
    return Recovery(
        how,
        len(asked),
        counts.pictures,
        counts.errors,
        work["out_of_memory"],
        work["shrunk"],
        asked == answered and not counts.errors,
    )


def _refusal(subject: Subject) -> str:
    most = max(batch.positions for batch in subject.recorded)
    subject.captioner.most_positions = int(_ROOM * most)
    return f"simulated: batches of more than {subject.captioner.most_positions:,} tokens refused"


def _less_memory(subject: Subject) -> str:
    import torch

    device = subject.captioner.device
    torch.cuda.reset_peak_memory_stats(device)
    bare(subject)
    peak = torch.cuda.max_memory_allocated(device)
    torch.cuda.empty_cache()
    weights = torch.cuda.memory_allocated(device)
    allowed = weights + _ROOM * (peak - weights)
    whole = torch.cuda.get_device_properties(device).total_memory
    torch.cuda.set_per_process_memory_fraction(allowed / whole, device)
    return f"{allowed / 1e9:.1f} GB allowed where {peak / 1e9:.1f} GB were used"
