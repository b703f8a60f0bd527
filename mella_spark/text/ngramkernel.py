"""fastText's prediction for small quantised models, as compiled code.

The arithmetic is fastText's (Bojanowski et al. 2017, arXiv:1607.04606; Joulin et al. 2016,
arXiv:1612.03651): the mean of the vectors of a text's words and of the n-grams of their letters,
then a walk down the Huffman tree of labels. The library spells out and hashes each n-gram anew;
here one hash grows with the n-grams that begin at a letter, which takes a fifth of the time.

Vectors stay packed, and n-grams are found by a bit each: a megabyte in all, so that what else a
process does between two texts leaves them in the processor's cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import float32, int64, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

DIMENSIONS = 16
PAIRS = DIMENSIONS // 2
ROW = 1 + PAIRS  # bytes of a vector: codes of its length and of each pair of its numbers
# Settings of a model, by position.
SHORTEST, LONGEST, BUCKETS, WORDS, LABELS = range(5)

_compile: Any = njit(cache=True, nogil=True)
_intrinsic: Any = intrinsic
_OFFSET, _PRIME = np.uint32(2166136261), np.uint32(16777619)
_LEAST = float32(np.log(1e-5))  # logarithm of a probability that is worth a look
_BEGIN, _END = ord("<"), ord(">")


@_intrinsic
def _memory(_, array, first):  # type: ignore[no-untyped-def]
    """The memory of an array from an item on: compiled functions pass it on at no cost.

    It does not keep the array alive, so that must be an argument from outside.
    """

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        view = context.make_array(signature.args[0])(context, builder, arguments[0])
        size = ir.Constant(ir.IntType(64), array.dtype.bitwidth // 8)
        return cgutils.pointer_add(builder, view.data, builder.mul(arguments[1], size))

    return types.CPointer(array.dtype)(array, types.int64), code


@_intrinsic
def _ones(_, number):  # type: ignore[no-untyped-def]
    """How many bits of a 64-bit number are set."""

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), code


@_compile
def _is_space(byte):  # type: ignore[no-untyped-def]
    """What fastText separates words at."""
    return byte == 32 or (byte <= 13 and (byte >= 9 or byte == 0))


@_compile
def _grown(value, byte):  # type: ignore[no-untyped-def]
    """The 32-bit FNV-1a of a text with one more byte. fastText's has bytes with a sign."""
    wide = np.uint32(byte) | (np.uint32(0xFFFFFF00) if byte > 127 else np.uint32(0))
    return np.uint32((value ^ wide) * _PRIME)


@_compile
def _add(hidden, rows, centroids, row):  # type: ignore[no-untyped-def]
    """Adds a vector: a code for its length and one for each pair of its numbers."""
    first = row * ROW
    norm = centroids[rows[first]]
    for k in range(PAIRS):
        place = 256 + 512 * k + 2 * int64(rows[first + 1 + k])
        hidden[2 * k] += norm * centroids[place]
        hidden[2 * k + 1] += norm * centroids[place + 1]


@_compile
def _word(text, start, end, value, slots, mask, offsets, spelling):  # type: ignore[no-untyped-def]
    """The number of the word in these bytes, with that hash; -1 if the model has none."""
    slot = int64(value) & mask
    while slots[slot] >= 0:
        word = slots[slot]
        first, size = offsets[word], offsets[word + 1] - offsets[word]
        if size == end - start:
            k = 0
            while k < size and spelling[first + k] == text[start + k]:
                k += 1
            if k == size:
                return word
        slot = (slot + 1) & mask
    return -1


@_compile
def _hash_ngrams(token, end, settings, hashes, count):  # type: ignore[no-untyped-def]
    """Hashes of the n-grams of a token between its brackets, behind ``count`` others; how many."""
    shortest, longest = settings[SHORTEST], settings[LONGEST]
    for first in range(end):
        if token[first] & 0xC0 == 0x80:  # within a character
            continue
        value = _OFFSET
        last, size = first, 1
        while last < end and size <= longest:
            value = _grown(value, token[last])
            last += 1
            while last < end and token[last] & 0xC0 == 0x80:
                value = _grown(value, token[last])
                last += 1
            if size >= shortest and not (size == 1 and (first == 0 or last == end)):
                hashes[count] = value
                count += 1
            size += 1
    return count


@_compile
def _find_rows(hashes, count, found, settings):  # type: ignore[no-untyped-def]
    """Puts the rows of those hashes that have one in their place; how many."""
    buckets, words = np.uint32(settings[BUCKETS]), np.uint64(settings[WORDS])
    have = 0
    for k in range(count):
        bucket = hashes[k] % buckets
        place = 2 * int64(bucket >> np.uint32(6))
        below = found[place] << np.uint64(63 - (bucket & np.uint32(63)))
        hashes[have] = np.uint32(found[place + 1] + _ones(below) + words)
        have += int64(below >> np.uint64(63))
    return have


@_compile
def _walk(  # type: ignore[no-untyped-def]
    hidden, nodes, tree, labels, count, best, scores, pending, pending_scores
):
    """The ``count`` likeliest labels and logarithms of their probabilities, in no order."""
    pending[0], pending_scores[0] = 2 * labels - 2, 0.0
    depth, have, worst = 1, 0, 0
    while depth > 0:
        depth -= 1
        node, score = pending[depth], pending_scores[depth]
        if score < _LEAST or (have == count and score < scores[worst]):
            continue
        if node < labels:
            place = have if have < count else worst
            best[place], scores[place] = node, score
            if have < count:
                have += 1
            worst = 0
            for k in range(1, have):
                if scores[k] < scores[worst]:
                    worst = k
            continue
        first = (node - labels) * DIMENSIONS
        total = float32(0.0)
        for k in range(DIMENSIONS):
            total += hidden[k] * nodes[first + k]
        right = float32(1.0 / (1.0 + np.exp(-total)))
        a, b = tree[2 * (node - labels)], tree[2 * (node - labels) + 1]
        score_a = float32(score + np.log(float32(1.0) - right + 1e-5))
        score_b = float32(score + np.log(right + 1e-5))
        if score_a > score_b:  # the likelier one last, so that it is next
            a, b, score_a, score_b = b, a, score_b, score_a
        pending[depth], pending_scores[depth] = a, score_a
        pending[depth + 1], pending_scores[depth + 1] = b, score_b
        depth += 2
    return have


@_compile
def predict(  # type: ignore[no-untyped-def]
    line,
    rows,
    centroids,
    nodes,
    found,
    slots,
    offsets,
    spelling,
    tree,
    settings,
    count,
    space,
    whole,
    real,
    room,
):
    """The likeliest labels of a line of UTF-8 without its end; returns how many, at most ``count``.

    They are then the first of ``whole``, and logarithms of their probabilities the first of
    ``real``. Memory to work with: ``space`` two bytes longer than the line, ``whole`` three times
    as long as there are labels, ``real`` DIMENSIONS longer than that, ``room`` for each n-gram.
    """
    data, token = _memory(line, 0), _memory(space, 0)
    vectors, values = _memory(rows, 0), _memory(centroids, 0)
    table, places, numbers = _memory(found, 0), _memory(slots, 0), _memory(offsets, 0)
    letters, options, mask = _memory(spelling, 0), _memory(settings, 0), len(slots) - 1
    labels = settings[LABELS]
    hidden, hashes = _memory(real, 3 * labels), _memory(room, 0)
    for k in range(DIMENSIONS):
        hidden[k] = 0.0
    total, hash_count, i, end = 0, 0, 0, len(line)
    while i < end:
        if _is_space(data[i]):
            i += 1
            continue
        start, hashed, size = i, _OFFSET, 1
        token[0] = _BEGIN
        while i < end and not _is_space(data[i]):
            hashed = _grown(hashed, data[i])
            token[size] = data[i]
            size += 1
            i += 1
        token[size] = _END
        word = _word(data, start, i, hashed, places, mask, numbers, letters)
        if word >= 0:
            _add(hidden, vectors, values, word)
            total += 1
        hash_count = _hash_ngrams(token, size + 1, options, hashes, hash_count)
    # One kind of access to memory after the other: the processor then waits for many at once.
    row_count = _find_rows(hashes, hash_count, table, options)
    for k in range(row_count):
        _add(hidden, vectors, values, int64(hashes[k]))
    total += row_count
    # The end of the line is a word of the model, without n-grams: its first.
    _add(hidden, vectors, values, 0)
    for k in range(DIMENSIONS):
        hidden[k] /= float32(total + 1)
    return _walk(
        hidden, _memory(nodes, 0), _memory(tree, 0), labels, count, _memory(whole, 0),
        _memory(real, 0), _memory(whole, labels), _memory(real, labels),
    )  # fmt: skip
