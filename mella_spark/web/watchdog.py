"""A time limit that holds even inside native code.

HTML's parsing rules take quadratic time on some input: 200,000 nested ``div`` take minutes, in
browsers too. A Python signal cannot interrupt Lexbor, so pages that could be slow are parsed in a
forked child that is killed when the time is up. Telling them apart costs a look at the tags; nearly
every page of the web stays in the process.
"""

from __future__ import annotations

import os
import pickle
import re
import selectors
import signal
import threading
import time
from collections.abc import Callable
from itertools import accumulate
from types import FrameType
from typing import TypeVar

T = TypeVar("T")

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


# Lexbor takes about 6 ns for one open element looked at on one start tag, so this is 0.1 s.
_MAX_STEPS = 20_000_000
# Far above what crawls keep of a page (1 to 5 MiB).
_MAX_BYTES = 8 << 20
# Attributes of one element are compared pairwise: 4,000 take 30 ms.
_MAX_SEPARATORS = 4000
# A body of this size holds no more than 20,000 attributes: half a second at worst.
_LONG_BODY = 64 << 10
_TAG = re.compile(rb"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
# Void elements, and those that end where the next of their kind begins: they add no depth alone.
_FLAT = frozenset(
    b"area base br col embed hr img input link meta param source track wbr "
    b"p li dt dd option optgroup tr td th thead tbody tfoot colgroup rt rp".split()
)
_LONG_TAG = re.compile(rb"<[^<>]{%d,}" % (2 * _MAX_SEPARATORS))


class Crashed(Exception):
    """The child ended without an answer: killed by the system, or the native code crashed."""


def may_be_slow(body: bytes) -> bool:
    """Whether parsing may take quadratic time: deep nesting, an element with
    many attributes, or sheer size."""
    if len(body) > _MAX_BYTES:
        return True
    if body.count(b"<") ** 2 > _MAX_STEPS:
        steps = ((close, name.lower()) for close, name in _TAG.findall(body))
        depths = list(accumulate(-1 if close else 1 for close, name in steps if name not in _FLAT))
        if max(depths, default=0) * len(depths) > _MAX_STEPS:
            return True
    return len(body) > _LONG_BODY and any(
        len(re.findall(rb"[\s/\"']", tag)) > _MAX_SEPARATORS for tag in _LONG_TAG.findall(body)
    )


def run(function: Callable[[], T], seconds: float) -> T:
    """``function()`` in a forked child.

    Raises TimeoutError when it takes more than ``seconds``, Crashed when the child dies, and what
    the function raised otherwise.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _answer(function, writer)
    os.close(writer)
    try:
        data = _receive(reader, time.monotonic() + seconds)
    finally:
        os.close(reader)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if not data:
        raise Crashed("the parser died on this page")
    result, error = pickle.loads(data)  # our own child's answer
    if error is not None:
        raise error
    return result


def _answer(function: Callable[[], object], writer: int) -> None:
    """In the child: compute, write, and leave without the parent's exit handlers."""
    try:
        try:
            data = pickle.dumps((function(), None))
        except Exception as error:
            data = pickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}")))
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(data)
    finally:
        os._exit(0)


def _receive(reader: int, deadline: float) -> bytes:
    pieces: list[bytes] = []
    with selectors.DefaultSelector() as selector:
        selector.register(reader, selectors.EVENT_READ)
        while True:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError("the page takes too long to parse")
            piece = os.read(reader, 1 << 16)
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)
