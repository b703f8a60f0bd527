"""The same through Spark: ``mapInArrow`` as the caption stage has it, one task on ``local[1]``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.caption.clock import processor_seconds
from benchmarks.caption.programs import Counts, told
from mella_spark.lake.schemas import spark_schema
from mella_spark.models.work import COLUMN, add_up, spark_type
from mella_spark.settings import Settings
from udfs.caption import caption_batches


class OnSpark:
    """A session whose one worker process keeps the model; a program like the others."""

    def __init__(self, settings: Settings, pictures: Path, threads: int) -> None:
        from mella_spark.session import get_session

        configuration = {
            **settings.spark,
            "spark.master": "local[1]",
            "spark.executorEnv.OMP_NUM_THREADS": str(threads),
        }
        changed = settings.model_copy(update={"spark": configuration})
        self.spark: Any = get_session(changed, app="mella-bench")
        self.spark.sparkContext.setLogLevel("ERROR")
        self.settings = settings.caption
        self.rows = self.spark.read.parquet(str(pictures))
        self.threads = self._threads()

    def warm(self) -> None:
        """Sees to it that the worker has the model: Spark ends one that was idle for a minute."""
        self._caption(self.rows.limit(4))

    def __call__(self, _subject: object) -> Counts:
        """Captions all pictures; the rows are kept as in the stage, and counted."""
        return self._caption(self.rows)

    def _caption(self, rows: Any) -> Counts:
        from pyspark.sql import functions as F

        ask = partial(caption_batches, settings=self.settings, with_work=True)
        java = self.spark.sparkContext._gateway.proc.pid
        before = processor_seconds(java)
        schema = f"{spark_schema('captions')}, `{COLUMN}` {spark_type()}"
        captions = rows.repartition(1, "image_sha256").mapInArrow(ask, schema).persist()
        try:
            sums = captions.agg(F.count("*"), F.sum("tokens"), F.count("error")).first()
            work = told(add_up(captions))
            spent = processor_seconds(java) - before
            return Counts(int(sums[0]), int(sums[1]), int(sums[2]), work, spent)
        finally:
            captions.unpersist()

    def close(self) -> None:
        """Ends Spark and its worker."""
        self.spark.stop()

    def _threads(self) -> int:
        """Threads of PyTorch in the worker, which it takes from its environment."""

        def tell(batches: Any) -> Any:
            import torch

            for _ in batches:
                yield pa.RecordBatch.from_pydict({"threads": [torch.get_num_threads()]})

        return int(self.spark.range(1).mapInArrow(tell, "threads BIGINT").first()[0])
