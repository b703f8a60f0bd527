"""When to ask a server again, and when to give up."""

from __future__ import annotations

import email.utils
import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from mella_spark.models.breaker import Breaker

Result = TypeVar("Result")
_JITTER = 0.25
"""Share by which waits differ, so that requests that failed together do not come back together."""


class Failure(Exception):
    """Why there is no answer: ``Type: message``.

    ``passing`` where the same request may succeed later; ``wait``, in seconds, is what the server
    asked for, None where it did not say. ``dead`` where nothing shows that the server works: no
    connection, no answer in time, or one that only says that it is broken.
    """

    def __init__(
        self, message: str, passing: bool = False, wait: float | None = None, dead: bool = False
    ) -> None:
        super().__init__(message)
        self.passing, self.wait, self.dead = passing, wait, dead


class Retries:
    """Repeats calls that failed for a passing reason; shared by all threads that ask one server.

    The wait doubles from ``backoff`` seconds, up to ``longest``. Where the server names a time,
    every thread keeps quiet that long; a time above ``longest`` ends the call. Once ``breaker`` is
    open, a call fails at its next failure, or at once.
    """

    def __init__(
        self,
        attempts: int,
        backoff: float,
        longest: float,
        breaker: Breaker,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.attempts, self.backoff, self.longest = attempts, backoff, longest
        self._breaker = breaker
        self._sleep, self._now = sleep, now
        self._quiet_until = 0.0
        self._lock = threading.Lock()
        self._random = random.Random(0)

    def call(self, run: Callable[[], Result]) -> Result:
        """What ``run`` returns. Raises the last ``Failure`` where it never succeeds."""
        if not self._breaker.admit():
            raise Failure(
                f"ServerDown: not asked, after many a try in vain: {self._breaker.reason}"
            )
        attempt, dead = 1, True
        while True:
            self._keep_quiet()
            try:
                result = run()
            except Failure as failure:
                dead = dead and failure.dead
                if not failure.dead:
                    self._breaker.answered()
                if self._is_last(failure, attempt):
                    if dead:
                        self._breaker.gave_up(str(failure))
                    raise self._explained(failure) from None
                self._pause(failure.wait, attempt)
            else:
                self._breaker.answered()
                return result
            attempt += 1

    def _is_last(self, failure: Failure, attempt: int) -> bool:
        hopeless = not failure.passing or self._breaker.is_open
        return hopeless or attempt >= self.attempts or self._asks_too_much(failure)

    def _asks_too_much(self, failure: Failure) -> bool:
        return failure.wait is not None and failure.wait > self.longest

    def _explained(self, failure: Failure) -> Failure:
        if not self._asks_too_much(failure):
            return failure
        return Failure(f"{failure} (the server asks to wait {failure.wait:g} s)")

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
