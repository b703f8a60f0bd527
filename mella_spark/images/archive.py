"""Pictures that the crawl holds already: no server is asked for what was captured with the page."""

from __future__ import annotations

from dataclasses import dataclass

from mella_spark.errors import InputError
from mella_spark.images.reasons import Rejected
from mella_spark.images.robots import opt_outs
from mella_spark.web.warc import Opener, open_file, read_record_at


@dataclass(frozen=True)
class Captured:
    """A picture as captured: its bytes with HTTP's encodings undone, and the answer's status."""

    payload: bytes
    mime: str
    http_status: int | None


def read_picture(
    path: str,
    offset: int,
    max_bytes: int,
    respect_optout_for: str | None = None,
    opener: Opener = open_file,
) -> Captured:
    """The picture of the record at ``offset`` bytes into a crawl file.

    With ``respect_optout_for`` the answer's headers are obeyed as by a crawler of that name. Raises
    ``Rejected``: ``archive`` (no such record, or a damaged one), ``http_<status>``, ``opted_out``,
    ``too_large``. Whether the bytes are a picture is for ``decode`` to say, also of a record that
    the crawler cut short: what is missing may come after the last pixel.
    """
    try:
        record = read_record_at(path, offset, opener=opener)
    except InputError as error:
        raise Rejected("archive", str(error)) from None
    if record.status not in (None, 200):
        raise Rejected(f"http_{record.status}")
    if respect_optout_for is not None:
        signals = opt_outs(record.headers, respect_optout_for)
        if signals:
            raise Rejected("opted_out", ", ".join(signals))
    if len(record.body) > max_bytes:
        raise Rejected("too_large", f"{len(record.body)} bytes")
    return Captured(record.body, record.media_type, record.status)
