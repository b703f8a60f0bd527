"""A limit of CPU time for what is done with one record.

Reading a record takes time linear in its size, so the limit is there for what nobody thought of.
"""

from __future__ import annotations

import atexit
import os
import signal
import threading
from types import FrameType

# A signal that nothing else uses: Spark, JVMs and test runners live on SIGALRM and SIGPROF.
_SIGNAL, _TIMER = signal.SIGVTALRM, signal.ITIMER_VIRTUAL
_TICKS = 8  # in a limit's time


class OutOfTime(Exception):
    """The code under a Limit used more CPU time than it may. No OSError: those mean bad files."""


class Limit:
    """``with Limit(seconds):`` raises OutOfTime in code that uses more CPU time than that.

    Time spent waiting does not count, so a busy machine or a slow server costs no record. A timer
    of the kernel ticks while there is work; what is still at the same work after the ticks of its
    time is stopped, a tick late at most, and again at each tick should it swallow the exception.
    A use costs an addition at each end. It interrupts Python, regular expressions too, but no other
    native code, whose time must be bounded by the size of its input. Python delivers signals to the
    main thread alone, where Spark runs functions; in another thread there is no limit. Compile or
    import what the code needs before: that takes time as well. One Limit may be used again and
    again, but not within another.
    """

    _ticking: Limit | None = None  # the one that the timer of the process is set for

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._timed = threading.current_thread() is threading.main_thread()
        self._moves = 0  # entries and exits: odd within
        self._seen = 0  # those at the last tick
        self._ticks = 0  # since they were other ones

    def __enter__(self) -> None:
        self._moves += 1
        if self._timed and Limit._ticking is not self:
            Limit._ticking = self
            self._seen, self._ticks = self._moves, 0
            signal.signal(_SIGNAL, self._tick)
            signal.setitimer(_TIMER, self.seconds / _TICKS, self.seconds / _TICKS)

    def __exit__(self, *error: object) -> None:
        self._moves += 1

    def _tick(self, number: int, frame: FrameType | None) -> None:
        if self._moves != self._seen:
            self._seen, self._ticks = self._moves, 0
        elif self._moves % 2 == 0:  # no work since the last tick
            _stop()
        else:
            self._ticks += 1
            if self._ticks >= _TICKS:
                raise OutOfTime(f"more than {self.seconds:g} s of CPU time")


def _stop() -> None:
    signal.setitimer(_TIMER, 0)
    _forget()


def _forget() -> None:
    Limit._ticking = None


atexit.register(_stop)  # a tick that no handler waits for any more ends the process
os.register_at_fork(after_in_child=_forget)  # a child has no timer
