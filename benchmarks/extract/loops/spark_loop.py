"""The same extractor inside Spark, on as many cores as ``--cores`` names.

``--what map`` is Spark's part alone: parts of files through ``mapInArrow`` to nowhere. ``--what
stage`` is the extract stage as ``mella extract`` runs it: manifest to four Delta tables. Starting
Spark and a first run over ``--warm`` are not timed.
"""

from __future__ import annotations

import math
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
from ours_loop import kind_of
from protocol import arguments, peak_mb, pin, report, timed

from mella_spark.settings import ExtractSettings, Settings, load_settings

PART_BYTES = 16 << 20


def main() -> None:
    """Runs Spark as the command line says."""
    parser = arguments(__doc__)
    parser.add_argument("--what", choices=("map", "stage"), default="stage")
    given = parser.parse_args()
    pin(given.cores)
    cores = len((given.cores or "0").split(","))
    settings = load_settings(environment={})
    settings = settings.model_copy(
        update={"spark": {**settings.spark, "spark.master": f"local[{cores}]"}}
    )
    with tempfile.TemporaryDirectory(prefix="mella-bench-") as folder:
        result = run(given, settings, cores, Path(folder))
    report(*result)


def run(given: Any, settings: Settings, cores: int, folder: Path) -> tuple[dict[str, float], int]:
    """Seconds and pairs; the memory of the Python workers is reported as that of children."""
    from mella_spark.session import get_session

    spark: Any = get_session(settings, app="mella-bench")
    spark.sparkContext.setLogLevel("ERROR")
    once: Callable[[list[str]], int]
    if given.what == "map":

        def once(paths: list[str]) -> int:
            return map_only(spark, paths, settings.extract, cores, folder)
    else:

        def once(paths: list[str]) -> int:
            return whole_stage(spark, paths, settings, folder)

    once([given.warm or given.files[0]])
    pairs = 0

    def measured() -> None:
        nonlocal pairs
        pairs = once(given.files)

    times = timed(measured)
    times["worker_rss_mb"] = max(
        (float(path.name.partition("-")[0]) for path in folder.glob("*-rss")), default=0.0
    )
    times["jvm_rss_mb"] = peak_mb(spark.sparkContext._gateway.proc.pid)
    spark.stop()
    return times, pairs


def map_only(
    spark: Any, paths: list[str], settings: ExtractSettings, cores: int, folder: Path
) -> int:
    """Parts of the files through Spark's Python workers; returns how many pairs came out."""
    from pyspark.sql import functions as F

    from mella_spark.lake.schemas import spark_schema
    from udfs.extract import TABLES

    rows = []
    for path in paths:
        size = os.path.getsize(path)
        count = max(2 * cores, math.ceil(size / PART_BYTES))
        edges = [*(size * n // count for n in range(count)), None]
        rows += [(path, kind_of(path), *edge) for edge in pairwise(edges)]
    parts = spark.createDataFrame(rows, "path string, kind string, start long, end long")
    schema = "`input` STRING, " + ", ".join(
        f"`{column}` STRUCT<{spark_schema(table)}>" for column, table in TABLES.items()
    )
    extracted = parts.repartition(len(rows)).mapInArrow(_worker(settings, str(folder)), schema)
    # A count of a nested field and not of rows, so that nothing can be left out.
    row = extracted.agg(F.count("pair.pair_id"), F.sum(F.length("pair.context"))).first()
    return int(row[0])


def _worker(
    settings: ExtractSettings, folder: str
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """The stage's function, which also leaves its process's peak memory as a file name."""

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from udfs.extract import extract_batches

        yield from extract_batches(batches, settings)
        Path(folder, f"{peak_mb():.1f}-{os.getpid()}-rss").touch()

    return work


def whole_stage(spark: Any, paths: list[str], settings: Settings, folder: Path) -> int:
    """Manifest and extract stage in a new lake; returns how many pairs it holds."""
    from mella_spark.lake.tables import Lake
    from mella_spark.stages import extract
    from mella_spark.stages.manifest import add_files, find_files
    from mella_spark.stages.stream import run_stage

    root = folder / "lake"
    shutil.rmtree(root, ignore_errors=True)
    lake = Lake(spark, str(root), settings.lake.properties)
    lake.create()
    add_files(lake, find_files(paths).files, settings.extract)
    return run_stage(extract.STAGE, lake, settings).counts.get("kept", 0)


if __name__ == "__main__":
    main()
