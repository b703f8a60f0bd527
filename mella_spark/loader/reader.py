"""``make_delta_reader``: petastorm's reader over a pinned version of a Delta table."""

from __future__ import annotations

import os
import weakref
from collections.abc import Generator, Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from petastorm.transform import TransformSpec, transform_schema
from petastorm.unischema import Unischema, UnischemaField
from petastorm.workers_pool import EmptyResultError
from petastorm.workers_pool.thread_pool import ThreadPool

from mella_spark.errors import InputError, UsageError
from mella_spark.loader.cache import Budget, SliceCache
from mella_spark.loader.columns import Column, is_number
from mella_spark.loader.plan import EpochPlan, Last, step_count, steps
from mella_spark.loader.snapshot import Snapshot, open_snapshot
from mella_spark.loader.state import Position, digest
from mella_spark.loader.ventilator import ByteVentilator
from mella_spark.loader.worker import Batch, BatchWorker, Step, Work

_ROWS_AT_ONCE = 128  # of the reader iterated by itself, as petastorm's adapters do


def make_delta_reader(
    table: str | os.PathLike[str],
    version: int | None = None,
    schema_fields: Iterable[str] | None = None,
    filters: Any = None,
    transform_spec: TransformSpec | None = None,
    cur_shard: int = 0,
    shard_count: int = 1,
    seed: int = 0,
    shuffle: bool = True,
    num_epochs: int | None = 1,
    workers_count: int = 4,
    prefetch_bytes: int = 256 << 20,
) -> DeltaReader:
    """Stream a version of a Delta table, without Spark and without a second copy.

    ``table`` is a path, a URI or ``catalog.schema.table``; ``version`` None pins the latest.
    ``schema_fields`` are columns (or regular expressions for whole names, as in petastorm);
    ``filters`` petastorm's and pyarrow's DNF list. ``transform_spec`` is petastorm's: its function
    gets the rows of one batch as a DataFrame, in a worker thread. ``num_epochs`` None never ends.
    ``workers_count`` threads read and transform; ``prefetch_bytes`` bounds what they hold, down to
    the slices one batch needs. The order of samples is a function of (version, seed, epoch).

    Raises ``UsageError`` for arguments that make no sense together and ``InputError`` for a table
    that is not there or cannot be read right.
    """
    if not 0 <= cur_shard < shard_count:
        raise UsageError(f"cur_shard is {cur_shard}, and must lie in 0 … {shard_count - 1}.")
    if num_epochs is not None and num_epochs < 1:
        raise UsageError("num_epochs must be at least 1, or None for no end.")
    if workers_count < 1 or prefetch_bytes < 1:
        raise UsageError("workers_count and prefetch_bytes must be at least 1.")
    return DeltaReader(
        table, version, schema_fields, filters, transform_spec, cur_shard, shard_count, seed,
        shuffle, num_epochs, workers_count, prefetch_bytes,
    )  # fmt: skip


class DeltaReader:
    """A place in the sample order of a table, and the threads that read on from there.

    It has the surface of petastorm's ``Reader`` (iterated by itself it gives namedtuples of numpy
    arrays), so petastorm's own adapters accept it; ``mella_spark.loader.DataLoader`` is made for
    it. Picklable: a copy in another process does not read the log again, and stands where the
    original stood. Make it with ``make_delta_reader``.
    """

    batched_output = True
    is_batched_reader = True
    ngram = None

    def __init__(
        self,
        table: str | os.PathLike[str],
        version: int | None,
        schema_fields: Iterable[str] | None,
        filters: Any,
        transform_spec: TransformSpec | None,
        cur_shard: int,
        shard_count: int,
        seed: int,
        shuffle: bool,
        num_epochs: int | None,
        workers_count: int,
        prefetch_bytes: int,
    ) -> None:
        self.snapshot: Snapshot = open_snapshot(table, version, filters)
        self.cur_shard, self.shard_count = cur_shard, shard_count
        self.seed, self.shuffle, self.num_epochs = int(seed), bool(shuffle), num_epochs
        self.epoch, self.consumed = 0, 0
        self.peak_bytes = 0.0
        """The most bytes the last iteration held at once."""
        self._pinned = version is not None
        self._source = (os.fspath(table), filters)
        self._fields = None if schema_fields is None else tuple(schema_fields)
        self._arrow = self.snapshot.project(self._fields)
        self._transform = transform_spec
        self._workers, self._prefetch = workers_count, prefetch_bytes
        self._forget()

    def _forget(self) -> None:
        # Weak, so that threads end as soon as nobody holds the iteration any more.
        self._active: weakref.ref[Generator[dict[str, Column]]] | None = None
        self._rows: Iterator[dict[str, Column]] | None = None
        self._exhausted = self.stopped = self.last_row_consumed = False

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_active": None, "_rows": None}

    # -- the order -------------------------------------------------------------------------------

    @property
    def rows(self) -> int:
        """Rows of an epoch, over all shards."""
        return self.snapshot.rows

    @property
    def schema(self) -> Unischema:
        """The columns delivered, as petastorm describes them."""
        fields = [
            UnischemaField(field.name, _numpy_type(field.type), (), None, field.nullable)
            for field in self._arrow
        ]
        schema = Unischema("delta", fields)
        return transform_schema(schema, self._transform) if self._transform else schema

    def steps_per_epoch(self, batch_size: int, last: Last) -> int:
        """Batches every shard gets of a whole epoch."""
        return step_count(self.rows, batch_size, self.shard_count, last)

    def place_after(self, batches: int, batch_size: int, last: Last) -> tuple[int, int]:
        """Epoch and rows consumed of it, once so many more batches of this pass are delivered."""
        epoch, consumed = self.epoch, self.consumed
        for number in self._epochs():
            begin = self.consumed if number == self.epoch else 0
            for _, stop in steps(begin, self.rows, batch_size, self.shard_count, last):
                if not batches:
                    return epoch, consumed
                epoch, consumed, batches = number, min(stop, self.rows), batches - 1
        return epoch, consumed

    def _epochs(self) -> Iterator[int]:
        """What is left of the pass the reader stands in: epochs come in runs of ``num_epochs``."""
        epoch = self.epoch
        end = None if self.num_epochs is None else (epoch // self.num_epochs + 1) * self.num_epochs
        while end is None or epoch < end:
            yield epoch
            epoch += 1

    def _steps(self, batch_size: int, last: Last, part: int, parts: int) -> Iterator[Step]:
        number = 0
        consumed = self.consumed
        for epoch in self._epochs():
            plan = EpochPlan(self.snapshot.layout, self.seed, epoch, self.shuffle)
            for start, stop in steps(consumed, self.rows, batch_size, self.shard_count, last):
                if number % parts == part:
                    positions = plan.share(start, stop, self.cur_shard, self.shard_count)
                    yield Step(number // parts, plan, positions, min(stop, self.rows))
                number += 1
            consumed = 0

    # -- reading ---------------------------------------------------------------------------------

    def batches(
        self, batch_size: int, last: Last = "drop", part: int = 0, parts: int = 1
    ) -> Iterator[dict[str, Column]]:
        """The batches from here to the end of the pass, as columns by name; one iteration at a
        time. With ``parts`` only batches ``part``, ``part + parts``, … (several processes can make
        the batches of one shard)."""
        self.stop()
        if self._exhausted:
            self.epoch, self.consumed, self._exhausted = self.epoch + 1, 0, False
        self.stopped = False
        if not self.rows:
            raise InputError(
                f"Version {self.snapshot.version} of {self.snapshot.storage.root} has no rows"
                + (" that pass the filters." if self.snapshot.filters else ".")
            )
        running = self._run(self._steps(batch_size, last, part, parts))
        self._active = weakref.ref(running)
        return running

    def _run(self, planned: Iterator[Step]) -> Generator[dict[str, Column]]:
        *_, final = [self.epoch] if self.num_epochs is None else list(self._epochs())
        budget = Budget(self._prefetch)
        cache = SliceCache(self.snapshot, self._arrow, budget)
        pool = ThreadPool(self._workers, results_queue_size=0)
        ventilator = ByteVentilator(
            pool.ventilate, planned, cache, budget, self.snapshot.row_bytes(self._arrow.names),
            self._workers if self._transform else None,
        )  # fmt: skip
        try:
            pool.start(BatchWorker, Work(cache, budget, self._arrow, self._transform), ventilator)
            for batch in _in_order(pool):
                ventilator.taken(batch)
                if batch.error is not None:
                    raise batch.error
                assert batch.step is not None
                self.epoch, self.consumed = batch.step.plan.epoch, batch.step.stop
                yield batch.columns
            self.epoch, self.consumed, self._exhausted = final, self.rows, True
            self.last_row_consumed = True
        finally:
            pool.stop()
            pool.join()
            cache.close()
            self.peak_bytes = budget.peak

    # -- the state -------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Where the whole job stands: the same on every shard after the same number of batches."""
        return Position(
            table=self.snapshot.table_id,
            version=self.snapshot.version,
            filters=digest(self.snapshot.filters),
            rows=self.rows,
            seed=self.seed,
            shuffle=self.shuffle,
            epoch=self.epoch,
            consumed=self.consumed,
        ).as_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to where a job stood, whatever its shard count, batch size and workers were.

        Version, seed and shuffle are the state's from now on. Raises ``UsageError`` where the state
        is of another table, of other filters, or of a version other than the one asked for.
        """
        saved = Position.parse(state)
        if saved.table != self.snapshot.table_id:
            raise UsageError(
                f"The state belongs to the table with id {saved.table}, and this one's is "
                f"{self.snapshot.table_id}."
            )
        if saved.version != self.snapshot.version:
            if self._pinned:
                raise UsageError(
                    f"The state belongs to version {saved.version} of the table, and the reader "
                    f"is pinned to {self.snapshot.version}.",
                )
            self.stop()
            self.snapshot = open_snapshot(self._source[0], saved.version, self._source[1])
            self._arrow = self.snapshot.project(self._fields)
        if saved.filters != digest(self.snapshot.filters) or saved.rows != self.rows:
            raise UsageError(
                "The state was saved with other filters than this reader's.",
                "Make the reader with the same filters to resume.",
            )
        self.stop()
        self.seed, self.shuffle = saved.seed, saved.shuffle
        self.epoch, self.consumed, self._exhausted = saved.epoch, saved.consumed, False

    # -- petastorm's Reader ----------------------------------------------------------------------

    def __iter__(self) -> DeltaReader:
        return self

    def __next__(self) -> Any:
        if self._rows is None:
            self._rows = self.batches(_ROWS_AT_ONCE, "uneven")
        for columns in self._rows:
            if all(map(len, columns.values())):
                return self.schema.make_namedtuple(
                    **{name: _as_array(column) for name, column in columns.items()}
                )
        self._rows = None
        raise StopIteration

    def reset(self) -> None:
        """Start over after the last row, with the next epoch."""
        self.last_row_consumed = False

    def stop(self) -> None:
        """Stop and join the threads; what was read ahead is forgotten, the place is not."""
        active = self._active() if self._active else None
        self._active = self._rows = None
        if active is not None:
            active.close()
        self.stopped = True

    def join(self) -> None:
        """``stop`` has joined the threads."""

    @property
    def diagnostics(self) -> dict[str, Any]:
        return {"peak_bytes": self.peak_bytes}

    def __enter__(self) -> DeltaReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _in_order(pool: ThreadPool) -> Iterator[Batch]:
    """The pool's results in the order of their steps, whichever thread was quickest."""
    waiting: dict[int, Batch] = {}
    following = 0
    while True:
        try:
            batch = pool.get_results()
        except EmptyResultError:
            return
        if batch.step is None:
            yield batch
            continue
        waiting[batch.step.number] = batch
        while following in waiting:
            yield waiting.pop(following)
            following += 1


def _numpy_type(kind: pa.DataType) -> Any:
    if is_number(kind):
        return np.dtype(kind.to_pandas_dtype()).type
    if pa.types.is_string(kind):
        return np.str_
    return np.bytes_ if pa.types.is_binary(kind) else np.object_


def _as_array(column: Column) -> np.ndarray[Any, Any]:
    if isinstance(column, np.ndarray):
        return column
    array = np.empty(len(column), object)
    array[:] = column
    return array
