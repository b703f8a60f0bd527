"""Opt-out signals in headers and meta elements."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mella_spark.web.optout import ROBOTS, from_headers, from_meta


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("X-Robots-Tag", "noai, max-image-preview:large", ["x-robots-tag:noai"]),
        ("x-robots-tag", "max-image-preview:large, NOIMAGEAI", ["x-robots-tag:noimageai"]),
        ("X-Robots-Tag", "none", ["x-robots-tag:noindex"]),
        ("X-Robots-Tag", "max-image-preview: none", []),
        ("X-Robots-Tag", "max-snippet:-1, noml", ["x-robots-tag:noml"]),
        ("X-Robots-Tag", "DisallowAITraining", ["x-robots-tag:disallowaitraining"]),
        ("X-Robots-Tag", "all, nofollow, noarchive, nosnippet", []),
        ("X-Robots-Tag", "noaiart, mynoai", []),
        ("X-Robots-Tag", "googlebot: noindex, noai", []),
        ("X-Robots-Tag", "noai, googlebot: noindex", ["x-robots-tag:noai"]),
        ("X-Robots-Tag", "googlebot: noindex, *: noai", ["x-robots-tag:noai"]),
        ("X-Robots-Tag", "googlebot: noindex, mella-spark: noai", ["x-robots-tag:noai"]),
        ("X-Robots-Tag", "Mella-Spark: noai", ["x-robots-tag:noai"]),
        ("X-Robots-Tag", "unavailable_after: 25 Jun 2010, noai", ["x-robots-tag:noai"]),
        ("X-Robots-Tag", "unavailable_after: Fri, 25-Jun-10 15:00, noai", ["x-robots-tag:noai"]),
        ("TDM-Reservation", " 1 ", ["tdm-reservation:1"]),
        ("tdm-reservation", "0", []),
        ("tdm-reservation", "0, 1", ["tdm-reservation:1"]),
        ("tdm-reservation", "yes", []),
        ("tdm-policy", "https://site.example/policy.json", []),
        ("Content-Usage", "train-ai=n, search=y", ["content-usage:train-ai=n"]),
        ("Content-Usage", "tdm=y;x=1, genai=n;x=\"a,b\"", ["content-usage:genai=n"]),
        ("Content-Usage", "search=n", []),
        ("Content-Usage", 'train-ai="n"', []),
        ("Content-Usage", "train-ai=?0", []),
        ("Content-Usage", "train-ai", []),
        ("Content-Usage", "train-ai=n, train-ai=y", []),
        ("Content-Usage", "train-ai=y, train-ai=n", ["content-usage:train-ai=n"]),
        ("Content-Usage", 'x="train-ai=n, ai=n"', []),
        ("Content-Usage", "Train-AI=n", []),
        ("Content-Usage", "train-ai=n,", []),
        ("Content-Usage", "train-ai=N", []),
        ("Content-Signal", "search=yes, ai-train=no", ["content-signal:ai-train=no"]),
        ("Content-Signal", "ai-train=yes, ai-input=yes", []),
        ("Server", "noai", []),
    ],
)  # fmt: skip
def test_headers(name: str, value: str, expected: list[str]) -> None:
    assert from_headers([(name, value)]) == expected


def test_repeated_headers_count_each_and_signals_once() -> None:
    headers = [("X-Robots-Tag", "noai"), ("X-Robots-Tag", "noindex"), ("x-robots-tag", "noai")]
    assert from_headers(headers) == ["x-robots-tag:noai", "x-robots-tag:noindex"]


def test_a_name_addresses_the_rest_of_its_line_only() -> None:
    headers = [("X-Robots-Tag", "otherbot: noai"), ("X-Robots-Tag", "noimageai")]
    assert from_headers(headers) == ["x-robots-tag:noimageai"]


def test_lines_of_one_dictionary_are_one() -> None:
    headers = [("content-usage", "train-ai=n"), ("Content-Usage", "train-ai=y, ai=n")]
    assert from_headers(headers) == ["content-usage:ai=n"]
    assert from_headers([*headers, ("Content-Usage", "=")]) == []


def test_a_policy_goes_with_its_reservation() -> None:
    policy = ("tdm-policy", "https://site.example/policy.json")
    expected = ["tdm-reservation:1", "tdm-policy:https://site.example/policy.json"]
    assert from_headers([policy, ("tdm-reservation", "1")]) == expected
    assert from_meta([("TDM-Reservation", "1"), policy]) == [f"meta-{s}" for s in expected]
    assert from_headers([("tdm-reservation", "1"), ("tdm-policy", "x")]) == expected[:1]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("ROBOTS", "NoAI,follow", ["meta-robots:noai"]),
        (" robots ", "nofollow noindex; follow", ["meta-robots:noindex"]),
        ("robots", "index, max-image-preview:none", []),
        ("robots", "max-image-preview: none, noai", ["meta-robots:noai"]),
        ("googlebot", "noindex", []),
        ("googlebot-news", "noai", []),
        ("mella-spark", "noai", ["meta-robots:noai"]),
        ("tdm-reservation", "1", ["meta-tdm-reservation:1"]),
        ("tdm-reservation", "0", []),
        ("description", "noai", []),
    ],
)  # fmt: skip
def test_meta(name: str, content: str, expected: list[str]) -> None:
    assert from_meta([(name, content)]) == expected


def test_another_agent() -> None:
    assert from_headers([("X-Robots-Tag", "bot-x: noai")], "bot-x") == ["x-robots-tag:noai"]
    assert from_meta([("bot-x", "noai")], "bot-x") == ["meta-robots:noai"]


HEADERS = st.tuples(
    st.sampled_from(["X-Robots-Tag", "TDM-Reservation", "TDM-Policy", "Content-Usage"]),
    st.text(max_size=40)
    | st.lists(
        st.sampled_from([*ROBOTS, "bot", ":", ",", " ", "=", "n", ";", '"', "train-ai"])
    ).map("".join),
)


@given(st.lists(HEADERS, max_size=4))
def test_any_headers(headers: list[tuple[str, str]]) -> None:
    for signal in [*from_headers(headers), *from_meta(headers)]:
        source, _, directive = signal.partition(":")
        assert source
        assert directive
        assert signal == signal.strip()
