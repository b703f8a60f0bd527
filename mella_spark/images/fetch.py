"""A polite, safe HTTP client for pictures: any address in, one ``Outcome`` out, always.

One ``Fetcher`` serves one event loop. Every hop of every request is judged by the guard, obeys
robots.txt, waits for its turn at its host, and is bounded in bytes and time; the whole of an
address's affairs, waiting and retries included, ends by its deadline.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType

import aiohttp
from yarl import URL

from mella_spark.images import robots
from mella_spark.images.decode import picture_type
from mella_spark.images.guard import check_url, guarded_connector
from mella_spark.images.hosts import Hosts
from mella_spark.images.reasons import Rejected
from mella_spark.images.sniff import HEAD_BYTES
from mella_spark.settings import FetchSettings

log = logging.getLogger(__name__)

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_RESTING = frozenset({429, 503})
_ROBOTS_REDIRECTS = 5  # RFC 9309 section 2.3.1.2
_CHUNK = 1 << 16
_FORESEEN = (Rejected, TimeoutError, aiohttp.ClientError, OSError, ValueError, zlib.error)


@dataclass(frozen=True)
class Outcome:
    """What became of an address: ``payload`` or ``reason``, never both.

    ``http_status`` is the last one seen; ``attempts`` counts how often it was asked for, redirects
    not counted.
    """

    payload: bytes | None
    http_status: int | None
    reason: str | None
    attempts: int


@dataclass
class _Job:
    """One address under way. ``deadline`` is a time of the event loop."""

    picture: bool
    deadline: float
    left: float = 0.0  # seconds of network that the attempt has left
    counted: bool = False  # whether the attempt has reached the network
    attempts: int = 0
    status: int | None = None


class Fetcher:
    """``async with Fetcher(settings) as fetcher: outcome = await fetcher.fetch(url)``.

    No request begins while ``room`` is cleared: the caller's way to bound what it must hold.
    """

    def __init__(self, settings: FetchSettings, room: asyncio.Event | None = None) -> None:
        self._settings = settings
        self._room = room
        self._agent = robots.product_token(settings.user_agent)
        self._hosts = Hosts(
            settings.concurrency,
            settings.per_host,
            settings.host_delay_seconds,
            settings.host_failures,
        )
        self._robots = robots.Robots(self._get_robots)

    async def __aenter__(self) -> Fetcher:
        settings = self._settings
        self._session = aiohttp.ClientSession(
            connector=guarded_connector(settings.allow_private_addresses, settings.concurrency),
            # Our own clock bounds the whole; these find a dead connection sooner.
            timeout=aiohttp.ClientTimeout(
                sock_connect=settings.connect_seconds, sock_read=settings.timeout_seconds
            ),
            headers={
                "User-Agent": settings.user_agent,
                "Accept": "image/*,*/*;q=0.1",
                "Accept-Encoding": "identity",
            },
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )
        # Where a connection breaks, aiohttp would repeat the request by itself, out of turn.
        self._session._retry_connection = False
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._robots.close()
        await self._session.close()

    async def fetch(self, url: str) -> Outcome:
        """Get the picture at ``url``; every failure is the outcome's ``reason``."""
        job = self._job(picture=True)
        try:
            async with asyncio.timeout_at(job.deadline):
                payload = await self._persist(self._judge(url), job)
            return Outcome(payload, job.status, None, job.attempts)
        except Rejected as error:
            reason = error.reason
        except TimeoutError:
            reason = "timeout" if job.attempts else "host_busy"
        except Exception:  # one address must never end the rest; the log tells what to mend
            log.exception("fetching %r", url)
            reason = "error"
        return Outcome(None, job.status, reason, job.attempts)

    async def _get_robots(self, url: URL) -> tuple[int, bytes]:
        """Status and body of a robots.txt; raises ``Rejected`` where there is no answer."""
        job = self._job(picture=False)
        try:
            async with asyncio.timeout_at(job.deadline):
                return 200, await self._persist(url, job)
        except Rejected as error:
            if job.status is not None and error.reason == f"http_{job.status}":
                return job.status, b""
            raise
        except TimeoutError:
            raise Rejected("timeout") from None

    def _job(self, picture: bool) -> _Job:
        now = asyncio.get_running_loop().time()
        return _Job(picture, now + self._settings.deadline_seconds)

    def _judge(self, url: str) -> URL:
        return check_url(url, self._settings.ports, self._settings.allow_private_addresses)

    async def _persist(self, url: URL, job: _Job) -> bytes:
        """The body at ``url``, after as many attempts as it takes and the settings grant."""
        loop = asyncio.get_running_loop()
        while True:
            job.left, job.counted = self._settings.timeout_seconds, False
            try:
                return await self._follow(url, job)
            except Rejected as error:
                wait = self._backoff(error, job)
                late = loop.time() + wait >= job.deadline
                if not error.retry or late or job.attempts >= self._settings.attempts:
                    raise
            await asyncio.sleep(wait)

    def _backoff(self, error: Rejected, job: _Job) -> float:
        if error.retry_after is not None:
            return error.retry_after
        return self._settings.backoff_seconds * 2 ** max(0, job.attempts - 1)

    async def _follow(self, url: URL, job: _Job) -> bytes:
        """The body at the end of the redirects from ``url``."""
        hops = self._settings.max_redirects if job.picture else _ROBOTS_REDIRECTS
        for _ in range(hops + 1):
            if job.picture and self._settings.respect_robots:
                rules = await self._robots.rules(url)
                rules.check(str(url), self._agent)
                host = self._hosts.at(url)
                host.delay = max(host.delay, rules.delay(self._agent))
            answer = await self._exchange(url, job)
            if isinstance(answer, bytes):
                return answer
            url = self._judge(answer)
        raise Rejected("too_many_redirects")

    async def _exchange(self, url: URL, job: _Job) -> bytes | str:
        """One request: the body, or the address of a redirect."""
        loop = asyncio.get_running_loop()
        async with self._hosts.turn(url, job.deadline):
            if self._room is not None:
                await self._room.wait()
            job.attempts += not job.counted
            job.counted = True
            begun = loop.time()
            failure = None
            try:
                async with (
                    asyncio.timeout(job.left),
                    self._session.get(url, allow_redirects=False) as response,
                ):
                    job.status = response.status
                    return await self._read(response, job)
            except _FORESEEN as error:
                failure = _translate(error)
                if job.status in _RESTING and failure.reason == f"http_{job.status}":
                    self._hosts.at(url).rest(self._backoff(failure, job))
                raise failure from None
            finally:
                job.left -= loop.time() - begun
                self._hosts.answered(url, failure)

    async def _read(self, response: aiohttp.ClientResponse, job: _Job) -> bytes | str:
        if response.status in _REDIRECTS:
            return _target(response)
        if response.status != 200:
            raise Rejected(
                f"http_{response.status}",
                retry=response.status in _PASSING,
                retry_after=retry_after(response.headers.get("Retry-After")),
            )
        if not job.picture:
            return (await _body(response, robots.MAX_BYTES, job.picture))[: robots.MAX_BYTES]
        if self._settings.respect_optout:
            signals = robots.opt_outs(response.headers.items(), self._agent)
            if signals:
                raise Rejected("opted_out", ", ".join(signals))
        limit = self._settings.max_bytes
        if (response.content_length or 0) > limit:
            raise Rejected("too_large", f"{response.content_length} bytes announced")
        body = await _body(response, limit, job.picture)
        if len(body) > limit:
            raise Rejected("too_large")
        return body


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds to wait by a Retry-After header: a number, or a date (RFC 9110 section 10.2.3)."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - (now or datetime.now(UTC))).total_seconds())


def _target(response: aiohttp.ClientResponse) -> str:
    location = response.headers.get("Location")
    if not location:
        raise Rejected("bad_redirect", "no Location")
    try:
        return str(response.url.join(URL(location)))
    except ValueError as error:
        raise Rejected("bad_redirect", str(error)) from None


async def _body(response: aiohttp.ClientResponse, limit: int, picture: bool) -> bytes:
    """The decoded body, read no further than just past ``limit`` bytes.

    A body that does not begin like a picture where one is wanted is not read to its end.
    """
    inflate = _inflater(response.headers.get("Content-Encoding", ""))
    body = bytearray()
    sniffed = not picture
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += inflate.decompress(chunk, limit + 1 - len(body)) if inflate else chunk
        if not sniffed and len(body) >= HEAD_BYTES:
            picture_type(bytes(body[:HEAD_BYTES]))
            sniffed = True
        if len(body) > limit:
            return bytes(body)
    if inflate and not inflate.eof:
        raise Rejected("truncated", "compressed body", retry=True)
    if not sniffed:
        picture_type(bytes(body))
    return bytes(body)


def _inflater(encoding: str):
    """A decompressor for a coding we never asked for but some servers send all the same."""
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip" | "deflate":
            return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # either header
    raise Rejected("bad_response", f"content coding {encoding}")


def _translate(error: Exception) -> Rejected:
    detail = f"{type(error).__name__}: {error}"
    match error:
        case Rejected():
            return error
        case TimeoutError():
            return Rejected("timeout", detail, retry=True)
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return Rejected("tls", detail)
        case aiohttp.ClientPayloadError():
            return Rejected("truncated", detail, retry=True)
        case zlib.error():
            return Rejected("corrupt", detail)
        case aiohttp.InvalidURL():
            return Rejected("bad_url", detail)
        case aiohttp.ClientConnectionError() | OSError():
            return Rejected("connect", detail, retry=True)
    return Rejected("bad_response", detail)
