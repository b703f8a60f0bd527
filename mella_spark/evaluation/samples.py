"""Which held-out samples are scored: the same for every model, chosen by a seed."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from mella_spark.errors import InputError
from mella_spark.training import data

_COLUMNS = ("sample_id", "image", "prompt", "response", "source", "language", "keywords")


@dataclass(frozen=True)
class Sample:
    """A question about a picture, with the answers to compare with.

    ``image`` is the picture's bytes, or its file.
    """

    sample_id: str
    image: bytes | Path = field(repr=False)
    prompt: str
    references: tuple[str, ...]
    source: str
    language: str
    keywords: tuple[str, ...] = ()


def choose(
    table: str, version: int, split: str, per_language: int, seed: int, batch_size: int = 64
) -> list[Sample]:
    """At most ``per_language`` samples of each source and language of a split.

    The choice depends on the seed and the sample's id alone, so it is stable while a table grows.
    Raises ``InputError`` where the split is empty.
    """
    chosen = _chosen_ids(table, version, split, per_language, seed)
    if not chosen:
        raise InputError(
            f"The {split} split of {table} is empty at version {version}.",
            "Assemble more pictures, or set evaluate.split to another split.",
        )
    samples = [
        Sample(
            sample_id=rows["sample_id"][i],
            image=bytes(rows["image"][i]),
            prompt=rows["prompt"][i],
            references=(rows["response"][i],),
            source=rows["source"][i],
            language=rows["language"][i],
            keywords=tuple(rows["keywords"][i] or ()),
        )
        for rows in data.batches(table, version, split, _COLUMNS, batch_size)
        for i in range(len(rows["sample_id"]))
        if rows["sample_id"][i] in chosen
    ]
    return sorted(samples, key=lambda s: (s.source, s.language, s.sample_id))


def _chosen_ids(table: str, version: int, split: str, per_language: int, seed: int) -> set[str]:
    groups: dict[data.Group, list[str]] = defaultdict(list)
    for rows in data.batches(table, version, split, ("sample_id", "source", "language"), 4096):
        for group, sample in zip(
            zip(rows["source"], rows["language"], strict=True), rows["sample_id"], strict=True
        ):
            groups[group].append(sample)

    return {s for ids in groups.values() for s in order(ids, seed)[:per_language]}


def order(ids: Iterable[str], seed: int) -> list[str]:
    """Sample ids shuffled by a seed: the place of each depends on nothing but itself."""

    def place(sample: str) -> bytes:
        key = f"{seed}/{sample}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(key, digest_size=16).digest()

    return sorted(ids, key=place)
