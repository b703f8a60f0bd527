"""How many of a program's pairs are right: ``python compare.py ORACLE NAME=PAIRS…``.

Files are those of ``--pairs``. Pairs are compared in one spelling, so that nobody is blamed for
style: white space in alts collapsed, brackets around page addresses gone, addresses quoted alike
and without fragments. Runs in a process of its own, whose memory is nobody's figure.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import lru_cache

from yarl import URL

Pair = tuple[str, str, str]


@dataclass
class Comparison:
    """A program's distinct pairs against the oracle's."""

    found: int
    correct: int
    missed: int
    wrong: int
    reasons: dict[str, int] = field(default_factory=dict)
    examples: dict[str, Pair] = field(default_factory=dict)


def compare(oracle: Iterable[Pair], pairs: Iterable[Pair]) -> Comparison:
    """What of ``pairs`` is right.

    Oracle pairs without an address name the pages that it read, and only pairs on those count; an
    oracle without such has read all.
    """
    expected, pages = set[Pair](), set[str]()
    for pair in map(same_spelling, oracle):
        if pair[1]:
            expected.add(pair)
        else:
            pages.add(pair[0])
    found = {pair for pair in map(same_spelling, pairs) if not pages or pair[0] in pages}
    wrong = found - expected
    addresses = {(page, address) for page, address, _ in expected}
    alts = {(page, alt) for page, _, alt in expected}
    reasons: Counter[str] = Counter()
    examples: dict[str, Pair] = {}
    for pair in sorted(wrong):
        reason = _reason(pair, addresses, alts)
        reasons[reason] += 1
        examples.setdefault(reason, pair)
    return Comparison(
        len(found),
        len(found & expected),
        len(expected - found),
        len(wrong),
        dict(reasons),
        examples,
    )


def lost(oracle: Iterable[Pair], theirs: Iterable[Pair], ours: Iterable[Pair]) -> int:
    """How many pairs that another program has right are not among ours."""
    right = set(map(same_spelling, oracle)) & set(map(same_spelling, theirs))
    return len(right - set(map(same_spelling, ours)))


def same_spelling(pair: Pair) -> Pair:
    """The pair as it is compared."""
    page, address, alt = pair
    return page.strip("<>"), _quoted(address), " ".join(alt.split())


@lru_cache(1 << 16)
def _quoted(address: str) -> str:
    try:
        return str(URL(address.strip()).with_fragment(None))
    except ValueError:
        return address.strip()


def _reason(pair: Pair, addresses: set[tuple[str, str]], alts: set[tuple[str, str]]) -> str:
    page, address, alt = pair
    if not address.startswith(("http://", "https://")):
        return "no web address (placeholder of a lazy image)"
    if not alt:
        return "blank alt"
    if (page, alt) in alts:
        return "wrong address"
    if (page, address) in addresses:
        return "wrong alt"
    return "no such pair"


def _read(path: str) -> Iterator[Pair]:
    unpack = gzip.open if path.endswith(".gz") else open
    with unpack(path, "rt", encoding="utf-8", errors="surrogatepass") as lines:
        for line in lines:
            page, address, alt = json.loads(line)
            yield page, address, alt


def main() -> None:
    """Prints a JSON object: by name a comparison, and under ``lost`` what ours lacks of each."""
    oracle, *named = sys.argv[1:]
    files = dict(item.split("=", 1) for item in named)
    result = {name: asdict(compare(_read(oracle), _read(path))) for name, path in files.items()}
    ours = next((path for name, path in files.items() if name.startswith("ours")), None)
    if ours:
        for name, path in files.items():
            result[name]["lost"] = lost(_read(oracle), _read(path), _read(ours))
    print(json.dumps(result, ensure_ascii=False))


if __name__ == "__main__":
    main()
