"""The same extractor inside Spark, on as many cores as ``--cores`` names.

``--what map`` is Spark's part alone: parts of files through ``mapInArrow`` to a count. ``--what
stage`` is the extract stage as ``mella extract`` runs it: manifest to four Delta tables. Starting
Spark and a first run over ``--warm`` are not timed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from ours_loop import kind_of
from protocol import arguments, peak_mb, pin, report, timed

from mella_spark.settings import ExtractSettings, Settings, load_settings

if TYPE_CHECKING:
    from udfs.extract import Part


def main() -> None:
    """Runs Spark as the command line says."""
    parser = arguments(__doc__)
    parser.add_argument("--what", choices=("map", "stage"), default="stage")
    given = parser.parse_args()
    pin(given.cores)
    # Spark's workers load the functions of this file by the names of their modules.
    here, path = str(Path(__file__).parent), os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([here, path] if path else [here])
    cores = len((given.cores or "0").split(","))
    settings = load_settings(environment={})
    settings = settings.model_copy(
        update={"spark": {**settings.spark, "spark.master": f"local[{cores}]"}}
    )
    with tempfile.TemporaryDirectory(prefix="mella-bench-") as folder:
        result = run(given.what, given.warm, given.files, settings, Path(folder))
    report(*result)


def run(
    what: str, warm: str | None, files: list[str], settings: Settings, folder: Path
) -> tuple[dict[str, float], int]:
    """Times and pairs. Processor time is of all processes, ``jvm_cpu_seconds`` of Java's alone."""
    from mella_spark.session import get_session

    spark: Any = get_session(settings, app="mella-bench")
    spark.sparkContext.setLogLevel("ERROR")
    prepare = partial(map_only if what == "map" else whole_stage, spark, folder)
    if warm:  # in small parts, so that every worker gets some
        small = settings.extract.model_copy(update={"split_bytes": 1 << 20})
        prepare(settings.model_copy(update={"extract": small}), [warm])()
    work = prepare(settings, files)
    pairs = 0

    def measured() -> None:
        nonlocal pairs
        pairs = work()

    jvm = spark.sparkContext._gateway.proc.pid
    jvm_before = tree_cpu_seconds(jvm, deep=False)
    times = timed(measured, clock=lambda: tree_cpu_seconds(os.getpid()))
    times["jvm_cpu_seconds"] = tree_cpu_seconds(jvm, deep=False) - jvm_before
    times["worker_rss_mb"] = max(
        (float(path.name.partition("-")[0]) for path in folder.glob("*-rss")), default=0.0
    )
    times["jvm_rss_mb"] = peak_mb(jvm)
    spark.stop()
    return times, pairs


def map_only(spark: Any, folder: Path, settings: Settings, paths: list[str]) -> Callable[[], int]:
    """The parts of the files through Spark's Python workers; the result counts the pairs."""
    from pyspark.sql import functions as F

    from mella_spark.lake.schemas import spark_schema
    from mella_spark.stages.extract import split
    from udfs.extract import TABLES

    files = [(path, kind_of(path), os.path.getsize(path)) for path in paths]
    parts = split(files, settings.extract.split_bytes)
    schema = "`input` STRING, " + ", ".join(
        f"`{column}` STRUCT<{spark_schema(table)}>" for column, table in TABLES.items()
    )
    numbers = spark.range(0, len(parts), 1, len(parts))
    extracted = numbers.mapInArrow(_worker(settings.extract, parts, str(folder)), schema)
    counted = extracted.agg(F.count("pair.pair_id"))
    return lambda: int(counted.first()[0])


def _worker(
    settings: ExtractSettings, parts: list[Part], folder: str
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """The stage's function, which also leaves its process's peak memory as a file name."""

    def work(numbers: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from udfs.extract import extract_parts

        yield from extract_parts(numbers, parts, settings)
        Path(folder, f"{peak_mb():.1f}-{os.getpid()}-rss").touch()

    return work


def whole_stage(
    spark: Any, folder: Path, settings: Settings, paths: list[str]
) -> Callable[[], int]:
    """The extract stage on the manifest of a new lake; the result counts the pairs kept."""
    from mella_spark.lake.tables import Lake
    from mella_spark.stages import extract
    from mella_spark.stages.manifest import add_files, find_files
    from mella_spark.stages.stream import run_stage

    root = folder / "lake"
    shutil.rmtree(root, ignore_errors=True)
    lake = Lake(spark, str(root), settings.lake.properties)
    lake.create()
    add_files(lake, find_files(paths).files, settings.extract)
    return lambda: run_stage(extract.STAGE, lake, settings).counts.get("kept", 0)


def tree_cpu_seconds(pid: int, deep: bool = True) -> float:
    """Processor time of a process so far, and of all below it; 0 where it is not to be had."""
    parents: dict[int, list[int]] = {}
    spent: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        process = int(stat.parent.name)
        parents.setdefault(int(fields[1]), []).append(process)
        spent[process] = sum(map(int, fields[11:15]))  # own and ended children's; user and system
    tree = [pid]
    for process in tree:
        tree += parents.get(process, []) if deep else []
    return sum(spent.get(process, 0) for process in tree) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
