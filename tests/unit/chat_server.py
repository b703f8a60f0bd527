"""A real HTTP server on 127.0.0.1 that behaves like the chat completions of OpenAI: for tests."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """What the server does with a request."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drip: float = 0.0
    close: bool = False
    cut: bool = False

    def encoded(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def completion(text: Any, reason: str | None = "stop", tokens: int | None = 3, **message: Any):
    """The body of a chat completion."""
    document: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "tiny",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, **message},
                "finish_reason": reason,
            }
        ],
    }
    if tokens is not None:
        document["usage"] = {"prompt_tokens": 9, "completion_tokens": tokens}
    return document


@dataclass
class Server:
    """A running server: ``requests`` are (path, headers, body), ``most`` how many ran at once."""

    url: str
    requests: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    most: int = 0
    running: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def bodies(self) -> list[Any]:
        return [body for _, _, body in self.requests]


@contextmanager
def serve(answer: Callable[[Any, int], Reply], port: int = 0) -> Iterator[Server]:
    """Runs a server; ``answer`` gets a request's JSON and how many came before it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            connections.append(self.connection)

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = json.loads(self.rfile.read(length))
            with server.lock:
                count = len(server.requests)
                server.requests.append((self.path, dict(self.headers), body))
                server.running += 1
                server.most = max(server.most, server.running)
            try:
                self._send(answer(body, count))
            finally:
                with server.lock:
                    server.running -= 1

        def _send(self, reply: Reply) -> None:
            time.sleep(reply.delay)
            if reply.close:
                self.close_connection = True
                return
            content = reply.encoded()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            try:
                if reply.cut:
                    self.wfile.write(content[: len(content) // 2])
                    self.close_connection = True
                elif reply.drip:
                    for i in range(len(content)):
                        self.wfile.write(content[i : i + 1])
                        self.wfile.flush()
                        time.sleep(reply.drip)
                else:
                    self.wfile.write(content)
            except OSError:
                self.close_connection = True  # the client gave up, as it should

        def log_message(self, *_: Any) -> None:
            pass

    connections: list[socket.socket] = []
    http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    http.daemon_threads = True
    server = Server(f"http://127.0.0.1:{http.server_port}/v1")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
        for connection in connections:  # a server that is gone answers on no old connection either
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
