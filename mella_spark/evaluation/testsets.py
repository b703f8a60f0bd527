"""Test sets in files, beside the project's own table: JSON lines, Hugging Face, Crossmodal-3600.

Every record is kept or rejected with a reason: ``kept + rejects == seen``. Pictures are read only
of the samples that were chosen.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mella_spark.errors import InputError
from mella_spark.evaluation import records
from mella_spark.evaluation.records import Rejected, Rules
from mella_spark.evaluation.samples import Sample, order
from mella_spark.text.profiles import load_languages

SPLITS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing"),
}
"""Names of splits, as files and folders are called."""

_ROWS = 1024  # of a batch without pictures

Place = tuple[Path, int]
"""A file and the number of a row in it, where the picture is still to be read."""
Found = tuple[Sample, Place | None] | str
"""A sample, or the reason why a record is none."""


@dataclass(frozen=True)
class HeldOut:
    """``samples`` chosen of ``kept`` records out of ``seen``; ``rejects`` counts the reasons."""

    path: Path
    format: str
    samples: list[Sample]
    seen: int
    kept: int
    rejects: dict[str, int]


def load(path: Path, format: str, rules: Rules, per_language: int, seed: int) -> HeldOut:
    """A test set with at most ``per_language`` samples of each source and language.

    ``format``: ``jsonl`` (a file of JSON objects, or a folder with ``metadata.jsonl``; picture
    paths are relative to the file), ``hf`` (Parquet or Arrow files of the ``datasets`` library),
    ``xm3600`` (``captions.jsonl`` with ``images/`` beside it) or ``auto``. The choice depends on
    seed and id alone. Raises ``InputError`` where there is nothing to score.
    """
    if not path.exists():
        raise InputError(f"There is no test set {path}.")
    try:
        form = detect(path) if format == "auto" else format
        return _load(path, form, rules, per_language, seed)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"Cannot read {path}: {error}.") from None


def _load(path: Path, form: str, rules: Rules, per_language: int, seed: int) -> HeldOut:
    read = {"jsonl": _read_jsonl, "hf": _read_hf, "xm3600": _read_xm3600}[form]
    rejects: Counter[str] = Counter()
    kept: dict[str, tuple[Sample, Place | None]] = {}
    for found in read(path, rules):
        if isinstance(found, str):
            rejects[found] += 1
        elif found[0].sample_id in kept:
            rejects["duplicate_id"] += 1
        else:
            kept[found[0].sample_id] = found
    if not kept:
        reasons = ", ".join(f"{n:,} {reason}" for reason, n in rejects.most_common())
        raise InputError(
            f"No record of {path} can be scored" + (f": {reasons}." if reasons else "."),
            "Name its fields in evaluate.test_set_fields, its language in "
            "evaluate.test_set_language, its split in evaluate.split.",
        )
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for sample, _ in kept.values():
        groups[sample.source, sample.language].append(sample.sample_id)
    chosen = [
        kept[sample_id] for ids in groups.values() for sample_id in order(ids, seed)[:per_language]
    ]
    samples = sorted(_fill(chosen, rules), key=lambda s: (s.source, s.language, s.sample_id))
    seen = len(kept) + rejects.total()
    return HeldOut(path, form, samples, seen, len(kept), dict(rejects.most_common()))


def detect(path: Path) -> str:
    """The format of a test set by its file names and first record."""
    if path.is_dir():
        if (path / "captions.jsonl").is_file():
            return detect(path / "captions.jsonl")
        arrow = any(next(path.rglob(pattern), None) for pattern in ("*.parquet", "*.arrow"))
        return "hf" if arrow else "jsonl"
    if path.suffix in (".parquet", ".arrow"):
        return "hf"
    first = next(_lines(path), None)
    return "xm3600" if isinstance(first, Mapping) and "image/key" in first else "jsonl"


def _read_jsonl(path: Path, rules: Rules) -> Iterator[Found]:
    for file in _files(path, ("*.jsonl",), rules.split):
        for number, record in enumerate(_lines(file)):
            yield _found(record, rules, f"{file.stem}-{number}", file.parent)


def _found(record: Any, rules: Rules, number: str, folder: Path) -> Found:
    try:
        if not isinstance(record, Mapping):
            raise Rejected("malformed")
        column = rules.column("image", record)
        image = records.picture(None if column is None else record[column], folder)
        return records.to_sample(record, rules, number, image), None
    except Rejected as reason:
        return str(reason)


def _lines(path: Path) -> Iterator[Any]:
    """The value of each line that is not blank; None where it is not JSON in UTF-8."""
    with path.open("rb") as file:
        for line in file:
            if line.strip():
                try:
                    yield json.loads(line)
                except (ValueError, RecursionError):
                    yield None


def _read_xm3600(path: Path, rules: Rules) -> Iterator[Found]:
    """Crossmodal-3600: a line a picture, with its key and, by language, several captions."""
    file = path / "captions.jsonl" if path.is_dir() else path
    wanted = {rules.language} if rules.language else set(load_languages())
    for record in _lines(file):
        key = record.get("image/key") if isinstance(record, Mapping) else None
        if not isinstance(key, str):
            yield "malformed"
            continue
        for tag, told in record.items():
            if not isinstance(told, Mapping):
                continue
            try:
                language = records.language_code(tag)
                if language not in wanted:
                    continue
                plain = {"captions": told.get("caption"), "language": language}
                image = _xm3600_picture(key, file.parent)
                yield records.to_sample(plain, Rules(), f"{key}/{language}", image), None
            except Rejected as reason:
                yield str(reason)


def _xm3600_picture(key: str, folder: Path) -> bytes | Path:
    try:
        return records.picture(f"images/{key}.jpg", folder)
    except Rejected:
        return records.picture(f"{key}.jpg", folder)


def _read_hf(path: Path, rules: Rules) -> Iterator[Found]:
    for file in _files(path, ("*.parquet", "*.arrow"), rules.split):
        root = path if path.is_dir() else path.parent
        name = file.relative_to(root).with_suffix("").as_posix()
        number = -1
        for batch in _batches(file, rules):
            column = rules.column("image", batch.schema.names)
            for record in batch.to_pylist():
                number += 1
                if column is not None and column in record:
                    yield _found(record, rules, f"{name}-{number}", file.parent)
                    continue
                try:
                    if _image_column(file, rules) is None:
                        raise Rejected("no_image")
                    sample = records.to_sample(record, rules, f"{name}-{number}", b"")
                    yield sample, (file, number)
                except Rejected as reason:
                    yield str(reason)


def _schema(file: Path) -> pa.Schema:
    if file.suffix == ".parquet":
        return pq.read_schema(file)
    with pa.memory_map(str(file)) as source, pa.ipc.open_stream(source) as stream:
        return stream.schema


def _image_column(file: Path, rules: Rules) -> str | None:
    return rules.column("image", _schema(file).names)


def _batches(file: Path, rules: Rules) -> Iterator[pa.RecordBatch]:
    """The rows of a file without its pictures, unless those are paths."""
    schema = _schema(file)
    image = rules.column("image", schema.names)
    columns = [
        f.name for f in schema if f.name != image or f.type in (pa.string(), pa.large_string())
    ]  # pictures in bytes wait until their samples are chosen
    if file.suffix == ".parquet":
        with pq.ParquetFile(file) as parquet:
            yield from parquet.iter_batches(_ROWS, columns=columns)
        return
    with pa.memory_map(str(file)) as source, pa.ipc.open_stream(source) as stream:
        for batch in stream:
            yield batch.select(columns)


def _fill(chosen: list[tuple[Sample, Place | None]], rules: Rules) -> Iterator[Sample]:
    """The samples with the pictures that were still to be read; an absent one is empty bytes."""
    waiting: dict[Path, dict[int, Sample]] = defaultdict(dict)
    for sample, place in chosen:
        if place is None:
            yield sample
        else:
            waiting[place[0]][place[1]] = sample
    for file, rows in waiting.items():
        for number, value in _pictures(file, rules, sorted(rows)):
            try:
                image = records.picture(value, file.parent)
            except Rejected:
                image = b""
            yield replace(rows[number], image=image)


def _pictures(file: Path, rules: Rules, rows: list[int]) -> Iterator[tuple[int, Any]]:
    """The pictures of some rows of a file, row group by row group."""
    column = _image_column(file, rules)
    start, left = 0, list(rows)
    for chunk in _chunks(file, column):
        end = start + len(chunk)
        here = [row for row in left if row < end]
        left = left[len(here) :]
        for row in here:
            yield row, chunk[row - start].as_py()
        start = end
        if not left:
            return


def _chunks(file: Path, column: str | None) -> Iterator[pa.Array | pa.ChunkedArray]:
    if file.suffix == ".parquet":
        with pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(64, columns=[column]):
                yield batch.column(0)
        return
    with pa.memory_map(str(file)) as source, pa.ipc.open_stream(source) as stream:
        for batch in stream:
            yield batch.column(column)


def _files(path: Path, patterns: tuple[str, ...], split: str) -> list[Path]:
    """The files of a split: those named for it, or all where none is named for any split.

    Raises ``InputError`` where there are files for other splits only, or none at all.
    """
    if not path.is_dir():
        return [path]
    found = sorted(file for pattern in patterns for file in path.rglob(pattern))
    found = [file for file in found if not file.name.startswith((".", "cache-"))]
    named: dict[str, list[Path]] = defaultdict(list)
    for file in found:
        words = set(re.split(r"[^a-z0-9]+", file.relative_to(path).as_posix().lower()))
        for name, spellings in SPLITS.items():
            if words.intersection(spellings):
                named[name].append(file)
    if not found:
        raise InputError(f"There is no {' or '.join(patterns)} in {path}.")
    if named and split not in named:
        raise InputError(
            f"{path} has no split {split}, only {' and '.join(named)}.", "Set evaluate.split."
        )
    return named.get(split, found)
