"""The petastorm worker: takes the rows of a batch out of the slices and transforms them.

It keeps Arrow until the batch is made, where petastorm's own worker turns each text column of a row
group into fixed-width unicode, as wide as its longest text.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from petastorm.transform import TransformSpec
from petastorm.workers_pool.worker_base import WorkerBase

from mella_spark.errors import InputError, MellaError
from mella_spark.loader.cache import Budget, Key, SliceCache
from mella_spark.loader.columns import Column, Ints, take
from mella_spark.loader.plan import EpochPlan


@dataclass(frozen=True)
class Step:
    """One batch to make: ``positions`` of the epoch's order, as step ``number`` of the iteration.
    After it the whole job has consumed ``stop`` rows of the epoch."""

    number: int
    plan: EpochPlan
    positions: Ints
    stop: int


@dataclass(frozen=True)
class Batch:
    """A batch made, or the error that prevented it. ``size`` bytes of it are reserved."""

    step: Step | None
    columns: dict[str, Column]
    size: float
    error: Exception | None = None


@dataclass(frozen=True)
class Work:
    """What the workers of one iteration share."""

    cache: SliceCache
    budget: Budget
    schema: pa.Schema
    transform: TransformSpec | None


@dataclass(frozen=True)
class Needs:
    """What a step takes of the slices: ``parts`` are slices with indices into their live rows,
    ``order`` puts the rows taken, in the order of the parts, back into the step's. ``slices`` are
    the slices of all blocks the step draws from, in the order its lanes read them, and
    ``standing`` those of the block that each lane stands in after the step."""

    parts: list[tuple[Key, Ints]]
    order: Ints
    slices: list[Key]
    standing: dict[int, list[Key]]


def needs(step: Step) -> Needs:
    """Look up in the plan what a step needs."""
    plan = step.plan
    places = plan.locate(step.positions)
    sort = np.lexsort((places.slice, places.lane))
    lane, part, offset = places.lane[sort], places.slice[sort], places.offset[sort]
    cuts = np.flatnonzero((np.diff(lane) != 0) | (np.diff(part) != 0)) + 1
    parts = [
        (Key(plan.epoch, int(lane[rows[0]]), int(part[rows[0]])), offset[rows])
        for rows in np.split(np.arange(len(sort)), cuts)
        if len(rows)
    ]
    slices, standing = [], {}
    for at, block in dict.fromkeys(zip(places.lane.tolist(), places.block.tolist(), strict=True)):
        standing[at] = [Key(plan.epoch, at, index) for index in plan.slices_of(block)]
        slices += standing[at]
    return Needs(parts, np.argsort(sort), slices, standing)


class BatchWorker(WorkerBase):  # type: ignore[misc]
    """Runs in petastorm's thread pool; an item is a slice to read ahead or a step to make."""

    def process(  # type: ignore[override]
        self,
        key: Key | None = None,
        step: Step | None = None,
        needed: Needs | None = None,
        reserved: float = 0,
        error: Exception | None = None,
    ) -> None:
        work: Work = self.args
        if key is not None:
            with suppress(Exception):  # the step that needs the slice meets the error again
                work.cache.load(key)
            return
        if step is None or needed is None:
            self.publish_func(Batch(None, {}, 0, error))
            return
        try:
            columns = self._made(work, needed)
            result = Batch(step, columns, float(sum(map(_nbytes, columns.values()))))
        except Exception as failure:
            result = Batch(step, {}, 0, failure)
        work.budget.change(result.size - reserved)
        self.publish_func(result)

    @staticmethod
    def _made(work: Work, needed: Needs) -> dict[str, Column]:
        try:
            parts = []
            for key, offsets in needed.parts:
                batch, rows = work.cache.get(key)
                parts.append((batch, rows[offsets]))
            columns = {
                field.name: take([(b.column(i), r) for b, r in parts], needed.order, field.type)
                for i, field in enumerate(work.schema)
            }
        finally:
            for key, _ in needed.parts:
                work.cache.release(key)
        return transformed(columns, work.transform) if work.transform else columns


def transformed(columns: dict[str, Column], spec: TransformSpec) -> dict[str, Column]:
    """Apply a petastorm ``TransformSpec``: its function gets a DataFrame of some rows and returns
    one with a row for each of them, which must not depend on the other rows of the call."""
    frame = pd.DataFrame(
        {
            name: column if isinstance(column, np.ndarray) else pd.Series(column, dtype=object)
            for name, column in columns.items()
        }
    )
    rows = len(frame)
    if spec.func is not None:
        try:
            frame = spec.func(frame)
        except MellaError:
            raise
        except Exception as error:
            raise InputError(
                f"The function of the TransformSpec failed: {type(error).__name__}: {error}."
            ) from error
    if len(frame) != rows:
        raise InputError(
            f"The function of the TransformSpec made {len(frame)} rows of {rows}.",
            "It must keep rows one for one; leave rows out with filters.",
        )
    names = [name for name in frame.columns if name not in set(spec.removed_fields)]
    if spec.selected_fields is not None:
        names = [name for name in spec.selected_fields if name in names]
    edited = {name for name, *_ in spec.edit_fields}
    missing = edited - set(frame.columns)
    if missing:
        raise InputError(
            f"The TransformSpec announces fields its function did not make: {sorted(missing)}."
        )
    return {name: _column(frame[name]) for name in names}


def _column(series: pd.Series) -> Column:
    """A number column as an array; arrays or tensors of one shape stacked; else a list."""
    if series.dtype != object:
        return series.to_numpy() if series.dtype.kind in "biuf" else series.tolist()
    cells = series.tolist()
    arrays = [np.asarray(cell) for cell in cells if hasattr(cell, "__array__")]
    if cells and len(arrays) == len(cells) and len({(a.shape, a.dtype) for a in arrays}) == 1:
        return np.stack(arrays)
    return cells


def _nbytes(column: Column) -> int:
    """Bytes of a column, near enough: objects other than arrays, bytes and text count as 64."""
    if isinstance(column, np.ndarray):
        return column.nbytes
    return sum(
        len(value) + 49 if isinstance(value, bytes | str) else int(getattr(value, "nbytes", 0)) + 64
        for value in column
    )
