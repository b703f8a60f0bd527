"""The training table as the trainer and the evaluation read it: pinned, filtered, projected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from mella_spark.errors import InputError
from mella_spark.loader import DataLoader, make_delta_reader
from mella_spark.loader.snapshot import open_snapshot
from mella_spark.settings import LoaderSettings

SAMPLE_COLUMNS = ("image", "prompt", "response", "source", "language")
Group = tuple[str, str]
"""Source and language."""


def pinned_version(table: str, version: int | None) -> int:
    """The version asked for, else the table's latest. Raises ``InputError`` without a table."""
    return version if version is not None else open_snapshot(table).version


def count_groups(table: str, version: int, split: str) -> Counter[Group]:
    """Samples of a split by (source, language)."""
    groups: Counter[Group] = Counter()
    for rows in batches(table, version, split, ("source", "language"), batch_size=4096):
        groups.update(zip(rows["source"], rows["language"], strict=True))
    return groups


def batches(
    table: str,
    version: int,
    split: str,
    columns: Sequence[str],
    batch_size: int,
    leave_out: Collection[Group] = (),
    seed: int | None = None,
) -> Iterator[dict[str, Any]]:
    """One pass over a split, every row once: in the table's order, or shuffled by ``seed``."""
    reader = make_delta_reader(
        table,
        version=version,
        schema_fields=list(columns),
        filters=row_filters(split, leave_out),
        seed=seed or 0,
        shuffle=seed is not None,
        workers_count=1,
    )
    with reader:
        if not reader.rows:
            return
        yield from DataLoader(reader, batch_size=batch_size, last="uneven")


def endless_loader(
    table: str,
    version: int,
    leave_out: Collection[Group],
    seed: int,
    batch_size: int,
    rank: int = 0,
    world_size: int = 1,
    settings: LoaderSettings | None = None,
) -> DataLoader:
    """The loader that training draws from: shuffled anew each epoch, full batches, no end."""
    reader = make_delta_reader(
        table,
        version=version,
        schema_fields=list(SAMPLE_COLUMNS),
        filters=row_filters("train", leave_out),
        cur_shard=rank,
        shard_count=world_size,
        seed=seed,
        shuffle=True,
        num_epochs=None,
        **(settings.model_dump() if settings else {}),
    )
    return DataLoader(reader, batch_size=batch_size, last="drop")


def row_filters(split: str, leave_out: Collection[Group] = ()) -> list[list[tuple[str, str, Any]]]:
    """Filters (DNF) for a split without some groups of source and language."""
    wanted: list[tuple[str, str, Any]] = [("split", "=", split)]
    if not leave_out:
        return [wanted]
    left: dict[str, list[str]] = {"know": [], "ling": [], "thick": []}
    for source, language in leave_out:
        left[source].append(language)
    return [
        [*wanted, ("source", "=", source), *([("language", "not in", sorted(out))] if out else [])]
        for source, out in left.items()
    ]


def require_samples(count: int, needed: int, table: str, split: str) -> None:
    """Raises ``InputError`` where a split has fewer samples than one step takes."""
    if count < needed:
        raise InputError(
            f"The {split} split of {table} has {count} samples of the chosen sources and languages,"
            f" and one step takes {needed}.",
            "Assemble more data, or lower train.batch_size.",
        )
