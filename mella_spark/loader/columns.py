"""Columns between Parquet, Delta and torch: names, types, missing columns, rows to Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mella_spark.errors import InputError

PHYSICAL_NAME = b"delta.columnMapping.physicalName"

Ints = NDArray[np.int64]
Column = NDArray[Any] | list[Any]


def physical_name(field: pa.Field) -> str:
    """The name of a Delta column inside the Parquet files (they differ under column mapping)."""
    return (field.metadata or {}).get(PHYSICAL_NAME, field.name.encode()).decode()


def to_logical(array: pa.Array | pa.ChunkedArray, field: pa.Field) -> pa.Array:
    """A Parquet column as the table's schema wants it: renamed inside, widened, nulls for what the
    file does not have. Raises ``InputError`` where the types cannot be reconciled."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks() if array.num_chunks != 1 else array.chunk(0)
    if isinstance(array, pa.ChunkedArray):  # too large for one array
        raise InputError(f"The column {field.name!r} holds over 2 GiB in one row group.")
    return _cast(array, field.type, field.name)


def _cast(array: pa.Array, wanted: pa.DataType, name: str) -> pa.Array:
    have = array.type
    if have == wanted and not pa.types.is_nested(wanted):
        return array
    if pa.types.is_struct(wanted) and pa.types.is_struct(have):
        children = []
        for child in wanted:
            index = have.get_field_index(physical_name(child))
            values = (
                pa.nulls(len(array), child.type)
                if index < 0
                else _cast(pc.struct_field(array, [index]), child.type, f"{name}.{child.name}")
            )
            children.append(values)
        return pa.StructArray.from_arrays(children, fields=list(wanted), mask=array.is_null())
    if pa.types.is_list(wanted) and pa.types.is_list(have):
        offsets, values = _offsets(array), array.values
        items = _cast(values, wanted.value_type, f"{name}[]")
        return pa.ListArray.from_arrays(offsets, items, type=wanted)
    if pa.types.is_map(wanted) and pa.types.is_map(have):
        keys = _cast(array.keys, wanted.key_type, f"{name}.key")
        items = _cast(array.items, wanted.item_type, f"{name}.value")
        return pa.MapArray.from_arrays(_offsets(array), keys, items, type=wanted)
    try:
        return array.cast(wanted)
    except pa.ArrowException as error:
        raise InputError(
            f"A data file holds column {name!r} as {have}, and the table says {wanted}: {error}."
        ) from error


def _offsets(array: pa.Array) -> pa.Array:
    """Offsets in which a null list is a null offset, as ``from_arrays`` wants it. The children of
    an array that was sliced keep their full length, and so do these offsets' targets."""
    if not array.null_count:
        return array.offsets
    null = np.append(array.is_null().to_numpy(zero_copy_only=False), False)
    return pa.array(array.offsets.to_numpy(), pa.int32(), mask=null)


def is_number(kind: pa.DataType) -> bool:
    """Whether a column becomes a tensor."""
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)


def numbers(array: pa.Array) -> NDArray[Any]:
    """A number column as numpy. Nulls are NaN, which makes integers and booleans float64; an
    integer that float64 cannot hold exactly is then refused."""
    if not array.null_count:
        return array.to_numpy(zero_copy_only=False)
    if pa.types.is_floating(array.type):
        return array.to_numpy(zero_copy_only=False)
    try:
        if pa.types.is_boolean(array.type):
            array = array.cast(pa.int8())
        return array.cast(pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid as error:
        raise InputError(
            "A column of large integers has nulls, and a tensor cannot hold both: "
            f"leave it out with schema_fields, or filter the nulls out ({error})."
        ) from error


def take(parts: Sequence[tuple[pa.Array, Ints]], order: Ints, kind: pa.DataType) -> Column:
    """Rows out of several arrays of one type: part ``i`` gives the rows in its index array, and
    ``order[j]`` says which of all rows given, counted through the parts, stands at ``j``.

    Numbers come as an array, everything else as a list of Python objects.
    """
    if is_number(kind):
        given = [array.take(pa.array(rows)) for array, rows in parts]
        taken = numbers(pa.concat_arrays([*given, pa.array([], kind)]).take(pa.array(order)))
        return taken if taken.flags.writeable else taken.copy()
    # Scalar by scalar: a picture is copied once, straight from the slice it was read into.
    values = [array[row].as_py() for array, rows in parts for row in rows.tolist()]
    return [values[index] for index in order.tolist()]
