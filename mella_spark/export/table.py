"""``export_table``: a version of the training table, row by row, into another format."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from mella_spark.errors import InputError, StageError, UsageError
from mella_spark.export.card import card
from mella_spark.export.conversations import InternVLWriter, LlavaWriter, QwenVLWriter
from mella_spark.export.folder import CARD, filled
from mella_spark.export.huggingface import HuggingFaceWriter
from mella_spark.export.rows import exported_schema, read_samples
from mella_spark.export.webdataset import WebDatasetWriter
from mella_spark.export.writers import SHARD_BYTES, SplitWriter, Written
from mella_spark.loader.snapshot import open_snapshot
from mella_spark.progress import Progress

FORMATS: dict[str, type[SplitWriter]] = {
    "webdataset": WebDatasetWriter,
    "hf": HuggingFaceWriter,
    "llava": LlavaWriter,
    "internvl": InternVLWriter,
    "qwen-vl": QwenVLWriter,
}
"""By the name that ``--format`` takes."""


def export_table(
    table: str,
    out: Path,
    format: str,
    split: str | None = None,
    version: int | None = None,
    shard_bytes: int = SHARD_BYTES,
) -> dict[str, Any]:
    """Writes a version of the table (the latest if None), or one split of it, into ``out``.

    Rows are read and written one by one, each split into files of its own; deleted rows are left
    out, all columns but the internal ones carried. The same version gives the same bytes.

    Returns what was written: ``samples`` equals ``rows``, which is what the log says the version
    holds. Raises ``InputError`` where ``out`` is not empty or there is no row to write, and
    ``StageError`` where writing fails; ``out`` is then left as it was.
    """
    if format not in FORMATS:
        raise UsageError(f"There is no format {format!r}.", f"Formats: {', '.join(FORMATS)}.")
    snapshot = open_snapshot(table, version, [("split", "=", split)] if split else None)
    schema = exported_schema(snapshot)
    if not snapshot.rows:
        which = f"no rows in the split {split}" if split else "no rows"
        raise InputError(f"Version {snapshot.version} of the table {table} has {which}.")
    written, languages = Written(), Counter[str]()
    writers: dict[str, SplitWriter] = {}
    progress = Progress(f"export {format}", "samples", snapshot.rows)
    with filled(out) as folder:
        try:
            for done, sample in enumerate(read_samples(snapshot, schema), start=1):
                name = sample["split"]
                if name not in writers:
                    writers[name] = FORMATS[format](folder, name, schema, written, shard_bytes)
                writers[name].write(sample)
                languages[sample.get("language") or "und"] += 1
                progress.update(done)
        finally:
            for writer in writers.values():
                writer.close()
        splits = {writer.split: writer.samples for _, writer in sorted(writers.items())}
        samples = sum(splits.values())
        if samples != snapshot.rows:
            raise StageError(
                f"{samples} samples were written, and version {snapshot.version} has "
                f"{snapshot.rows} rows."
            )
        text = card(format, snapshot.table_id, snapshot.version, splits, languages)
        (folder / CARD).write_text(text, encoding="utf-8")
        written.add(folder / CARD)
    progress.finish()
    return {
        "format": format,
        "out": str(out),
        "version": snapshot.version,
        "rows": snapshot.rows,
        "samples": samples,
        "splits": splits,
        "languages": dict(sorted(languages.items())),
        "files": written.files,
        "bytes": written.bytes,
        "texts_changed": written.texts_changed,
    }
