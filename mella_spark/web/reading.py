"""Reading on where FastWARC stops: a part of a file, from damage to damage."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO, cast

from mella_spark.web.packing import Plain, packing_of
from mella_spark.web.record import BROKEN, NO_LENGTH, SAMPLE_BYTES, Record, Reject, read_record
from mella_spark.web.runs import NEWLINES, PackedRun, PlainRun, ends_with_record, iterate
from mella_spark.web.source import Source, Unreadable
from mella_spark.web.unpacked import Unpacked

_ONE_FOR_ALL = 8 << 20
_BARE_LINE_FEED = re.compile(rb"WARC/[^\r\n]*\n")


class Reader:
    """Reads a part of a file in runs: from a place to the next damage, or to the part's end.

    A record is held back until the one behind it was found in its place: a wrong length shows only
    there.
    """

    def __init__(self, source: Source, end: int | None, max_bytes: int) -> None:
        self.source = source
        self.max_bytes = max_bytes
        self.packing = packing_of(source)
        self.end = end
        # The lenient mode of FastWARC skips what it does not understand, so it is left to files
        # that need it from their first line on.
        self.line_feeds = _BARE_LINE_FEED.match(self.packing.unpack(0, SAMPLE_BYTES)) is not None
        self._resume: int | None = None  # where to go on after a run; None at the end
        self._stopped = False  # before a record of the next part

    def records(self, start: int) -> Iterator[Record | Reject]:
        """Records and rejects of the part that begins at ``start``. Raises Unreadable."""
        place: int | None = 0
        if start or self.end is not None:
            if not self._splits():
                self.end = None  # the first part is the whole
                place = None if start else 0
            elif start:
                place = self.packing.next_proven(start, self.end)
        held: Reject | None = None  # it may turn out to be the file's end
        empty = start == 0
        while place is not None and self.source.at(place, 1):
            self._resume = None
            try:
                for item in self._run(place):
                    if held is not None:
                        yield held
                        held = None
                    if isinstance(item, Reject) and item.reason == BROKEN:
                        held = item
                    else:
                        yield item
                    empty = False
            except Unreadable:
                if held is not None:
                    yield held
                raise
            place = self._resume
            if place is not None and self._is_next_part(place):
                self._stopped = True
                break
        if held is not None:
            if not self._stopped and held.detail != NO_LENGTH:
                held.reason = "truncated_file"
            yield held
        elif empty:
            yield Reject(0, "not_warc", "the file holds no record", self._sample(0))

    def _splits(self) -> bool:
        """Whether parts can be read: where members are records, as far as the first one tells.

        A first member larger than any page that crawls keep is taken for one of the whole file, so
        that no part needs to look through all of it for members.
        """
        if isinstance(self.packing, Plain) or not self.source.serves_parts():
            return False
        end = self.packing.end(0, _ONE_FOR_ALL)
        if end is None:
            return True
        if end > _ONE_FOR_ALL:
            return False
        return ends_with_record(self.packing, 0, end, self.line_feeds)

    def _run(self, place: int) -> Iterator[Record | Reject]:
        """Records from ``place`` on, until damage or the end; says in ``_resume`` what is next."""
        reader = self.packing.reader(place)
        run = (
            PlainRun(place, self.packing)
            if isinstance(reader, Source)
            else PackedRun(place, self.packing, reader, self.line_feeds)
        )
        records = iterate(reader, self.line_feeds)
        end, limit = sys.maxsize if self.end is None else self.end, self.max_bytes
        held: Record | None = None
        while True:
            try:
                raw = next(records, None)
            except OSError as error:
                yield from self._damaged(run, held, str(error))
                return
            except Unreadable:
                if held is not None:
                    yield held
                raise
            if held is not None:
                yield held
                held = None
            if raw is None:
                yield from self._ended(run)
                return
            offset = run.begin(raw)
            if (
                offset is not None
                and offset >= end
                and offset != place
                and self._is_next_part(offset)
            ):
                self._stopped = True
                return
            try:
                item = read_record(raw, offset, limit)
                problem = run.finish(raw, isinstance(item, Reject) and raw.content_length > limit)
            except OSError as error:
                problem = str(error)
            if problem is not None:
                item = Reject(0, BROKEN, problem, b"")
            elif isinstance(item, Record):
                held = item
                continue
            if item.reason == BROKEN and (member_end := self._many_until(run)) is not None:
                yield from self._inside(run.place, member_end, run.nth - 1)
                return
            item.offset, item.sample = run.place, self._sample(run.place)
            yield item
            if item.reason == BROKEN:
                self._resume = self._beyond(run.place)
                return

    def _damaged(
        self, run: PlainRun | PackedRun, held: Record | None, problem: str
    ) -> Iterator[Record | Reject]:
        """What to make of an error behind the last record of a run, or at its start."""
        end = self.packing.end(run.place) if run.alone else None
        following = None if end is None else run.following(end)
        if not run.begun:
            yield self._gap(run.place, problem, nothing=True)
        elif (member_end := self._many_until(run)) is not None:
            yield from self._inside(run.place, member_end, run.nth - (held is not None))
        elif not run.alone or run.spans:
            if held is not None:
                yield held
            yield self._gap(run.member(), problem)
        elif end is None or following is None or following[:1].strip(NEWLINES):
            # The last record's own member is damaged, or holds more than the record's length.
            if held is not None:
                yield Reject(run.place, BROKEN, problem, self._sample(run.place))
            self._resume = self._beyond(run.place)
        else:
            if held is not None:
                yield held
            rest = following.lstrip(NEWLINES)
            if isinstance(self.packing, Plain):
                end += len(following) - len(rest)
            elif rest:
                yield Reject(run.place, BROKEN, problem, rest[:SAMPLE_BYTES])
            if self.packing.starts(end):
                self._resume = end
            elif self.source.at(end, 1):
                yield self._gap(end, problem)

    def _many_until(self, run: PlainRun | PackedRun) -> int | None:
        """Where the member of the last record ends, if it is sound and holds several, or is the
        only one of the file; else None."""
        if run.nth == 0 or run.spans or (run.nth == 1 and run.place > 0):
            return None
        end = self.packing.sound_end(run.place)
        if run.nth == 1 and end is not None and self.source.at(end, 1):
            return None
        return end

    def _inside(self, place: int, end: int, given: int) -> Iterator[Record | Reject]:
        """The records of the member in ``[place, end)`` but the first ``given``, around damage
        among them: what the member holds is read as a plain file."""
        member = Unpacked(lambda: self.packing.member(place, end))
        items = Reader(Source(cast(BinaryIO, member)), None, self.max_bytes).records(0)
        for item in islice(items, given, None):
            item.offset = None if isinstance(item, Record) else place
            if isinstance(item, Reject) and item.reason == "truncated_file":
                item.reason = BROKEN
            yield item
        self._resume = end

    def _ended(self, run: PlainRun | PackedRun) -> Iterator[Reject]:
        """The end, says FastWARC; also of an empty member, or of part of a record."""
        left = run.left_over()
        if left is None or not self.source.at(left, 1):
            return
        if left != run.start and self.packing.starts(left):
            self._resume = left
            return
        end = self.packing.end(left)
        if end is not None and end > left and run.is_blank(left, end):
            self._resume = end
        else:
            yield self._gap(left, "no record, or a part of one", nothing=not run.begun)

    def _gap(self, place: int, problem: str, nothing: bool = False) -> Reject:
        """What cannot be read at ``place``: all up to the next start is one reject."""
        end = self.packing.sound_end(place)
        self._resume = self.packing.next_start(place + 1 if end is None else end)
        whole_file = nothing and place == 0 and self._resume is None
        return Reject(place, "not_warc" if whole_file else BROKEN, problem, self._sample(place))

    def _beyond(self, place: int) -> int | None:
        """Where to go on behind a damaged record: behind its member, if that is sound."""
        end = self.packing.sound_end(place)
        return self.packing.next_start(place + 1) if end is None else end

    def _is_next_part(self, place: int) -> bool:
        if self.end is None or place < self.end:
            return False
        return self.packing.starts(place) and self.packing.proven(place)

    def _sample(self, place: int) -> bytes:
        """First bytes at ``place``, unpacked if they can be."""
        return self.packing.unpack(place, SAMPLE_BYTES) or self.source.at(place, SAMPLE_BYTES)
