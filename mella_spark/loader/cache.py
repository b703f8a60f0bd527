"""Slices of row groups in memory: each read once, kept while a batch needs it, bounded in bytes."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mella_spark.loader.columns import Ints
from mella_spark.loader.parquet import open_parquet, read_batches
from mella_spark.loader.snapshot import Snapshot


class Key(NamedTuple):
    """A slice as one lane of one epoch reads it."""

    epoch: int
    lane: int
    slice: int


class Budget:
    """Bytes held, and how many may be. Who reserves decides what to do beyond the limit: one batch
    must always be possible, however small the limit."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0.0
        self.peak = 0.0
        self._changed = threading.Condition()

    def fits(self, amount: float) -> bool:
        return self.used + amount <= self.limit

    def reserve(
        self, amount: float, admitted: Callable[[], bool], stopped: Callable[[], bool]
    ) -> bool:
        """Wait until ``admitted`` and take the bytes; False if ``stopped`` meanwhile."""
        with self._changed:
            self._changed.wait_for(lambda: stopped() or admitted())
            if stopped():
                return False
            self.used += amount
            self.peak = max(self.peak, self.used)
            return True

    def change(self, amount: float = 0) -> None:
        """Correct an estimate or give bytes back; wakes who waits."""
        with self._changed:
            self.used += amount
            self.peak = max(self.peak, self.used)
            self._changed.notify_all()


@dataclass
class _Entry:
    """A slice in the cache; ``rows`` are the live rows of ``batch``."""

    reserved: float
    users: int = 0
    batch: pa.RecordBatch | None = None
    rows: Ints = field(default_factory=lambda: np.zeros(0, np.int64))


class _Lane:
    """Reads the row groups of one lane from front to back; one open file at a time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.next = -1  # the slice that comes next, if `batches` is not None
        self.end = -1  # the first slice of the following row group
        self.batches: Iterator[pa.RecordBatch] | None = None
        self.file: pq.ParquetFile | None = None

    def close(self) -> None:
        self.batches = None
        if self.file is not None:
            self.file.close()
            self.file = None


class SliceCache:
    """Slices by lane. ``acquire`` and ``release`` count users; ``get`` reads at the first call."""

    def __init__(self, snapshot: Snapshot, schema: pa.Schema, budget: Budget) -> None:
        self._snapshot = snapshot
        self._schema = schema
        self._budget = budget
        self._entries: dict[Key, _Entry] = {}
        self._lanes: dict[int, _Lane] = defaultdict(_Lane)
        self._lock = threading.Lock()
        self._row_bytes = snapshot.row_bytes(schema.names)

    def estimate(self, key: Key) -> float:
        """Bytes the slice will take; 0 if it is there."""
        if key in self._entries:
            return 0
        return self._snapshot.slices[key.slice].rows * self._row_bytes

    def acquire(self, key: Key) -> bool:
        """Count a user; True if the slice is new. Its estimate has been reserved."""
        with self._lock:
            new = key not in self._entries
            if new:
                size = self._snapshot.slices[key.slice].rows * self._row_bytes
                self._entries[key] = _Entry(size)
            self._entries[key].users += 1
            return new

    def release(self, key: Key) -> None:
        """Uncount a user; the last one frees the slice."""
        with self._lock:
            entry = self._entries[key]
            entry.users -= 1
            if entry.users:
                return
            del self._entries[key]
        self._budget.change(-entry.reserved)

    def get(self, key: Key) -> tuple[pa.RecordBatch, Ints]:
        """An acquired slice and which of its rows are live; reads it if need be."""
        entry = self._entries[key]
        if entry.batch is None:
            with self._lock:
                lane = self._lanes[key.lane]
            with lane.lock:
                if entry.batch is None:
                    self._read(lane, key)
        assert entry.batch is not None
        return entry.batch, entry.rows

    def load(self, key: Key) -> None:
        """Read ahead. A slice that nobody needs any more is not read."""
        if key in self._entries:
            self.get(key)

    def close(self) -> None:
        """Close the files. No thread may be reading."""
        for lane in self._lanes.values():
            lane.close()
        self._entries.clear()

    def _read(self, lane: _Lane, key: Key) -> None:
        """Advance the lane to the slice, filling those that are waited for on the way."""
        part = self._snapshot.slices[key.slice]
        if lane.batches is None or not lane.next <= key.slice < lane.end:
            lane.close()
            file = self._snapshot.files[part.file]
            rows = file.groups[part.group][0]
            lane.next = key.slice - part.start // part.size
            lane.end = lane.next + -(-rows // part.size)
            storage = self._snapshot.storage
            buffer = storage.buffer_bytes if part.size < rows else 0
            lane.file = open_parquet(storage, file.key, buffer)
            lane.batches = read_batches(
                lane.file, part.group, part.size, self._schema, file.partition
            )
        assert lane.batches is not None
        try:
            while lane.next <= key.slice:
                self._fill(key._replace(slice=lane.next), next(lane.batches))
                lane.next += 1
        except BaseException:
            lane.close()
            raise
        if lane.next == lane.end:
            lane.close()

    def _fill(self, key: Key, batch: pa.RecordBatch) -> None:
        entry = self._entries.get(key)
        if entry is None or entry.batch is not None:
            return
        live = self._snapshot.live(key.slice)
        if live is None:
            live = np.arange(batch.num_rows)
        elif 2 * len(live) < batch.num_rows:  # mostly deleted: do not carry the dead
            batch, live = batch.take(pa.array(live)), np.arange(len(live))
        entry.rows = live
        size = float(batch.nbytes)
        self._budget.change(size - entry.reserved)
        entry.reserved = size
        entry.batch = batch
