"""One bad input costs only itself; too little memory only shrinks the batch."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mella_spark.models.recovery import describe, generate, out_of_memory


def model(
    items: Sequence[int], bad: set[int], room: int, calls: list[int]
) -> list[tuple[str, int]]:
    """Fails on any bad item and on batches above ``room``."""
    calls.append(len(items))
    if len(items) > room:
        raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
    if bad.intersection(items):
        raise ValueError("bad item")
    return [(str(item), item) for item in items]


# Freeing memory collects garbage, which takes its time where torch is loaded.
@settings(max_examples=25)
@given(
    count=st.integers(0, 40),
    bad=st.sets(st.integers(0, 39)),
    room=st.integers(1, 12),
    batch_size=st.integers(1, 16),
)
def test_each_item_gets_its_own_answer(count, bad, room, batch_size):
    answers = generate(range(count), lambda batch: model(batch, bad, room, []), batch_size)
    assert [a.text for a in answers] == [None if i in bad else str(i) for i in range(count)]
    assert [a.error for a in answers] == [
        "ValueError: bad item" if i in bad else None for i in range(count)
    ]
    assert [a.tokens for a in answers] == [0 if i in bad else i for i in range(count)]


def test_one_bad_item_costs_few_calls():
    calls: list[int] = []
    generate(range(64), lambda batch: model(batch, {17}, 64, calls), 64)
    assert len(calls) <= 1 + 2 * 6


def test_a_size_that_fits_is_kept():
    calls: list[int] = []
    generate(range(64), lambda batch: model(batch, set(), 8, calls), 32)
    assert calls == [32, 16, *[8] * 8]


def test_an_item_that_never_fits_is_an_error_and_the_rest_go_on():
    def run(items: Sequence[int]) -> list[tuple[str, int]]:
        if 3 in items:
            raise MemoryError
        return [(str(item), 1) for item in items]

    answers = generate(range(6), run, 4)
    assert [a.error for a in answers] == [None, None, None, "MemoryError", None, None]


def test_an_answer_too_few_is_noticed():
    answers = generate(range(2), lambda batch: [("x", 1)], 2)
    assert [a.text for a in answers] == ["x", "x"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (RuntimeError("HIP out of memory"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (ValueError("no"), False),
    ],
)
def test_out_of_memory(error, expected):
    assert out_of_memory(error) is expected


def test_errors_are_one_short_line():
    text = describe(ValueError("a\n  b" + "x" * 1000))
    assert text.startswith("ValueError: a b")
    assert len(text) < 330
    assert "\n" not in text
    assert describe(KeyError()) == "KeyError"
