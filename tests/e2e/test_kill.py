"""``kill -9`` at several moments, then the same command again: the same tables, no row twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mella_spark.lake.schemas import TABLES
from mella_spark.lake.tables import Lake
from mella_spark.sample.web import WebManifest

# What differs between any two runs: clocks, and ids of transactions.
VOLATILE = {"txn", "added_at", "fetched_at", "created_at", "latency_ms", "batch_size"}


def command(files: list[Path], root: Path) -> list[str]:
    return [sys.executable, "-m", "mella_spark.cli", "run", *map(str, files), "--root", str(root)]


def contents(spark, root: Path, name: str) -> list[str]:  # type: ignore[no-untyped-def]
    table = Lake(spark, str(root)).read(name)
    columns = [column for column in table.columns if column not in VOLATILE]
    rows = [str(row.asDict(recursive=True)) for row in table.select(*columns).collect()]
    return sorted(rows)


def ledger(spark, root: Path) -> list[tuple[str, str, str, int]]:  # type: ignore[no-untyped-def]
    rows = Lake(spark, str(root)).read("ledger").groupBy("file", "stage", "reason").sum("count")
    return sorted(tuple(row) for row in rows.collect())


@pytest.mark.timeout(1500)
def test_the_same_rows_whatever_was_killed(
    spark,  # type: ignore[no-untyped-def]
    web: WebManifest,
    tmp_path: Path,
) -> None:
    files = list(web.warc_files[-1:])  # the one that ends in a cut record
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    subprocess.run(command(files, undisturbed), check=False, capture_output=True)
    # Moments that follow the line: each table's first commits, wherever the machine is by then.
    for name in ("pairs", "images", "translations"):
        log = killed / name / "_delta_log"
        process = subprocess.Popen(
            command(files, killed),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            while process.poll() is None and not (log / f"{1:020d}.json").exists():
                time.sleep(0.02)
            assert process.poll() is None, f"the run ended before {name} was written"
        finally:
            # The JVM and its Python workers belong to the session; all die at once.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    subprocess.run(command(files, killed), check=False, capture_output=True)
    for name in TABLES:
        if name != "ledger":
            assert contents(spark, killed, name) == contents(spark, undisturbed, name), name
    assert ledger(spark, killed) == ledger(spark, undisturbed)
    assert Lake(spark, str(killed)).count("mella") > 0
