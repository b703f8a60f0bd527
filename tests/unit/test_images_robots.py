from __future__ import annotations

import asyncio
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from mella_spark.images.reasons import Rejected
from mella_spark.images.robots import MAX_BYTES, Robots, opt_outs, product_token, rules_of

AGENT = "mella-spark"


def allowed(text: str, path: str = "/a/b.png", status: int = 200) -> bool:
    try:
        rules_of(status, text.encode()).check(f"http://example.com{path}", AGENT)
    except Rejected:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("", "/x", True),
        ("User-agent: *\nDisallow: /", "/x", False),
        ("\ufeffUser-agent: *\r\nDisallow: /", "/x", False),
        ("user-agent: MELLA-SPARK\ndisallow: /a", "/a/x", False),
        ("User-agent: other\nDisallow: /", "/x", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: mella-spark\nAllow: /", "/x", True),
        ("User-agent: *\nAllow: /\n\nUser-agent: mella-spark\nDisallow: /", "/x", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a/open", "/a/open/x", True),
        ("User-agent: *\nDisallow: /*.gif$", "/x.gif", False),
        ("User-agent: *\nDisallow: /*.gif$", "/x.gif?size=1", True),
        ("User-agent: *\nDisallow: /фото/", "/%D1%84%D0%BE%D1%82%D0%BE/x", False),
        ("User-agent: *\nDisallow:", "/x", True),
        ("<!DOCTYPE html><html><body>Disallow: /</body>", "/x", True),
    ],
)
def test_rules(text: str, path: str, expected: bool) -> None:
    assert allowed(text, path) is expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [(401, True), (403, True), (404, True), (410, True), (429, False), (500, False), (503, False)],
)
def test_statuses(status: int, expected: bool) -> None:
    assert allowed("User-agent: *\nDisallow: /", status=status) is expected


def test_only_so_much_is_read() -> None:
    filler = "# nothing\n" * (MAX_BYTES // 10)
    assert allowed("User-agent: *\nDisallow: /a\n" + filler) is False
    assert allowed(filler + "\n\nUser-agent: *\nDisallow: /a\n") is True


def test_delays() -> None:
    rules = rules_of(200, b"User-agent: *\nCrawl-delay: 2.5\nRequest-rate: 1/4s\n")
    assert rules.delay(AGENT) == 4
    assert rules_of(200, b"User-agent: *\nCrawl-delay: soon\n").delay(AGENT) == 0
    assert rules_of(404, b"").delay(AGENT) == 0


@given(st.binary(max_size=300))
def test_any_bytes_are_rules(body: bytes) -> None:
    rules = rules_of(200, b"User-agent: *\nDisallow: " + body)
    rules.delay(AGENT)
    with contextlib.suppress(Rejected):
        rules.check("http://example.com/a?b=%zz", AGENT)


def test_a_pattern_made_to_be_slow_is_not() -> None:
    assert allowed("User-agent: *\nDisallow: /" + "a*" * 5000 + "b", "/" + "a" * 8000)


def test_product_token() -> None:
    assert product_token("Mella-Spark/0.1 (+https://example.org)") == "mella-spark"
    assert product_token("bot") == "bot"


def test_robots_are_asked_for_once_and_failures_are_told_apart() -> None:
    asked: list[str] = []

    async def get(url: URL) -> tuple[int, bytes]:
        asked.append(str(url))
        await asyncio.sleep(0.01)
        match url.host:
            case "dead.example":
                raise Rejected("dns")
            case "slow.example":
                raise Rejected("timeout")
            case "loop.example":
                raise Rejected("too_many_redirects")
        return 200, b"User-agent: *\nDisallow: /no"

    async def run() -> list[str | None]:
        robots = Robots(get)

        async def reason(text: str) -> str | None:
            try:
                (await robots.rules(URL(text))).check(text, AGENT)
            except Rejected as error:
                return error.reason
            return None

        return await asyncio.gather(
            *(
                reason(text)
                for text in (
                    "http://a.example/no",
                    "http://a.example/yes",
                    "https://a.example/no",
                    "http://a.example:8080/no",
                    "http://dead.example/x",
                    "http://slow.example/x",
                    "http://loop.example/x",
                )
            )
        )

    assert asyncio.run(run()) == [
        "robots", None, "robots", "robots", "dns", "robots_unreachable", None
    ]  # fmt: skip
    assert sorted(asked) == [
        "http://a.example/robots.txt",
        "http://a.example:8080/robots.txt",
        "http://dead.example/robots.txt",
        "http://loop.example/robots.txt",
        "http://slow.example/robots.txt",
        "https://a.example/robots.txt",
    ]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("X-Robots-Tag", "noai", {"noai"}),
        ("x-robots-tag", "NoAI, NoImageAI", {"noai", "noimageai"}),
        ("X-Robots-Tag", "noai, max-image-preview:large", {"noai"}),
        ("X-Robots-Tag", "max-image-preview: large, noai", {"noai"}),
        ("X-Robots-Tag", "max-image-preview: large", set()),
        ("X-Robots-Tag", "unavailable_after: 25 Jun 2010 15:00:00 PST, noindex", {"noindex"}),
        ("X-Robots-Tag", "unavailable_after: Saturday, 25-Jun-10 15:00:00 UTC, noai", {"noai"}),
        ("X-Robots-Tag", "googlebot: noai", set()),
        ("X-Robots-Tag", "googlebot: noindex, noai", set()),
        ("X-Robots-Tag", "noai, googlebot: nosnippet", {"noai"}),
        ("X-Robots-Tag", "mella-spark: noai", {"noai"}),
        ("X-Robots-Tag", "googlebot: noindex, mella-spark: noai", {"noai"}),
        ("X-Robots-Tag", "mella-spark: nosnippet, otherbot: noai", set()),
        ("X-Robots-Tag", "none", {"noindex"}),
        ("X-Robots-Tag", "noairplanes, all", set()),
        ("TDM-Reservation", "1", {"1"}),
        ("TDM-Reservation", "0", set()),
        ("Content-Type", "noai", set()),
    ],
)
def test_opt_outs_in_headers(name: str, value: str, expected: set[str]) -> None:
    found = opt_outs([("Server", "x"), (name, value)], AGENT)
    assert {signal.partition(":")[2] for signal in found} == expected


def test_each_header_line_counts() -> None:
    lines = [("X-Robots-Tag", "otherbot: noai"), ("X-Robots-Tag", "noimageai")]
    assert opt_outs(lines, AGENT) == ["x-robots-tag:noimageai"]
