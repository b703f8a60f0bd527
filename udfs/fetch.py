"""Fetch pictures inside an executor: a batch of addresses in, a batch of ``images`` rows out.

The network lives in an event loop on its own thread, so that neither Spark's reading nor its
writing ever lets a time-out pass unwatched. Rows leave as they finish: a slow host holds up itself
and nobody else.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pyarrow as pa

from mella_spark.images.archive import read_picture
from mella_spark.images.decode import Limits, decode
from mella_spark.images.fetch import Fetcher
from mella_spark.images.hashes import phash, sha256
from mella_spark.images.reasons import Rejected
from mella_spark.images.robots import product_token
from mella_spark.lake.schemas import arrow_schema
from mella_spark.remote.opener import opener
from mella_spark.settings import FetchSettings, RemoteSettings
from mella_spark.web.warc import open_file

INPUT_COLUMNS = ("image_url", "warc_file", "archive_file", "archive_offset")
OUTPUT_BYTES = 32 << 20
"""Picture bytes of an output batch at most, unless one picture is larger."""
OUTPUT_ROWS = 1024

_WINDOW = 16  # rows under way, mostly waiting for turns, for each request that may be in flight
_HELD_BYTES = 2 * OUTPUT_BYTES  # finished pictures that Spark has yet to take: then no more begin
_WINDOW_BYTES = 1 << 18  # asked at a time of a crawl file elsewhere: most pictures are smaller
_FINAL = frozenset({"opted_out", "robots"})  # the owner's word: nobody is asked a second time


@dataclass(frozen=True)
class _Asked:
    image_url: str
    warc_file: str
    archive_file: str | None
    archive_offset: int | None


@dataclass(frozen=True)
class _Picture:
    """The columns of ``images`` that a place to look filled in."""

    source: str
    reason: str | None
    http_status: int | None = None
    attempts: int = 0
    image_sha256: str | None = None
    bytes: bytes | None = None
    mime: str | None = None
    width: int | None = None
    height: int | None = None
    phash: int | None = None


def fetch_batches(
    batches: Iterator[pa.RecordBatch],
    settings: FetchSettings,
    remote: RemoteSettings | None = None,
) -> Iterator[pa.RecordBatch]:
    """Rows of ``images`` (without ``txn``) for rows of ``INPUT_COLUMNS``: one for each, always.

    ``archive_file`` and ``archive_offset`` tell where the crawl holds an answer for ``image_url``,
    null where it does not. The order of rows is that in which they finish. For the limits of a
    host to hold, all rows of a host must be in one partition. ``remote`` says how crawl files that
    lie elsewhere are read (without it, local ones only).
    """
    with _Worker(settings, remote) as worker:
        rows: list[dict[str, Any]] = []
        size = 0
        for row in worker.answers(batches):
            length = len(row["bytes"] or b"")
            if rows and (size + length > OUTPUT_BYTES or len(rows) >= OUTPUT_ROWS):
                yield _batch(rows)
                rows, size = [], 0
            rows.append(row)
            size += length
        if rows:
            yield _batch(rows)


def _batch(rows: list[dict[str, Any]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(rows, schema=arrow_schema("images"))


class _Worker:
    """An event loop on a thread of its own, with a fetcher in it and threads that decode."""

    def __init__(self, settings: FetchSettings, remote: RemoteSettings | None) -> None:
        self._settings = settings
        self._open = open_file if remote is None else opener(remote, _WINDOW_BYTES)
        self._limits = Limits(settings.max_pixels, settings.min_side)
        self._agent = product_token(settings.user_agent) if settings.respect_optout else None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fetch", daemon=True)
        self._decoders = ThreadPoolExecutor(settings.decode_threads, "decode")
        self._readers = asyncio.Semaphore(2 * settings.decode_threads)
        self._held = 0
        self._room = asyncio.Event()
        self._room.set()
        self._fetcher = Fetcher(settings, self._room)

    def __enter__(self) -> _Worker:
        self._thread.start()
        self._call(self._fetcher.__aenter__())
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._finish())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._decoders.shutdown(cancel_futures=True)

    def answers(self, batches: Iterator[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
        """A row for each row of ``batches``, as they finish."""
        done: queue.SimpleQueue[Future[dict[str, Any]]] = queue.SimpleQueue()
        under_way = 0
        for asked in _rows(batches):
            while under_way >= self._settings.concurrency * _WINDOW or not done.empty():
                yield self._take(done.get())
                under_way -= 1
            future = asyncio.run_coroutine_threadsafe(self._row(asked), self._loop)
            future.add_done_callback(done.put)
            under_way += 1
        for _ in range(under_way):
            yield self._take(done.get())

    def _take(self, future: Future[dict[str, Any]]) -> dict[str, Any]:
        row = future.result()
        self._loop.call_soon_threadsafe(self._hold, -len(row["bytes"] or b""))
        return row

    def _hold(self, size: int) -> None:
        self._held += size
        if self._held > _HELD_BYTES:
            self._room.clear()
        else:
            self._room.set()

    async def _row(self, asked: _Asked) -> dict[str, Any]:
        picture = await self._look(asked)
        return {
            **vars(picture),
            "image_url": asked.image_url,
            "warc_file": asked.warc_file,
            "status": "ok" if picture.reason is None else "failed",
            "fetched_at": datetime.now(UTC),
        }

    async def _look(self, asked: _Asked) -> _Picture:
        """The picture from the first place that has it, else why the last one asked has not."""
        found = _Picture("archive", "not_in_archive")
        for place in self._settings.order:
            if place == "web":
                found = await self._from_web(asked.image_url)
            elif asked.archive_file is not None and asked.archive_offset is not None:
                work = partial(self._from_archive, asked.archive_file, asked.archive_offset)
                async with self._readers:
                    await self._room.wait()
                    found = await self._in_thread(work)
                self._hold(len(found.bytes or b""))
            if found.reason is None or found.reason in _FINAL:
                break
        return found

    async def _from_web(self, url: str) -> _Picture:
        outcome = await self._fetcher.fetch(url)
        picture = _Picture("web", outcome.reason, outcome.http_status, outcome.attempts)
        if outcome.payload is None:
            return picture
        size = len(outcome.payload)
        self._hold(size)  # from now on: it may wait long for a thread that decodes
        picture = await self._in_thread(partial(self._examined, picture, outcome.payload))
        if picture.bytes is None:
            self._hold(-size)
        return picture

    def _from_archive(self, path: str, offset: int) -> _Picture:
        try:
            captured = read_picture(path, offset, self._settings.max_bytes, self._agent, self._open)
        except Rejected as error:
            return _Picture("archive", error.reason)
        return self._examined(_Picture("archive", None, captured.http_status), captured.payload)

    def _examined(self, picture: _Picture, payload: bytes) -> _Picture:
        """``picture`` with what its bytes say, or why they are no picture."""
        try:
            decoded = decode(payload, self._limits)
        except Rejected as error:
            return replace(picture, reason=error.reason)
        return replace(
            picture,
            image_sha256=sha256(payload),
            bytes=payload,
            mime=decoded.mime,
            width=decoded.width,
            height=decoded.height,
            phash=phash(decoded.image),
        )

    async def _in_thread(self, work: partial[_Picture]) -> _Picture:
        return await self._loop.run_in_executor(self._decoders, work)

    async def _finish(self) -> None:
        """End what is under way (only where the reader of our rows went away early)."""
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await self._fetcher.__aexit__(None, None, None)

    def _call(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


def _rows(batches: Iterator[pa.RecordBatch]) -> Iterator[_Asked]:
    """Rows of each batch in the order in which they are best asked for.

    Those in the crawl go by file and offset, so that files are read forwards; the rest are mixed,
    so that hosts take turns.
    """
    for batch in batches:
        asked = [_Asked(*row.values()) for row in batch.select(list(INPUT_COLUMNS)).to_pylist()]
        yield from sorted(asked, key=_place)


def _place(row: _Asked) -> tuple[str, int]:
    if row.archive_file is None:
        return "", zlib.crc32((row.image_url or "").encode("utf-8", "replace"))
    return row.archive_file, row.archive_offset or 0
