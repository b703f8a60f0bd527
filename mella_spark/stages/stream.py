"""The one shape of all stages: a stream of new rows, a micro-batch, an idempotent write."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mella_spark.errors import MellaError, StageError
from mella_spark.lake.tables import Lake
from mella_spark.lake.transaction import Transaction, transaction
from mella_spark.progress import Progress
from mella_spark.session import log_file
from mella_spark.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame
    from pyspark.sql.streaming import StreamingQuery

NOT_ASKED = "server_down"
"""Kind of the error of rows that a server which is down was never asked about."""
POLL_SECONDS = 1
STOP_SECONDS = 60


@dataclass(frozen=True)
class Batch:
    """What a stage's function gets: new rows, the settings, and where to write."""

    rows: DataFrame
    txn: Transaction
    settings: Settings

    @property
    def lake(self) -> Lake:
        """The tables, through the stream's own session."""
        return self.txn.lake


@dataclass(frozen=True)
class Stage:
    """A stage: where its rows come from, what it does with a micro-batch, what it counts.

    ``source`` makes the streaming DataFrame; ``process`` writes a micro-batch's results;
    ``key`` names the checkpoint where the stage must start over when its settings change.
    """

    name: str
    unit: str
    source: Callable[[Lake, Settings], DataFrame]
    process: Callable[[Batch], None]
    rows_per_file: Callable[[Settings], int] = lambda settings: 1_000_000
    key: Callable[[Settings], str] = lambda settings: ""


@dataclass
class StageResult:
    """What a run of a stage did: the ledger's counts of this run, and seconds."""

    stage: str
    batches: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        rejects = {k: v for k, v in sorted(self.counts.items()) if k not in ("seen", "kept")}
        return {
            "seen": self.counts.get("seen", 0),
            "kept": self.counts.get("kept", 0),
            "rejects": rejects,
            "batches": self.batches,
            "seconds": round(self.seconds, 3),
        }


class RunningStage:
    """A started stage: its streaming query, its counts, its progress."""

    def __init__(self, stage: Stage, lake: Lake, settings: Settings, continuous: bool) -> None:
        self.stage, self.lake, self.settings = stage, lake, settings
        self.result = StageResult(stage.name)
        self.progress = Progress(stage.name, stage.unit)
        self._error: MellaError | None = None
        self._app: str | None = None
        self._started = time.monotonic()
        trigger: dict[str, Any] = (
            {"processingTime": f"{settings.lake.trigger_seconds} seconds"}
            if continuous
            else {"availableNow": True}
        )
        self.query: StreamingQuery = (
            stage.source(lake, settings)
            .writeStream.queryName(f"mella-{stage.name}")
            .option("checkpointLocation", self.checkpoint)
            .foreachBatch(self._run_batch)
            .trigger(**trigger)
            .start()
        )

    @property
    def checkpoint(self) -> str:
        """Where the stream remembers how far it is."""
        base = self.settings.lake.checkpoints or self.lake.root.path
        if not base:
            raise StageError(
                "A root of the form catalog.schema needs a place for checkpoints.",
                "Set lake.checkpoints to a folder or URI (on Databricks: a volume).",
            )
        key = self.stage.key(self.settings)
        return f"{base}/_checkpoints/{self.stage.name}{'-' + key if key else ''}"

    def _run_batch(self, rows: DataFrame, batch_id: int) -> None:
        try:
            lake = self.lake.at(rows.sparkSession)
            files = self.settings.lake.files_per_commit
            max_rows = self.stage.rows_per_file(self.settings)
            with transaction(lake, self._stream_id(lake), batch_id, files, max_rows) as txn:
                self.stage.process(Batch(rows, txn, self.settings))
                self._count(txn)
        except MellaError as error:
            self._error = error
            raise

    def _stream_id(self, lake: Lake) -> str:
        # The checkpoint's own id: a checkpoint that was deleted starts a new history of batches.
        if self._app is None:
            row = lake.spark.read.text(f"{self.checkpoint}/metadata").first()
            found = re.search(r'"id":"([^"]+)"', row[0]) if row else None
            if not found:
                raise StageError(f"The checkpoint {self.checkpoint} has no readable metadata.")
            self._app = f"mella/{self.stage.name}/{found.group(1)}"
        return self._app

    def _count(self, txn: Transaction) -> None:
        for row in txn.own("ledger").groupBy("reason").sum("count").collect():
            self.result.counts[row[0]] = self.result.counts.get(row[0], 0) + row[1]
        self.result.batches += 1

    def wait(self) -> StageResult:
        """Waits until the stage has caught up. Raises ``MellaError`` where it failed."""
        from pyspark.errors import StreamingQueryException

        try:
            while not self.query.awaitTermination(POLL_SECONDS):
                self.show()
        except StreamingQueryException as error:
            raise self._error or StageError(
                f"Stage {self.stage.name} failed: {root_cause(str(error))}",
                f"Run the same command again to go on where it stopped. Spark's log: {log_file()}",
            ) from (None if self._error else error)
        except KeyboardInterrupt:
            self.query.stop()
            raise
        self.result.seconds = time.monotonic() - self._started
        self.progress.done = self.result.counts.get("seen", 0)
        self.progress.finish(f"{self.result.counts.get('kept', 0):,} kept")
        return self.result

    def stop(self) -> None:
        """Stops the stream between two micro-batches, or after a minute in the midst of one."""
        end = time.monotonic() + STOP_SECONDS
        while self.query.isActive and self.query.status["isTriggerActive"]:
            if time.monotonic() > end:
                break
            time.sleep(0.1)
        self.query.stop()

    def show(self) -> None:
        """Shows how far it is, if it is time to."""
        left = None
        last = self.query.lastProgress
        if last is not None and self.result.batches:
            metrics = last.sources[0].metrics if last.sources else {}
            outstanding = int(float((metrics or {}).get("numFilesOutstanding", 0)))
            left = outstanding * (time.monotonic() - self._started) / self.result.batches
        note = f"micro-batch {self.result.batches + 1}"
        self.progress.update(self.result.counts.get("seen", 0), note, left)


def run_stage(stage: Stage, lake: Lake, settings: Settings) -> StageResult:
    """Runs ``stage`` until it has caught up with its sources.

    Raises ``MellaError`` where it failed; the same call goes on where it stopped.
    """
    return RunningStage(stage, lake, settings, continuous=False).wait()


def run_continuously(stages: Sequence[Stage], lake: Lake, settings: Settings) -> None:
    """Keeps all ``stages`` running until interrupted or one fails (``MellaError``)."""
    running = [RunningStage(stage, lake, settings, continuous=True) for stage in stages]
    try:
        while all(item.query.isActive for item in running):
            for item in running:
                item.query.awaitTermination(POLL_SECONDS)
                item.show()
        for item in running:
            if not item.query.isActive:
                item.wait()
    finally:
        for item in running:
            item.stop()


def count_reasons(rows: DataFrame, stage: str, file: str, reason: Column) -> DataFrame:
    """Ledger rows by the column ``file``: ``seen``, ``kept`` (a null reason), each reason."""
    from pyspark.sql import functions as F

    counted = rows.groupBy(F.col(file).alias("file"), reason.alias("reason")).agg(
        F.count("*").alias("count")
    )
    kept = F.coalesce("reason", F.lit("kept")).alias("reason")
    each = counted.select("file", F.lit(stage).alias("stage"), kept, "count")
    seen = each.groupBy("file", "stage").agg(F.sum("count").alias("count"))
    return each.unionByName(seen.withColumn("reason", F.lit("seen")))


def root_cause(message: str) -> str:
    """The most telling line of a Spark error: the Python error where there is one."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    python = [line for line in lines if re.match(r"(\w+\.)*\w+(Error|Exception|Exit): ", line)]
    java = [line for line in lines if line.startswith("Caused by:")]
    chosen = (python or java or lines or ["unknown error"])[-1].removeprefix("Caused by: ")
    return re.sub(r"^(\w+\.)+(?=\w+: )", "", chosen)[:500]


def error_kind(error: Column) -> Column:
    """Ledger reason of an error column ``Type: message``: the type in snake case, null for none."""
    from pyspark.sql import functions as F

    kind = F.regexp_replace(F.split(error, ":")[0], r"(?<=[a-z0-9])(?=[A-Z])", "_")
    return F.when(error.isNotNull(), F.lower(F.regexp_replace(F.trim(kind), r"[^A-Za-z0-9]+", "_")))


def fail_above(rows: DataFrame, max_error_rate: float, stage: str) -> None:
    """Raises ``StageError``, naming the commonest errors, where too many ``rows`` have an error.

    It does so where even one row was not asked, as the model is out of reach then: stored, that
    would stay the row's answer, and no later run would ask.
    """
    from pyspark.sql import functions as F

    counts = rows.groupBy(error_kind(F.col("error")).alias("kind")).agg(
        F.count("*").alias("count"), F.first("error").alias("example")
    )
    counted = sorted(counts.collect(), key=lambda row: (-row["count"], str(row["kind"])))
    total = sum(row["count"] for row in counted)
    errors = [row for row in counted if row["kind"] is not None]
    failed = sum(row["count"] for row in errors)
    for row in errors:
        if row["kind"] == NOT_ASKED:
            raise StageError(
                f"Stage {stage}: {row['count']} of {total} rows were not asked: {row['example']}.",
                "Start the server and run the same command again; it goes on where it stopped.",
            )
    if total and failed / total > max_error_rate:
        commonest = "; ".join(f"{row['count']} × {row['example'][:160]}" for row in errors[:3])
        raise StageError(
            f"Stage {stage}: {failed} of {total} rows failed: {commonest}.",
            f"Mend the cause, or raise {stage}.max_error_rate.",
        )
