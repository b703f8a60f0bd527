"""What a billion pairs cost, from what was measured and what is assumed."""

from __future__ import annotations

from dataclasses import dataclass

# On-demand price of one core of a compute-optimised machine in the region where Common Crawl lies,
# about 4 to 5 cents an hour in 2024 and 2025; a spot machine costs about a third.
DOLLARS_PER_CORE_HOUR = 0.045
# Reading Common Crawl's bucket from its own region is free; so is ingress from outside for most.
DOLLARS_PER_GB = 0.0


@dataclass(frozen=True)
class Cost:
    """Of a billion pairs: hours of one core, GB read (compressed), dollars."""

    core_hours: float
    gigabytes: float
    compute_dollars: float
    transfer_dollars: float

    @property
    def dollars(self) -> float:
        """Compute and transfer together."""
        return self.compute_dollars + self.transfer_dollars


def per_billion_pairs(
    pages_per_core_second: float,
    pairs_per_page: float,
    bytes_per_page: float,
    dollars_per_core_hour: float = DOLLARS_PER_CORE_HOUR,
    dollars_per_gb: float = DOLLARS_PER_GB,
    busy: float = 1.0,
) -> Cost:
    """The cost of a billion pairs.

    ``pairs_per_page`` counts pages without any pair too; ``bytes_per_page`` is what is read for a
    page, compressed. ``busy`` is the share of the paid time in which cores do this work. Raises
    ValueError unless rates and ``busy`` are positive.
    """
    if min(pages_per_core_second, pairs_per_page, busy) <= 0:
        raise ValueError("rates must be positive")
    pages = 1e9 / pairs_per_page
    core_hours = pages / pages_per_core_second / 3600 / busy
    gigabytes = pages * bytes_per_page / 1e9
    return Cost(
        core_hours,
        gigabytes,
        core_hours * dollars_per_core_hour,
        gigabytes * dollars_per_gb,
    )
