"""Memory and eight bytes at a time, for compiled code.

Compiled code that uses these functions is cached until the files it stands in change: touch those
after a change of this one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

ONES, HIGHEST = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_compile: Any = njit(cache=True, nogil=True)
_intrinsic: Any = intrinsic


@_intrinsic
def bytes_of(_, array):  # type: ignore[no-untyped-def]
    """The memory of an array of bytes: compiled functions pass it on at no cost, unlike arrays.

    It does not keep the array alive, so that must be an argument from outside.
    """

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return context.make_array(signature.args[0])(context, builder, arguments[0]).data

    return types.CPointer(types.uint8)(array), code


@_intrinsic
def numbers_of(_, array, first):  # type: ignore[no-untyped-def]
    """The same of 64-bit numbers, from the one at ``first`` on."""

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        view = context.make_array(signature.args[0])(context, builder, arguments[0])
        size = ir.Constant(ir.IntType(64), 8)
        return cgutils.pointer_add(builder, view.data, builder.mul(arguments[1], size))

    return types.CPointer(types.int64)(array, types.int64), code


@_intrinsic
def load(_, data, index):  # type: ignore[no-untyped-def]
    """Eight bytes from ``index`` on as one number, wherever in memory they lie."""

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        place = cgutils.pointer_add(builder, arguments[0], arguments[1])
        word = builder.load(builder.bitcast(place, ir.IntType(64).as_pointer()))
        word.align = 1
        return word

    return types.uint64(data, types.int64), code


@_intrinsic
def zero_bits(_, number):  # type: ignore[no-untyped-def]
    """How many of the lowest bits of a number that is not 0 are 0."""

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), code


@_compile
def find(data, i, end, byte):  # type: ignore[no-untyped-def]
    """Where the first such byte from ``i`` on is; ``end`` if there is none."""
    return find_either(data, i, end, byte, byte)


@_compile
def find_either(data, i, end, one, other):  # type: ignore[no-untyped-def]
    """The same of the first of two bytes."""
    ones, others = np.uint64(one) * ONES, np.uint64(other) * ONES
    while i + 8 <= end:
        word = load(data, i)
        a, b = word ^ ones, word ^ others
        # The highest bit of a byte that is 0; carries set it falsely only above a true one.
        found = ((a - ONES) & ~a | (b - ONES) & ~b) & HIGHEST
        if found:
            return i + (zero_bits(found) >> 3)
        i += 8
    while i < end and data[i] != one and data[i] != other:
        i += 1
    return i
