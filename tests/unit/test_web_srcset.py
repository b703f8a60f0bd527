"""srcset against the standard's algorithm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mella_spark.web.srcset import Candidate, best, parse


@pytest.mark.parametrize(
    ("srcset", "expected"),
    [
        ("", []),
        (" , ,", []),
        ("a.png", [("a.png", None, 1.0)]),
        ("a.png,b.png 2x", [("a.png,b.png", None, 2.0)]),
        ("a.png, b.png 2x", [("a.png", None, 1.0), ("b.png", None, 2.0)]),
        ("a 1x,b 1.5x", [("a", None, 1.0), ("b", None, 1.5)]),
        ("a 100w 50h,\n b 200w", [("a", 100, None), ("b", 200, None)]),
        ("a,,, b", [("a", None, 1.0), ("b", None, 1.0)]),
        ("data:x;base64,AA== 1x, b", [("data:x;base64,AA==", None, 1.0), ("b", None, 1.0)]),
        # Errors: the candidate goes, the others stay.
        ("a 1x 2x, b", [("b", None, 1.0)]),
        ("a 1w 1x, b", [("b", None, 1.0)]),
        ("a 0w, b", [("b", None, 1.0)]),
        ("a 5h, b", [("b", None, 1.0)]),
        ("a -1x, b", [("b", None, 1.0)]),
        ("a 1.5w, b", [("b", None, 1.0)]),
        ("a foo, b", [("b", None, 1.0)]),
        ("a f(1, 2) 3x, b", [("b", None, 1.0)]),
        ("a 1e1x", [("a", None, 10.0)]),
        ("a ١w, b", [("b", None, 1.0)]),
    ],
)  # fmt: skip
def test_candidates(srcset: str, expected: list[tuple[str, int | None, float | None]]) -> None:
    assert parse(srcset) == [Candidate(*item) for item in expected]


def test_best() -> None:
    assert best("s 100w, l 900w, m 300w") == "l"
    assert best("a, b 2x, c 2x") == "b"
    assert best(",") is None


url = st.text("abc/:._-", min_size=1, max_size=8)
plain = st.tuples(url, st.one_of(st.integers(1, 5000).map(lambda w: f"{w}w"), st.just("2x")))


@given(st.lists(plain, min_size=1, max_size=6), st.sampled_from([", ", " , ", ",\n\t", ",  "]))
def test_well_formed_lists_come_back(items: list[tuple[str, str]], separator: str) -> None:
    found = parse(separator.join(f"{url} {descriptor}" for url, descriptor in items))
    assert [item.url for item in found] == [url for url, _ in items]
    assert [f"{item.width}w" if item.width else "2x" for item in found] == [d for _, d in items]


@given(st.text("a,() \t1wxhe.+-", max_size=40))
def test_any_text_gives_urls_without_space_or_outer_commas(text: str) -> None:
    for item in parse(text):
        assert item.url
        assert not set(item.url) & set(" \t")
        assert not item.url.startswith(",")
        assert not item.url.endswith(",")
        assert (item.width is None) != (item.density is None)
