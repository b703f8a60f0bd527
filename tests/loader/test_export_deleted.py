"""Exports of a table that Spark wrote and deleted from: the rows that Spark itself reads."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mella_spark.export import FORMATS, export_table
from mella_spark.lake.schemas import TABLES, create_statement, spark_schema


def picture(shade: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (20, 10), (shade, 0, 0)).save(out, "PNG")
    return out.getvalue()


def exported_ids(folder: Path, format_: str) -> set[str]:
    if format_ == "webdataset":
        import webdataset as wds

        files = sorted(str(path) for path in folder.glob("*.tar"))
        return {s["json"]["sample_id"] for s in wds.WebDataset(files, shardshuffle=False).decode()}
    if format_ == "hf":
        import datasets

        loaded = datasets.load_dataset(str(folder), cache_dir=str(folder.parent / "cache"))
        return {sample["sample_id"] for part in loaded.values() for sample in part}
    if format_ == "llava":
        return {r["id"] for f in folder.glob("*.json") for r in json.loads(f.read_text())}
    return {json.loads(line)["id"] for f in folder.glob("*.jsonl") for line in f.open()}


@pytest.fixture(scope="module")
def table(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[int, set[str]]]:
    path = str(tmp_path_factory.mktemp("exported") / "mella")
    properties = {"delta.enableDeletionVectors": "true"}
    spark.sql(create_statement(TABLES["mella"], f"delta.`{path}`", properties))
    rows = [
        (
            f"{i:032x}", f"{i:064x}", bytearray(picture(i)), 20, 10, "cs",
            "know" if i % 2 else "ling", "Co je to?", f"kraslice {i}", ["kraslice"], 0.5, "p", "i",
            "https://creativecommons.org/publicdomain/zero/1.0/" if i % 3 else None,
            ["robots:noai"] if i % 7 == 0 else [],
            ("train", "test")[i % 5 == 0], "c", "f", "t/1",
        )
        for i in range(100)
    ]  # fmt: skip
    frame = spark.createDataFrame(rows, spark_schema("mella", txn=True))
    frame.repartition(2).write.format("delta").mode("append").save(path)

    versions = {}
    for condition in (None, "response LIKE '%7'", "split = 'test' AND source = 'know'"):
        if condition:
            spark.sql(f"DELETE FROM delta.`{path}` WHERE {condition}")
        version = spark.sql(f"DESCRIBE HISTORY delta.`{path}` LIMIT 1").first()["version"]
        read = spark.read.format("delta").load(path).select("sample_id").collect()
        versions[version] = {row[0] for row in read}
    assert [len(ids) for ids in versions.values()] == [100, 90, 80]
    log = sorted((Path(path) / "_delta_log").glob("*.json"))[-1].read_text()
    assert '"deletionVector"' in log
    return path, versions


@pytest.mark.parametrize("format_", FORMATS)
def test_exports_hold_what_spark_reads(
    table: tuple[str, dict[int, set[str]]], format_: str, tmp_path: Path
) -> None:
    path, versions = table
    for version, ids in versions.items():
        out = tmp_path / str(version)
        result = export_table(path, out, format_, version=version)
        assert exported_ids(out, format_) == ids
        assert result["samples"] == result["rows"] == len(ids)
