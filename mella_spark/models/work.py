"""What a run of a model cost: counts and seconds that add up over batches, tasks and machines.

An executor sends what it counted along with its rows, in one column that is added up on the driver
and not stored; so nothing is shared, and a task that is run again counts only what it sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

COLUMN = "work"
HISTORY_KEY = "mella"
"""Under which a commit's ``userMetadata`` holds the work behind it, as JSON."""


@dataclass
class Work:
    """Sums over one or more tasks; seconds are of each task's own clock.

    ``inputs`` are the rows answered, ``tokens`` those generated. ``calls`` to the model kept it
    busy for ``busy_s`` of the ``wall_s`` that the task took; for ``wait_s`` it had nothing to do
    because no batch was ready. ``load_s`` went before, into loading it. ``positions`` are all
    tokens that were computed, prompts and answers as padded, and ``useful`` those that were no
    padding. ``out_of_memory`` counts failures that were recovered from, and ``shrunk`` the
    pictures downscaled on that account.
    """

    inputs: int = 0
    errors: int = 0
    tokens: int = 0
    calls: int = 0
    busy_s: float = 0.0
    wait_s: float = 0.0
    wall_s: float = 0.0
    load_s: float = 0.0
    positions: int = 0
    useful: int = 0
    out_of_memory: int = 0
    shrunk: int = 0

    def add(self, other: Work) -> None:
        """Adds another task's or batch's work to this one."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))

    def take(self) -> Work:
        """What has been counted since the last call; counting starts again at nothing."""
        taken = Work(**asdict(self))
        for field in fields(self):
            setattr(self, field.name, type(getattr(self, field.name))())
        return taken

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """From a row or JSON object; what is missing or null counts nothing."""
        nothing = asdict(cls())
        return cls(**{name: type(zero)(values.get(name) or 0) for name, zero in nothing.items()})

    @property
    def busy_share(self) -> float:
        """Part of the tasks' time in which the model ran, 0 to 1."""
        return _share(self.busy_s, self.wall_s)

    @property
    def wait_share(self) -> float:
        """Part of the tasks' time in which the model waited for data, 0 to 1."""
        return _share(self.wait_s, self.wall_s)

    @property
    def padding_share(self) -> float:
        """Part of the computed tokens that were padding, 0 to 1."""
        return _share(self.positions - self.useful, self.positions)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def arrow_type() -> pa.DataType:
    """Type of the column in which work travels."""
    return pa.struct(
        [
            (field.name, pa.int64() if isinstance(field.default, int) else pa.float64())
            for field in fields(Work)
        ]
    )


def spark_type() -> str:
    """The same as DDL."""
    kinds = {
        field.name: "BIGINT" if isinstance(field.default, int) else "DOUBLE"
        for field in fields(Work)
    }
    return f"STRUCT<{', '.join(f'{name}: {kind}' for name, kind in kinds.items())}>"


def column(work: Work, rows: int) -> pa.Array:
    """A column of ``rows`` rows whose first one holds ``work``."""
    return pa.array([asdict(work), *[None] * (rows - 1)][:rows], arrow_type())


def add_up(rows: DataFrame) -> Work:
    """The work that came along with ``rows``, added up by Spark."""
    from pyspark.sql import functions as F

    sums = [F.sum(f"{COLUMN}.{field.name}").alias(field.name) for field in fields(Work)]
    first = rows.agg(*sums).first()
    return Work.of({} if first is None else first.asDict())


def to_history(stage: str, key: str, model: str, seconds: float, work: Work) -> str:
    """What a commit's ``userMetadata`` says of the work behind it: JSON, made for people too.

    ``seconds`` are those the driver waited for all tasks together.
    """
    rates = {
        "inputs_per_second": round(_share(work.inputs, seconds), 3),
        "tokens_per_second": round(_share(work.tokens, seconds), 3),
        "busy_share": round(work.busy_share, 4),
        "wait_share": round(work.wait_share, 4),
        "padding_share": round(work.padding_share, 4),
    }
    sums = {k: round(v, 3) if isinstance(v, float) else v for k, v in asdict(work).items()}
    told = {"stage": stage, "key": key, "model": model, "seconds": round(seconds, 3)}
    return json.dumps({HISTORY_KEY: {**told, **rates, **sums}})


def from_history(metadata: str | None) -> dict[str, Any] | None:
    """What :func:`to_history` wrote; None for anything else that ``userMetadata`` may hold."""
    try:
        content = json.loads(metadata or "")
        told = content[HISTORY_KEY]
        return told if isinstance(told, dict) and "stage" in told else None
    except (ValueError, TypeError, KeyError):
        return None
