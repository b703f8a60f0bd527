"""The training curve: one JSON object a line, and TensorBoard's event files beside it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from mella_spark.training.files import write_atomically


class Curve:
    """Appends points to ``folder/curve.jsonl`` and, if asked, to ``folder/tensorboard``.

    A training that resumes at ``step`` keeps the points up to there, as it will make the later ones
    again; one that starts (None) keeps none.
    """

    def __init__(self, folder: Path, step: int | None = None, tensorboard: bool = False) -> None:
        self.path = folder / "curve.jsonl"
        last = -1 if step is None else step
        kept = [point for point in read_curve(self.path) if point["step"] <= last]
        lines = "".join(json.dumps(point) + "\n" for point in kept)
        write_atomically(self.path, lines.encode())
        self._file = self.path.open("a", encoding="utf-8")
        self._board: Any = None
        if tensorboard:
            from torch.utils.tensorboard import SummaryWriter

            self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=last + 1)

    def add(self, kind: str, step: int, **values: float) -> None:
        """One point: ``kind`` is ``train`` or ``validation``."""
        point = {"kind": kind, "step": step, **values}
        self._file.write(json.dumps(point) + "\n")
        self._file.flush()
        if self._board is not None:
            for name, value in values.items():
                self._board.add_scalar(f"{kind}/{name}", value, step)

    def close(self) -> None:
        """Flushes to disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        if self._board is not None:
            self._board.close()


def read_curve(path: Path) -> list[dict[str, Any]]:
    """The points of a curve file; none where it is missing; a half-written last line is ignored."""
    if not path.is_file():
        return []
    points = []
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("\n"):
            points.append(json.loads(line))
    return points
