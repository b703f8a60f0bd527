"""How a crawl file is packed: where its members start and end, found by bounded look-ups.

A member is a gzip member (RFC 1952), a zstd frame (RFC 8878), or a record of a plain file. Reading
goes forward; only damage and the borders of a file's parts need look-ups.

A place is *proven* to be a member of the file, and not one of an archive that was captured within a
record, by walking on from it. A stored block of deflate holds at most 65,535 bytes and a block of
zstd at most 128 KiB, with a header between two blocks; so members that follow one another without a
gap for longer than that, or up to the end of the file, cannot lie inside another member. Whether a
place is proven depends on the bytes behind it alone: readers of neighbouring parts agree on it.
"""

from __future__ import annotations

import io
import re
import struct
import zlib

from fastwarc.stream_io import GzipReader, WarcReader, ZstdReader

from mella_spark.web.source import Part, Source

_GZIP = b"\x1f\x8b\x08"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
_ZSTD_DICTIONARY = b"\x5d\x2a\x4d\x18"
_ZSTD_BLOCK = 128 << 10
_STORED_BLOCK = (1 << 16) - 1
_BLOCK = 64 << 10
_SCAN = 1 << 20
# Far more than a block of either format: bytes unpacked without an error prove as well as an end.
_ENOUGH = 1 << 20
_HEAD = 1 << 20
_MAX_DICTIONARY = 16 << 20
_HEAD_END = re.compile(rb"\n\r?\n")
_HEAD_STOPS = re.compile(rb"\n(?:\r?\n|(WARC/[0-9]))")
_LENGTH = re.compile(rb"\ncontent-length[ \t]*:[ \t]*([0-9]+)", re.IGNORECASE)
_VERSION = re.compile(rb"[\r\n]*WARC/[0-9]")


class Packing:
    """What the three ways of packing have in common."""

    magic = b""
    proof = 0

    def __init__(self, source: Source) -> None:
        self.source = source

    def reader(self, place: int) -> WarcReader | Source:
        """A stream of what was packed, from the member at ``place`` on, through the source."""
        raise NotImplementedError

    def member(self, place: int, end: int) -> WarcReader | Part:
        """A stream of what was packed in ``[place, end)`` alone."""
        raise NotImplementedError

    def unpack(self, place: int, count: int) -> bytes:
        """The first bytes of the member at ``place``; none where it cannot be unpacked."""
        raise NotImplementedError

    def end(self, place: int, limit: int | None = None) -> int | None:
        """Where the member at ``place`` ends; None where it is damaged or cut short.

        A member that is sound for ``limit`` bytes and longer gives a place within itself.
        """
        raise NotImplementedError

    def sound_end(self, place: int) -> int | None:
        """Where the member at ``place`` ends, if all of it can be unpacked; else None."""
        return self.end(place)

    def starts(self, place: int) -> bool:
        """Whether a member that begins with a record starts at ``place``."""
        return _VERSION.match(self.unpack(place, 64)) is not None

    def next_start(self, position: int, stop: int | None = None) -> int | None:
        """The first place in ``[position, stop)`` at which ``starts`` holds."""
        while stop is None or position < stop:
            data = self.source.at(position, _SCAN)
            index = data.find(self.magic)
            while index >= 0:
                if stop is not None and position + index >= stop:
                    return None
                if self.starts(position + index):
                    return position + index
                index = data.find(self.magic, index + 1)
            if len(data) < _SCAN:
                break
            position += len(data) - len(self.magic) + 1
        return None

    def proven(self, place: int) -> bool:
        """Whether ``place``, where a member starts, is proven to be one of the file."""
        return self._walk(place) is None

    def next_proven(self, position: int, stop: int | None = None) -> int | None:
        """The first proven place in ``[position, stop)`` at which a record starts."""
        while (place := self.next_start(position, stop)) is not None:
            broken = self._walk(place)
            if broken is None:
                return place
            # Members between the two lead to the same break: none of them is proven.
            position = max(broken, place + 1)
        return None

    def _walk(self, place: int) -> int | None:
        """None where the members from ``place`` on prove it; else the one that breaks the row."""
        reached = place
        while reached - place <= self.proof:
            end = self.end(reached, _ENOUGH)
            if end is None:
                return reached
            if not self.source.at(end, 1):
                return None
            reached = end
        return None


class Gzip(Packing):
    """Gzip members, one a record or one for all."""

    magic = _GZIP
    proof = _STORED_BLOCK

    def reader(self, place: int) -> GzipReader:
        self.source.seek(place)
        return GzipReader(self.source)

    def member(self, place: int, end: int) -> GzipReader:
        return GzipReader(Part(self.source, place, end))

    def unpack(self, place: int, count: int) -> bytes:
        try:
            return zlib.decompressobj(31).decompress(self.source.at(place, 4096), count)
        except zlib.error:
            return b""

    def end(self, place: int, limit: int | None = None) -> int | None:
        stream, position = zlib.decompressobj(31), place
        while data := self.source.at(position, _BLOCK):
            position += len(data)
            while data:
                try:
                    stream.decompress(data, _SCAN)
                except zlib.error:
                    return None
                if stream.eof:
                    return position - len(stream.unused_data)
                data = stream.unconsumed_tail
            if limit is not None and position - place > limit:
                return position
        return None


class Zstd(Packing):
    """Zstd frames, which may share a dictionary in the file's first frame.

    Source: Use of Zstandard compression in WARC, IIPC, 2023.
    """

    magic = _ZSTD
    proof = _ZSTD_BLOCK

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._dictionary = self._find_dictionary()

    def reader(self, place: int) -> ZstdReader:
        self.source.seek(place)
        # At the start of the file FastWARC finds the dictionary itself.
        return ZstdReader(self.source, dictionary=self._dictionary if place else None)

    def member(self, place: int, end: int) -> ZstdReader:
        return ZstdReader(Part(self.source, place, end), dictionary=self._dictionary)

    def unpack(self, place: int, count: int) -> bytes:
        # Nothing of a block can be unpacked before all of it is there.
        return self._unpack(self.source.at(place, _ZSTD_BLOCK + 64), count)

    def end(self, place: int, limit: int | None = None) -> int | None:
        head = self.source.at(place, 18)
        if _ZSTD_SKIPPABLE.match(head) and len(head) >= 8:
            return self._within(place + 8 + int.from_bytes(head[4:8], "little"))
        if not head.startswith(_ZSTD) or len(head) < 6:
            return None
        flags = head[4]
        single = bool(flags & 0x20)
        size_field = (1 if single else 0, 2, 4, 8)[flags >> 6]
        position = place + 5 + (not single) + (0, 1, 2, 4)[flags & 3] + size_field
        while len(block := self.source.at(position, 3)) == 3:
            header = int.from_bytes(block, "little")
            last, kind, size = header & 1, header >> 1 & 3, header >> 3
            if kind == 3 or size > _ZSTD_BLOCK:
                return None
            position += 3 + (1 if kind == 1 else size)
            if last:
                return self._within(position + (4 if flags & 4 else 0))
            if limit is not None and position - place > limit:
                return self._within(position)
        return None

    def sound_end(self, place: int) -> int | None:
        end = self.end(place)
        if end is None:
            return None
        member = self.member(place, end)
        try:
            while member.read(_SCAN):
                pass
        except OSError:
            return None
        return end

    def _within(self, position: int) -> int | None:
        return position if self.source.at(position - 1, 1) else None

    def _unpack(self, raw: bytes, count: int) -> bytes:
        try:
            return ZstdReader(io.BytesIO(raw), dictionary=self._dictionary).read(count)
        except OSError:
            return b""

    def _find_dictionary(self) -> bytes | None:
        self._dictionary = None
        head = self.source.at(0, 8)
        if len(head) < 8 or not head.startswith(_ZSTD_DICTIONARY):
            return None
        size = struct.unpack_from("<I", head, 4)[0]
        content = self.source.at(8, min(size, _MAX_DICTIONARY))
        return self._unpack(content, _MAX_DICTIONARY) if content.startswith(_ZSTD) else content


class Plain(Packing):
    """Records as they are. They cannot be told from those of an archive within a record, so such a
    file is not split."""

    magic = b"WARC/"

    def reader(self, place: int) -> Source:
        self.source.seek(place)
        return self.source

    def member(self, place: int, end: int) -> Part:
        return Part(self.source, place, end)

    def unpack(self, place: int, count: int) -> bytes:
        return self.source.at(place, count)

    def end(self, place: int, limit: int | None = None) -> int | None:
        """Where the record at ``place`` says that its block ends; None where it does not say."""
        head = self.source.at(place, _HEAD)
        found = _HEAD_END.search(head)
        length = _LENGTH.search(head, 0, found.start() + 1) if found else None
        return place + found.end() + int(length.group(1)) if found and length else None

    def sound_end(self, place: int) -> int | None:
        """None: the length may be wrong, and nothing else tells where a record ends."""
        return None

    def starts(self, place: int) -> bool:
        if not super().starts(place) or (place and self.source.at(place - 1, 1) != b"\n"):
            return False
        # A head that runs into another record is none; readers would look for its end in vain,
        # from each of a thousand such starts.
        head = self.source.at(place, _BLOCK)
        found = _HEAD_STOPS.search(head)
        return found.group(1) is None if found else len(head) < _BLOCK


def packing_of(source: Source, place: int = 0) -> Packing:
    """How a file is packed, told by its bytes at ``place``; where they are damaged, by the first
    megabyte behind them. Raises Unreadable."""
    head = source.at(place, 8)
    if head.startswith(_GZIP):
        return Gzip(source)
    if head.startswith(_ZSTD) or _ZSTD_SKIPPABLE.match(head):
        return Zstd(source)
    if not _VERSION.match(head):
        for packing in (Gzip(source), Zstd(source)):
            if packing.next_start(place, place + _HEAD) is not None:
                return packing
    return Plain(source)
