"""The saved state of a loader: where the whole job stands in the order of one table version."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, fields
from typing import Any

from mella_spark.errors import UsageError

FORMAT = 1


@dataclass(frozen=True)
class Position:
    """``consumed`` rows of epoch ``epoch`` of the order that the other fields determine.

    ``filters`` is a digest, and ``rows`` the rows of an epoch: they show another order.
    """

    table: str
    version: int
    filters: str
    rows: int
    seed: int
    shuffle: bool
    epoch: int
    consumed: int

    def as_dict(self) -> dict[str, Any]:
        """JSON-serialisable."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def parse(cls, state: dict[str, Any]) -> Position:
        """Raises ``UsageError`` for what is no state, or one of another format."""
        names = [field.name for field in fields(cls)]
        missing = [name for name in ("format", *names) if name not in state]
        if missing:
            raise UsageError(f"This is no state of the loader: it lacks {', '.join(missing)}.")
        if state["format"] != FORMAT:
            raise UsageError(
                f"The loader's state has format {state['format']}, not {FORMAT}.",
                "It was saved by another version of mella-spark.",
            )
        return cls(**{name: state[name] for name in names})


def digest(filters: Any) -> str:
    """Tells filters apart; empty without any."""
    return hashlib.sha256(repr(filters).encode()).hexdigest()[:16] if filters else ""
