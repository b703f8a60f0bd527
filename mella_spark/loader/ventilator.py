"""The petastorm ventilator that hands out work in the order of the plan, within a byte budget."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from petastorm.workers_pool.ventilator import Ventilator

from mella_spark.loader.cache import Budget, Key, SliceCache
from mella_spark.loader.worker import Batch, Step, needs

_AHEAD = 256  # batches under way at most, however small they are


class ByteVentilator(Ventilator):  # type: ignore[misc]
    """Before each step it reserves bytes for the slices the step is first to need and for the
    batch; it holds the block each lane stands in, so that it survives between two steps."""

    def __init__(
        self,
        ventilate: Callable[..., None],
        steps: Iterator[Step],
        cache: SliceCache,
        budget: Budget,
        row_bytes: float,
        cautious: int | None,
    ) -> None:
        """``row_bytes`` estimates a row of a batch; with ``cautious`` (a transform may make it any
        size) no more than so many steps go out before the first result shows the true size."""
        super().__init__(ventilate)
        self._steps, self._cache, self._budget = steps, cache, budget
        self._row_bytes = row_bytes
        self._cautious = cautious
        self._sent = self._taken = 0
        self._held: dict[int, list[Key]] = {}
        self._stopped = self._done = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="mella-ventilator", daemon=True)
        self._thread.start()

    def completed(self) -> bool:
        return self._done or self._stopped

    def processed_item(self) -> None:
        """The pool counts items; here only batches that were taken matter."""

    def taken(self, batch: Batch) -> None:
        """The consumer has taken a batch: its bytes are no longer the loader's."""
        self._taken += 1
        rows = len(batch.step.positions) if batch.step else 0
        if rows and self._cautious is not None:
            known = batch.size / rows
            self._row_bytes = known if self._taken == 1 else max(self._row_bytes, known)
        self._budget.change(-batch.size)

    def stop(self) -> None:
        self._stopped = True
        self._budget.change()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        try:
            for step in self._steps:
                if not self._send(step):
                    return
        except Exception as error:  # reaches the consumer by way of a worker
            self._ventilate_fn(error=error)
        finally:
            self._done = True

    def _send(self, step: Step) -> bool:
        needed = needs(step)
        size = len(step.positions) * self._row_bytes
        amount = size + sum(map(self._cache.estimate, dict.fromkeys(needed.slices)))
        if not self._budget.reserve(amount, lambda: self._admitted(amount), lambda: self._stopped):
            return False
        for key in needed.slices:  # held until the end of this call
            if self._cache.acquire(key):
                self._ventilate_fn(key=key)
        for key, _ in needed.parts:  # the worker releases these
            self._cache.acquire(key)
        for lane, keys in needed.standing.items():  # and these stay until the lane moves on
            left = self._held.get(lane, [])
            if left != keys:
                self._held[lane] = keys
                for key in keys:
                    self._cache.acquire(key)
                for key in left:
                    self._cache.release(key)
        for key in needed.slices:
            self._cache.release(key)
        self._sent += 1
        self._ventilate_fn(step=step, needed=needed, reserved=size)
        return True

    def _admitted(self, amount: float) -> bool:
        """One step may always be under way; more only within the budget."""
        under_way = self._sent - self._taken
        if not under_way:
            return True
        unknown = self._cautious is not None and not self._taken
        limit = self._cautious if unknown else _AHEAD
        return under_way < (limit or 1) and self._budget.fits(amount)
