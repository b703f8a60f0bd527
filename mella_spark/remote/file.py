"""A file elsewhere that behaves like one here: seekable, patient, and never half of two versions.

``RemoteFile`` holds what HTTP and S3 have in common: a position, and trying again from just there.
What fails for good is a RemoteError, an OSError with one readable sentence.
"""

from __future__ import annotations

import io
import os
import random
import re
import time
from abc import abstractmethod
from collections.abc import Callable

from mella_spark.settings import RemoteSettings


class RemoteError(OSError):
    """A remote file cannot be read; the message is a sentence that names it."""


class MissingError(RemoteError):
    """There is no such file."""


class ForbiddenError(RemoteError):
    """The server does not let us read it."""


class ChangedError(RemoteError):
    """The file is not the one whose first part was read."""


class Passing(Exception):
    """Trouble that may pass; ``after`` are the seconds that the server asks us to wait."""

    def __init__(self, problem: str, after: float | None = None) -> None:
        super().__init__(problem)
        self.after = after


def shown(address: str) -> str:
    """``address`` fit for messages: without user, password, query and fragment."""
    bare = re.sub(r"^([a-z0-9+.-]+://)[^/?#]*@", r"\1", address, flags=re.IGNORECASE)
    return re.sub(r"[?#].*", "?…", bare, count=1, flags=re.DOTALL)


def wait_seconds(
    failures: int,
    settings: RemoteSettings,
    after: float | None = None,
    chance: Callable[[], float] = random.random,
) -> float:
    """Seconds to wait after so many failures in a row (at least one).

    Doubled each time up to ``max_backoff_seconds``, then cut at random to between half and all of
    it; never less than the server asks for, up to that limit.
    """
    longest = settings.max_backoff_seconds
    doubled = min(longest, settings.backoff_seconds * 2.0 ** min(failures - 1, 60))
    return max(doubled * (0.5 + chance() / 2), min(after or 0.0, longest))


class Patience:
    """Counts failures in a row and waits between them."""

    def __init__(self, address: str, settings: RemoteSettings) -> None:
        self.address, self.settings, self.failures = address, settings, 0

    def failed(self, problem: Passing) -> None:
        """Waits before the next attempt. Raises RemoteError where there is to be none."""
        self.failures += 1
        if self.failures >= self.settings.attempts:
            raise RemoteError(
                f"{shown(self.address)} cannot be read: {problem} ({self.failures} attempts)."
            ) from problem
        time.sleep(wait_seconds(self.failures, self.settings, problem.after))

    def progressed(self) -> None:
        """Something new came: failures count from zero again."""
        self.failures = 0


class RemoteFile(io.RawIOBase):
    """Reading with a position; ``_fetch`` and ``_measure`` do the work. Not for several threads."""

    def __init__(self, address: str, settings: RemoteSettings) -> None:
        super().__init__()
        self.address, self.settings = address, settings
        self.position = 0
        self.length: int | None = None
        self._patience = Patience(address, settings)

    @abstractmethod
    def _fetch(self, count: int) -> bytes:
        """At most ``count`` bytes at ``position``, empty only at the end of the file.

        Raises Passing or RemoteError; whatever it raises, the next call may start afresh.
        """

    @abstractmethod
    def _measure(self) -> None:
        """Sets ``length``. Raises Passing or RemoteError."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Moves the position; asks the server only for the end of the file. Raises OSError."""
        base = 0
        if whence == os.SEEK_CUR:
            base = self.position
        elif whence == os.SEEK_END:
            base = self.size()
        if base + offset < 0:
            raise ValueError("a position before the start of the file")
        self.position = base + offset
        return self.position

    def size(self) -> int:
        """Bytes of the file. Raises RemoteError."""
        while self.length is None:
            try:
                self._measure()
            except Passing as problem:
                self._patience.failed(problem)
        return self.length

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        """Fills part of ``buffer``; 0 bytes only at the end. Raises RemoteError."""
        view = memoryview(buffer).cast("B")
        while True:
            if not len(view) or (self.length is not None and self.position >= self.length):
                return 0
            try:
                data = self._fetch(len(view))
                break
            except Passing as problem:
                self._patience.failed(problem)
        if data:
            self._patience.progressed()
        view[: len(data)] = data
        self.position += len(data)
        return len(data)
