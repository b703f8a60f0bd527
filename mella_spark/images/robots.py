"""What a site's owner allows: robots.txt (RFC 9309) and the opt-out headers of an answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from protego import Protego
from yarl import URL

from mella_spark.images.reasons import Rejected
from mella_spark.web.optout import from_headers

MAX_BYTES = 500 * 1024
"""What is read of a robots.txt; RFC 9309 section 2.5 asks for at least this."""

# Failures to reach robots.txt that say more about the host than that it was not reached.
_TELLING = frozenset({"dns", "private_address", "host_down", "host_busy", "tls"})
# RFC 9309 section 2.3.1.2: a chain of redirects without end counts as no robots.txt at all.
_AS_MISSING = frozenset({"too_many_redirects", "bad_redirect"})

Get = Callable[[URL], Awaitable[tuple[int, bytes]]]


@dataclass(frozen=True)
class Rules:
    """What one host allows us: everything (``rules`` is ``None``), nothing, or as it says."""

    rules: Protego | None = None
    forbidden: str | None = None

    def check(self, url: str, agent: str) -> None:
        """Raise ``Rejected`` unless ``agent`` may fetch ``url``."""
        if self.forbidden is not None:
            raise Rejected(self.forbidden)
        if self.rules is not None and not self.rules.can_fetch(url, agent):
            raise Rejected("robots")

    def delay(self, agent: str) -> float:
        """Seconds between two requests that the host asks of ``agent``; 0 where it does not."""
        if self.rules is None:
            return 0.0
        rate = self.rules.request_rate(agent)
        return max(
            self.rules.crawl_delay(agent) or 0.0, rate.seconds / rate.requests if rate else 0.0
        )


def product_token(user_agent: str) -> str:
    """The name that robots.txt knows us by: ``mella-spark`` of ``mella-spark/0.1 (+https://…)``."""
    return re.split(r"[/\s]", user_agent.strip(), maxsplit=1)[0].lower()


def rules_of(status: int, body: bytes) -> Rules:
    """Rules from the answer to a request for robots.txt.

    Success: as written. 4xx: there is none, everything is allowed (section 2.3.1.3), but 429 is a
    server that asks to be left alone. Anything else: nothing is allowed (section 2.3.1.4).
    """
    if 200 <= status < 300:
        text = body[:MAX_BYTES].decode("utf-8-sig", errors="replace")
        return Rules(Protego.parse(text))
    if 400 <= status < 500 and status != 429:
        return Rules()
    return Rules(forbidden="robots_unreachable")


class Robots:
    """The rules of all hosts met, each asked for once.

    ``get`` requests an address, follows redirects and returns status and body, or raises
    ``Rejected``.
    """

    def __init__(self, get: Get) -> None:
        self._get = get
        self._rules: dict[URL, asyncio.Task[Rules]] = {}

    async def rules(self, url: URL) -> Rules:
        """Rules of the scheme, host and port of ``url``."""
        origin = url.origin()
        if origin not in self._rules:
            self._rules[origin] = asyncio.create_task(self._ask(origin / "robots.txt"))
        # Shielded: many wait for one answer, and one that gives up must not take it from the rest.
        return await asyncio.shield(self._rules[origin])

    async def _ask(self, url: URL) -> Rules:
        try:
            return rules_of(*await self._get(url))
        except Rejected as error:
            if error.reason in _AS_MISSING:
                return Rules()
            reason = error.reason if error.reason in _TELLING else "robots_unreachable"
            return Rules(forbidden=reason)

    async def close(self) -> None:
        """Give up what is still being asked for."""
        for task in self._rules.values():
            task.cancel()
        await asyncio.gather(*self._rules.values(), return_exceptions=True)


def opt_outs(headers: Iterable[tuple[str, str]], agent: str) -> list[str]:
    """Reservations in an answer's headers that concern ``agent``, each as ``source:directive``."""
    return from_headers(headers, agent)
