"""The loader on tables written by Spark: rows never differ from what Spark reads."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from mella_spark.errors import InputError
from mella_spark.loader import DataLoader, make_delta_reader, snapshot
from mella_spark.loader.deltalog import open_table
from mella_spark.loader.storage import Storage

PLANS = int(os.environ.get("MELLA_LOADER_PLANS", "150"))


def read(table: Path, **options: Any) -> dict[int, dict[str, Any]]:
    """Everything the loader gives, as rows by id; each row must come once."""
    reader = make_delta_reader(table, **options)
    with DataLoader(reader, 64, collate_fn=list, last="uneven") as loader:
        rows = [row for batch in loader for row in batch]
    by_id = {row["id"]: row for row in rows}
    assert len(by_id) == len(rows) == reader.rows
    return by_id


def test_every_version_reads_as_in_spark(living: Any) -> None:
    assert len(living.versions) == 5
    for version, rows in living.versions.items():
        assert len(rows) < 1500
        got = read(living.path, version=version, schema_fields=["id", "text", "image"])
        want = {
            i: {"id": i, "text": row["text"], "image": bytes(row["image"])}
            for i, row in rows.items()
        }
        assert got == want


def test_the_table_has_what_it_is_meant_to_have(living: Any) -> None:
    """Both kinds of deletion vectors, and row groups: else the test above shows little."""
    adds = [
        json.loads(line).get("add") or {}
        for log in sorted((living.path / "_delta_log").glob("*.json"))
        for line in log.read_text().splitlines()
    ]
    kinds = {add["deletionVector"]["storageType"] for add in adds if add.get("deletionVector")}
    assert "u" in kinds
    taken = snapshot.open_snapshot(living.path)
    assert any(file.live is not None for file in taken.files)
    assert max(len(file.groups) for file in taken.files) > 2
    listed = len(list(living.path.glob("*.parquet")))
    assert len(taken.files) <= listed


def test_columns_added_later_are_null_before(living: Any) -> None:
    got = read(living.path, schema_fields=["id", "language", "score"])
    for i, row in living.rows.items():
        assert got[i]["language"] == row["language"]
        score = got[i]["score"]
        assert (score != score) if row["score"] is None else score == row["score"]
    filters = [("language", "=", "vi"), ("id", "<", 1320)]
    assert set(read(living.path, filters=filters)) == set(range(1300, 1320))


def test_random_plans_deliver_each_row_once_in_one_order(
    living: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ranks, workers, batch sizes, stopping points and the counts resumed on, drawn at random."""
    monkeypatch.setattr(snapshot, "SLICE_BYTES", 4000)
    rng = random.Random(int(os.environ.get("MELLA_LOADER_SEED", "0")))
    orders: dict[tuple[int, int], list[int]] = {}
    for _ in range(PLANS):
        version = rng.choice(list(living.versions))
        seed = rng.randrange(3)
        options = {"version": version, "seed": seed, "schema_fields": ["id"]}
        if (version, seed) not in orders:
            orders[version, seed] = ids(DataLoader(make_delta_reader(living.path, **options), 1))
        order = orders[version, seed]
        assert sorted(order) == sorted(living.versions[version])
        consumed: list[int] = []
        state = None
        for stretch in range(rng.randint(1, 3) + 1):
            ranks, batch, workers = rng.randint(1, 8), rng.randint(1, 48), rng.randint(1, 4)
            final = stretch and state is not None and rng.random() < 0.5
            stop = None if final else rng.randrange(8)
            part, states = [], []
            for rank in range(ranks):
                reader = make_delta_reader(
                    living.path,
                    cur_shard=rank,
                    shard_count=ranks,
                    workers_count=workers,
                    prefetch_bytes=rng.choice([1, 1 << 16, 1 << 28]),
                    **options,
                )
                with DataLoader(reader, batch, last="uneven" if final else "drop") as loader:
                    if state is not None:
                        loader.load_state_dict(state)
                    iterator = iter(loader)
                    taken = []
                    while len(taken) != stop and (got := next(iterator, None)) is not None:
                        taken.append(got["id"].tolist())
                    part.append(taken)
                    states.append(loader.state_dict())
            assert len({len(taken) for taken in part}) == 1
            if stop is None or len(part[0]) == stop:
                assert all(other == states[0] for other in states)
            for step in zip(*part, strict=True):
                new = [i for taken in step for i in taken]
                begin = len(consumed)
                assert sorted(new) == sorted(order[begin : begin + len(new)])
                consumed += new
            if final:
                assert sorted(consumed) == sorted(order)
                break
            state = {**json.loads(json.dumps(states[0])), "consumed": len(consumed)}


def ids(batches: Any) -> list[int]:
    return [i for batch in batches for i in batch["id"].tolist()]


def test_types_and_partition_values(writer: Any) -> None:
    columns = (
        "case id % 3 when 0 then null when 1 then 'v i/x=ž' else 'cs' end language",
        "date'2024-01-30' + cast(id % 2 as int) day",
        "timestamp'2024-01-01 12:00:00.123456' + make_interval(0,0,0,0,0,0,id) at",
        "timestamp_ntz'1960-01-01 00:00:00' local",
        "cast(id / 3 as float) ratio",
        "id % 2 = 0 even",
        "array(cast(id as string), null, 'ž') words",
        "if(id % 7 = 0, null, array(named_struct('kind', 'k', 'weight', id / 2))) evidence",
        "cast(id as decimal(10, 2)) price",
        "map('k', cast(id as int)) counts",
        "cast(id as smallint) small",
        "cast(id as tinyint) tiny",
    )
    table = (
        writer("types")
        .sql(
            "CREATE TABLE {t} (id BIGINT, language STRING, day DATE, at TIMESTAMP, "
            "local TIMESTAMP_NTZ, ratio FLOAT, even BOOLEAN, words ARRAY<STRING>, "
            "evidence ARRAY<STRUCT<kind: STRING, weight: DOUBLE>>, price DECIMAL(10, 2), "
            "counts MAP<STRING, INT>, small SMALLINT, tiny TINYINT) USING delta "
            "PARTITIONED BY (language, day) TBLPROPERTIES ('delta.enableDeletionVectors'='true')"
        )
        .append(0, 120, 1, *columns)
        .sql("DELETE FROM {t} WHERE id % 10 = 3")
        .keep()
        .done()
    )
    got = read(table.path)
    assert set(got) == set(table.rows)
    for i, row in table.rows.items():
        row = dict(row)
        mine = dict(got[i])
        assert dict(mine.pop("counts")) == row.pop("counts")
        at, theirs = mine.pop("at"), row.pop("at")
        assert at.timestamp() == theirs.timestamp()
        assert mine == row
    assert set(read(table.path, filters=[("language", "=", "cs")])) == {
        i for i in table.rows if i % 3 == 2
    }


def test_partition_filters_open_no_other_file(writer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    table = (
        writer("parts")
        .sql("CREATE TABLE {t} (id BIGINT, language STRING) USING delta PARTITIONED BY (language)")
        .append(0, 30, 1, "case when id < 10 then 'cs' else 'vi' end language")
        .keep()
        .done()
    )
    opened: list[str] = []
    real = Storage.open
    monkeypatch.setattr(Storage, "open", lambda s, key: opened.append(key) or real(s, key))
    assert set(read(table.path, filters=[("language", "=", "cs")])) == set(range(10))
    assert opened
    assert all("language=cs" in key for key in opened)


def test_column_mapping_by_name(writer: Any) -> None:
    table = (
        writer("mapped")
        .sql(
            "CREATE TABLE {t} (id BIGINT, text STRING, gone INT, at STRUCT<x: INT, y: STRING>, "
            "list ARRAY<STRUCT<z: INT>>, m MAP<STRING, STRUCT<z: INT>>) USING delta "
            "TBLPROPERTIES ('delta.columnMapping.mode'='name', "
            "'delta.enableDeletionVectors'='true')"
        )
        .append(
            0, 50, 1, "cast(id as string) text", "1 gone",
            "named_struct('x', cast(id as int), 'y', 'ž') at",
            "if(id % 2 = 0, null, array(named_struct('z', cast(id as int)))) list",
            "map('k', named_struct('z', cast(id as int))) m",
        )
        .sql("ALTER TABLE {t} RENAME COLUMN text TO alt")
        .sql("ALTER TABLE {t} RENAME COLUMN at.x TO across")
        .sql("ALTER TABLE {t} DROP COLUMN gone")
        .sql("ALTER TABLE {t} ADD COLUMNS (gone STRING)")  # a new column of the old name
        .sql("DELETE FROM {t} WHERE id < 10")
        .keep()
        .done()
    )  # fmt: skip
    got = {i: {**row, "m": dict(row["m"])} for i, row in read(table.path).items()}
    assert got == table.rows
    assert set(read(table.path, filters=[("alt", "=", "33")])) == {33}


def test_clustered_tables_and_new_checkpoints(writer: Any) -> None:
    clustered = (
        writer("clustered")
        .sql("CREATE TABLE {t} (id BIGINT, w INT) USING delta CLUSTER BY (w)")
        .append(0, 40, 2, "cast(id % 4 as int) w")
        .sql("OPTIMIZE {t}")
        .keep()
        .done()
    )
    assert read(clustered.path) == clustered.rows
    table = writer("checkpoints").sql(
        "CREATE TABLE {t} (id BIGINT) USING delta TBLPROPERTIES "
        "('delta.checkpointPolicy'='v2', 'delta.checkpointInterval'='2', "
        "'delta.enableDeletionVectors'='true')"
    )
    for start in range(0, 40, 10):
        table.append(start, start + 10, 1)
    written = table.sql("DELETE FROM {t} WHERE id = 15").keep().done()
    assert read(written.path) == written.rows


def test_purged_deletion_vectors_leave_the_same_rows(writer: Any) -> None:
    table = (
        writer("purged")
        .sql(
            "CREATE TABLE {t} (id BIGINT) USING delta "
            "TBLPROPERTIES ('delta.enableDeletionVectors'='true')"
        )
        .append(0, 100, 2)
        .sql("DELETE FROM {t} WHERE id % 2 = 0")
        .keep()
        .sql("REORG TABLE {t} APPLY (PURGE)")
        .keep()
        .done()
    )
    for version, rows in table.versions.items():
        assert read(table.path, version=version) == rows


def test_shallow_clones_find_the_files_of_their_source(writer: Any) -> None:
    source = (
        writer("source")
        .sql(
            "CREATE TABLE {t} (id BIGINT) USING delta "
            "TBLPROPERTIES ('delta.enableDeletionVectors'='true')"
        )
        .append(0, 50, 1)
        .sql("DELETE FROM {t} WHERE id < 5")
        .keep()
        .done()
    )
    clone = writer("clone").sql(f"CREATE TABLE {{t}} SHALLOW CLONE delta.`{source.path}`")
    written = clone.append(50, 60, 1).sql("DELETE FROM {t} WHERE id BETWEEN 5 AND 7").keep().done()
    assert set(written.rows) == set(range(8, 60))
    assert read(written.path) == written.rows


@pytest.mark.parametrize(
    ("definition", "feature"),
    [
        ("(id INT) USING delta TBLPROPERTIES ('delta.enableTypeWidening'='true')", "typeWidening"),
        ("(id BIGINT, v VARIANT) USING delta", "variantType"),
        ("(id BIGINT) USING delta TBLPROPERTIES ('delta.columnMapping.mode'='id')", "by id"),
    ],
)
def test_what_cannot_be_read_right_is_refused(writer: Any, definition: str, feature: str) -> None:
    table = writer(f"refused {feature}").sql(f"CREATE TABLE {{t}} {definition}").done()
    with pytest.raises(InputError, match=feature):
        open_table(str(table.path), None)


def test_catalog_names_are_looked_up_in_the_session(spark: Any, living: Any) -> None:
    spark.sql(f"CREATE TABLE default.mella_loader USING delta LOCATION '{living.path}'")
    try:
        assert read("default.mella_loader", schema_fields=["id"]).keys() == living.rows.keys()
    finally:
        spark.sql("DROP TABLE default.mella_loader")
