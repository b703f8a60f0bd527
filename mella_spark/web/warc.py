"""WARC files to records (WARC 1.1, ISO 28500:2017): FastWARC reads, this module keeps it honest.

One damaged record must cost one record. FastWARC stops at damage in the container (a broken gzip
member, garbage between records), reads a record that was cut short as if it were whole, and follows
a wrong length into the records behind. Here a record is given only when what follows it is sound;
else it is a Reject, and reading goes on at the next place where a record provably starts: a gzip
member or zstd frame that unpacks to ``WARC/``, or a line that begins with it in a plain file. The
packing is recognised by content, never by name.

A part ``[start, end)`` of a file goes from the first proven place (``packing``) at or after
``start`` to the first one at or after ``end``. In a sound file these are the records that start in
the part; in any file the parts together give what the whole gives, each record once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from mella_spark.errors import InputError
from mella_spark.web.packing import packing_of
from mella_spark.web.reading import Reader
from mella_spark.web.record import (
    MAX_RECORD_BYTES,
    SAMPLE_BYTES,
    Record,
    Reject,
    content_type,
    parse_headers,
    read_record,
)
from mella_spark.web.runs import iterate
from mella_spark.web.source import Source, Unreadable

__all__ = [
    "MAX_RECORD_BYTES",
    "SAMPLE_BYTES",
    "Opener",
    "Record",
    "Reject",
    "content_type",
    "open_file",
    "parse_headers",
    "read_record_at",
    "read_records",
]

Opener = Callable[[str], BinaryIO]


def open_file(path: str) -> BinaryIO:
    """The file at a local path or ``file:`` URI, opened for reading. Raises OSError."""
    return open(re.sub(r"^file:(//(localhost)?(?=/))?", "", path), "rb")


def read_records(
    path: str,
    start: int = 0,
    end: int | None = None,
    *,
    opener: Opener = open_file,
    max_bytes: int = MAX_RECORD_BYTES,
) -> Iterator[Record | Reject]:
    """The records of the part ``[start, end)`` of a file, in order.

    What cannot be read is a Reject: ``unreadable_file`` (the file, or the rest of the part),
    ``not_warc``, ``truncated_file`` (an unreadable end), ``unreadable_record``, ``too_large``.
    Files that cannot be split are read whole with the part that starts at 0. Raises nothing.
    """
    try:
        stream = opener(path)
    except OSError as error:
        yield Reject(start, "unreadable_file", str(error), b"")
        return
    with stream:
        source = Source(stream)
        try:
            yield from Reader(source, end, max_bytes).records(start)
        except Unreadable as error:
            yield Reject(source.tell(), "unreadable_file", str(error), b"")


def read_record_at(
    path: str,
    offset: int,
    *,
    opener: Opener = open_file,
    max_bytes: int = MAX_RECORD_BYTES,
) -> Record:
    """The one record that starts at ``offset`` bytes into the file.

    Raises InputError if the file or the record cannot be read.
    """
    try:
        with opener(path) as stream:
            source = Source(stream)
            reader = packing_of(source, offset).reader(offset)
            found = read_record(next(iterate(reader)), offset, max_bytes)
    except (OSError, Unreadable, StopIteration) as error:
        raise InputError(
            f"No record at byte {offset} of {path}: {str(error) or 'end of file'}."
        ) from error
    if isinstance(found, Reject):
        raise InputError(f"The record at byte {offset} of {path} is damaged: {found.detail}.")
    return found
