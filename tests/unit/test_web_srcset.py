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
        ("a 1w, b 02w , c 2.5x,d 3.x", [("a", 1, None), ("b", 2, None), ("c", None, 2.5)]),
        ("a\xa0 1w", [("a\xa0", 1, None)]),
        (f"a 1{'0' * 6000}w, b {'0' * 5000}7w", [("a", 10**17, None), ("b", 7, None)]),
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


def by_the_letter(text: str) -> list[Candidate]:
    """The standard's steps, one character after the other."""
    found: list[Candidate] = []
    position = 0
    while True:
        while position < len(text) and text[position] in " \t\n\f\r,":
            position += 1
        if position == len(text):
            return found
        start = position
        while position < len(text) and text[position] not in " \t\n\f\r":
            position += 1
        address, descriptors, current, depth = text[start:position], [], "", False
        if address.endswith(","):
            address = address.rstrip(",")
        else:
            while position < len(text) and (depth or text[position] != ","):
                character = text[position]
                position += 1
                depth = character != ")" if depth else character == "("
                if character in " \t\n\f\r" and not depth:
                    descriptors += [current] if current else []
                    current = ""
                else:
                    current += character
            descriptors += [current] if current else []
        numbers = {item[-1]: item[:-1] for item in descriptors}
        valid = len(numbers) == len(descriptors) and set(numbers) in ({"w"}, {"x"}, set())
        try:
            width = int(numbers["w"]) if "w" in numbers else None
            density = float(numbers["x"]) if "x" in numbers else None
        except ValueError:
            continue
        plain = all(set(number) <= set("0123456789.") for number in numbers.values())
        if valid and plain and width != 0 and not numbers.get("x", "").endswith("."):
            found.append(Candidate(address, width, 1.0 if width is density is None else density))


@given(st.text("ab, \t12.5wx", max_size=40))
def test_the_quick_way_is_the_standards(text: str) -> None:
    assert parse(text) == by_the_letter(text)
