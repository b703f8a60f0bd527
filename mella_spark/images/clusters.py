"""Near-duplicate pictures stay in one split.

Each picture joins the cluster of its nearest neighbour, or founds one named by its own SHA-256; a
cluster's split is drawn from its name. A picture between clusters of different splits gets none and
is left out: so no two kept pictures within ``max_distance`` ever lie in different splits, and what
was assigned before never changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np

BANDS = 4
BAND_BITS = 16
CHUNK = 1 << 21
"""Candidate pairs compared at a time, which bounds memory to about 150 MB."""

Hashes = Sequence[int] | np.ndarray
Placed = tuple[int, str, str]


def neighbours(
    new: Hashes, old: Hashes, max_distance: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """All pairs of ``new`` and ``old`` hashes (signed 64-bit) within ``max_distance`` bits.

    Yields blocks of (index into ``new``, index into ``old``, distance); each pair comes once. Two
    hashes at most ``4 r + 3`` bits apart agree in one of four 16-bit bands up to ``r`` bits (the
    pigeonhole), so only the old hashes ``r`` flips away in some band are compared.
    """
    fresh, stored = _spread(new), _spread(old)
    radius = max_distance // BANDS
    flips = _flips(radius)
    for band in range(BANDS):
        values = _band(stored, band)
        order = np.argsort(values, kind="stable")
        starts = np.searchsorted(values[order], np.arange(2**BAND_BITS + 1))
        keys = _band(fresh, band).astype(np.int64)
        for flip in flips:
            for i, slots in _candidates(starts, keys ^ flip):
                j = order[slots]
                difference = fresh[i] ^ stored[j]
                distance = np.bitwise_count(difference)
                near = distance <= max_distance
                for earlier in range(band):  # found by that band already
                    near &= np.bitwise_count(_band(difference, earlier)) > radius
                if near.any():
                    yield i[near], j[near], distance[near]


def assign(
    new: Iterable[tuple[str, int]],
    old: Iterable[tuple[str, int, str, str | None]],
    max_distance: int,
    fractions: Mapping[str, float],
    seed: int,
) -> list[tuple[str, str, str | None]]:
    """Cluster and split of each picture of ``new``: (sha256, cluster_id, split), by SHA-256.

    ``new`` holds (sha256, phash); ``old`` (sha256, phash, cluster_id, split) of pictures assigned
    before; ``fractions`` maps splits to shares that sum to 1. A split of ``None`` means that the
    picture has neighbours in different splits (``split_conflict``) and must not be used. Pictures
    already in ``old`` keep what they have. Neither the order of ``new`` nor repetitions matter.
    """
    pictures = sorted(dict(new).items())
    names = {sha for sha, _ in pictures}
    known: dict[str, tuple[str, str | None]] = {}
    placed: set[Placed] = set()
    for sha, phash, cluster, split in old:
        if sha in names:
            known[sha] = (cluster, split)
        if split is not None:
            placed.add((phash, cluster, split))

    # Pictures of one hash have the same neighbours, so one decision serves them all.
    founders: dict[int, str] = {}
    for sha, phash in pictures:
        if sha not in known:
            founders.setdefault(phash, sha)
    decided = _decide(founders, placed, max_distance, fractions, seed)
    return [(sha, *(known[sha] if sha in known else decided[phash])) for sha, phash in pictures]


def draw_split(cluster_id: str, fractions: Mapping[str, float], seed: int) -> str:
    """The split of a cluster: a function of its name and ``seed`` alone."""
    digest = hashlib.sha256(f"{seed}:{cluster_id}".encode()).digest()
    point = int.from_bytes(digest[:8], "big") / 2**64
    for split, share in fractions.items():
        point -= share
        if point < 0:
            return split
    return split  # shares that sum to a little less than 1 by rounding


def _decide(
    founders: Mapping[int, str],
    placed: set[Placed],
    max_distance: int,
    fractions: Mapping[str, float],
    seed: int,
) -> dict[int, tuple[str, str | None]]:
    """Cluster and split of each hash, decided one after the other in the order of ``founders``."""
    stored = _nearest_stored(list(founders), placed, max_distance)
    kept = np.empty(len(founders), dtype=np.uint64)
    homes: list[tuple[str, str]] = []
    decided: dict[int, tuple[str, str | None]] = {}
    for phash, sha, (options, splits) in zip(founders, founders.values(), stored, strict=True):
        unsigned = np.uint64(phash & (2**64 - 1))
        distances = np.bitwise_count(kept[: len(homes)] ^ unsigned)
        for index in np.flatnonzero(distances <= max_distance):
            options.append((int(distances[index]), homes[index][0]))
            splits.add(homes[index][1])
        cluster = min(options)[1] if options else sha
        if len(splits) > 1:
            decided[phash] = (cluster, None)
            continue
        split = splits.pop() if splits else draw_split(cluster, fractions, seed)
        decided[phash] = (cluster, split)
        kept[len(homes)] = unsigned
        homes.append((cluster, split))
    return decided


def _nearest_stored(
    new: list[int], placed: set[Placed], max_distance: int
) -> list[tuple[list[tuple[int, str]], set[str]]]:
    """For each new hash: its nearest (distance, cluster), and the splits of all its neighbours."""
    stored = sorted(placed, key=lambda item: item[1:])  # so the lower index wins a tie
    names = sorted({split for _, _, split in stored})
    bits = np.array([1 << names.index(split) for _, _, split in stored], dtype=np.int64)
    nothing = np.iinfo(np.int64).max
    best = np.full(len(new), nothing, dtype=np.int64)
    seen = np.zeros(len(new), dtype=np.int64)
    for i, j, distance in neighbours(new, [phash for phash, _, _ in stored], max_distance):
        np.minimum.at(best, i, (distance.astype(np.int64) << 32) | j)
        np.bitwise_or.at(seen, i, bits[j])
    return [
        (
            [] if key == nothing else [(key >> 32, stored[key & 0xFFFFFFFF][1])],
            {name for place, name in enumerate(names) if mask >> place & 1},
        )
        for key, mask in zip(best.tolist(), seen.tolist(), strict=True)
    ]


def _candidates(starts: np.ndarray, keys: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs (index of key, slot of its bucket), at most about ``CHUNK`` at a time."""
    first, sizes = starts[keys], starts[keys + 1] - starts[keys]
    ends = np.cumsum(sizes)
    begin = 0
    while begin < len(keys):
        done = ends[begin - 1] if begin else 0
        # One key's bucket may be larger than a chunk: then it comes alone, sliced below.
        end = max(begin + 1, int(np.searchsorted(ends, done + CHUNK, side="right")))
        counts = sizes[begin:end]
        total = int(counts.sum())
        for low in range(0, total, CHUNK) if end == begin + 1 else [0] if total else []:
            high = min(total, low + CHUNK) if end == begin + 1 else total
            i = np.repeat(np.arange(begin, end), counts)[low:high]
            offsets = np.arange(low, high) - np.repeat(np.cumsum(counts) - counts, counts)[low:high]
            yield i, first[i] + offsets
        begin = end


def _flips(radius: int) -> list[int]:
    """Masks of at most ``radius`` bits in a band."""
    return [
        sum(1 << bit for bit in chosen)
        for count in range(radius + 1)
        for chosen in combinations(range(BAND_BITS), count)
    ]


def _band(hashes: np.ndarray, band: int) -> np.ndarray:
    return (hashes >> np.uint64(BAND_BITS * band)).astype(np.uint16)


def _spread(hashes: Hashes) -> np.ndarray:
    """``hashes`` with their bits dealt to the bands in turn.

    Distances stay as they are. A perceptual hash says less in its high frequencies, which are its
    low bits: as one band they would crowd few buckets.
    """
    bits = np.unpackbits(np.asarray(hashes, dtype=">i8").view(np.uint8)).reshape(
        -1, BAND_BITS, BANDS
    )
    return np.packbits(bits.swapaxes(1, 2)).view(">u8").astype(np.uint64)
