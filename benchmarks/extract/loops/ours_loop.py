"""This project's extractor without Spark: files to the Arrow batches that the stage writes.

``--detail full`` is everything: repair of character sets, lazy images, captions, context, page
language, licence, opt-out signals, keys, ledger. ``--detail triples`` is page, address and alt.
``--write`` also writes the tables to Parquet files, compressed as those of the stage are.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack

import pyarrow as pa
import pyarrow.parquet as pq
from protocol import Counter, Pair, arguments, pin, report, timed, write_pairs

from mella_spark.settings import ExtractSettings, load_settings
from udfs.extract import TABLES, extract_batches

PARTS = pa.schema(
    [
        pa.field("path", pa.string()),
        pa.field("kind", pa.string()),
        pa.field("start", pa.int64()),
        pa.field("end", pa.int64()),
    ]
)


def batches(
    paths: list[str], settings: ExtractSettings, part: tuple[int, int] = (0, 1)
) -> Iterator[pa.RecordBatch]:
    """The output for part ``n`` of ``count`` of each file; by default for whole files."""
    n, count = part
    rows = []
    for path in paths:
        size = os.path.getsize(path)
        end = size * (n + 1) // count if n + 1 < count else None
        rows.append({"path": path, "kind": kind_of(path), "start": size * n // count, "end": end})
    yield from extract_batches(iter([pa.RecordBatch.from_pylist(rows, PARTS)]), settings)


def kind_of(path: str) -> str:
    """``wat`` or ``warc``, by the file's name."""
    return "wat" if ".wat" in path else "warc"


def read(paths: list[str], settings: ExtractSettings, pair: Pair) -> None:
    """Every pair of the files."""
    for batch in batches(paths, settings):
        rows = batch.column("pair")
        for page, address, alt in zip(
            *(rows.field(name).to_pylist() for name in ("page_url", "image_url", "alt")),
            strict=True,
        ):
            if page is not None:
                pair(page, address, alt)


def written(found: Iterator[pa.RecordBatch], folder: str) -> Iterator[pa.RecordBatch]:
    """The batches, once their rows are in a Parquet file for each table."""
    with ExitStack() as stack:
        writers: dict[str, pq.ParquetWriter] = {}
        for batch in found:
            table = next(name for name in TABLES if not batch.column(name).null_count)
            rows = pa.RecordBatch.from_struct_array(batch.column(table))
            if table not in writers:
                path = os.path.join(folder, f"{table}.parquet")
                writer = pq.ParquetWriter(path, rows.schema, compression="snappy")
                writers[table] = stack.enter_context(writer)
            writers[table].write_batch(rows)
            yield batch


def main() -> None:
    """Runs the extractor as the command line says."""
    parser = arguments(__doc__)
    parser.add_argument("--detail", choices=("full", "triples"), default="full")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--part", default="0/1", help="which part of each file, as 0/2")
    given = parser.parse_args()
    pin(given.cores)
    settings = load_settings(environment={}).extract.model_copy(update={"detail": given.detail})
    if given.pairs:
        write_pairs(lambda paths, pair: read(paths, settings, pair), given.files, given.pairs)
        return
    counter = Counter()
    n, _, count = given.part.partition("/")

    def once(paths: list[str]) -> None:
        with tempfile.TemporaryDirectory(prefix="mella-bench-") as folder:
            found = batches(paths, settings, (int(n), int(count)))
            for batch in written(found, folder) if given.write else found:
                rows = batch.column("pair")
                counter.count += len(rows) - rows.null_count

    if given.warm:
        once([given.warm])
    counter.count = 0
    report(timed(lambda: once(given.files), given.min_seconds), counter.count)


if __name__ == "__main__":
    main()
