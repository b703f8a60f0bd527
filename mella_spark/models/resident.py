"""Models that stay in a worker process from task to task, and leave when nobody needs them.

Spark keeps its Python processes for later tasks, of any stage. Loading a model for each task would
cost minutes, and keeping one for ever would take the memory of the next stage's. The process that
holds a model gets no word of a stage's end, so it watches the clock instead: a model is given up
after some seconds without a lease, at once where the same kind of model is asked for with other
settings or on another device, and when the process ends.
"""

from __future__ import annotations

import contextlib
import gc
import sys
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from mella_spark.models.recovery import out_of_memory, release_memory

Model = TypeVar("Model")


@dataclass
class _Resident:
    key: Hashable
    model: Any
    leases: int = 0
    timer: threading.Timer | None = None


_residents: dict[str, _Resident] = {}
_lock = threading.RLock()


@contextmanager
def lease(
    kind: str, key: Hashable, load: Callable[[], Model], idle_seconds: float
) -> Iterator[Model]:
    """The model of this ``kind`` (``caption``, ``translate``) that ``key`` names, for a block.

    ``key`` must name all that tells two models apart, the device included. The model is loaded
    unless the last one of its kind has the same key, and given up ``idle_seconds`` after the last
    lease of it ended. Whatever ``load`` raises is raised, a lack of memory only at the second time,
    when other processes have had those seconds to give up their models.
    """
    with _lock:
        resident = _residents.get(kind)
        if resident is None or resident.key != key:
            if resident is not None:
                _give_up(kind, resident)
            resident = None  # the old model must be gone before the new one is loaded
            resident = _residents[kind] = _Resident(key, _load(load, idle_seconds))
        if resident.timer is not None:
            resident.timer.cancel()
            resident.timer = None
        resident.leases += 1
    try:
        yield resident.model
    finally:
        with _lock:
            resident.leases -= 1
            if not resident.leases and _residents.get(kind) is resident:
                if idle_seconds:
                    resident.timer = threading.Timer(idle_seconds, _expire, (kind, resident))
                    resident.timer.daemon = True
                    resident.timer.start()
                else:
                    _give_up(kind, resident)


def loaded(kind: str) -> bool:
    """Whether this process holds a model of this kind."""
    return kind in _residents


def release(kind: str) -> None:
    """Gives up the model of this kind now, if there is one and nobody has a lease on it."""
    with _lock:
        resident = _residents.get(kind)
        if resident is not None and not resident.leases:
            _give_up(kind, resident)


def _load(load: Callable[[], Model], idle_seconds: float) -> Model:
    try:
        return load()
    except Exception as error:  # loaders raise nearly anything
        if not out_of_memory(error):
            raise
    for kind in list(_residents):
        release(kind)
    release_memory()
    time.sleep(idle_seconds)
    return load()


def _expire(kind: str, resident: _Resident) -> None:
    with _lock:
        # The timer may have rung while a new lease was being taken.
        if not resident.leases and _residents.get(kind) is resident:
            _give_up(kind, resident)


def _give_up(kind: str, resident: _Resident) -> None:
    _residents.pop(kind, None)
    if resident.timer is not None:
        resident.timer.cancel()
    if resident.leases:
        return  # who still works with it frees it by letting go
    model, resident.model = resident.model, None
    close = getattr(model, "close", None)
    if close is not None:
        with contextlib.suppress(Exception):  # a model that does not close well is dropped as well
            close()
    del model, close
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
