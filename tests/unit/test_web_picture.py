"""Which address stands for an image element; where it is read from is in test_web_html."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mella_spark.web.picture import LAZY, choose

NAMES = (
    "blank|spacer|pixel|1x1|1px|transparent|placeholder|loading|loader|spinner|lazy|lazyload|"
    "lazy[_-]placeholder|grey|gray|dummy|clear|trans|empty"
)
PLACEHOLDER = re.compile(
    rf"(?:^|[/_.-])(?:{NAMES})[_.\-0-9x]*\.(?:gif|png|svg|jpe?g|webp)(?:[?#]|$)", re.IGNORECASE
)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, ""),
        ({"src": None}, ""),
        ({"src": "a.png", "data-src": "b.png"}, "a.png"),
        ({"src": "dart.png", "data-src": "b.png"}, "dart.png"),
        ({"src": "Data:x", "data-src": "b.png"}, "b.png"),
        ({"src": " \tabout:blank", "data-src": "b.png"}, "b.png"),
        ({"src": "#", "data-uri": "b.png"}, "b.png"),
        ({"src": "1x1.gif", "srcset": "b.png 2x"}, "b.png"),
        ({"src": "/x/1PX.PNG", "data-src": "b.png"}, "b.png"),
        ({"src": "grey-300x200.jpg?v=2", "data-src": "b.png"}, "b.png"),
        ({"src": "greyhound.jpg", "data-src": "b.png"}, "greyhound.jpg"),
        ({"src": "spacer.gif", "data-src": "spacer.gif", "data-url": "12"}, "spacer.gif"),
    ],
)
def test_choice(attributes: dict[str, str | None], expected: str) -> None:
    assert choose(attributes, ()) == expected


def test_sources_of_a_picture() -> None:
    sources = ({"srcset": "data:,x"}, {"srcset": "a.webp 1x, b.webp 2x"})
    assert choose({"src": "blank.gif"}, sources) == "b.webp"
    assert choose({"src": "a.gif"}, sources) == "a.gif"


piece = st.sampled_from(
    [*re.sub(r"\[_-\]", "_", NAMES).split("|"), "photo", "1", "x", "_", ".", "-", "/", "?", "#"]
)
ending = st.sampled_from([".gif", ".PNG", ".svg", ".jpeg", ".jpg", ".webp", ".php", ""])
reference = st.tuples(st.lists(piece, min_size=1, max_size=5).map("".join), ending, ending).map(
    "".join
)


@given(reference, st.sampled_from(LAZY))
def test_placeholders_are_told_by_their_names(src: str, attribute: str) -> None:
    chosen = choose({"src": src, attribute: "real/picture.png"}, ())
    unreal = PLACEHOLDER.search(src) is not None or src.startswith("#")
    assert chosen == ("real/picture.png" if unreal else src)
