"""Files over HTTP (RFC 9110): streamed, resumed with Range where the connection broke.

A resumed file must be the file that was begun: ``If-Range`` asks the server to see to it, and the
validators and length of every answer are compared as well.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import urllib3
from urllib3.exceptions import HTTPError

from mella_spark.remote.file import (
    ChangedError,
    MissingError,
    Passing,
    Patience,
    RemoteError,
    RemoteFile,
    shown,
)
from mella_spark.remote.httpclient import HttpClient, trouble

_READ_BYTES = 1 << 18  # what one read asks of a socket; it hands over what has arrived
_CONTENT_RANGE = re.compile(r"bytes\s+(?:(\d+)-(\d+)|\*)/(\d+|\*)", re.IGNORECASE)


@dataclass(frozen=True)
class Version:
    """What tells one version of a file from another; None where the server does not say."""

    etag: str | None
    modified: str | None
    length: int | None

    @property
    def validator(self) -> str | None:
        """What ``If-Range`` may hold: a strong ETag, else the date."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.modified

    def differs(self, other: Version) -> bool:
        """Whether both say something, and not the same."""
        if None not in (self.length, other.length) and self.length != other.length:
            return True
        if self.etag and other.etag:
            return self.etag.removeprefix("W/") != other.etag.removeprefix("W/")
        return None not in (self.modified, other.modified) and self.modified != other.modified


@dataclass(frozen=True)
class Part:
    """Which bytes of which version an answer carries; ``stop`` is None where it does not say."""

    start: int
    stop: int | None
    version: Version

    @classmethod
    def of(cls, status: int, headers: Mapping[str, str]) -> Part:
        """What the headers of an answer with status 200, 206 or 416 tell."""
        start, stop, length = 0, None, None
        if status == 200:
            declared = headers.get("Content-Length", "")
            stop = length = int(declared) if declared.isdigit() else None
        elif found := _CONTENT_RANGE.match(headers.get("Content-Range", "").strip()):
            first, last, total = found.groups()
            length = None if total == "*" else int(total)
            if first is not None:
                start, stop = int(first), int(last) + 1
        version = Version(headers.get("ETag"), headers.get("Last-Modified"), length)
        return cls(start, stop, version)


def describe(client: HttpClient, url: str) -> Version:
    """Length and validators of a file, without its bytes. Raises RemoteError.

    By HEAD, else by GET where the server refuses HEAD (as for addresses signed for GET).
    """
    patience = Patience(url, client.settings)
    method = "HEAD"
    while True:
        try:
            response = client.request(method, url)
            part = Part.of(response.status, response.headers)
            response.close()
            if part.version.length or method == "GET":
                return part.version
            method = "GET"
        except Passing as problem:
            patience.failed(problem)
        except MissingError:
            raise
        except RemoteError:
            if method == "GET":
                raise
            method = "GET"


class HttpFile(RemoteFile):
    """One file. ``stop`` is where reading will end, where that is known; ``window`` the most bytes
    to ask for at a time.
    """

    def __init__(
        self, client: HttpClient, url: str, stop: int | None = None, window: int | None = None
    ) -> None:
        super().__init__(url, client.settings)
        self._client = client
        self._stop, self._window = stop, window
        self._version: Version | None = None
        self._body: urllib3.BaseHTTPResponse | None = None
        self._near = self.settings.gap_bytes
        self._at = 0  # place in the file of the body's next byte
        self._body_stop: int | None = None  # where the body should end; None: where it does

    def close(self) -> None:
        self._leave()
        super().close()

    def serves_parts(self) -> bool:
        """Whether the server gives parts of the file, asked for one byte. Raises RemoteError."""
        while True:
            try:
                response = self._client.request("GET", self.address, {"Range": "bytes=1-1"})
                response.close()
                return response.status != 200
            except Passing as problem:
                self._patience.failed(problem)

    def _leave(self) -> None:
        """Drops the body; reads a short rest first, so that the connection can be kept."""
        if self._body is not None and self._body_stop is not None:
            with contextlib.suppress(Passing, RemoteError):
                while self._body is not None and self._body_stop - self._at <= self._near:
                    self._take(_READ_BYTES)
        self._drop()

    def _drop(self) -> None:
        body, self._body = self._body, None
        if body is not None:
            body.close()

    def _measure(self) -> None:
        self._connect(self.position)
        if self.length is None:
            raise RemoteError(f"The server of {shown(self.address)} does not tell its length.")

    def _fetch(self, count: int) -> bytes:
        if not 0 <= self.position - self._at <= self._near:
            self._leave()
        while True:
            fresh = self._body is None
            if fresh:
                self._connect(self.position)
            begun = self._at
            while self._body is not None:
                ahead = self.position - self._at
                data = self._take(ahead or count)
                if data and not ahead:
                    return data
            if self.length is not None and self.position >= self.length:
                return b""
            if fresh and self._at == begun:
                raise Passing("the answer is empty")

    def _take(self, count: int) -> bytes:
        """Bytes off the body; none at its end, which drops it. Raises Passing where it broke."""
        assert self._body is not None
        try:
            data = self._body.read1(min(count, _READ_BYTES), decode_content=False)
        except (HTTPError, OSError, ValueError) as error:
            self._drop()
            raise trouble(error, self.address) from error
        self._at += len(data)
        if not data:
            self._drop()
            if self._body_stop is None:  # a chunked body that ended as it should
                self._body_stop = self.length = self._at
            if self._at < self._body_stop:
                raise Passing("the answer ended early")
        return data

    def _connect(self, place: int) -> None:
        """A body that goes on at ``place``, or none where the file ends before it."""
        self._drop()
        if self._version == Version(None, None, None):
            raise RemoteError(f"{shown(self.address)} cannot be resumed: it has no length or ETag.")
        headers = {}
        stop = self._stop if self._stop is not None and self._stop > place else None
        if stop is None and self._window is not None:
            stop = place + self._window
        if place or stop is not None:
            headers["Range"] = f"bytes={place}-{'' if stop is None else stop - 1}"
            if self._version and self._version.validator:
                headers["If-Range"] = self._version.validator
        response = self._client.request("GET", self.address, headers)
        try:
            part = Part.of(response.status, response.headers)
            self._check(part.version)
            if response.status == 416:
                if self.length is None or place < self.length:
                    raise RemoteError(f"{shown(self.address)} refuses bytes from {place} on.")
                response.close()
                return
            self._judge(part, place, response)
        except BaseException:
            response.close()
            raise
        self._body, self._at, self._body_stop = response, part.start, part.stop

    def _judge(self, part: Part, place: int, response: urllib3.BaseHTTPResponse) -> None:
        chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
        if response.status == 206 and (part.stop is None or part.start != place):
            raise Passing("the server sent another part than was asked for")
        if part.stop is None and not chunked:
            raise RemoteError(f"The server of {shown(self.address)} does not tell its length.")
        if place - part.start > self.settings.skip_bytes:
            raise RemoteError(
                f"The server of {shown(self.address)} cannot serve parts of it, and "
                f"remote.skip_bytes is too small to read up to byte {place}."
            )

    def _check(self, version: Version) -> None:
        if self._version is not None and self._version.differs(version):
            raise ChangedError(f"{shown(self.address)} changed while it was being read.")
        known = self._version
        self._version = (
            version
            if known is None
            else Version(
                known.etag or version.etag,
                known.modified or version.modified,
                version.length if known.length is None else known.length,
            )
        )
        if self.length is None:
            self.length = version.length
