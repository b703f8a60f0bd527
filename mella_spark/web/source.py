"""A crawl file as a stream: read forward, with look-ups that leave its position alone."""

from __future__ import annotations

import io
from typing import BinaryIO


class Unreadable(Exception):
    """The file's bytes cannot be got: an error of disk or network, not damage in the file."""


class Source:
    """A seekable stream, read forward by FastWARC, with look-ups that leave its position alone."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._next = 0  # where reading goes on
        self._actual = -1  # where the stream stands
        self._window: tuple[int, bytes] = (0, b"")

    def read(self, count: int = -1) -> bytes:
        """The next bytes, none at the end. Raises Unreadable."""
        data = self._read(self._next, count)
        self._window = (self._next, data)
        self._next += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Moves to ``offset`` bytes from the start, the only origin there is."""
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("seeks from the start only")
        self._next = offset
        return offset

    def tell(self) -> int:
        """Bytes from the start."""
        return self._next

    def close(self) -> None:
        """Nothing: the stream belongs to who opened it."""

    def serves_parts(self) -> bool:
        """Whether reading may begin anywhere: a server may only have the whole to give.

        Raises Unreadable.
        """
        ask = getattr(getattr(self._stream, "raw", self._stream), "serves_parts", None)
        try:
            return True if ask is None else bool(ask())
        except OSError as error:
            raise Unreadable(str(error)) from error

    def at(self, position: int, count: int) -> bytes:
        """``count`` bytes at ``position``, fewer at the end of the file. Raises Unreadable."""
        start, window = self._window
        if start <= position and position + count <= start + len(window):
            return window[position - start : position - start + count]
        data = self._read(position, count)
        if len(data) == count or not data:
            return data
        pieces, size = [data], len(data)  # a stream of the network may give less than asked
        while size < count and (data := self._read(position + size, count - size)):
            pieces.append(data)
            size += len(data)
        return b"".join(pieces)

    def _read(self, position: int, count: int) -> bytes:
        try:
            if self._actual != position:
                self._stream.seek(position)
            data = self._stream.read(count)
        except Exception as error:  # whatever a stream of the network raises
            self._actual = -1
            raise Unreadable(f"{type(error).__name__}: {error}") from error
        self._actual = position + len(data)
        return data


class Part:
    """Some bytes of a source as a stream of their own."""

    def __init__(self, source: Source, start: int, end: int) -> None:
        self._source, self._place, self._end = source, start, end

    def read(self, count: int = -1) -> bytes:
        count = min(count if count >= 0 else self._end, self._end - self._place)
        data = self._source.at(self._place, count) if count > 0 else b""
        self._place += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        raise io.UnsupportedOperation("read forward only")

    def tell(self) -> int:
        return self._place

    def close(self) -> None:
        """Nothing to close."""
