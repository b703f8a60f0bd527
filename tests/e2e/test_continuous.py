"""``--continuous``: stages that keep running and take what comes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mella_spark.lake.tables import Lake
from mella_spark.sample.web import WebManifest
from mella_spark.stages.manifest import add_files, find_files
from mella_spark.stages.pipeline import STAGES
from mella_spark.stages.stream import RunningStage


def until(condition, seconds: float = 240) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.5)


@pytest.mark.timeout(600)
def test_files_that_come_later_flow_through(
    spark, settings, web: WebManifest, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    quick = settings.model_copy(
        update={"lake": settings.lake.model_copy(update={"trigger_seconds": 1})}
    )
    lake = Lake(spark, str(tmp_path), settings.lake.properties)
    lake.create()
    running = [RunningStage(STAGES[name], lake, quick, True) for name in ("extract", "filter")]
    try:
        files = find_files([str(path) for path in web.warc_files[:2]]).files
        add_files(lake, files[:1], settings.extract)
        until(lambda: lake.count("native_pairs") > 0)
        first = lake.count("native_pairs")
        assert first == lake.count("pairs")
        add_files(lake, files[1:], settings.extract)
        until(lambda: lake.count("native_pairs") > first)
        until(lambda: lake.count("native_pairs") == lake.count("pairs"))
        assert all(item.query.isActive for item in running)
    finally:
        for item in running:
            item.stop()
    assert running[0].result.counts["kept"] == lake.count("pairs")
    found = {row[0] for row in lake.read("pairs").select("warc_file").distinct().collect()}
    assert found == {file.path for file in files}
