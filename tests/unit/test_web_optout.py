"""Opt-out signals in headers and meta elements."""

from __future__ import annotations

import pytest

from mella_spark.web.optout import from_headers, from_meta


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("X-Robots-Tag", "noai, max-image-preview:large", ["x-robots-tag:noai"]),
        ("x-robots-tag", "max-image-preview:large, NOIMAGEAI", ["x-robots-tag:noimageai"]),
        ("X-Robots-Tag", "none", ["x-robots-tag:noindex"]),
        ("X-Robots-Tag", "all, nofollow", []),
        ("X-Robots-Tag", "googlebot: noindex, noai", []),
        ("X-Robots-Tag", "mella-spark: noai", ["x-robots-tag:noai"]),
        ("X-Robots-Tag", "unavailable_after: 25 Jun 2010, noai", ["x-robots-tag:noai"]),
        ("TDM-Reservation", " 1 ", ["tdm-reservation:1"]),
        ("tdm-reservation", "0", []),
        ("Content-Usage", "train-ai=n, search=y", ["content-usage:train-ai=n"]),
        ("Content-Usage", "tdm=y;x=1, genai=n;x=1", ["content-usage:genai=n"]),
        ("Server", "noai", []),
    ],
)
def test_headers(name: str, value: str, expected: list[str]) -> None:
    assert from_headers([(name, value)]) == expected


def test_repeated_headers_count_each_and_signals_once() -> None:
    headers = [("X-Robots-Tag", "noai"), ("X-Robots-Tag", "noindex"), ("x-robots-tag", "noai")]
    assert from_headers(headers) == ["x-robots-tag:noai", "x-robots-tag:noindex"]


def test_meta() -> None:
    metas = [("ROBOTS", "NoAI,follow"), ("googlebot", "noindex"), ("tdm-reservation", "1")]
    assert from_meta(metas) == ["meta-robots:noai", "meta-tdm-reservation:1"]
