"""The tables as described."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from mella_spark.lake.maintenance import pin, pins, retention_hours
from mella_spark.lake.schemas import (
    TABLES,
    arrow_schema,
    create_statement,
    documentation,
    sql_string,
    sql_type,
)
from mella_spark.lake.tables import Root


@pytest.mark.parametrize("name", TABLES)
def test_every_table_and_column_is_commented_and_typed(name: str) -> None:
    table = TABLES[name]
    assert table.comment.endswith(".")
    for column in table.columns:
        assert len(column.comment) >= 5
        assert sql_type(column.type)
    assert set(table.key) <= set(table.column_names)
    assert arrow_schema(name).names == table.column_names[:-1]
    assert arrow_schema(name, txn=True).names[-1] == "txn"


def test_statement_carries_comments_nullability_and_properties() -> None:
    statement = create_statement(TABLES["ledger"], "delta.`/x`", {"a.b": "it's"})
    assert "`count` BIGINT NOT NULL COMMENT 'items'" in statement
    assert "'a.b' = 'it\\'s'" in statement


def test_sql_strings_and_types() -> None:
    assert sql_string("a'b\\c") == r"'a\'b\\c'"
    assert sql_type(pa.list_(pa.struct([("a", pa.float64())]))) == "ARRAY<STRUCT<a: DOUBLE>>"
    with pytest.raises(KeyError):
        sql_type(pa.float16())


def test_the_documentation_is_true() -> None:
    path = Path(__file__).resolve().parents[2] / "docs" / "tables.md"
    assert path.read_text(encoding="utf-8") == documentation(), "run `make docs`"


def test_roots(tmp_path) -> None:  # type: ignore[no-untyped-def]
    assert Root.parse("main.mella").path is None
    assert Root.parse("s3://bucket/x/").path == "s3://bucket/x"
    assert Root.parse("s3://bucket/x").local is None
    assert Root.parse("out").path.endswith("/out")  # type: ignore[union-attr]
    assert Root.parse(str(tmp_path)).local == tmp_path


def test_pins_lengthen_retention(tmp_path) -> None:  # type: ignore[no-untyped-def]
    day = 24 * 3.6e6
    pin(tmp_path / "pins", "/r/mella", 4, committed_ms=0)
    notes = pins(tmp_path / "pins")
    assert notes == [{"table": "/r/mella", "version": 4, "committed_ms": 0}]
    assert retention_hours(168, notes, now_ms=10 * day) == 241
    assert retention_hours(168, notes, now_ms=day) == 168
    assert retention_hours(168, [], now_ms=day) == 168
