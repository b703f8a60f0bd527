"""Files on S3 or any server that speaks it, through Arrow's client.

Credentials come from the environment, as everywhere on AWS. A block is a request of its own; from
the second on it counts only once the object is seen to be still the one that was opened.
"""

from __future__ import annotations

from typing import Any

import pyarrow.fs as pafs

from mella_spark.settings import RemoteSettings
from mella_spark.web.remotefile import (
    ChangedError,
    ForbiddenError,
    MissingError,
    Passing,
    RemoteError,
    RemoteFile,
    shown,
)


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
    """One object."""

    def __init__(self, files: pafs.S3FileSystem, url: str, settings: RemoteSettings) -> None:
        super().__init__(url, settings)
        self._files = files
        self._path = object_path(url)
        self._object: Any = None
        self._tag: Any = None
        self._blocks = 0

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
        count = min(count, self.length - self.position)
        if count <= 0:
            return b""
        try:
            data = self._object.read_at(count, self.position)
        except OSError as error:
            self._object = None
            raise trouble(error, self.address) from error
        if not data:
            self._object = None
            raise Passing("the answer is empty")
        self._blocks += 1
        if self._blocks > 1 and self._look()[1] != self._tag:
            raise ChangedError(f"{shown(self.address)} changed while it was being read.")
        return data

    def _look(self) -> tuple[Any, Any]:
        """The object as it now is, and what tells its version."""
        try:
            found = self._files.open_input_file(self._path)
            metadata = found.metadata()
            return found, (
                found.size(),
                metadata.get("ETag") or metadata.get("Last-Modified"),
            )
        except OSError as error:
            raise trouble(error, self.address) from error

    def close(self) -> None:
        self._object = None
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
