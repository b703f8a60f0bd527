"""A circuit breaker: what a dead server costs is the time to find out, not that for every row.

The pattern is that of M. Nygard, *Release It!* (2007): closed, all calls go out; open, none does;
after a time one goes out to try, and its answer closes the circuit again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Breaker:
    """Opens when ``failures`` calls in a row were given up on; shared by all threads of a client.

    A call counts once, after all of its retries, and only if no try brought a sign of life: an
    open circuit then takes no patience from a row that the rows before did not spend in vain. While
    it is open, one call every ``rest`` seconds is let through. ``now`` is in seconds.
    """

    def __init__(
        self, failures: int, rest: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.failures, self.rest = failures, rest
        self._now = now
        self._lock = threading.Lock()
        self._count = 0
        self._reason = ""
        self._next_try: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether calls are refused."""
        return self._next_try is not None

    @property
    def reason(self) -> str:
        """What the last call that was given up on ran into."""
        return self._reason

    def admit(self) -> bool:
        """Whether a call may go out now. Where the circuit is open, that one is the one to try.

        The next is let through ``rest`` seconds later whatever becomes of this one, so that a call
        that is never heard of again blocks nothing.
        """
        with self._lock:
            if self._next_try is None:
                return True
            if self._now() < self._next_try:
                return False
            self._next_try = self._now() + self.rest
            return True

    def answered(self) -> None:
        """The server gave a sign of life."""
        with self._lock:
            self._count, self._next_try = 0, None

    def gave_up(self, reason: str) -> None:
        """A call was given up on, and the server never gave a sign of life; ``reason`` says how."""
        with self._lock:
            self._count += 1
            self._reason = reason
            if self._count >= self.failures:
                self._next_try = self._now() + self.rest
