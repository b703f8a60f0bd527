"""Where the tables are: reading, making and naming them under one root."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mella_spark.errors import InputError, StageError
from mella_spark.lake.schemas import TABLES, create_statement

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.streaming import DataStreamReader

NAMED_ROOT = re.compile(r"[A-Za-z_]\w*\.[A-Za-z_]\w*")


@dataclass(frozen=True)
class Root:
    """A place for tables: a folder or URI (``path`` set), or a ``catalog.schema``."""

    text: str
    path: str | None

    @classmethod
    def parse(cls, text: str) -> Root:
        """``catalog.schema`` where the text has that form and no such folder exists, else a path.

        Local paths become absolute. Raises ``InputError`` on an empty root.
        """
        if not text.strip():
            raise InputError("The root is empty.", "Give --root a folder, URI or catalog.schema.")
        if NAMED_ROOT.fullmatch(text) and not Path(text).exists():
            return cls(text, None)
        if "://" in text:
            return cls(text, text.rstrip("/"))
        return cls(text, str(Path(text.removeprefix("file:")).expanduser().resolve()))

    @property
    def local(self) -> Path | None:
        """The folder on this machine, or None where the root is elsewhere."""
        return Path(self.path) if self.path and "://" not in self.path else None

    def require_writable(self) -> None:
        """Makes the folder of a local root; raises ``InputError`` where that cannot be done."""
        if self.local is None:
            return
        try:
            self.local.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"Cannot make the root {self.text}: {error.strerror}.") from None
        if not os.access(self.local, os.W_OK | os.X_OK):
            raise InputError(f"Cannot write to the root {self.text}.", "Check its permissions.")


class Lake:
    """The tables under one root, seen through one Spark session."""

    def __init__(
        self, spark: SparkSession, root: Root | str, properties: dict[str, str] | None = None
    ) -> None:
        self.spark = spark
        self.root = Root.parse(root) if isinstance(root, str) else root
        self.properties = dict(properties or {})

    def at(self, spark: SparkSession) -> Lake:
        """The same tables through another session (a stream runs in a session of its own)."""
        return Lake(spark, self.root, self.properties)

    def reference(self, name: str) -> str:
        """How SQL names the table."""
        if self.root.path is None:
            return ".".join(f"`{part}`" for part in [*self.root.text.split("."), name])
        return f"delta.`{self.root.path}/{name}`"

    def location(self, name: str) -> str:
        """What the loader takes as ``table``: the path, or ``catalog.schema.table``."""
        return f"{self.root.path}/{name}" if self.root.path else f"{self.root.text}.{name}"

    def exists(self, name: str) -> bool:
        """Whether the table has been made."""
        if self.root.local is not None:
            return (self.root.local / name / "_delta_log").is_dir()
        if self.root.path is None:
            return self.spark.catalog.tableExists(f"{self.root.text}.{name}")
        from delta.tables import DeltaTable

        return DeltaTable.isDeltaTable(self.spark, self.location(name))

    def create(self) -> None:
        """Makes the tables that are not there yet, with comments and constraints.

        Raises ``InputError`` where the root cannot be written.
        """
        self.root.require_writable()
        for table in TABLES.values():
            if not self.exists(table.name):
                checks = {f"delta.constraints.{name}": sql for name, sql in table.checks.items()}
                properties = {**self.properties, **checks}
                if table.statistics:
                    properties["delta.dataSkippingStatsColumns"] = ",".join(table.statistics)
                self.spark.sql(create_statement(table, self.reference(table.name), properties))

    def read(self, name: str, version: int | None = None) -> DataFrame:
        """The table as it stands, or as it stood at ``version``.

        Raises ``StageError`` where the table has not been made.
        """
        if not self.exists(name):
            raise StageError(
                f"There is no table {name} under {self.root.text}.", "Run the stages before it."
            )
        reader = self.spark.read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", version)
        if self.root.path:
            return reader.load(self.location(name))
        return reader.table(self.location(name))

    def stream(self, name: str, files_per_batch: int) -> DataFrame:
        """The table's appended rows as a stream, ``files_per_batch`` data files a micro-batch.

        Commits that delete or rewrite rows (takedown, OPTIMIZE) are passed over.
        """
        reader: DataStreamReader = (
            self.spark.readStream.format("delta")
            .option("maxFilesPerTrigger", files_per_batch)
            .option("skipChangeCommits", "true")
        )
        if self.root.path:
            return reader.load(self.location(name))
        return reader.table(self.location(name))

    def version(self, name: str) -> int:
        """The newest version of the table."""
        row = self.spark.sql(f"DESCRIBE HISTORY {self.reference(name)} LIMIT 1").first()
        assert row is not None
        return int(row["version"])

    def count(self, name: str) -> int:
        """Rows of the table, from the log's statistics."""
        return self.read(name).count()
