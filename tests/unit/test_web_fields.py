"""Dictionaries of RFC 9651."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mella_spark.web.fields import Date, Token, dictionary


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("a=1", {"a": (1, {})}),
        ("  a=1 ,\t*b-_.=x  ", {"a": (1, {}), "*b-_.": (Token("x"), {})}),
        ("a, b;c;d=?0", {"a": (True, {}), "b": (True, {"c": True, "d": False})}),
        ('a="x,\\"y\\\\"', {"a": ('x,"y\\', {})}),
        ("a=-1.50; b=2", {"a": (-1.5, {"b": 2})}),
        ("a=:aGk=:", {"a": (b"hi", {})}),
        ("a=@1659578233", {"a": (Date(1659578233), {})}),
        ('a=%"f%c3%bc"', {"a": ("fü", {})}),
        ("a=(x;q=1  \"s\");p", {"a": ([(Token("x"), {"q": 1}), ("s", {})], {"p": True})}),
        ("a=()", {"a": ([], {})}),
        ("a=1, a=2;b", {"a": (2, {"b": True})}),
        ("a=*t/x:y!", {"a": (Token("*t/x:y!"), {})}),
    ],
)  # fmt: skip
def test_dictionaries(text: str, expected: object) -> None:
    assert dictionary(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("A=1", "a=", "a=1,", ",a=1", "a 1", "a=1 b=2", "a==1", "a=1;", "a=1;B", "\ta=1", "a=é"),
        *("a=(1", "a=(1,2)", 'a=(1"x")', 'a="x', "a='x'", 'a="\\x"', 'a=%"%C3"', 'a=%"%c3"'),
        *("a=1.", "a=1.2345", "a=1.2.3", "a=1234567890123456", "a=:a", "a=:é:", "a=?2", "a=@1.5"),
    ],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        dictionary(text)


def test_strings_are_no_tokens() -> None:
    (value, _), (other, _) = dictionary('a=n, b="n"').values()
    assert isinstance(value, Token)
    assert not isinstance(other, Token)


KEYS = st.from_regex(re.compile(r"[a-z*][a-z0-9_.*-]{0,5}", re.ASCII), fullmatch=True)
VALUES = st.one_of(
    st.integers(-(10**15) + 1, 10**15 - 1).map(lambda n: (str(n), n)),
    st.booleans().map(lambda b: (f"?{b:d}", b)),
    st.from_regex(re.compile(r"[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]{0,5}"), fullmatch=True).map(
        lambda t: (t, Token(t))
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8).map(
        lambda s: ('"' + s.replace("\\", "\\\\").replace('"', '\\"') + '"', s)
    ),
)


@given(st.dictionaries(KEYS, VALUES))
def test_what_is_written_is_read(members: dict[str, tuple[str, object]]) -> None:
    text = ", ".join(f"{key}={written}" for key, (written, _) in members.items())
    assert dictionary(text) == {key: (value, {}) for key, (_, value) in members.items()}


@given(st.text(max_size=40) | st.lists(st.sampled_from('a=1,;"()?@:%n \t')).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = dictionary(text)
    except ValueError:
        return
    assert all(re.fullmatch(r"[a-z*][a-z0-9_.*-]*", key) for key in found)
