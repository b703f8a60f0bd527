"""Progress of long work: counts, rate, time left. One line on a terminal, else a line at times."""

from __future__ import annotations

import sys
import time
from typing import TextIO

TERMINAL_SECONDS = 0.2
LOG_SECONDS = 5.0


def rate_text(count: float, seconds: float, unit: str) -> str:
    """``count`` per second in ``unit``, with one decimal below ten."""
    rate = count / seconds if seconds > 0 else 0.0
    return f"{rate:,.1f} {unit}/s" if rate < 10 else f"{rate:,.0f} {unit}/s"


def duration_text(seconds: float) -> str:
    """Seconds as ``42 s``, ``3 min 05 s`` or ``2 h 07 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


class Progress:
    """Reports ``done`` (and ``total`` where known) of one piece of work to ``stream``.

    Nothing is ever written to standard output, which belongs to results.
    """

    def __init__(
        self, name: str, unit: str, total: int | None = None, stream: TextIO | None = None
    ) -> None:
        self.name, self.unit, self.total = name, unit, total
        self.stream = stream or sys.stderr
        self.started = time.monotonic()
        self.done = 0
        self.note = ""
        self._shown = self.started
        self._terminal = self.stream.isatty()

    @property
    def seconds(self) -> float:
        """Seconds since the work began."""
        return time.monotonic() - self.started

    def update(self, done: int, note: str = "", seconds_left: float | None = None) -> None:
        """Sets how much is done and shows it, if it is time to."""
        self.done, self.note = done, note
        now = time.monotonic()
        if now - self._shown < (TERMINAL_SECONDS if self._terminal else LOG_SECONDS):
            return
        self._shown = now
        if seconds_left is None and self.total and 0 < done <= self.total:
            seconds_left = (self.total - done) * self.seconds / done
        self._write(self.line(seconds_left), final=False)

    def line(self, seconds_left: float | None = None) -> str:
        """The line to show."""
        count = f"{self.done:,} of {self.total:,}" if self.total else f"{self.done:,}"
        parts = [f"{self.name}: {count} {self.unit}", rate_text(self.done, self.seconds, self.unit)]
        if self.note:
            parts.append(self.note)
        if seconds_left is not None:
            parts.append(f"{duration_text(seconds_left)} left")
        else:
            parts.append(duration_text(self.seconds))
        return " · ".join(parts)

    def finish(self, note: str = "") -> None:
        """Shows the last line."""
        self.note = note
        self._write(self.line(), final=True)

    def _write(self, text: str, final: bool) -> None:
        if self._terminal:
            self.stream.write(f"\r\x1b[K{text}" + ("\n" if final else ""))
        else:
            self.stream.write(text + "\n")
        self.stream.flush()
