"""Commands against real tables: bad input, JSON, status, spark-submit."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mella_spark.cli import main
from mella_spark.lake.tables import Lake
from mella_spark.sample.web import WebManifest

CHECKOUT = Path(__file__).resolve().parents[2]


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict[str, Any], str]:
    """Exit code, the JSON object, and standard error without progress."""
    code = main([*map(str, arguments), "--json"])
    shown = capsys.readouterr()
    sentences = [line for line in shown.err.splitlines() if line.startswith("mella: ")]
    assert "Traceback" not in shown.err
    return code, json.loads(shown.out.splitlines()[-1]), "\n".join(sentences)


@pytest.mark.usefixtures("spark")
def test_bad_files_are_named_and_good_ones_processed(
    web: WebManifest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = web.warc_files[0]
    text = tmp_path / "notes.warc.gz"
    text.write_text("Not a WARC file at all.\n" * 50)
    packed = tmp_path / "packed.warc.gz"
    packed.write_bytes(gzip.compress(b"neither is this\n" * 50))
    cut = tmp_path / "cut.warc.gz"
    whole = web.warc_files[1].read_bytes()
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    missing = tmp_path / "missing.warc.gz"
    root = tmp_path / "lake"
    code, result, sentences = run(
        capsys, "manifest", good, text, packed, cut, missing, "--root", root
    )
    assert code == 1
    assert result["files"] == {"given": 4, "new": 4}
    assert str(missing) in sentences
    code, result, sentences = run(capsys, "extract", "--root", root)
    assert code == 1
    assert f"{text} is not a WARC" in sentences
    assert f"{packed} is not a WARC" in sentences
    assert f"{cut} is cut short" in sentences
    assert str(good) not in sentences
    counts = result["stages"]["extract"]
    assert counts["seen"] == counts["kept"] + sum(counts["rejects"].values())
    files = {row[0]: row[1] for row in _pairs_by_file(root)}
    assert files[str(good)] > 50
    assert files[str(cut)] > 50
    code, result, _ = run(capsys, "status", "--root", root)
    assert code == 0
    assert result["files_waiting"] == 0
    assert result["stages"]["extract"]["balanced"]
    assert result["tables"]["pairs"]["rows"] == sum(files.values())


def _pairs_by_file(root: Path) -> list[Any]:
    from pyspark.sql import SparkSession

    session = SparkSession.getActiveSession()
    assert session is not None
    return Lake(session, str(root)).read("pairs").groupBy("warc_file").count().collect()


@pytest.mark.usefixtures("spark")
def test_a_second_manifest_adds_nothing(
    web: WebManifest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = web.warc_files[0].parent
    _, first, _ = run(capsys, "manifest", folder, "--root", tmp_path / "lake")
    _, second, _ = run(capsys, "manifest", folder, "--root", tmp_path / "lake")
    assert first["files"]["new"] == len(web.warc_files)
    assert second["files"]["new"] == 0


@pytest.mark.timeout(600)
def test_spark_submit_does_what_mella_does(
    spark: object, lake: Lake, web: WebManifest, tmp_path: Path
) -> None:
    submit = Path(sys.executable).parent / "spark-submit"
    environment = {
        **os.environ,
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
    }
    root = tmp_path / "lake"

    def job(name: str, *arguments: object) -> dict[str, Any]:
        command = [
            str(submit),
            *("--master", "local[2]", "--properties-file", "conf/spark-defaults.conf"),
            *(f"jobs/{name}.py", *map(str, arguments), "--root", str(root), "--json"),
        ]
        done = subprocess.run(
            command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout.splitlines()[-1])

    shutil.copytree(lake.location("manifest"), root / "manifest")
    submitted = job("extract")
    assert submitted["command"] == "extract"
    columns = [c for c in lake.read("pairs").columns if c != "txn"]
    here = sorted(map(str, lake.read("pairs").select(*columns).collect()))
    there = sorted(map(str, Lake(spark, str(root)).read("pairs").select(*columns).collect()))  # type: ignore[arg-type]
    assert here == there
    assert submitted["stages"]["extract"]["kept"] == len(here)
