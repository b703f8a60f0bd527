"""Fixtures of all tests: one Spark session, and the real crawl where it is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from mella_spark.settings import Settings, load_settings

# Time limits of single examples fail on a busy machine and say nothing of the code.
hypothesis.settings.register_profile("mella", deadline=None)
hypothesis.settings.load_profile("mella")


@pytest.fixture(scope="session")
def settings() -> Settings:
    """The shipped settings, whatever the environment says."""
    return load_settings(environment={})


@pytest.fixture(scope="session")
def crawl() -> Path:
    """Folder of a real crawl; tests that need it are skipped where it is absent."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "crawl"
    folder = Path(os.environ.get("MELLA_CRAWL", beside))
    if not any(folder.glob("*.warc.gz")):
        pytest.skip("no real crawl: set MELLA_CRAWL to a folder of .warc.gz files")
    return folder


@pytest.fixture(scope="session")
def spark(settings: Settings) -> Iterator[object]:
    """The one Spark session of the test run."""
    from mella_spark.session import get_session

    session = get_session(settings, app="mella-tests")
    yield session
    session.stop()
