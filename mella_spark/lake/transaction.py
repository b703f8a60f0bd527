"""Writes of one micro-batch: idempotent appends and insert-only merges under one transaction id.

A micro-batch that is run again after a crash writes nothing twice: Delta skips an append whose
(application, version) it has seen, and a merge only inserts keys that are not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mella_spark.lake.schemas import TABLES, arrow_schema
from mella_spark.lake.tables import Lake

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SESSION_KEYS = (
    "spark.databricks.delta.write.txnAppId",
    "spark.databricks.delta.write.txnVersion",
)


@dataclass(frozen=True)
class Transaction:
    """One micro-batch of one stream: ``app`` names the stream, ``version`` counts its batches."""

    lake: Lake
    app: str
    version: int
    files: int
    max_rows: int

    @property
    def id(self) -> str:
        """What the ``txn`` column of written rows holds."""
        return f"{self.app}/{self.version}"

    def others(self, name: str) -> DataFrame:
        """Rows of the table that this transaction did not write.

        To tell new rows from known ones: a batch that runs again must not meet its own rows.
        """
        from pyspark.sql import functions as F

        return self.lake.read(name).where(~F.col("txn").eqNullSafe(F.lit(self.id)))

    def own(self, name: str) -> DataFrame:
        """Rows of the table that this transaction wrote."""
        from pyspark.sql import functions as F

        return self.lake.read(name).where(F.col("txn") == self.id)

    def committed(self, name: str) -> bool:
        """Whether rows of this transaction are in the table already, from a run cut short."""
        return not self.own(name).isEmpty()

    def append(
        self, name: str, rows: DataFrame, metadata: str | None = None, files: int | None = None
    ) -> None:
        """Appends ``rows`` once, in the table's column order, in at most ``files`` sorted files.

        Sorting makes the files, and so the order in which later stages meet the rows, the same
        whenever the batch is run. With ``files`` given, the rows' partitions must be the same by
        themselves: they are written as they are, without a shuffle, neighbours together.
        ``metadata`` is the commit's ``userMetadata`` in the history.
        """
        whole = self._whole(name, rows)
        writer = (
            (self._laid_out(name, whole) if files is None else whole.coalesce(files))
            .write.format("delta")
            .mode("append")
            .option("txnAppId", f"{self.app}/{name}")
            .option("txnVersion", self.version)
            .option("maxRecordsPerFile", self.max_rows)
        )
        if metadata is not None:
            writer = writer.option("userMetadata", metadata)
        if self.lake.root.path:
            writer.save(self.lake.location(name))
        else:
            writer.saveAsTable(self.lake.location(name))

    def insert(self, name: str, rows: DataFrame) -> None:
        """Inserts the rows whose key is not in the table yet (insert-only merge)."""
        condition = " AND ".join(f"old.`{key}` <=> new.`{key}`" for key in TABLES[name].key)
        session = self.lake.spark
        self._laid_out(name, self._whole(name, rows)).createOrReplaceTempView("mella_insert")
        for key, value in zip(SESSION_KEYS, (f"{self.app}/{name}", self.version), strict=True):
            session.conf.set(key, str(value))
        try:
            session.sql(
                f"MERGE INTO {self.lake.reference(name)} old USING mella_insert new "
                f"ON {condition} WHEN NOT MATCHED THEN INSERT *"
            )
        finally:
            # Left set, Delta would silently skip every later DML of this version.
            for key in SESSION_KEYS:
                session.conf.unset(key)
            session.catalog.dropTempView("mella_insert")

    def _whole(self, name: str, rows: DataFrame) -> DataFrame:
        from pyspark.sql import functions as F

        return rows.select(*arrow_schema(name).names, F.lit(self.id).alias("txn"))

    def _laid_out(self, name: str, rows: DataFrame) -> DataFrame:
        keys = [key for key in TABLES[name].key if key != "txn"]
        return rows.repartition(self.files, *keys).sortWithinPartitions(*keys)


@contextmanager
def transaction(
    lake: Lake, app: str, version: int, files: int = 1, max_rows: int = 1_000_000
) -> Iterator[Transaction]:
    """The writes of micro-batch ``version`` of the stream ``app``, in ``files`` files a table."""
    yield Transaction(lake, app, version, files, max_rows)
