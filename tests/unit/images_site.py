"""A web server on loopback that misbehaves on demand, and pictures to serve."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

Route = bytes | Callable[["Request"], bytes | Iterable[bytes]]


@dataclass(frozen=True)
class Request:
    """What arrived: when (monotonic seconds), the path with its query, headers in lower case."""

    at: float
    path: str
    headers: dict[str, str]


class Site:
    """Serves ``routes`` (path without query to raw HTTP answer, or a function that makes one).

    Answers may come in pieces; a connection is closed after each. ``requests`` holds what was
    asked, ``open`` how many requests were in hand at most at a time.
    """

    def __init__(self, routes: dict[str, Route], address: str = "127.0.0.1") -> None:
        self.routes = {"/robots.txt": answer(404), **routes}
        self.requests: list[Request] = []
        self.open = 0
        self._in_hand = 0
        self._lock = threading.Lock()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = socket.create_server((address, 0), family=family, backlog=128)
        self.port = self._socket.getsockname()[1]
        self.root = f"http://{f'[{address}]' if ':' in address else address}:{self.port}"
        self._stopped = threading.Event()

    def __enter__(self) -> Site:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def asked(self, path: str) -> list[Request]:
        """The requests for ``path``, its query left out."""
        return [request for request in self.requests if request.path.split("?")[0] == path]

    def _serve(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(65536)
                if not piece:
                    return
                head += piece
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
            request = Request(time.monotonic(), first.split(" ")[1], headers)
            with self._lock:
                self.requests.append(request)
                self._in_hand += 1
                self.open = max(self.open, self._in_hand)
            try:
                route = self.routes.get(request.path.split("?")[0], answer(404))
                result = route if isinstance(route, bytes) else route(request)
                pieces = iter([result] if isinstance(result, bytes) else result)
                last = next(pieces, b"")
                for piece in pieces:
                    if self._stopped.is_set():
                        return
                    connection.sendall(last)
                    last = piece
            finally:
                with self._lock:
                    self._in_hand -= 1
            # Counted before it is sent: the client may ask again as soon as it has it.
            connection.sendall(last)


def answer(status: int, body: bytes = b"", length: int | None = None, **headers: str) -> bytes:
    """A raw HTTP answer; underscores in header names stand for hyphens."""
    lines = [f"HTTP/1.1 {status} X", "Connection: close"]
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def drip(pieces: Iterable[bytes], seconds: float) -> Callable[[Request], Iterator[bytes]]:
    """A route that sends ``pieces`` with a pause after each."""

    def route(_: Request) -> Iterator[bytes]:
        for piece in pieces:
            yield piece
            time.sleep(seconds)

    return route


def picture(seed: int = 0, size: tuple[int, int] = (240, 180)) -> Image.Image:
    """A smooth random picture; another seed gives an unrelated one."""
    grid = np.random.default_rng(seed).integers(0, 256, (7, 7, 3), dtype=np.uint8)
    return Image.fromarray(grid).resize(size, Image.Resampling.BICUBIC)


def encoded(image: Image.Image, name: str = "PNG", **options: object) -> bytes:
    """``image`` as a file of format ``name``."""
    out = io.BytesIO()
    image.save(out, name, **options)
    return out.getvalue()
