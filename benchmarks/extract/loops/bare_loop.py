"""Nothing but reading: FastWARC over all responses, their bodies unpacked and thrown away."""

from __future__ import annotations

from fastwarc.warc import ArchiveIterator, WarcRecordType
from protocol import Pair, main

TYPES = WarcRecordType.response | WarcRecordType.metadata


def loop(paths: list[str], pair: Pair) -> None:
    """Reads the bodies of responses, or of a WAT file's records."""
    for path in paths:
        for record in ArchiveIterator(path, record_types=TYPES, auto_decode="all"):
            record.reader.read()


if __name__ == "__main__":
    main(loop, __doc__)
