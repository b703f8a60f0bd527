"""A number of bytes that threads share."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Cancelled(Exception):
    """The work that was waited for is no longer wanted."""


class ByteBudget:
    """At most ``limit`` bytes in use at once, or one piece of work that is larger by itself."""

    def __init__(self, limit: int) -> None:
        self.limit, self.used, self.most = limit, 0, 0
        self._cancelled = False
        self._changed = threading.Condition()

    def acquire(self, size: int) -> None:
        """Waits until ``size`` bytes are free; raises ``Cancelled`` once nobody wants them."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._cancelled or not self.used or self.used + size <= self.limit
            )
            if self._cancelled:
                raise Cancelled
            self._add(size)

    def adjust(self, change: int) -> None:
        """What was acquired turned out to be ``change`` bytes larger, or smaller; never waits."""
        with self._changed:
            self._add(change)
            self._changed.notify_all()

    def release(self, size: int) -> None:
        """Gives back ``size`` bytes."""
        self.adjust(-size)

    def cancel(self) -> None:
        """Lets everybody go who waits, now and later."""
        with self._changed:
            self._cancelled = True
            self._changed.notify_all()

    @contextmanager
    def held(self, size: int) -> Iterator[None]:
        """:meth:`acquire` for the length of a block."""
        self.acquire(size)
        try:
            yield
        finally:
            self.release(size)

    def _add(self, change: int) -> None:
        self.used += change
        self.most = max(self.most, self.used)
