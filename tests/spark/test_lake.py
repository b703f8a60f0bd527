"""Tables, idempotent appends, insert-only merges: against real Delta."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mella_spark.lake.maintenance import maintain, pin, table_status
from mella_spark.lake.schemas import TABLES, arrow_schema, spark_schema
from mella_spark.lake.tables import Lake
from mella_spark.lake.transaction import SESSION_KEYS, transaction
from mella_spark.stages.stream import count_reasons, error_kind, fail_above


@pytest.fixture(scope="module")
def lake(spark, settings, tmp_path_factory) -> Lake:  # type: ignore[no-untyped-def]
    made = Lake(spark, str(tmp_path_factory.mktemp("lake")), settings.lake.properties)
    made.create()
    return made


REDACTED = "*********(redacted)"


def ledger(lake: Lake, *rows: tuple[str, str, str, int]):  # type: ignore[no-untyped-def]
    return lake.spark.createDataFrame(list(rows), spark_schema("ledger"))


def test_tables_have_comments_constraints_and_the_documented_columns(lake: Lake) -> None:
    for name, table in TABLES.items():
        described = lake.spark.sql(f"DESCRIBE TABLE {lake.reference(name)}").collect()
        comments = {row["col_name"]: row["comment"] for row in described}
        for column in table.columns:
            assert comments[column.name] == column.comment
        properties = dict(lake.spark.sql(f"SHOW TBLPROPERTIES {lake.reference(name)}").collect())
        for check, expression in table.checks.items():
            # SHOW hides values that look like addresses.
            assert properties[f"delta.constraints.{check}"] in (expression, REDACTED)
        assert properties["delta.enableDeletionVectors"] == "true"
    lake.create()  # a second call changes nothing
    assert lake.version("ledger") == 0


def test_a_constraint_refuses_a_wrong_row(lake: Lake) -> None:
    with (
        pytest.raises(Exception, match="count_not_negative"),
        transaction(lake, "test/constraint", 0) as txn,
    ):
        txn.append("ledger", ledger(lake, ("f", "s", "seen", -1)))


def test_an_append_that_runs_again_writes_nothing(lake: Lake) -> None:
    for _ in range(3):
        with transaction(lake, "test/append", 7) as txn:
            txn.append("ledger", ledger(lake, ("f", "append", "seen", 1)))
            assert txn.committed("ledger")
            assert txn.others("ledger").where("stage = 'append'").count() == 0
    assert lake.read("ledger").where("stage = 'append'").count() == 1
    with transaction(lake, "test/append", 8) as txn:
        assert not txn.committed("ledger")
        txn.append("ledger", ledger(lake, ("f", "append", "seen", 1)))
    assert lake.read("ledger").where("stage = 'append'").count() == 2


def test_an_insert_adds_only_new_keys_and_leaves_the_session_clean(lake: Lake) -> None:
    now = datetime.now(UTC)

    def rows(*paths: str):  # type: ignore[no-untyped-def]
        records = [(path, "warc", "c", 1, now) for path in paths]
        columns = arrow_schema("manifest").names
        return lake.spark.createDataFrame(records, spark_schema("manifest")).select(*columns)

    with transaction(lake, "test/insert", 0) as txn:
        txn.insert("manifest", rows("a", "b"))
    with transaction(lake, "test/insert", 1) as txn:
        txn.insert("manifest", rows("b", "c"))
    assert sorted(r[0] for r in lake.read("manifest").select("path").collect()) == ["a", "b", "c"]
    for key in SESSION_KEYS:
        assert lake.spark.conf.get(key, None) is None
    lake.spark.sql(f"DELETE FROM {lake.reference('manifest')} WHERE path = 'c'")
    assert lake.read("manifest").count() == 2


def test_counts_balance_and_errors_get_names(lake: Lake) -> None:
    from pyspark.sql import functions as F

    rows = lake.spark.createDataFrame(
        [("f", None), ("f", None), ("f", "OutOfMemoryError: x"), ("g", "ValueError: y: z")],
        "file STRING, error STRING",
    )
    counted = count_reasons(rows, "caption", "file", error_kind(F.col("error"))).collect()
    counts = {(row["file"], row["reason"]): row["count"] for row in counted}
    assert counts == {
        ("f", "seen"): 3,
        ("f", "kept"): 2,
        ("f", "out_of_memory_error"): 1,
        ("g", "seen"): 1,
        ("g", "value_error"): 1,
    }
    fail_above(rows, 0.5, "caption")
    with pytest.raises(Exception, match=r"2 of 4 rows failed: 1 × .*caption.max_error_rate"):
        fail_above(rows, 0.4, "caption")


def test_maintain_compacts_and_spares_pinned_versions(lake: Lake) -> None:
    for version in range(3):
        with transaction(lake, "test/maintain", version) as txn:
            txn.append(
                "quarantine",
                lake.spark.createDataFrame(
                    [("f", "s", version, "r", "d", b"x")], spark_schema("quarantine")
                ),
            )
    root = lake.root.local
    assert root is not None
    pin(root / "_pins", lake.location("quarantine"), 1, committed_ms=0)
    result = maintain(lake, 168, ["quarantine"])["quarantine"]
    assert result["files_before"] == 3
    assert result["files_after"] == 1
    assert result["pinned_versions"] == [1]
    assert result["retained_hours"] > 400_000
    assert lake.read("quarantine", version=1).count() == 1
    assert table_status(lake)["quarantine"]["rows"] == 3
    assert Path(lake.location("quarantine"), "_delta_log").is_dir()
