"""The ``srcset`` attribute: candidates and the best of them (HTML Standard, 4.8.4.2)."""

from __future__ import annotations

import re
from typing import NamedTuple

_SPACE = " \t\n\f\r"
_NOT_SPACE_OR_COMMA = re.compile(r"[^ \t\n\f\r,]")
_URL_END = re.compile(r"[ \t\n\f\r]")
_INTEGER = re.compile(r"[0-9]+\Z")
# A candidate as nearly all are written: an address and one width or density.
_TYPICAL = re.compile(
    r"[ \t\n\f\r,]*+([^ \t\n\f\r,][^ \t\n\f\r]*+)(?<!,)[ \t\n\f\r]++"
    r"(?:([1-9][0-9]{0,8})w|([0-9]{1,9}(?:\.[0-9]{1,9})?)x)[ \t\n\f\r]*+(?:,|\Z)"
)
_FLOAT = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")


class Candidate(NamedTuple):
    """One image of a srcset: ``width`` in pixels, or ``density`` (1.0 where neither is given)."""

    url: str
    width: int | None
    density: float | None


def parse(srcset: str) -> list[Candidate]:
    """Candidates in order; those with descriptors the standard calls an error are left out."""
    candidates: list[Candidate] = []
    position, end = 0, len(srcset)
    while True:
        typical = _TYPICAL.match(srcset, position)
        if typical is not None:
            url, width, density = typical.groups()
            candidates.append(
                Candidate(url, int(width), None) if width else Candidate(url, None, float(density))
            )
            position = typical.end()
            continue
        start = _NOT_SPACE_OR_COMMA.search(srcset, position)
        if start is None:
            return candidates
        stop = _URL_END.search(srcset, start.start())
        position = stop.start() if stop else end
        url = srcset[start.start() : position]
        if url.endswith(","):
            url = url.rstrip(",")
            descriptors: list[str] = []
        else:
            descriptors, position = _descriptors(srcset, position)
        candidate = _candidate(url, descriptors)
        if candidate is not None:
            candidates.append(candidate)


def best(srcset: str) -> str | None:
    """URL of the largest picture: widest, else densest; the first of equals; None without any."""
    candidates = parse(srcset)
    if not candidates:
        return None
    return max(candidates, key=lambda c: (c.width or 0, c.density or 0.0)).url


def _descriptors(text: str, position: int) -> tuple[list[str], int]:
    """Descriptors up to the comma that ends the candidate; commas in parentheses do not."""
    found: list[str] = []
    current: list[str] = []
    parenthesised = False
    while position < len(text):
        character = text[position]
        position += 1
        if parenthesised:
            current.append(character)
            parenthesised = character != ")"
        elif character == ",":
            break
        elif character in _SPACE:
            if current:
                found.append("".join(current))
                current = []
        else:
            current.append(character)
            parenthesised = character == "("
    if current:
        found.append("".join(current))
    return found, position


def _candidate(url: str, descriptors: list[str]) -> Candidate | None:
    width: int | None = None
    density: float | None = None
    height: int | None = None
    for descriptor in descriptors:
        value, unit = descriptor[:-1], descriptor[-1]
        if unit == "w" and _INTEGER.match(value) and width is None and density is None:
            width = _whole(value)
            if width == 0:
                return None
        elif unit == "x" and _FLOAT.match(value) and density is width is height is None:
            density = float(value)
            if density < 0:
                return None
        elif unit == "h" and _INTEGER.match(value) and height is None and density is None:
            height = _whole(value)
            if height == 0:
                return None
        else:
            return None
    if height is not None and width is None:
        return None
    return Candidate(url, width, 1.0 if density is None and width is None else density)


def _whole(digits: str) -> int:
    """The number, or one as good as it: Python refuses to read thousands of digits."""
    return int(digits.lstrip("0")[:18] or "0")
