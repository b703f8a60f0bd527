"""cc2dataset's own function for one WAT file, which also makes an id of every pair."""

from __future__ import annotations

from cc2dataset.main import process_wat
from loguru import logger
from protocol import Pair, main

logger.disable("cc2dataset")


def loop(paths: list[str], pair: Pair) -> None:
    """The rows that cc2dataset would write."""
    for path in paths:
        for _, address, alt, _, page in process_wat(path, "image"):
            pair(page, address, alt)


if __name__ == "__main__":
    main(loop, __doc__)
