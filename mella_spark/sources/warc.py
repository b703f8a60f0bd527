"""``spark.read.format("warc")`` and ``spark.readStream.format("warc")``: records as rows.

A path is a file, a folder, a glob, an ``https://`` or ``s3://`` address, or ``cc:CRAWL[:limit]``.
What cannot be read shows as a row with ``error`` filled in. Options:

``columns``
    a comma-separated choice of the columns below, in any order (default: all). Only what was
    chosen is built, so leaving ``payload`` out makes a listing cheap; Spark does not tell a Python
    data source which columns a query uses.
``maxBatchBytes``
    bytes of one Arrow batch, or of one record if that is larger (default 16 MiB).
``splitBytes``
    bytes of a part of a file, one partition (default: ``extract.split_bytes``).
``maxFilesPerTrigger``, ``maxBytesPerTrigger``
    of a stream: files, or bytes of files, of a micro-batch, one file at least (default: all there
    are). Spark obeys from 4.2 on; before, a micro-batch takes all there are.
``remote.KEY``
    any setting of the section ``remote``, such as ``remote.s3_endpoint``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql.datasource import (
    DataSource,
    DataSourceReader,
    DataSourceStreamReader,
    InputPartition,
)
from pyspark.sql.types import StructType

from mella_spark.settings import Settings, load_settings
from mella_spark.sources.files import Sizes, list_files
from mella_spark.sources.rows import COLUMNS, batches, chosen
from mella_spark.web.parts import Part, parts_of
from mella_spark.web.warc import read_records

_BATCH_BYTES = 16 << 20


def register(spark: SparkSession) -> None:
    """Makes the format ``warc`` known to a session."""
    spark.dataSource.register(WarcDataSource)


class WarcDataSource(DataSource):
    """Reads crawl files; see the module for the options."""

    @classmethod
    def name(cls) -> str:
        return "warc"

    def schema(self) -> str:
        return ", ".join(f"`{name}` {COLUMNS[name]}" for name in chosen(lowered(self.options)))

    def reader(self, schema: StructType) -> DataSourceReader:
        return WarcReader(lowered(self.options))

    def streamReader(self, schema: StructType) -> DataSourceStreamReader:
        from mella_spark.sources.stream import WarcStreamReader

        return WarcStreamReader(lowered(self.options))


class Reading:
    """What a reader needs in the driver and in its tasks, from the options."""

    def __init__(self, options: Mapping[str, str]) -> None:
        settings = _settings(options)
        self.options = dict(options)
        self.remote = settings.remote
        self.columns = chosen(options)
        self.max_bytes = int(options.get("maxbatchbytes", _BATCH_BYTES))
        self.split_bytes = int(options.get("splitbytes", settings.extract.split_bytes))

    def files(self, waiting: bool = False) -> Sizes:
        """Files there are now, with their sizes."""
        return list_files(self.options, self.remote, waiting)

    def read(self, part: Part) -> Iterator[pa.RecordBatch]:
        """Rows of a part of a file."""
        from mella_spark.remote.opener import opener

        records = read_records(part.path, part.start, part.end, opener=opener(self.remote))
        return batches(records, part.path, self.columns, self.max_bytes)


class WarcReader(DataSourceReader):
    """The files there are, one partition a part."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self.reading = Reading(options)

    def partitions(self) -> list[InputPartition]:
        files = self.reading.files().items()
        return [InputPartition(part) for part in parts_of(files, self.reading.split_bytes)]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        return self.reading.read(partition.value)


def lowered(options: Mapping[str, str]) -> dict[str, str]:
    """Options by their names in lower case: Spark tells no case."""
    return {name.lower(): value for name, value in options.items()}


def _settings(options: Mapping[str, str]) -> Settings:
    given = [f"{name}={value}" for name, value in options.items() if name.startswith("remote.")]
    return load_settings(overrides=given)
