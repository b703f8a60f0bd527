from __future__ import annotations

import asyncio
import gzip
import itertools
import socket
import time
import zlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import yaml
from images_site import Request, Site, answer, drip, encoded, picture

from mella_spark.images import guard
from mella_spark.images.fetch import Fetcher, Outcome, retry_after
from mella_spark.images.reasons import REASONS
from mella_spark.settings import FetchSettings, conf_dir

JPEG = encoded(picture(), "JPEG")
FETCH = FetchSettings(**yaml.safe_load((conf_dir() / "mella.yaml").read_text("utf-8"))["fetch"])
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"></svg>'


def settings(site: Site | None = None, **changes: object) -> FetchSettings:
    base = FETCH
    quick = {
        "allow_private_addresses": True,
        "ports": (site.port,) if site else base.ports,
        "timeout_seconds": 0.7,
        "connect_seconds": 0.5,
        "backoff_seconds": 0.01,
        "host_delay_seconds": 0.0,
        "per_host": 8,
        "host_failures": 100,
        "deadline_seconds": 10.0,
        "max_bytes": 100_000,
    }
    return base.model_copy(update={**quick, **changes})


def fetch(config: FetchSettings, *urls: str) -> list[Outcome]:
    async def run() -> list[Outcome]:
        async with Fetcher(config) as fetcher:
            return list(await asyncio.gather(*(fetcher.fetch(url) for url in urls)))

    outcomes = asyncio.run(run())
    for outcome in outcomes:
        assert (outcome.payload is None) == (outcome.reason is not None)
        known = outcome.reason is None or outcome.reason in REASONS
        assert known or outcome.reason == f"http_{outcome.http_status}"
    return outcomes


def test_a_picture() -> None:
    with Site({"/a b.jpg": answer(404), "/a%20b.jpg": answer(200, JPEG)}) as site:
        (outcome,) = fetch(settings(site), f"{site.root}/a b.jpg?x=1#here")
    assert outcome == Outcome(JPEG, 200, None, 1)
    (request,) = site.asked("/a%20b.jpg")
    assert request.headers["user-agent"].startswith("mella-spark/")
    assert "cookie" not in request.headers
    assert request.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("route", "reason", "attempts"),
    [
        (answer(404), "http_404", 1),
        (answer(403, JPEG), "http_403", 1),
        (answer(410), "http_410", 1),
        (answer(204), "http_204", 1),
        (answer(304), "http_304", 1),
        (answer(500), "http_500", 3),
        (answer(503, Retry_After="0"), "http_503", 3),
        (
            answer(200, b"<!doctype html><title>gone</title>", Content_Type="image/png"),
            "not_image",
            1,
        ),
        (answer(200, b"<html>" + bytes(50_000), Content_Type="image/png"), "not_image", 1),
        (answer(200, SVG, Content_Type="image/svg+xml"), "svg", 1),
        (answer(200), "empty", 1),
        (answer(200, JPEG, length=10**9), "too_large", 1),
        (answer(200, JPEG, length=len(JPEG) + 10), "truncated", 3),
        (answer(200, JPEG, Content_Encoding="br"), "bad_response", 1),
        (answer(200, JPEG, Content_Encoding="gzip"), "corrupt", 1),
        (answer(200, gzip.compress(JPEG)[:-20], Content_Encoding="gzip"), "truncated", 3),
        (answer(302), "bad_redirect", 1),
        (answer(302, Location="http://[bad/"), "bad_redirect", 1),
        (answer(302, Location="/loop"), "too_many_redirects", 1),
        (answer(302, Location="file:///etc/passwd"), "bad_scheme", 1),
        (answer(302, Location="http://user:pass@127.0.0.1/"), "bad_url", 1),
        (answer(302, Location="http://127.0.0.1:22/"), "bad_port", 1),
        (answer(200, JPEG, X_Robots_Tag="noai"), "opted_out", 1),
        (answer(200, JPEG, TDM_Reservation="1"), "opted_out", 1),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "bad_response", 1),
        (b"", "connect", 3),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "connect", 3),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", "bad_response", 1),
    ],
)
def test_reasons(route: bytes, reason: str, attempts: int) -> None:
    with Site({"/x": route, "/loop": answer(302, Location="/loop")}) as site:
        (outcome,) = fetch(settings(site), f"{site.root}/x")
    assert (outcome.reason, outcome.attempts) == (reason, attempts)
    assert len(site.asked("/x")) == attempts


def test_addresses_refused_before_any_request() -> None:
    with Site({"/x": answer(200, JPEG)}) as site:
        port = site.port
        outcomes = fetch(
            settings(site, allow_private_addresses=False),
            f"http://127.0.0.1:{port}/x",
            f"http://2130706433:{port}/x",
            f"http://[::1]:{port}/x",
            f"http://[::ffff:127.0.0.1]:{port}/x",
            f"http://localhost:{port}/x",
            f"http://user@127.0.0.1:{port}/x",
            "file:///etc/passwd",
            "no address at all",
        )
    assert site.requests == []
    assert [outcome.reason for outcome in outcomes] == [
        *["private_address"] * 5,
        "bad_url",
        "bad_scheme",
        "bad_scheme",
    ]
    assert all(outcome.attempts == 0 for outcome in outcomes if outcome.reason != "private_address")


def test_redirects_are_judged_at_every_hop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first host is let through, as a public one would be."""
    monkeypatch.setattr(guard, "is_public", lambda address: str(address) == "127.0.0.1")
    targets = ["http://127.0.0.2:{}/in", "http://[::1]:{}/in", "http://2130706434:{}/in"]
    with Site({"/in": answer(200, JPEG)}, "0.0.0.0") as site:
        for number, target in enumerate(targets):
            site.routes[f"/{number}"] = answer(302, Location=target.format(site.port))
        site.routes["/ok"] = answer(301, Location=f"http://127.0.0.1:{site.port}/in")
        root = f"http://127.0.0.1:{site.port}"
        config = settings(site, allow_private_addresses=False)
        outcomes = fetch(config, *(f"{root}/{name}" for name in ("0", "1", "2", "ok")))
    assert [outcome.reason for outcome in outcomes] == [*["private_address"] * 3, None]
    assert len(site.asked("/in")) == 1


def test_redirects_to_another_path_and_host() -> None:
    with Site({"/end": answer(200, JPEG)}) as other, Site({}) as site:
        site.routes["/a"] = answer(302, Location="b?c=d")
        site.routes["/b"] = answer(308, Location=f"//127.0.0.1:{other.port}/end")
        config = settings(site, ports=(site.port, other.port))
        (outcome,) = fetch(config, f"{site.root}/a")
    assert (outcome.payload, outcome.attempts) == (JPEG, 1)
    assert len(other.asked("/robots.txt")) == 1


def test_a_host_reached_over_ipv6() -> None:
    with Site({"/x": answer(200, JPEG)}, "::1") as site:
        (outcome,) = fetch(settings(site), f"{site.root}/x")
    assert outcome.payload == JPEG


HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"


def test_an_endless_body_ends_at_the_limit() -> None:
    endless = itertools.chain([HEAD + b"\r\n" + JPEG], itertools.repeat(bytes(60_000)))
    with Site({"/x": lambda _: endless}) as site:
        (outcome,) = fetch(settings(site), f"{site.root}/x")
    assert (outcome.reason, outcome.attempts) == ("too_large", 1)


def test_a_compressed_bomb_ends_at_the_limit() -> None:
    bomb = gzip.compress(JPEG + bytes(40_000_000), 1)
    with Site({"/x": answer(200, bomb, Content_Encoding="gzip")}) as site:
        (outcome,) = fetch(settings(site, max_bytes=400_000), f"{site.root}/x")
    assert outcome.reason == "too_large"


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_compressed_picture(coding: str) -> None:
    body = gzip.compress(JPEG) if coding == "gzip" else zlib.compress(JPEG)
    with Site({"/x": answer(200, body, Content_Encoding=coding)}) as site:
        (outcome,) = fetch(settings(site), f"{site.root}/x")
    assert outcome.payload == JPEG


@pytest.mark.parametrize(
    "pieces",
    [
        [bytes([byte]) for byte in HEAD + b"\r\n" + JPEG],  # the head, byte by byte
        [HEAD + b"\r\n", *(JPEG[i : i + 1] for i in range(1000))],  # the body
        [b""] * 1000,  # silence
    ],
)
def test_a_slow_drip_is_cut(pieces: list[bytes]) -> None:
    with Site({"/x": drip(pieces, 0.05)}) as site:
        begun = time.monotonic()
        (outcome,) = fetch(settings(site, attempts=2), f"{site.root}/x")
    assert (outcome.reason, outcome.attempts) == ("timeout", 2)
    assert time.monotonic() - begun < 3


def test_it_works_after_a_while() -> None:
    def flaky(_: Request) -> bytes:
        return answer(200, JPEG) if len(site.asked("/x")) >= 3 else answer(502)

    with Site({"/x": flaky}) as site:
        (outcome,) = fetch(settings(site), f"{site.root}/x")
    assert outcome == Outcome(JPEG, 200, None, 3)


def test_retry_after_rests_the_whole_host() -> None:
    def busy(_: Request) -> bytes:
        first = len(site.asked("/0")) + len(site.asked("/1")) == 1
        return answer(429, Retry_After="1") if first else answer(200, JPEG)

    with Site({"/0": busy, "/1": busy}) as site:
        outcomes = fetch(settings(site, per_host=1), f"{site.root}/0", f"{site.root}/1")
        asked = [request.at for request in site.requests if request.path != "/robots.txt"]
    assert [outcome.reason for outcome in outcomes] == [None, None]
    assert sorted(outcome.attempts for outcome in outcomes) == [1, 2]
    assert asked[1] - asked[0] >= 0.95


def test_nobody_waits_longer_than_the_deadline() -> None:
    routes = {"/x": answer(429, Retry_After="1000"), "/y": answer(200, JPEG)}
    with Site(routes) as site:
        begun = time.monotonic()
        config = settings(site, per_host=1, deadline_seconds=2.0)
        outcomes = fetch(config, f"{site.root}/x", f"{site.root}/y")
    assert [outcome.reason for outcome in outcomes] == ["http_429", "host_busy"]
    assert [outcome.attempts for outcome in outcomes] == [1, 0]
    assert time.monotonic() - begun < 1.5


def test_the_deadline_ends_everything() -> None:
    with Site({"/x": drip([b""] * 1000, 0.05)}) as site:
        config = settings(site, timeout_seconds=60.0, deadline_seconds=0.5)
        begun = time.monotonic()
        (outcome,) = fetch(config, f"{site.root}/x")
    assert outcome.reason == "timeout"
    assert time.monotonic() - begun < 2


def slowly(_: Request) -> bytes:
    time.sleep(0.05)
    return answer(200, JPEG)


def test_requests_to_one_host_keep_their_distance() -> None:
    paths = [f"/{number}" for number in range(8)]
    with Site(dict.fromkeys(paths, answer(200, JPEG))) as site:
        outcomes = fetch(
            settings(site, host_delay_seconds=0.1), *(site.root + path for path in paths)
        )
    assert all(outcome.reason is None for outcome in outcomes)
    times = sorted(request.at for request in site.requests)
    assert times[-1] - times[0] > 0.75


def test_requests_at_a_time_to_one_host_are_bounded() -> None:
    paths = [f"/{number}" for number in range(8)]
    with Site(dict.fromkeys(paths, slowly)) as site:
        fetch(settings(site, per_host=2), *(site.root + path for path in paths))
    assert site.open == 2


def test_the_crawl_delay_of_robots_is_kept() -> None:
    robots = answer(200, b"User-agent: *\nCrawl-delay: 0.3")
    routes = {"/robots.txt": robots, "/0": answer(200, JPEG), "/1": answer(200, JPEG)}
    with Site(routes) as site:
        fetch(settings(site), f"{site.root}/0", f"{site.root}/1")
    times = [request.at for request in site.requests if request.path != "/robots.txt"]
    assert abs(times[1] - times[0]) > 0.28


def test_all_requests_together_are_bounded() -> None:
    paths = [f"/{number}" for number in range(20)]
    with Site(dict.fromkeys(paths, slowly)) as site:
        fetch(settings(site, per_host=20, concurrency=3), *(site.root + path for path in paths))
    assert site.open == 3
    assert len(site.requests) == 21


@pytest.mark.parametrize(
    ("robots", "reason"),
    [
        (answer(200, b"User-agent: *\nDisallow: /x"), "robots"),
        (answer(200, b"User-agent: mella-spark\nDisallow: /"), "robots"),
        (answer(200, b"User-agent: *\nDisallow: /other"), None),
        (answer(404), None),
        (answer(403), None),
        (answer(500), "robots_unreachable"),
        (answer(429, Retry_After="0"), "robots_unreachable"),
        (b"", "robots_unreachable"),
        (answer(302, Location="/robots.txt"), None),
        (answer(301, Location="/rules"), "robots"),
        (answer(200, b"User-agent: *\nDisallow: /x\n" + b"#" * 600_000), "robots"),
    ],
)
def test_robots_are_obeyed(robots: bytes, reason: str | None) -> None:
    rules = answer(200, b"User-agent: *\nDisallow: /x")
    routes = {"/robots.txt": robots, "/rules": rules, "/x": answer(200, JPEG)}
    with Site(routes) as site:
        first, second = fetch(settings(site), f"{site.root}/x", f"{site.root}/x?again")
    assert first.reason == second.reason == reason
    assert len(site.asked("/x")) == (2 if reason is None else 0)
    assert Counter(outcome.attempts for outcome in (first, second)) == {int(reason is None): 2}


def test_robots_of_the_host_behind_a_redirect_are_obeyed() -> None:
    robots = answer(200, b"User-agent: *\nDisallow: /")
    with Site({"/robots.txt": robots, "/x": answer(200, JPEG)}) as other, Site({}) as site:
        site.routes["/x"] = answer(302, Location=f"{other.root}/x")
        config = settings(site, ports=(site.port, other.port))
        (outcome,) = fetch(config, f"{site.root}/x")
    assert outcome.reason == "robots"
    assert other.asked("/x") == []


def test_rules_may_be_switched_off() -> None:
    routes = {
        "/robots.txt": answer(200, b"User-agent: *\nDisallow: /"),
        "/x": answer(200, JPEG, X_Robots_Tag="noai"),
    }
    with Site(routes) as site:
        config = settings(site, respect_robots=False, respect_optout=False)
        (outcome,) = fetch(config, f"{site.root}/x")
    assert outcome.payload == JPEG
    assert site.asked("/robots.txt") == []


def test_a_dead_host_is_given_up() -> None:
    with Site({}) as site:
        pass  # closed again: its port refuses
    config = settings(site, respect_robots=False, per_host=1, host_failures=4)
    outcomes = fetch(config, *(f"{site.root}/{number}" for number in range(30)))
    reasons = Counter(outcome.reason for outcome in outcomes)
    assert reasons["host_down"] >= 26
    assert set(reasons) <= {"host_down", "connect"}
    assert sum(outcome.attempts for outcome in outcomes) == 4


def test_a_name_that_does_not_resolve_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def lookup(host, *_, **__):
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    outcomes = fetch(settings(), *(f"http://gone.example/{number}" for number in range(20)))
    assert {outcome.reason for outcome in outcomes} == {"dns"}
    assert len(asked) == 1


def test_the_loop_ends_though_an_answer_never_comes() -> None:
    """Leaving the fetcher early takes down what is under way."""

    async def run() -> None:
        async with Fetcher(settings(site, timeout_seconds=60.0)) as fetcher:
            task = asyncio.create_task(fetcher.fetch(f"{site.root}/x"))
            await asyncio.sleep(0.2)
            task.cancel()

    with Site({"/robots.txt": drip([b""] * 1000, 0.05)}) as site:
        begun = time.monotonic()
        asyncio.run(run())
    assert time.monotonic() - begun < 2


def test_retry_after_header() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert retry_after("17", now) == 17
    assert retry_after(format_datetime(now + timedelta(seconds=90), usegmt=True), now) == 90
    assert retry_after("Thu, 01 Jan 2015 00:00:00 GMT", now) == 0
    assert retry_after("soon", now) is None
    assert retry_after("-5", now) is None
    assert retry_after(None, now) is None
