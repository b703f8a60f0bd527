"""The sample web, and a lake that the whole line has filled from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mella_spark.lake.tables import Lake
from mella_spark.sample.web import WebManifest, generate_web
from mella_spark.stages.manifest import add_files, find_files
from mella_spark.stages.pipeline import run_pipeline
from mella_spark.stages.stream import StageResult


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory) -> WebManifest:
    """The sample web on disk."""
    return generate_web(tmp_path_factory.mktemp("web"))


@pytest.fixture(scope="session")
def line(
    spark, settings, web, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Lake, dict[str, StageResult]]:
    """The lake after ``mella run`` over the sample web, and what each stage said."""
    lake = Lake(spark, str(tmp_path_factory.mktemp("lake")), settings.lake.properties)
    lake.create()
    add_files(lake, find_files([str(path) for path in web.warc_files]).files, settings.extract)
    return lake, run_pipeline(lake, settings)


@pytest.fixture(scope="session")
def lake(line: tuple[Lake, dict[str, StageResult]]) -> Lake:
    """The filled lake."""
    return line[0]


@pytest.fixture(scope="session")
def root(lake: Lake) -> Path:
    """Folder of the filled lake."""
    assert lake.root.local is not None
    return lake.root.local
