"""The order of samples: pure functions of (snapshot, seed, epoch), for any number of ranks.

How it works. The row groups of the snapshot are put in random order and cut into slices of a few
MiB. The sequence of their rows is cut into contiguous lanes of equal length, and shuffled inside
blocks of consecutive slices; the global order takes one row from each lane in turn. So a batch
draws from as many blocks as there are lanes, ``WINDOW`` slices in all, which is what has to be in
memory. A training step consumes the next ``batch × ranks`` positions of the global order; within
the step, positions sorted by lane are dealt to the ranks in equal runs. So each rank stays on its
own lanes and reads row groups that others do not (where ranks divide the lanes; otherwise
neighbours share a lane), while after every step what the whole job has consumed is a prefix of the
global order: one integer, whatever the number of ranks was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Last = Literal["drop", "pad", "uneven"]

# Lanes × slices of a block. 24 is divided by 1, 2, 3, 4, 6, 8, 12 and 24 ranks, and with slices of
# 2 MiB it is a shuffle window of 48 MiB. Part of the order: a change invalidates saved states.
WINDOW = 24
_LANES = tuple(lanes for lanes in range(WINDOW, 0, -1) if WINDOW % lanes == 0)


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014), element by element."""
    with np.errstate(over="ignore"):
        values = values + np.uint64(0x9E3779B97F4A7C15)
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return values ^ (values >> np.uint64(31))


def permutation(size: int, *key: int) -> Ints:
    """A pseudo-random permutation of ``range(size)`` fixed by ``key`` for all time.

    numpy promises no stable streams across its versions for ``Generator``; a saved state must mean
    the same order for years, so the numbers come from a hash.
    """
    state = np.zeros(1, np.uint64)
    for part in key:
        state = _mixed(state ^ _mixed(np.array([part & 0xFFFFFFFFFFFFFFFF], np.uint64)))
    return np.argsort(_mixed(state ^ _mixed(np.arange(size, dtype=np.uint64))), kind="stable")


@dataclass(frozen=True)
class Layout:
    """What the order depends on: ``live[s]``, the rows to deliver of each slice, and
    ``groups[g] : groups[g + 1]``, the slices of row group ``g``, in file order."""

    live: Ints
    groups: Ints

    @property
    def rows(self) -> int:
        return int(self.live.sum())


@dataclass(frozen=True)
class Places:
    """Where the rows of some positions lie: their lane, their block of the lane's sequence, their
    slice, and their index among that slice's live rows."""

    lane: Ints
    block: Ints
    slice: Ints
    offset: Ints


class EpochPlan:
    """The global order of one epoch. Without ``shuffle`` it is the order of the table."""

    def __init__(self, layout: Layout, seed: int, epoch: int, shuffle: bool = True) -> None:
        self.epoch = epoch
        self.rows = layout.rows
        self._key = (seed, epoch)
        self._shuffle = shuffle
        groups = len(layout.groups) - 1
        slices = np.arange(len(layout.live))
        self.lanes, block = 1, 1
        if shuffle:
            order = permutation(groups, *self._key)
            sizes = np.diff(layout.groups)[order]
            slices += np.repeat(layout.groups[:-1][order] - np.cumsum(sizes) + sizes, sizes)
            self.lanes = next(lanes for lanes in _LANES if lanes <= max(groups, 1))
            block = WINDOW // self.lanes
        self._slices = slices[layout.live[slices] > 0]
        self._starts = np.concatenate([[0], np.cumsum(layout.live[self._slices])])
        self._blocks = np.append(np.arange(0, len(self._slices), block), len(self._slices))
        long, extra = divmod(self.rows, self.lanes)
        lane = np.arange(self.lanes)
        self._lane_starts = lane * long + np.minimum(lane, extra)
        self._orders: dict[int, Ints] = {}

    def locate(self, positions: Ints) -> Places:
        """Where the rows at ``positions`` (0 ≤ p < rows) of the global order lie."""
        lane = positions % self.lanes
        row = self._lane_starts[lane] + positions // self.lanes
        starts = self._starts[self._blocks]
        block = np.searchsorted(starts, row, side="right") - 1
        if self._shuffle:
            for number in np.unique(block):
                inside = block == number
                first = starts[number]
                row[inside] = first + self._order(int(number))[row[inside] - first]
        index = np.searchsorted(self._starts, row, side="right") - 1
        return Places(lane, block, self._slices[index], row - self._starts[index])

    def slices_of(self, block: int) -> list[int]:
        """The slices of a block, in the order they are read."""
        return self._slices[self._blocks[block] : self._blocks[block + 1]].tolist()

    def _order(self, block: int) -> Ints:
        """The shuffled order of a block's rows; the blocks in use are few and used again."""
        order = self._orders.get(block)
        if order is None:
            if len(self._orders) > 4 * self.lanes:
                self._orders.clear()
            first, stop = self._starts[self._blocks[block : block + 2]]
            order = self._orders[block] = permutation(int(stop - first), *self._key, 1 + block)
        return order

    def share(self, start: int, stop: int, shard: int, shards: int) -> Ints:
        """The positions that ``shard`` delivers of the step [start, stop), ascending.

        ``stop`` may lie beyond the epoch's end (padding): the order then starts again.
        """
        step = np.arange(start, stop)
        by_lane = step[np.argsort((step % self.rows) % self.lanes, kind="stable")]
        first, last = (len(step) * s // shards for s in (shard, shard + 1))
        return np.sort(by_lane[first:last]) % self.rows


def step_count(remaining: int, batch: int, shards: int, last: Last) -> int:
    """How many steps deliver ``remaining`` rows to ``shards`` ranks in batches of ``batch``."""
    full, tail = divmod(remaining, batch * shards)
    if last == "drop" or not tail:
        return full
    # Uneven, and fewer rows left than ranks: the previous step takes them along.
    return full if last == "uneven" and tail < shards and full else full + 1


def steps(
    consumed: int, total: int, batch: int, shards: int, last: Last
) -> Iterator[tuple[int, int]]:
    """The steps [start, stop) that follow after ``consumed`` rows of an epoch of ``total``.

    All are ``batch × shards`` long but the last, which with ``drop`` does not exist, with ``pad``
    runs on into the beginning of the order, and with ``uneven`` holds exactly the rows left.
    """
    size = batch * shards
    count = step_count(total - consumed, batch, shards, last)
    for index in range(count):
        start = consumed + index * size
        final = index == count - 1
        yield start, (total if final and last == "uneven" else start + size)
