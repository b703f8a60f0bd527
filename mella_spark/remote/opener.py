"""Crawl files wherever they lie: local paths, ``http(s)://``, ``s3://``, as seekable streams.

What is read is never held whole: an HTTP file is one answer read as it comes, an S3 object comes in
blocks. Broken connections are taken up again at the byte where they broke (``file``).
"""

from __future__ import annotations

import io
import os
import re
from functools import lru_cache
from typing import BinaryIO, cast
from urllib.parse import parse_qsl, urlsplit

import pyarrow.fs as pafs

from mella_spark.remote.file import Passing, Patience, RemoteError, RemoteFile, shown
from mella_spark.remote.httpclient import HttpClient
from mella_spark.remote.httpfile import HttpFile, describe
from mella_spark.remote.s3file import S3File, file_system, object_path, trouble
from mella_spark.settings import RemoteSettings
from mella_spark.web.warc import open_file

_REMOTE = re.compile(r"(https?|s3a?)://", re.IGNORECASE)
# Names of query parameters that carry a right to read: AWS, Google, Azure, CloudFront, tokens.
_SECRET = re.compile(
    r"(x-(amz|goog)-(signature|credential|security-token)|signature|sig|awsaccesskeyid"
    r"|key-pair-id|policy|(access_?|auth_?|id_?)?token|api_?key|password|secret)",
    re.IGNORECASE,
)


def is_remote(path: str) -> bool:
    """Whether ``path`` is an address that ``opener`` reads over the network."""
    return bool(_REMOTE.match(path))


def opener(settings: RemoteSettings, window: int | None = None) -> Opener:
    """A function that opens paths and addresses, in whatever process calls it.

    With ``window`` so many bytes are asked for at a time, for files of which little is read.
    """
    return Opener(settings, window)


class Opener:
    """Opens crawl files; for any thread (the files it opens are each for one)."""

    def __init__(self, settings: RemoteSettings, window: int | None = None) -> None:
        self.settings, self.window = settings, window

    def __call__(self, path: str) -> BinaryIO:
        """The file at ``path``, at its first byte. Raises OSError, here or while it is read."""
        if not is_remote(path):
            return open_file(path)
        block = min(self.settings.block_bytes, self.window or self.settings.block_bytes)
        return cast(BinaryIO, io.BufferedReader(self._raw(path), block))

    def part(self, path: str, start: int, stop: int) -> bytes:
        """Bytes ``[start, stop)`` of a file, fewer where it ends before. Raises OSError."""
        raw = self._raw(path, stop) if is_remote(path) else cast(io.RawIOBase, open_file(path))
        with raw as file:
            file.seek(start)
            held = memoryview(bytearray(stop - start))
            done = 0
            while done < len(held) and (count := file.readinto(held[done:])):
                done += count
            return bytes(held[:done])

    def size(self, path: str) -> int | None:
        """Bytes of a file, None where its server does not tell. Raises OSError."""
        if not is_remote(path):
            return os.stat(path).st_size
        if path[:1] in "hH":
            check_address(path, self.settings)
            return describe(_http(self.settings), path).length
        with self._raw(path) as file:
            return file.size()

    def listing(self, folder: str) -> dict[str, int]:
        """Addresses and bytes of all objects under an ``s3://`` folder. Raises RemoteError."""
        patience = Patience(folder, self.settings)
        selector = pafs.FileSelector(object_path(folder), allow_not_found=True, recursive=True)
        while True:
            try:
                found = _s3(self.settings).get_file_info(selector)
                return {f"s3://{f.path}": f.size for f in found if f.type == pafs.FileType.File}
            except OSError as error:
                problem = trouble(error, folder)
                if not isinstance(problem, Passing):
                    raise problem from error
                patience.failed(problem)

    def _raw(self, url: str, stop: int | None = None) -> RemoteFile:
        if url[:1] in "sS":
            return S3File(_s3(self.settings), url, self.settings)
        check_address(url, self.settings)
        return HttpFile(_http(self.settings), url, stop, self.window)


def check_address(url: str, settings: RemoteSettings) -> None:
    """Raises RemoteError on an address that no table or log should hold.

    A user and password before the host are refused always; a signature or token in the query unless
    ``allow_signed_urls`` says that tables may hold it.
    """
    try:
        parts = urlsplit(url)
        query = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        raise RemoteError(f"{shown(url)} is not an address.") from None
    if not parts.hostname:
        raise RemoteError(f"{shown(url)} names no host.")
    if "@" in parts.netloc:
        raise RemoteError(
            f"The address of {shown(url)} holds a user or password, which the tables would show; "
            "give it without."
        )
    if not settings.allow_signed_urls and any(_SECRET.fullmatch(name) for name, _ in query):
        raise RemoteError(
            f"The address of {shown(url)} is signed, and the tables would hold the signature; use "
            "s3:// with credentials in the environment, or set remote.allow_signed_urls."
        )


def _http(settings: RemoteSettings) -> HttpClient:
    return _http_of(os.getpid(), settings)


def _s3(settings: RemoteSettings) -> pafs.S3FileSystem:
    return _s3_of(os.getpid(), settings)


# One for each process and its settings: connections are kept, and never shared across a fork.
@lru_cache(maxsize=4)
def _http_of(process: int, settings: RemoteSettings) -> HttpClient:
    return HttpClient(settings)


@lru_cache(maxsize=4)
def _s3_of(process: int, settings: RemoteSettings) -> pafs.S3FileSystem:
    return file_system(settings)
