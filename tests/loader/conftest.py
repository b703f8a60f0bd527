"""Delta tables that Spark wrote, with the rows that Spark itself reads from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Written:
    """A table, and by version what Spark reads: rows as dicts, by id."""

    path: Path
    versions: dict[int, dict[int, dict[str, Any]]]

    @property
    def rows(self) -> dict[int, dict[str, Any]]:
        """The latest version."""
        return self.versions[max(self.versions)]


class Writer:
    """Makes tables; ``keep`` notes what Spark reads of the version just written."""

    def __init__(self, spark: Any, path: Path) -> None:
        self.spark, self.path = spark, path
        self.versions: dict[int, dict[int, dict[str, Any]]] = {}

    def sql(self, statement: str) -> Writer:
        self.spark.sql(statement.format(t=f"delta.`{self.path}`"))
        return self

    def append(self, start: int, stop: int, files: int, *columns: str) -> Writer:
        frame = self.spark.range(start, stop, 1, files).selectExpr("id", *columns)
        frame.write.format("delta").mode("append").save(str(self.path))
        return self

    def keep(self) -> Writer:
        version = self.spark.sql(f"DESCRIBE HISTORY delta.`{self.path}` LIMIT 1").first()["version"]
        frame = self.spark.read.format("delta").option("versionAsOf", version).load(str(self.path))
        rows = [row.asDict(recursive=True) for row in frame.collect()]
        self.versions[version] = {row["id"]: row for row in rows}
        assert len(self.versions[version]) == len(rows)
        return self

    def done(self) -> Written:
        return Written(self.path, self.versions)


@pytest.fixture(scope="session")
def writer(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("delta")

    def make(name: str) -> Writer:
        return Writer(spark, folder / name)

    return make


@pytest.fixture(scope="session")
def living(spark: Any, writer: Any) -> Written:
    """A table with a life: small row groups, deletion vectors of one row (stored in the log) and of
    many (stored in files), appends, a new column, files deleted whole."""
    size = spark.conf.get("parquet.block.size", None)
    spark.conf.set("parquet.block.size", str(16 << 10))
    try:
        columns = (
            "concat('ảnh số ', id) text",
            "cast(repeat(chr(65 + id % 26), 200) as binary) image",
        )
        return (
            writer("living")
            .sql(
                "CREATE TABLE {t} (id BIGINT, text STRING, image BINARY) USING delta "
                "TBLPROPERTIES ('delta.enableDeletionVectors'='true')"
            )
            .append(0, 1200, 3, *columns)
            .keep()
            .sql("DELETE FROM {t} WHERE id = 7")
            .keep()
            .sql("DELETE FROM {t} WHERE id % 5 = 0 OR id BETWEEN 100 AND 300")
            .keep()
            .append(1200, 1300, 1, *columns)
            .sql("DELETE FROM {t} WHERE id >= 1290")
            .keep()
            .sql("ALTER TABLE {t} ADD COLUMNS (language STRING, score DOUBLE)")
            .append(1300, 1500, 2, *columns, "'vi' language", "id / 8 score")
            .sql("DELETE FROM {t} WHERE id BETWEEN 1390 AND 1500 OR id < 20")
            .keep()
            .done()
        )
    finally:
        if size is None:
            spark.conf.unset("parquet.block.size")
        else:
            spark.conf.set("parquet.block.size", size)
