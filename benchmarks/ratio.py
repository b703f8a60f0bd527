"""How the speed of one program compares with that of another."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Ratio:
    """Speed of one program over that of another, round by round.

    ``processor`` is the same by processor time, of which a busy machine takes less; None where
    that says nothing. ``wanted`` is the least that is wanted of the median; None if nothing is.
    """

    name: str
    values: tuple[float, ...]
    processor: float | None
    wanted: float | None

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return median(self.values)

    @property
    def reached(self) -> bool | None:
        """Whether the median is what is wanted; None if nothing is."""
        return None if self.wanted is None else self.median >= self.wanted
