"""Files on S3 or any server that speaks it, through Arrow's client.

Credentials come from the environment, as everywhere on AWS. A block is a request of its own; from
the second on it counts only once the object is seen to be still the one that was opened.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pyarrow.fs as pafs

from mella_spark.remote.file import (
    ChangedError,
    ForbiddenError,
    MissingError,
    Passing,
    RemoteError,
    RemoteFile,
    shown,
)
from mella_spark.settings import RemoteSettings


def file_system(settings: RemoteSettings) -> pafs.S3FileSystem:
    """The client that the settings describe. Its own retries are few: ours go on from there."""
    options: dict[str, Any] = {
        "endpoint_override": settings.s3_endpoint,
        "region": settings.s3_region,
        "anonymous": settings.s3_anonymous,
    }
    return pafs.S3FileSystem(
        **{name: value for name, value in options.items() if value},
        connect_timeout=settings.connect_seconds,
        request_timeout=settings.read_seconds,
        retry_strategy=pafs.AwsStandardS3RetryStrategy(max_attempts=2),
    )


def object_path(url: str) -> str:
    """``bucket/key`` of an ``s3://`` address; the key is taken as written."""
    return url.partition("://")[2].strip("/")


class S3File(RemoteFile):
    """One object. Read in order, the next block is got while the last one is worked on."""

    def __init__(self, files: pafs.S3FileSystem, url: str, settings: RemoteSettings) -> None:
        super().__init__(url, settings)
        self._files = files
        self._path = object_path(url)
        self._object: Any = None
        self._tag: Any = None
        self._stop = -1  # where the last block ended
        self._ahead: tuple[int, int, Future[bytes]] | None = None
        self._thread: ThreadPoolExecutor | None = None

    def _measure(self) -> None:
        if self._object is None:
            self._object, tag = self._look()
            if self._tag not in (None, tag):
                raise ChangedError(f"{shown(self.address)} changed while it was being read.")
            self._tag = tag
        self.length = self._object.size()

    def _fetch(self, count: int) -> bytes:
        self._measure()
        assert self.length is not None
        start, count = self.position, min(count, self.length - self.position)
        if count <= 0:
            return b""
        ahead, self._ahead = self._ahead, None
        try:
            if ahead is not None and ahead[:2] == (start, count):
                data = ahead[2].result()
            else:
                data = self._block(self._object, start, count, self._stop >= 0)
        except Passing:
            self._object = None
            raise
        following, self._stop = start == self._stop, start + len(data)
        if following and self._stop < self.length:
            self._thread = self._thread or ThreadPoolExecutor(1, "s3")
            size = min(count, self.length - self._stop)
            work = self._thread.submit(self._block, self._object, self._stop, size, True)
            self._ahead = (self._stop, size, work)
        return data

    def _block(self, source: Any, start: int, count: int, check: bool) -> bytes:
        """Bytes of the object; with ``check`` it is known to be the one that was opened."""
        try:
            data = source.read_at(count, start)
        except OSError as error:
            raise trouble(error, self.address) from error
        if not data:
            raise Passing("the answer is empty")
        if check and self._look()[1] != self._tag:
            raise ChangedError(f"{shown(self.address)} changed while it was being read.")
        return data

    def _look(self) -> tuple[Any, Any]:
        """The object as it now is, and what tells its version."""
        try:
            found = self._files.open_input_file(self._path)
            metadata = found.metadata()
            return found, (found.size(), metadata.get("ETag") or metadata.get("Last-Modified"))
        except OSError as error:
            raise trouble(error, self.address) from error

    def close(self) -> None:
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
        self._object = self._ahead = None
        super().close()


def trouble(error: OSError, url: str) -> Exception:
    """An error of Arrow's client as one of ours."""
    text = str(error)
    if isinstance(error, FileNotFoundError):
        return MissingError(f"There is no {shown(url)}.")
    if isinstance(error, PermissionError) or "ACCESS_DENIED" in text or "HTTP status 403" in text:
        return ForbiddenError(
            f"{shown(url)} may not be read: S3 wants other credentials, or remote.s3_anonymous."
        )
    if "INVALID_" in text or "SIGNATURE_DOES_NOT_MATCH" in text:
        return ForbiddenError(f"{shown(url)} may not be read: S3 refuses the credentials.")
    if "PermanentRedirect" in text or "HTTP status 301" in text:
        return RemoteError(f"{shown(url)} lies in another region: set remote.s3_region.")
    if "NETWORK_CONNECTION" in text or "curlCode" in text:
        return Passing("no connection to the S3 server")
    return Passing("the S3 server fails")
