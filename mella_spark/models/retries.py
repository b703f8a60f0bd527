"""When to ask a server again, and when to give up."""

from __future__ import annotations

import email.utils
import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")
_JITTER = 0.25
"""Share by which waits differ, so that requests that failed together do not come back together."""


class Failure(Exception):
    """Why there is no answer: ``Type: message``.

    ``passing`` where the same request may succeed later; ``wait``, in seconds, is what the server
    asked for, None where it did not say.
    """

    def __init__(self, message: str, passing: bool = False, wait: float | None = None) -> None:
        super().__init__(message)
        self.passing, self.wait = passing, wait


class Retries:
    """Repeats calls that failed for a passing reason; shared by all threads that ask one server.

    The wait doubles from ``backoff`` seconds, up to ``longest``. Where the server names a time,
    every thread keeps quiet that long; a time above ``longest`` ends the call.
    """

    def __init__(
        self,
        attempts: int,
        backoff: float,
        longest: float,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.attempts, self.backoff, self.longest = attempts, backoff, longest
        self._sleep, self._now = sleep, now
        self._quiet_until = 0.0
        self._lock = threading.Lock()
        self._random = random.Random(0)

    def call(self, run: Callable[[], Result]) -> Result:
        """What ``run`` returns. Raises the last ``Failure`` where it never succeeds."""
        attempt = 1
        while True:
            self._keep_quiet()
            try:
                return run()
            except Failure as failure:
                if not failure.passing or attempt >= self.attempts:
                    raise
                if failure.wait is not None and failure.wait > self.longest:
                    raise Failure(
                        f"{failure} (the server asks to wait {failure.wait:g} s)"
                    ) from None
                self._pause(failure.wait, attempt)
            attempt += 1

    def _pause(self, asked: float | None, attempt: int) -> None:
        if asked is not None:
            with self._lock:
                self._quiet_until = max(self._quiet_until, self._now() + asked)
            return
        wait = min(self.longest, self.backoff * 2 ** (attempt - 1))
        self._sleep(wait * (1 + self._random.uniform(-_JITTER, _JITTER)))

    def _keep_quiet(self) -> None:
        with self._lock:
            wait = self._quiet_until - self._now()
        if wait > 0:
            self._sleep(wait * (1 + self._random.uniform(0, _JITTER)))


def retry_after(header: str | None, now: float | None = None) -> float | None:
    """Seconds in a Retry-After header: a number, or a date after ``now`` (Unix time)."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            date = email.utils.parsedate_to_datetime(header)
        except ValueError:
            return None
        seconds = date.timestamp() - (time.time() if now is None else now)
    return max(0.0, seconds) if seconds == seconds and seconds != float("inf") else None
