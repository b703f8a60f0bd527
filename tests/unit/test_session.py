"""The session helper, as far as it goes without Spark."""

from __future__ import annotations

from pathlib import Path

import pytest

from mella_spark import session
from mella_spark.errors import MissingDependencyError
from mella_spark.settings import load_settings


@pytest.mark.parametrize(
    ("text", "major"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_381"', 8),
        ('openjdk version "25" 2025-09-16', 25),
        ("command not found", None),
    ],
)
def test_java_major(text: str, major: int | None) -> None:
    assert session.java_major(text) == major


def test_missing_java_is_one_sentence_and_a_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(MissingDependencyError, match=r"Java 17 or newer was not found.*install"):
        session.require_java()


def test_old_java_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(MissingDependencyError, match="found Java 11"):
        session.require_java()


def test_gpu_requests_are_dropped_in_local_mode_only() -> None:
    gpu = {"spark.task.resource.gpu.amount": "1", "spark.executor.memory": "3g"}
    local = load_settings(environment={}).model_copy(update={"spark": gpu})
    assert "spark.task.resource.gpu.amount" not in session.local_configuration(local)
    assert session.local_configuration(local)["spark.executor.memory"] == "3g"
    cluster = local.model_copy(update={"spark": {**gpu, "spark.master": "local-cluster[1,2,1024]"}})
    assert session.local_configuration(cluster)["spark.task.resource.gpu.amount"] == "1"


def test_delta_coordinates_fit_what_is_installed_and_the_submit_defaults() -> None:
    coordinates = session.delta_package()
    defaults = (session.conf_dir() / "spark-defaults.conf").read_text()
    assert coordinates.startswith("io.delta:delta-spark_")
    assert coordinates in defaults
