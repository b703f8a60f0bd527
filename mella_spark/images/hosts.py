"""Good manners: requests at a host, how many at a time, how far apart, and when to give it up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from yarl import URL

from mella_spark.images.reasons import Rejected

_FAILURES = frozenset({"private_address", "dns", "tls", "connect", "timeout"})


@dataclass
class Host:
    """What is known of one host and port. Times are those of the event loop, in seconds."""

    slots: asyncio.Semaphore
    delay: float
    gate: asyncio.Lock = field(default_factory=asyncio.Lock)
    ready_at: float = 0.0
    waiting: int = 0
    failures: int = 0
    closed: str | None = None

    def rest(self, seconds: float) -> None:
        """Ask nothing for ``seconds``."""
        self.ready_at = max(self.ready_at, asyncio.get_running_loop().time() + seconds)


class Hosts:
    """Turns at all hosts of one event loop.

    ``concurrency`` bounds the requests in flight in all, ``per_host`` those at one host and port,
    ``delay`` is the least time between two of them, in seconds. After ``max_failures`` failures in
    a row a host is closed: each would cost its full time-out, and thousands may be waiting.
    """

    def __init__(self, concurrency: int, per_host: int, delay: float, max_failures: int) -> None:
        self._all = asyncio.Semaphore(concurrency)
        self._per_host = per_host
        self._delay = delay
        self._max_failures = max_failures
        self._hosts: dict[tuple[str, int], Host] = {}

    def at(self, url: URL) -> Host:
        """The host of ``url``, which must have one."""
        key = (url.raw_host or "", url.port or 0)
        if key not in self._hosts:
            self._hosts[key] = Host(asyncio.Semaphore(self._per_host), self._delay)
        return self._hosts[key]

    @asynccontextmanager
    async def turn(self, url: URL, deadline: float) -> AsyncIterator[None]:
        """Hold one request's turn at the host of ``url``.

        Raises ``Rejected``: the reason for which the host was closed, or ``host_busy`` where the
        queue cannot come to an end before ``deadline`` (a time of the event loop).
        """
        host = self.at(url)
        loop = asyncio.get_running_loop()
        self._check(host)
        if max(loop.time(), host.ready_at) + host.waiting * host.delay > deadline:
            raise Rejected("host_busy")
        host.waiting += 1
        try:
            await host.slots.acquire()
        finally:
            host.waiting -= 1
        try:
            async with host.gate:
                while (wait := host.ready_at - loop.time()) > 0:
                    if host.ready_at > deadline:
                        raise Rejected("host_busy")
                    await asyncio.sleep(wait)
                self._check(host)
                # Inside the gate, so that requests held back here do not start together later.
                await self._all.acquire()
                host.rest(host.delay)
            try:
                yield
            finally:
                self._all.release()
        finally:
            host.slots.release()

    def answered(self, url: URL, error: Rejected | None = None) -> None:
        """Note how a request to the host of ``url`` ended; ``None`` is well."""
        host = self.at(url)
        if error is None or error.reason not in _FAILURES:
            host.failures = 0
            return
        host.failures += 1
        if error.reason in ("private_address", "dns", "tls") and not error.retry:
            host.closed = error.reason  # true of the host, not of one address
        elif host.failures >= self._max_failures:
            host.closed = "host_down"

    @staticmethod
    def _check(host: Host) -> None:
        if host.closed is not None:
            raise Rejected(host.closed)
