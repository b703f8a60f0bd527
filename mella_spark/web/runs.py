"""Where the records of a run are: what FastWARC tells of its position, and how far it is true."""

from __future__ import annotations

import re
from collections.abc import Callable

from fastwarc.stream_io import WarcReader
from fastwarc.warc import ArchiveIterator, WarcRecord

from mella_spark.web.packing import Gzip, Packing
from mella_spark.web.record import tells_length
from mella_spark.web.source import Part, Source

NEWLINES = b"\r\n"

_PIECE = 1 << 20
_HEADER_BYTES = 1 << 20
_FOLLOWING = 4096
_HEAD_END = re.compile(rb"\n\r?\n")
_SWALLOWS = "the record's length reaches into the record behind it"


def iterate(reader: WarcReader | Source | Part, line_feeds: bool = False) -> ArchiveIterator:
    """FastWARC over an unpacked stream; ``line_feeds`` allows headers without carriage returns."""
    return ArchiveIterator(
        reader,
        parse_http=False,
        quirks_mode=line_feeds,
        max_header_len=_HEADER_BYTES,
        stream_detect=False,
    )


def ends_with_record(packing: Packing, start: int, end: int, line_feeds: bool) -> bool:
    """Whether the last record that starts in the member ``[start, end)`` ends within it.

    Also if it holds nothing; not if it holds part of a header alone.
    """
    empty = True
    try:
        for raw in iterate(packing.member(start, end), line_feeds):
            empty = False
            length = raw.content_length
            if raw.reader.consume() < length or (length == 0 and not tells_length(raw)):
                return False
        return not empty or not packing.member(start, end).read(_FOLLOWING).strip(NEWLINES)
    except OSError:
        return False


class PlainRun:
    """Records of a plain file from ``start`` on.

    ``place`` is where the last record starts, ``alone`` whether it can be read from there, and
    ``spans`` whether it goes on in other members; ``begun`` tells whether there is one.
    """

    spans = False

    def __init__(self, start: int, packing: Packing) -> None:
        self.start = start
        self.packing = packing
        self.place = start
        self.begun = self.alone = False
        self.nth = 0  # which record of its member it is; 0 where that does not start with one

    def begin(self, raw: WarcRecord) -> int | None:
        """The offset of the record that FastWARC stands at."""
        self.place = raw.stream_pos
        self.begun = self.alone = True
        return self.place

    def finish(self, raw: WarcRecord, skip: bool) -> str | None:
        """Reads over the record where it is to be skipped; what is wrong with its length."""
        return self._skip(raw) if skip else None

    def member(self) -> int:
        """Where the member starts that FastWARC is in."""
        return self.place

    def following(self, end: int) -> bytes | None:
        """First bytes behind the block of the last record; ``end`` is as its packing gives it."""
        return self.packing.source.at(end, _FOLLOWING)

    def left_over(self) -> int | None:
        """Where bytes follow that belong to no record, when FastWARC came to the end."""
        end = self.packing.end(self.place) if self.begun else self.start
        if end is None:
            return None
        following = self.packing.source.at(end, _FOLLOWING)
        rest = following.lstrip(NEWLINES)
        return end + len(following) - len(rest) if rest else None

    def is_blank(self, start: int, end: int) -> bool:
        """Whether the member in ``[start, end)`` holds nothing but newlines."""
        return False

    def _skip(self, raw: WarcRecord) -> str | None:
        size, length = 0, raw.content_length
        while size < length and (piece := raw.reader.consume(min(_PIECE, length - size))):
            size += piece
            if self._swallows():
                return _SWALLOWS
        return None if size == length else f"the record is cut short: {size} of {length} bytes"

    def _swallows(self) -> bool:
        return False


class PackedRun(PlainRun):
    """Records of a packed file: of members, of one stream for all, or of blocks of fixed size."""

    def __init__(self, start: int, packing: Packing, reader: WarcReader, line_feeds: bool) -> None:
        super().__init__(start, packing)
        self.reader = reader
        self._line_feeds = line_feeds
        self._where: Callable[[], int] = reader.frame_start_position  # type: ignore[assignment]
        self._raw: WarcRecord | None = None
        self._frame = self._after = start
        self._mixed = False

    def begin(self, raw: WarcRecord) -> int | None:
        """The offset of the record that FastWARC stands at; None where it does not start a member.

        It does if FastWARC came to a new member since the last record's end. A record that ended in
        another member than its own tells nothing: it may have filled that member or not; and in a
        file whose members are not its records, a header may go over the border of two.
        """
        frame, after, self._raw = self._where(), self._after, raw
        if frame == raw.stream_pos != after == self._frame and self.alone and not self._mixed:
            self._frame = self.place = frame
            self.nth = 1
            return frame
        if not self.begun:
            self.begun = self.alone = True
            self._frame = frame
            self.nth = 1
            return self.place
        start = None
        if after != self._frame and self.packing.starts(after):
            start = after
        elif after != frame:
            start = self.packing.next_start(self.packing.end(after) or after + 1, frame + 1)
        self.alone = start is not None
        if self.alone:
            self.nth = 1
        elif self.nth and frame == after == self._frame:
            self.nth += 1
        else:
            self.nth = 0
        self.place = frame if start is None else start
        self._mixed |= not self.alone
        self._frame = frame
        return start

    def finish(self, raw: WarcRecord, skip: bool) -> str | None:
        if skip and (problem := self._skip(raw)):
            return problem
        self._after = after = self._where()
        if after == self.place:
            self.spans = False
            return None
        return _SWALLOWS if self._swallows() else None

    def member(self) -> int:
        return self._where()

    def following(self, end: int) -> bytes | None:
        """First bytes behind the block within its member; None where it ends before the block."""
        content = self.packing.member(self.place, end)
        try:
            head = content.read(_PIECE)
            found = _HEAD_END.search(head)
            if found is None:
                return None
            position = found.end() + (self._raw.content_length if self._raw else 0)
            passed = 0
            while position > passed + len(head):
                passed += len(head)
                head = content.read(_PIECE)
                if not head:
                    return None
            rest = head[position - passed :]
            return rest if len(rest) >= _FOLLOWING else rest + content.read(_FOLLOWING)
        except OSError:
            return None

    def left_over(self) -> int | None:
        frame = self._where()
        if not self.begun or frame != self._after:
            return max(frame, self.start)
        tail = self.reader.inner_tell()
        if self.alone or self.packing.source.at(tail, 1):
            return tail
        return frame if self._is_cut(frame, tail) else None

    def is_blank(self, start: int, end: int) -> bool:
        try:
            return not self.packing.member(start, end).read(_FOLLOWING).strip(NEWLINES)
        except OSError:
            return False

    def _is_cut(self, frame: int, tail: int) -> bool:
        """Whether a member of several records is cut short where the file ends.

        FastWARC takes that for the end. A gzip member tells its size (modulo 2**32) in its last
        four bytes, which spares unpacking a file packed as one stream once more.
        """
        if not isinstance(self.packing, Gzip) or frame != self.start:
            return self.packing.end(frame) is None
        size = int.from_bytes(self.packing.source.at(tail - 4, 4), "little")
        return size != self.reader.tell() & 0xFFFFFFFF

    def _swallows(self) -> bool:
        """Whether the record goes on in other members although a record starts in one of them."""
        frame = self._where()
        self.spans = False
        if frame == self.place:
            return False
        end = self.packing.end(self.place)
        if end is None or ends_with_record(self.packing, self.place, end, self._line_feeds):
            return False
        self.spans = self.packing.next_start(end, frame + 1) is None
        return not self.spans
