"""``python -m benchmarks.extract.generator FOLDER --size MB``: writes a web archive."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.extract.generator.archive import generate


def main() -> None:
    """Parses the arguments and writes the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=float, default=1000, help="MB of uncompressed pages")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--heavy", action="store_true", help="with pages of 5 MiB and of 60 MiB")
    parser.add_argument("--slice-runs", type=int, default=0, help="runs of 24 MiB in the slice")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    generate(
        given.folder,
        int(given.size * 1e6),
        seed=given.seed,
        heavy=given.heavy,
        slice_runs=given.slice_runs,
        jobs=given.jobs,
    )


if __name__ == "__main__":
    main()
