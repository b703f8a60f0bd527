"""Tables of text: the first and last column to the left, the others to the right."""

from __future__ import annotations

from collections.abc import Sequence


def plain(header: Sequence[str], rows: list[list[str]]) -> str:
    """For a terminal."""
    widths = [max(len(row[n]) for row in [header, *rows]) for n in range(len(header))]
    lines = [
        "  ".join(
            cell.ljust(width) if n in (0, len(header) - 1) else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [header, *rows]
    ]
    return "\n".join([lines[0], "-" * (sum(widths) + 2 * len(widths) - 2), *lines[1:]])


def piped(header: Sequence[str], rows: list[list[str]]) -> str:
    """For Markdown, where only the first column is to the left."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
