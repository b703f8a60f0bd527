"""What a member holds, as a file of its own: for members of many records with damage among them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

_STEP = 1 << 20
# Look-ups around damage go back as far as the record before it: far more than most of them have.
_KEPT = 8 << 20


class Unpacked:
    """A seekable stream over one that only goes forward, which ``open_`` begins.

    The last bytes are kept; going back beyond them begins anew.
    """

    def __init__(self, open_: Callable[[], Any]) -> None:
        self._open = open_
        self._inner = open_()
        self._kept = bytearray()
        self._start = 0  # where the kept bytes start
        self._place = 0

    def read(self, count: int = -1) -> bytes:
        """At most ``count`` bytes, none at the end. Raises OSError on damage."""
        while self._place >= self._start + len(self._kept) and self._more():
            pass
        begin = self._place - self._start
        data = bytes(self._kept[begin : begin + min(count, _STEP) if count >= 0 else None])
        self._place += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Moves to ``offset`` bytes from the start."""
        if offset < self._start:
            self._inner = self._open()
            self._kept.clear()
            self._start = 0
        self._place = offset
        return offset

    def tell(self) -> int:
        """Bytes from the start."""
        return self._place

    def close(self) -> None:
        """Nothing to close."""

    def _more(self) -> bool:
        data = self._inner.read(_STEP)
        self._kept += data
        if len(self._kept) > 2 * _KEPT:
            cut = len(self._kept) - _KEPT
            del self._kept[:cut]
            self._start += cut
        return bool(data)
