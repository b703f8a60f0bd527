"""Small fastText models, read from their files and asked by compiled code (``ngramkernel``).

Read are models as ``lid.176.ftz`` is one: for sentences, quantised and pruned, with vectors of 16
numbers, single words, and a tree of labels. For all others there is the library.
"""

from __future__ import annotations

import math
import re
import struct
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mella_spark.text import ngramkernel

_MAGIC, _VERSION = 793712314, 12
_TREE, _SENTENCES = 1, 3  # codes of the loss and of the model
_END_OF_LINE, _LABEL = b"</s>", b"__label__"
_WORD = re.compile(rb"[^ \n\r\t\v\f\0]+")


@dataclass(frozen=True, slots=True)
class NgramModel:
    """A model in memory; ask ``predict``."""

    labels: list[str]
    rows: NDArray[np.uint8]
    centroids: NDArray[np.float32]
    nodes: NDArray[np.float32]
    found: NDArray[np.uint64]
    slots: NDArray[np.int32]
    offsets: NDArray[np.int32]
    spelling: NDArray[np.uint8]
    tree: NDArray[np.int32]
    settings: NDArray[np.int64]

    @property
    def longest(self) -> int:
        """Letters of the longest n-grams."""
        return int(self.settings[ngramkernel.LONGEST])

    def predict(self, text: str, count: int) -> list[tuple[str, float]]:
        """The ``count`` likeliest labels of one line of text and their probabilities, best first.

        The probabilities are the library's but for rounding; as there, labels with less than
        0.00001 are left out. Half a surrogate pair counts as a question mark.
        """
        line = text.encode("utf-8", "replace")
        if _END_OF_LINE in line or _LABEL in line:
            line = _without_marks(line)
        work = _WORK
        work.fit(len(line), len(self.labels), self.longest)
        have = ngramkernel.predict(
            np.frombuffer(line, np.uint8), self.rows, self.centroids, self.nodes, self.found,
            self.slots, self.offsets, self.spelling, self.tree, self.settings,
            min(count, len(self.labels)), work.space, work.whole, work.real, work.room,
        )  # fmt: skip
        best, scores = work.whole[:have].tolist(), work.real[:have].tolist()
        found = [(score, self.labels[label]) for score, label in zip(scores, best, strict=True)]
        found.sort(reverse=True)
        return [(label, math.exp(score)) for score, label in found]


def _without_marks(line: bytes) -> bytes:
    """What the library reads of a line in which there is more than words."""
    words = _WORD.findall(line)
    if _END_OF_LINE in words:
        words = words[: words.index(_END_OF_LINE)]
    return b" ".join(word for word in words if not word.startswith(_LABEL))


class _Work(threading.local):
    """Memory to work with, the same for every text."""

    def __init__(self) -> None:
        self.space = np.empty(1 << 13, np.uint8)
        self.whole = np.empty(0, np.int32)
        self.real = np.empty(0, np.float32)
        self.room = np.empty(0, np.uint32)

    def fit(self, size: int, labels: int, longest: int) -> None:
        """Room for a line of ``size`` bytes and the n-grams up to ``longest`` in it."""
        if size + 2 > len(self.space):
            self.space = np.empty(2 * size, np.uint8)
        ngrams = 3 * (size + 1) * longest  # at most a word for every two bytes, with two brackets
        if ngrams > len(self.room):
            self.room = np.empty(2 * ngrams, np.uint32)
        if 3 * labels > len(self.whole):
            self.whole = np.empty(3 * labels, np.int32)
            self.real = np.empty(3 * labels + ngramkernel.DIMENSIONS, np.float32)


_WORK = _Work()


class _File:
    """Numbers and names from a file, one after the other."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = 0

    def numbers(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.place)
        self.place += struct.calcsize("<" + layout)
        return values

    def number(self, layout: str) -> Any:
        return self.numbers(layout)[0]

    def array(self, kind: str, count: int) -> NDArray[Any]:
        values = np.frombuffer(self.data, kind, count, self.place)
        self.place += values.nbytes
        return values

    def name(self) -> bytes:
        end = self.data.index(b"\0", self.place)
        name = self.data[self.place : end]
        self.place = end + 1
        return name


def read_model(path: Path) -> NgramModel | None:
    """The model in a file; None if it is not of the kind that can be read, or none at all."""
    if path.stat().st_size > 1 << 26:
        return None
    try:
        return _read(_File(path.read_bytes()))
    except (ValueError, IndexError, struct.error):
        return None


def _read(file: _File) -> NgramModel | None:
    if file.numbers("ii") != (_MAGIC, _VERSION):
        return None
    (dimensions, _, _, _, _, ngrams, loss, kind, buckets, shortest, longest, _) = file.numbers(
        "12i"
    )
    file.number("d")
    size, word_count, label_count, _, pruned = file.numbers("iiiqq")
    if (dimensions, ngrams, loss, kind) != (ngramkernel.DIMENSIONS, 1, _TREE, _SENTENCES):
        return None
    if pruned <= 0 or shortest < 1 or size != word_count + label_count:
        return None
    names, counts = [], []
    for _ in range(size):
        names.append(file.name())
        counts.append(file.numbers("qb")[0])
    if names[0] != _END_OF_LINE:
        return None
    kept = file.array("<i4", 2 * pruned).reshape(-1, 2)
    quantised = _quantised(file)
    if quantised is None or file.number("?"):
        return None
    rows, centroids = quantised
    kept = kept[np.argsort(kept[:, 0])]
    rows = np.concatenate([rows[:word_count], rows[word_count + kept[:, 1]]]).reshape(-1)
    row_count, columns = file.numbers("qq")
    nodes = file.array("<f4", row_count * columns).astype(np.float32)
    labels = [name.decode() for name in names[word_count:]]
    words = names[:word_count]
    offsets = np.cumsum([0, *map(len, words)], dtype=np.int32)
    return NgramModel(
        labels,
        rows,
        centroids,
        nodes,
        _found(buckets, kept[:, 0]),
        _slots(words),
        offsets,
        np.frombuffer(b"".join(words), np.uint8),
        _tree(counts[word_count:]),
        np.array([shortest, longest, buckets, word_count, label_count], np.int64),
    )


def _quantised(file: _File) -> tuple[NDArray[np.uint8], NDArray[np.float32]] | None:
    """A product-quantised matrix (Jégou et al. 2011): rows of codes, and what they stand for.

    The first code is that of a row's length, the others are those of pairs of its numbers.
    """
    if not file.number("?"):
        return None
    has_norms, row_count, _, code_count = file.numbers("?qqi")
    codes = file.array("u1", code_count).reshape(row_count, -1)
    if file.numbers("4i") != (ngramkernel.DIMENSIONS, ngramkernel.PAIRS, 2, 2) or not has_norms:
        return None
    centroids = file.array("<f4", 256 * ngramkernel.DIMENSIONS)
    norm_codes = file.array("u1", row_count)
    if file.numbers("4i") != (1, 1, 1, 1):
        return None
    norms = file.array("<f4", 256)
    rows = np.concatenate([norm_codes[:, None], codes], axis=1)
    return rows, np.concatenate([norms, centroids]).astype(np.float32)


def _found(buckets: int, kept: NDArray[np.int32]) -> NDArray[np.uint64]:
    """For each 64 buckets: bits of those with a vector, and how many have one before, less 1."""
    bits = np.zeros(-(-buckets // 64) * 64, np.uint8)
    bits[kept] = 1
    words = np.packbits(bits, bitorder="little").view("<u8").astype(np.uint64)
    counts = bits.reshape(-1, 64).sum(axis=1, dtype=np.uint64)
    ranks = np.cumsum(counts, dtype=np.uint64) - counts - np.uint64(1)
    return np.stack([words, ranks], axis=1).reshape(-1)


def _slots(words: list[bytes]) -> NDArray[np.int32]:
    """Open-addressing hash table of the words' numbers, half full at most."""
    slots = np.full(1 << (2 * len(words)).bit_length(), -1, np.int32)
    for number, word in enumerate(words):
        value = 2166136261
        for byte in word:
            wide = byte | 0xFFFFFF00 if byte > 127 else byte
            value = (value ^ wide) * 16777619 & 0xFFFFFFFF
        slot = value & (len(slots) - 1)
        while slots[slot] >= 0:
            slot = (slot + 1) & (len(slots) - 1)
        slots[slot] = number
    return slots


def _tree(counts: list[int]) -> NDArray[np.int32]:
    """Left and right below each inner node of the Huffman tree of labels, rarest merged first."""
    leaves = len(counts)
    weights = [*counts, *[1 << 60] * (leaves - 1)]
    children = np.empty(2 * (leaves - 1), np.int32)
    leaf, node = leaves - 1, leaves
    for parent in range(leaves, 2 * leaves - 1):
        weights[parent] = 0
        for side in range(2):
            if leaf >= 0 and weights[leaf] < (weights[node] if node < parent else 1 << 60):
                child, leaf = leaf, leaf - 1
            else:
                child, node = node, node + 1
            children[2 * (parent - leaves) + side] = child
            weights[parent] += weights[child]
    return children
