from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mella_spark.images.clusters import assign, draw_split, neighbours
from mella_spark.images.hashes import distance

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}
EVEN = {"train": 0.34, "validation": 0.33, "test": 0.33}

Old = list[tuple[str, int, str, str | None]]


def brute(new: list[int], old: list[int], most: int) -> set[tuple[int, int, int]]:
    return {
        (i, j, distance(a, b))
        for (i, a), (j, b) in itertools.product(enumerate(new), enumerate(old))
        if distance(a, b) <= most
    }


def found(new: list[int], old: list[int], most: int) -> list[tuple[int, int, int]]:
    blocks = neighbours(new, old, most)
    return [(int(i), int(j), int(d)) for block in blocks for i, j, d in zip(*block, strict=True)]


def signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


# Few bases and a few flips: hashes that are near each other, at distances around the limit.
near_hashes = st.builds(
    lambda base, flips: signed(base ^ sum(1 << bit for bit in flips)),
    st.sampled_from([0, 2**64 - 1, 0x0123456789ABCDEF]),
    st.sets(st.integers(0, 63), max_size=10),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(near_hashes, max_size=12), st.lists(near_hashes, max_size=12), st.integers(0, 11))
def test_neighbours_are_all_pairs_once(new: list[int], old: list[int], most: int) -> None:
    pairs = found(new, old, most)
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == brute(new, old, most)


def test_neighbours_of_many_equal_hashes_come_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mella_spark.images.clusters.CHUNK", 64)
    new, old = [5] * 9, [5] * 50 + [4] * 200 + [-1] * 3
    assert set(found(new, old, 3)) == brute(new, old, 3)
    assert max(len(block[0]) for block in neighbours(new, old, 3)) <= 64


def check_invariant(placed: Old, most: int) -> None:
    kept = [(phash, split) for _, phash, _, split in placed if split is not None]
    for (a, one), (b, other) in itertools.combinations(kept, 2):
        assert one == other or distance(a, b) > most


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(near_hashes, max_size=8), max_size=4), st.integers(0, 7), st.randoms())
def test_no_two_near_pictures_cross_splits(batches, most: int, random) -> None:
    placed: Old = []
    name = itertools.count()
    for hashes in batches:
        new = [(f"{next(name) * 7919 % 10007:064x}", phash) for phash in hashes]
        result = assign(new, placed, most, EVEN, seed=1)
        shuffled = random.sample(new + new[:2], len(new) + len(new[:2]))
        assert assign(shuffled, random.sample(placed, len(placed)), most, EVEN, seed=1) == result
        assert [sha for sha, _, _ in result] == sorted(sha for sha, _ in new)
        phashes = dict(new)
        fresh = [(sha, phashes[sha], cluster, split) for sha, cluster, split in result]
        again = assign(new, placed + fresh, most, EVEN, seed=1)
        assert again == result  # what is placed stays
        placed += fresh
        check_invariant(placed, most)
    for sha, phash, cluster, split in placed:
        if split is None:  # refused only where it had to be
            others = {
                s for other, h, _, s in placed if s and other != sha and distance(h, phash) <= most
            }
            assert len(others) > 1
        elif cluster == sha:
            assert split == draw_split(sha, EVEN, 1)


def test_a_picture_joins_its_nearest() -> None:
    old: Old = [("a" * 64, 0, "a" * 64, "test"), ("b" * 64, 0b111111, "b" * 64, "test")]
    assert assign([("c" * 64, 0b1)], old, 6, SHARES, 0) == [("c" * 64, "a" * 64, "test")]
    assert assign([("c" * 64, 0b11111)], old, 6, SHARES, 0) == [("c" * 64, "b" * 64, "test")]


def test_a_picture_between_splits_is_left_out() -> None:
    old: Old = [("a" * 64, 0, "a" * 64, "test"), ("b" * 64, 0b111111, "b" * 64, "train")]
    assert assign([("c" * 64, 0b11)], old, 4, SHARES, 0) == [("c" * 64, "a" * 64, None)]


def test_rejected_neighbours_bind_nobody() -> None:
    old: Old = [("a" * 64, 0, "x" * 64, None)]
    ((_, cluster, split),) = assign([("c" * 64, 1)], old, 6, SHARES, 0)
    assert (cluster, split) == ("c" * 64, draw_split("c" * 64, SHARES, 0))


def test_shares_of_splits() -> None:
    drawn = [draw_split(f"{i:064x}", SHARES, 5) for i in range(20_000)]
    for split, share in SHARES.items():
        assert abs(drawn.count(split) / len(drawn) - share) < 0.01
    assert drawn != [draw_split(f"{i:064x}", SHARES, 6) for i in range(20_000)]
    assert draw_split("x", {"train": 1.0, "validation": 0.0, "test": 0.0}, 1) == "train"


def test_large_tables_take_seconds() -> None:
    rng = np.random.default_rng(0)
    old = rng.integers(-(2**63), 2**63 - 1, 1_000_000)
    new = old[:20_000] ^ (1 << rng.integers(0, 63, 20_000))
    begun = time.process_time()
    pairs = sum(len(block[0]) for block in neighbours(new, old, 6))
    assert pairs == 20_000
    assert time.process_time() - begun < 20
