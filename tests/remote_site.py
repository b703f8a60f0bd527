"""A file server on loopback for the tests of remote reading: it cuts, refuses and redirects."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
import urllib3
import yaml
from moto.server import ThreadedMotoServer

from mella_spark.settings import RemoteSettings, conf_dir

SHIPPED = RemoteSettings(**yaml.safe_load((conf_dir() / "mella.yaml").read_text("utf-8"))["remote"])


def remote_settings(**changes: object) -> RemoteSettings:
    """The shipped settings without waits, with ``changes``."""
    quick = {"backoff_seconds": 0.0, "max_backoff_seconds": 0.05, "read_seconds": 5.0}
    return RemoteSettings.model_validate({**SHIPPED.model_dump(), **quick, **changes})


@dataclass
class Served:
    """A file, and how badly it is served.

    ``first`` are answers (status, headers) given before the file is; ``cuts`` are the bytes of body
    after which the answers break off, one each, ``reset`` whether by a reset connection.
    """

    data: bytes
    etag: str | None = '"1"'
    modified: str | None = None
    ranges: bool = True
    if_range: bool = True
    head: int = 200
    chunked: bool = False
    total: bool = True
    length: bool = True
    largest: int | None = None
    reset: bool = False
    first: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Asked:
    """A request: method, path with query, headers in lower case, the client's port."""

    method: str
    path: str
    headers: dict[str, str]
    port: int


class FileSite:
    """Serves ``files`` by path, over TLS where it is given a context for it."""

    def __init__(
        self, files: dict[str, Served] | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self.files = files or {}
        self.asked: list[Asked] = []
        self.sent = 0
        site = self

        class Handler(_Handler):
            pass

        Handler.site = site
        self._server = _Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.root = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)

    def __enter__(self) -> FileSite:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Connections that clients break off are what is tested."""


class _Handler(BaseHTTPRequestHandler):
    site: FileSite
    protocol_version = "HTTP/1.1"
    wbufsize = 0
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        site = self.site
        headers = {name.lower(): value for name, value in self.headers.items()}
        site.asked.append(Asked(self.command, self.path, headers, self.client_address[1]))
        file = site.files.get(self.path.split("?")[0])
        if file is None:
            return self._short(404, {})
        if not body and file.head != 200:
            return self._short(file.head, {})
        if file.first:
            return self._short(*file.first.pop(0))
        status, start, stop = self._part(file, headers)
        self.send_response(status)
        if file.etag:
            self.send_header("ETag", file.etag)
        if file.modified:
            self.send_header("Last-Modified", file.modified)
        total = len(file.data) if file.total else "*"
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{total}")
        if status == 416:
            self.send_header("Content-Range", f"bytes */{len(file.data)}")
        payload = file.data[start:stop]
        if file.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif file.length:
            self.send_header("Content-Length", str(len(payload)))
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if body:
            self._send(file, payload)

    def _part(self, file: Served, headers: dict[str, str]) -> tuple[int, int, int]:
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", headers.get("range", ""))
        condition = headers.get("if-range")
        stale = file.if_range and condition not in (None, file.etag, file.modified)
        if not found or not file.ranges or stale:
            return 200, 0, len(file.data)
        start = int(found[1])
        if start >= len(file.data):
            return 416, 0, 0
        stop = min(len(file.data), int(found[2]) + 1 if found[2] else len(file.data))
        if file.largest:
            stop = min(stop, start + file.largest)
        return 206, start, stop

    def _send(self, file: Served, payload: bytes) -> None:
        cut = file.cuts.pop(0) if file.cuts else None
        kept = payload if cut is None else payload[:cut]
        with contextlib.suppress(OSError):
            for piece in _pieces(kept):
                self.site.sent += len(piece)
                if file.chunked:
                    piece = f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
                self.wfile.write(piece)
            if file.chunked and cut is None:
                self.wfile.write(b"0\r\n\r\n")
            if cut is not None:
                self.close_connection = True
                if file.reset:
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.connection.close()

    def _short(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()


def _pieces(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), 1 << 16):
        yield data[start : start + (1 << 16)]


@contextlib.contextmanager
def s3_server() -> Iterator[str]:
    """Address of a server that speaks S3; the environment holds credentials for it meanwhile."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    urllib3.request("POST", f"http://{host}:{port}/moto-api/reset")  # all servers share one state
    keys = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "pa55",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in keys.items():
            patch.setenv(name, value)
        try:
            yield f"http://{host}:{port}"
        finally:
            server.stop()


def s3_client(endpoint: str):  # type: ignore[no-untyped-def]
    """A client of another maker, to fill buckets with."""
    return boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
