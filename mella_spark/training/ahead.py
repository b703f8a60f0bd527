"""Batches made ready in a thread while the model computes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
_END = object()


@contextmanager
def ahead(make: Callable[[], Iterator[T]], depth: int) -> Iterator[Iterator[T]]:
    """Iterates over ``make()``, at most ``depth`` items ahead; the thread ends with the block.

    An exception of the iterator is raised where its item would have come.
    """
    waiting: queue.Queue = queue.Queue(depth)
    stop = threading.Event()

    def put(item: object) -> bool:
        while not stop.is_set():
            try:
                waiting.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for item in make():
                if not put((item, None)):
                    return
            put((_END, None))
        except BaseException as error:
            put((_END, error))

    def items() -> Iterator[T]:
        while True:
            item, error = waiting.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item

    thread = threading.Thread(target=work, name="mella-collate", daemon=True)
    thread.start()
    try:
        yield items()
    finally:
        stop.set()
        thread.join()
