"""A limit of CPU time for what is done with one record.

Reading a record takes time linear in its size, so the limit is there for what nobody thought of.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType

# A signal that nothing else uses: Spark, JVMs and test runners live on SIGALRM and SIGPROF.
_SIGNAL, _TIMER = signal.SIGVTALRM, signal.ITIMER_VIRTUAL
_AGAIN = 0.5  # seconds until the next exception, should code swallow the first


class OutOfTime(Exception):
    """The code under a Limit used more CPU time than it may. No OSError: those mean bad files."""


class Limit:
    """``with Limit(seconds):`` raises OutOfTime in code that uses more CPU time than that.

    Time spent waiting does not count, so a busy machine or a slow server costs no record. It is
    a timer of the kernel and a signal: one or two microseconds for each use. It interrupts Python,
    regular expressions too, but no other native code, whose time must be bounded by the size of
    its input. Python delivers signals to the main thread alone, where Spark runs functions; in
    another thread there is no limit. Compile or import what the code needs before: that takes
    time as well. One Limit may be used again and again, but not within itself.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.armed = threading.current_thread() is threading.main_thread()
        if self.armed:
            signal.signal(_SIGNAL, self._stop)

    def __enter__(self) -> None:
        if self.armed:
            signal.setitimer(_TIMER, self.seconds, _AGAIN)

    def __exit__(self, *error: object) -> None:
        if self.armed:
            signal.setitimer(_TIMER, 0)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        raise OutOfTime(f"more than {self.seconds:g} s of CPU time")
