"""``DataLoader``: batches for PyTorch from a Delta reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, get_args

import numpy as np
import torch
from petastorm.pytorch import LoaderBase
from torch.utils.data import IterableDataset, get_worker_info

from mella_spark.errors import UsageError
from mella_spark.loader.columns import Column
from mella_spark.loader.plan import Last
from mella_spark.loader.reader import DeltaReader

Collate = Callable[[list[dict[str, Any]]], Any]


class DataLoader(LoaderBase, IterableDataset):  # type: ignore[misc, type-arg]
    """Batches of ``batch_size`` rows a shard: dicts of tensors (numbers; a null is NaN) and lists
    (bytes, text, everything else). ``collate_fn`` gets a list of row dicts instead.

    ``last`` says what becomes of the rows that fill no whole step of all shards: ``drop`` leaves
    them out, ``pad`` fills up with the first rows of the epoch's order, ``uneven`` deals them out
    in smaller batches. Every shard gets the same number of batches in any case.

    The loader is a place in the order: iterating goes on from there, first to the end of the
    reader's ``num_epochs``, next time with the epochs after them, each in an order of its own.
    ``state_dict`` after a batch counts this batch as consumed.

    It can also be the dataset of ``torch.utils.data.DataLoader(loader, batch_size=None,
    num_workers=n)``: processes then make the same batches in the same order. The process that
    counts does not read there, so the state is ``state_dict(batches=…)``.
    """

    def __init__(
        self,
        reader: DeltaReader,
        batch_size: int = 32,
        collate_fn: Collate | None = None,
        last: Last = "drop",
    ) -> None:
        super().__init__()
        if batch_size < 1:
            raise UsageError("batch_size must be at least 1.")
        if last not in get_args(Last):
            raise UsageError(f"last is {last!r}, and must be one of {', '.join(get_args(Last))}.")
        self.reader = reader
        self.batch_size = batch_size
        self.collate_fn = collate_fn
        self.last: Last = last

    def __iter__(self) -> Iterator[Any]:
        worker = get_worker_info()
        part, parts = (worker.id, worker.num_workers) if worker else (0, 1)
        for columns in self.reader.batches(self.batch_size, self.last, part, parts):
            yield self._batch(columns)

    def __len__(self) -> int:
        """Batches of a whole pass over the reader's ``num_epochs``."""
        if self.reader.num_epochs is None:
            raise TypeError("A loader without end has no length.")
        return self.reader.steps_per_epoch(self.batch_size, self.last) * self.reader.num_epochs

    def _batch(self, columns: dict[str, Column]) -> Any:
        batch = {name: _tensor(column) for name, column in columns.items()}
        if self.collate_fn is None:
            return batch
        names = list(batch)
        cells = [
            value.tolist() if isinstance(value, torch.Tensor) and value.ndim == 1 else value
            for value in batch.values()
        ]
        return self.collate_fn(
            [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]
        )

    def state_dict(self, batches: int = 0) -> dict[str, Any]:
        """Where the whole job stands: a few integers and identifiers, equal on every shard.

        ``batches`` more than this loader has delivered itself are counted as consumed.
        """
        state = self.reader.state_dict()
        if batches:
            epoch, consumed = self.reader.place_after(batches, self.batch_size, self.last)
            state.update(epoch=epoch, consumed=consumed)
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on exactly where the state was saved; shard count, batch size, and workers may differ.

        Raises ``UsageError`` for a state of another table or of other filters.
        """
        self.reader.load_state_dict(state)

    def __enter__(self) -> DataLoader:
        return self

    def __exit__(self, *_: object) -> None:
        self.reader.stop()


def _tensor(column: Column) -> torch.Tensor | list[Any]:
    if not isinstance(column, np.ndarray):
        return column
    return torch.from_numpy(column if column.flags.writeable else column.copy())
