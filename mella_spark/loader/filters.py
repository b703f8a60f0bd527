"""DNF filters, the form petastorm and pyarrow share: ``[[(column, op, value), …], …]``.

The outer list is OR, the inner AND; one inner list alone is accepted. A filter is used three times:
partition values decide whole files, statistics rule out files and row groups, and what is left is
evaluated row by row while planning, so that the plan knows the exact rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mella_spark.errors import UsageError

Term = tuple[str, str, Any]
Dnf = tuple[tuple[Term, ...], ...]

OPERATORS = ("=", "==", "!=", "<", "<=", ">", ">=", "in", "not in")
_FORM = "Write them as [(column, op, value), …] or a list of such lists, op one of " + " ".join(
    OPERATORS
)


def normalise(filters: Any, columns: Iterable[str]) -> Dnf:
    """The filters as nested tuples; none is ``()``. Raises ``UsageError`` on any other shape."""
    if filters is None:
        return ()
    known = set(columns)
    groups = [filters] if filters and all(isinstance(t, tuple) for t in filters) else filters
    if not isinstance(groups, Sequence) or not groups or not all(groups):
        raise UsageError(f"These filters are not understood: {filters!r}.", _FORM + ".")
    checked = []
    for group in groups:
        terms = []
        for term in group:
            if not isinstance(term, Sequence) or isinstance(term, str) or len(term) != 3:
                raise UsageError(f"This filter is not understood: {term!r}.", _FORM + ".")
            column, op, value = term
            if column not in known:
                raise UsageError(f"The filter names a column {column!r} the table does not have.")
            if op not in OPERATORS:
                raise UsageError(f"The filter operator {op!r} is unknown.", _FORM + ".")
            if op in ("in", "not in"):
                if isinstance(value, str | bytes) or not isinstance(value, Iterable):
                    raise UsageError(f"The filter on {column!r} needs a list after {op!r}.")
                value = tuple(sorted(value, key=repr))
            terms.append((column, op, value))
        checked.append(tuple(terms))
    return tuple(checked)


def columns_of(filters: Dnf) -> set[str]:
    """The columns the filters look at."""
    return {column for group in filters for column, _, _ in group}


@dataclass(frozen=True)
class Range:
    """What statistics say of a column in some rows. ``low``/``high`` are bounds, not necessarily
    reached; None is unknown."""

    low: Any = None
    high: Any = None
    all_null: bool = False

    def __post_init__(self) -> None:
        for name in ("low", "high"):  # NaN bounds nothing
            if getattr(self, name) != getattr(self, name):
                object.__setattr__(self, name, None)


def may_match(filters: Dnf, ranges: Mapping[str, Range]) -> bool:
    """False only where no row can satisfy the filters. Unknown columns can always match."""
    if not filters:
        return True
    return any(all(_term_may(term, ranges.get(term[0], Range())) for term in g) for g in filters)


def _term_may(term: Term, known: Range) -> bool:
    _, op, value = term
    if known.all_null:  # pyarrow's isin() takes null for a value; comparisons with it never hold
        return op == "not in" or (op == "in" and None in value)
    try:
        if op in ("=", "=="):
            return _within(value, known)
        if op == "in":
            return any(item is None or _within(item, known) for item in value)
        if op in ("<", "<="):
            return known.low is None or (known.low < value if op == "<" else known.low <= value)
        if op in (">", ">="):
            return known.high is None or (known.high > value if op == ">" else known.high >= value)
    except TypeError:  # bounds and value do not compare: let the rows decide
        return True
    return True


def _within(value: Any, known: Range) -> bool:
    return not (
        (known.low is not None and known.low > value)
        or (known.high is not None and known.high < value)
    )


def row_mask(filters: Dnf, table: pa.Table) -> NDArray[np.bool_]:
    """Which rows of ``table`` (it has every column of the filters) satisfy them."""
    numbered = table.append_column("\0row", pa.array(np.arange(table.num_rows)))
    expression = pq.filters_to_expression([list(group) for group in filters])
    try:
        kept = numbered.filter(expression)["\0row"].to_numpy()
    except (pa.ArrowException, TypeError) as error:
        raise UsageError(f"The filters do not fit the table's columns: {error}.") from error
    mask = np.zeros(table.num_rows, bool)
    mask[kept] = True
    return mask
