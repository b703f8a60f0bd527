"""The loader over small Delta tables (written without Spark), against plain reads of them."""

from __future__ import annotations

import json
import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import torch
from deltalake import DeltaTable, WriterProperties, write_deltalake
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mella_spark.errors import InputError, UsageError
from mella_spark.loader import DataLoader, TransformSpec, make_delta_reader, snapshot
from mella_spark.loader.storage import Storage

LANGUAGES = ["cs", "vi", None, "ko"]


def rows(start: int, stop: int) -> pa.Table:
    ids = range(start, stop)
    return pa.table(
        {
            "id": pa.array(ids, pa.int64()),
            "text": [f"ảnh số {i}" for i in ids],
            "image": [bytes([i % 251]) * (i % 90) for i in ids],
            "score": pa.array([None if i % 11 == 0 else i / 7 for i in ids], pa.float32()),
            "width": pa.array([i % 640 for i in ids], pa.int32()),
            "language": [LANGUAGES[i * 7 % 4] for i in ids],
        }
    )


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """700 rows in 4 appends, row groups of 60; the last append is version 3."""
    path = tmp_path_factory.mktemp("delta") / "table"
    properties = WriterProperties(max_row_group_size=60)
    for start, stop in ((0, 250), (250, 300), (300, 301), (301, 700)):
        write_deltalake(path, rows(start, stop), mode="append", writer_properties=properties)
    return path


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several slices in a row group of these small tables."""
    monkeypatch.setattr(snapshot, "SLICE_BYTES", 2000)


@pytest.fixture(autouse=True)
def _no_threads_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def ids(batches: Any) -> list[int]:
    return [i for batch in batches for i in batch["id"].tolist()]


def load(table: Path, batch_size: int = 32, last: str = "uneven", **options: Any) -> DataLoader:
    options.setdefault("schema_fields", ["id"])
    return DataLoader(make_delta_reader(table, **options), batch_size, last=last)  # type: ignore[arg-type]


def test_every_row_comes_once_with_its_own_values(table: Path) -> None:
    expected = {row["id"]: row for row in rows(0, 700).to_pylist()}
    with load(table, schema_fields=None) as loader:
        seen = 0
        for batch in loader:
            assert isinstance(batch["id"], torch.Tensor)
            assert batch["score"].dtype == torch.float32
            for i, number in enumerate(batch["id"].tolist()):
                want = expected[number]
                assert batch["text"][i] == want["text"]
                assert batch["image"][i] == want["image"]
                assert batch["language"][i] == want["language"]
                assert batch["width"][i] == want["width"]
                score = batch["score"][i].item()
                assert (score != score) if want["score"] is None else score == want["score"]
                seen += 1
    assert seen == 700


def test_order_depends_on_version_seed_and_epoch_alone(table: Path) -> None:
    reference = ids(load(table, seed=5))
    assert sorted(reference) == list(range(700))
    for workers in (1, 2, 5):
        for batch_size in (1, 7, 64):
            assert ids(load(table, batch_size, seed=5, workers_count=workers)) == reference
    assert ids(load(table, seed=5, prefetch_bytes=1)) == reference
    assert ids(load(table, seed=6)) != reference
    both = ids(load(table, seed=5, num_epochs=2))
    assert both[:700] == reference
    assert sorted(both[700:]) == list(range(700))
    assert both[700:] != reference
    assert ids(load(table, shuffle=False)) == list(range(700))
    assert sorted(ids(load(table, version=1))) == list(range(300))


@given(
    st.integers(1, 8),
    st.integers(1, 40),
    st.integers(0, 12),
    st.integers(1, 8),
    st.integers(1, 40),
    st.integers(1, 3),
    st.sampled_from(["drop", "pad", "uneven"]),
)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_job_stopped_anywhere_goes_on_exactly_on_other_counts(
    table: Path,
    ranks: int,
    batch: int,
    stop: int,
    ranks2: int,
    batch2: int,
    workers: int,
    last: str,
) -> None:
    whole = ids(load(table, seed=2))
    before: list[list[int]] = []
    states = []
    for rank in range(ranks):
        loader = load(table, batch, "drop", seed=2, cur_shard=rank, shard_count=ranks)
        iterator = iter(loader)
        before.append(ids(next(iterator) for _ in range(min(stop, len(loader)))))
        states.append(loader.state_dict())
    assert all(state == states[0] for state in states)
    state = json.loads(json.dumps(states[0]))
    assert len({len(part) for part in before}) == 1
    done = sorted(i for part in before for i in part)
    assert done == sorted(whole[: len(done)])  # a prefix of the one order
    after, counts = [], set()
    for rank in range(ranks2):
        loader = load(
            table, batch2, last, cur_shard=rank, shard_count=ranks2, workers_count=workers
        )
        loader.load_state_dict(state)
        batches = [batch["id"].tolist() for batch in loader]
        counts.add(len(batches))
        after += [i for batch in batches for i in batch]
        if last != "uneven":
            assert all(len(numbers) == batch2 for numbers in batches)
    assert len(counts) == 1
    rest = whole[len(done) :]
    if last == "uneven":
        assert sorted(after) == sorted(rest)
    elif last == "pad":
        assert set(rest) <= set(after)
        assert len(after) - len(rest) < ranks2 * batch2
    else:
        assert len(after) == len(rest) // (ranks2 * batch2) * ranks2 * batch2
        assert sorted(after) == sorted(rest[: len(after)])


def test_passes_and_epochs(table: Path) -> None:
    loader = load(table, 100, seed=1)
    first, second = ids(loader), ids(loader)
    assert first != second
    assert sorted(first) == sorted(second) == list(range(700))
    assert loader.state_dict()["epoch"] == 1
    assert (first + second) == ids(load(table, seed=1, num_epochs=2))
    finished = load(table, seed=9)
    finished.load_state_dict(loader.state_dict())
    assert ids(finished) == []  # that pass was over
    assert ids(finished) == ids(load(table, seed=1, num_epochs=3))[1400:]
    assert len(loader) == 7
    assert len(load(table, 100, num_epochs=3)) == 21
    endless = iter(load(table, 100, num_epochs=None))
    assert len(ids(next(endless) for _ in range(15))) == 1500


def test_a_break_keeps_the_place(table: Path) -> None:
    loader = load(table, 50)
    reference = ids(load(table, 50))
    head = ids([next(iter(loader))])
    assert head + ids(loader) == reference


def test_resuming_stays_on_the_version_of_the_state(table: Path, tmp_path: Path) -> None:
    path = tmp_path / "growing"
    write_deltalake(path, rows(0, 100))
    loader = load(path, 10)
    head = ids(next(iter(loader)) for _ in range(4))
    state = loader.state_dict()
    write_deltalake(path, rows(100, 200), mode="append")
    resumed = load(path, 10)
    resumed.load_state_dict(state)
    assert sorted(head + ids(resumed)) == list(range(100))
    with pytest.raises(UsageError, match="pinned to 1"):
        load(path, version=1).load_state_dict(state)
    with pytest.raises(UsageError, match="other filters"):
        load(path, filters=[("id", "<", 50)]).load_state_dict(state)
    with pytest.raises(UsageError, match="id"):
        load(table).load_state_dict(state)
    with pytest.raises(UsageError, match="no state"):
        load(table).load_state_dict({"epoch": 0})


_VALUES = {
    "id": st.integers(-5, 720),
    "width": st.integers(0, 640),
    "language": st.sampled_from(["cs", "vi", "ko", "th"]),
    "text": st.integers(0, 700).map(lambda i: f"ảnh số {i}"),
    "score": st.floats(0, 100, width=32),
}


@st.composite
def terms(draw: st.DrawFn) -> tuple[str, str, Any]:
    column = draw(st.sampled_from(sorted(_VALUES)))
    op = draw(st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "in", "not in"]))
    values = _VALUES[column]
    return column, op, draw(st.lists(values, min_size=1, max_size=3) if "in" in op else values)


@given(st.lists(st.lists(terms(), min_size=1, max_size=3), min_size=1, max_size=3))
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_filters_keep_what_pyarrow_keeps(table: Path, filters: list[Any]) -> None:
    expected = rows(0, 700).filter(pq.filters_to_expression(filters))["id"].to_pylist()
    reader = make_delta_reader(table, filters=filters, schema_fields=["id"], shuffle=False)
    assert reader.rows == len(expected)
    if expected:
        assert ids(DataLoader(reader, last="uneven")) == expected
    else:
        with pytest.raises(InputError, match="no rows that pass the filters"):
            ids(DataLoader(reader))


def test_statistics_spare_the_files_that_cannot_match(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    real = Storage.open
    monkeypatch.setattr(Storage, "open", lambda s, key: opened.append(key) or real(s, key))
    assert make_delta_reader(table, filters=[("id", "=", 300)]).rows == 1
    assert len(opened) == 1
    make_delta_reader(table)
    assert len(opened) == 1 + 4


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ([("nothing", "=", 1)], "nothing"),
        ([("id", "~", 1)], "operator"),
        ([("id", "=")], "not understood"),
        ("id = 1", "not understood"),
        ([], "not understood"),
        ([("language", "in", "cs")], "needs a list"),
        ([("id", "=", "x")], "do not fit"),
    ],
)
def test_wrong_filters_are_refused(table: Path, filters: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_delta_reader(table, filters=filters)


def test_fields_by_name_and_pattern(table: Path) -> None:
    batch = next(iter(load(table, schema_fields=["width", "i.*"])))
    assert list(batch) == ["width", "id", "image"]
    with pytest.raises(UsageError, match="no column 'widths'"):
        load(table, schema_fields=["widths"])


def test_wrong_arguments_are_refused(table: Path) -> None:
    reader = make_delta_reader(table)
    for options in (
        {"cur_shard": 2, "shard_count": 2},
        {"num_epochs": 0},
        {"workers_count": 0},
        {"prefetch_bytes": 0},
    ):
        with pytest.raises(UsageError):
            make_delta_reader(table, **options)
    with pytest.raises(UsageError, match="batch_size"):
        DataLoader(reader, 0)
    with pytest.raises(UsageError, match="drop, pad, uneven"):
        DataLoader(reader, last="all")  # type: ignore[arg-type]


def test_a_transform_sees_rows_and_makes_tensors(table: Path) -> None:
    def pixels(frame: Any) -> Any:
        frame["pixels"] = [np.full((3, 4), i, np.float32) for i in frame["id"]]
        frame["length"] = [len(image) for image in frame["image"]]
        return frame

    spec = TransformSpec(
        pixels,
        edit_fields=[("pixels", np.float32, (3, 4), False), ("length", np.int64, (), False)],
        removed_fields=["image", "language"],
    )
    reader = make_delta_reader(table, transform_spec=spec, workers_count=3)
    assert set(reader.schema.fields) == {"id", "text", "score", "width", "pixels", "length"}
    batches = list(DataLoader(reader, 20, last="uneven"))
    assert sorted(ids(batches)) == list(range(700))
    for batch in batches:
        assert set(batch) == set(reader.schema.fields)
        assert batch["pixels"].shape == (20, 3, 4)
        assert batch["pixels"][:, 0, 0].tolist() == batch["id"].tolist()
        assert batch["length"].tolist() == [i % 90 for i in batch["id"].tolist()]


def test_a_failing_transform_is_told_in_one_sentence(table: Path) -> None:
    def broken(frame: Any) -> Any:
        if 650 in frame["id"].tolist():
            raise ValueError("not a picture")
        return frame

    with pytest.raises(InputError, match="TransformSpec failed: ValueError: not a picture"):
        ids(load(table, transform_spec=TransformSpec(broken)))
    with pytest.raises(InputError, match="made 1 rows of 32"):
        ids(load(table, transform_spec=TransformSpec(lambda frame: frame.head(1))))


def test_collate_gets_rows(table: Path) -> None:
    reader = make_delta_reader(table, schema_fields=["id", "text"])
    batches = list(DataLoader(reader, 32, collate_fn=lambda samples: samples))
    assert all(row["text"] == f"ảnh số {row['id']}" for rows in batches for row in rows)
    assert {len(rows) for rows in batches} == {32}


def test_integers_with_nulls_are_nan_or_refused(tmp_path: Path) -> None:
    data = {"id": [1, None, 3], "flag": [True, None, False], "big": [2**53 + 1, None, 0]}
    write_deltalake(tmp_path / "nulls", pa.table(data))
    batch = next(iter(load(tmp_path / "nulls", 3, schema_fields=["id", "flag"], shuffle=False)))
    assert batch["id"].nan_to_num(-1).tolist() == [1, -1, 3]
    assert batch["flag"].nan_to_num(-1).tolist() == [1, -1, 0]
    with pytest.raises(InputError, match="tensor cannot hold both"):
        list(load(tmp_path / "nulls", 3, schema_fields=["big"]))


def test_prefetch_stays_within_its_bytes(tmp_path: Path) -> None:
    """A consumer slower than the threads: what they hold stays below the budget."""
    path = tmp_path / "pictures"
    image = [bytes([i]) * 10_000 for i in range(250)]
    for start in range(0, 2000, 250):
        block = {"id": range(start, start + 250), "image": image}
        write_deltalake(path, pa.table(block), mode="append")
    budget = 4 << 20  # of 20 MB
    with load(path, 10, schema_fields=None, prefetch_bytes=budget, workers_count=4) as loader:
        taken = []
        for batch in loader:
            taken += batch["id"].tolist()
            threading.Event().wait(0.002)
    assert sorted(taken) == list(range(2000))
    assert 1 << 20 < loader.reader.peak_bytes <= budget * 1.05


def test_threads_end_when_the_iteration_is_dropped(table: Path) -> None:
    before = threading.active_count()
    iterator = iter(load(table, 8))
    next(iterator)
    assert threading.active_count() > before
    del iterator
    assert threading.active_count() == before
    with load(table, 8) as loader:
        iterator = iter(loader)
        next(iterator)
    assert threading.active_count() == before


def test_a_pickled_loader_goes_on_without_the_log(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader = load(table, 16)
    head = ids(next(iter(loader)) for _ in range(3))
    monkeypatch.setattr(snapshot, "open_table", None)
    copy = pickle.loads(pickle.dumps(loader))
    assert head + ids(copy) == ids(load_from(loader))


def load_from(loader: DataLoader) -> DataLoader:
    """The same loader from the beginning."""
    copy = pickle.loads(pickle.dumps(loader))
    copy.load_state_dict({**copy.state_dict(), "epoch": 0, "consumed": 0})
    return copy


@pytest.mark.parametrize("name", ["DataLoader", "BatchedDataLoader"])
def test_petastorm_adapters_take_the_reader(table: Path, name: str) -> None:
    from petastorm import pytorch

    adapter = getattr(pytorch, name)
    reader = make_delta_reader(table, schema_fields=["id", "width"])
    with adapter(reader, batch_size=25) as loader:
        batches = list(loader)
    assert sorted(ids(batches)) == list(range(700))
    assert all((b["width"] == b["id"] % 640).all() for b in batches)


def test_the_reader_alone_gives_namedtuples(table: Path) -> None:
    with make_delta_reader(table, schema_fields=["id", "text"]) as reader:
        got = {i: t for rows in reader for i, t in zip(rows.id, rows.text, strict=True)}
    assert got == {i: f"ảnh số {i}" for i in range(700)}


def test_object_stores_are_read_through_deltalake(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "resolve", lambda path: Path(path).absolute().as_uri())
    reader = make_delta_reader(table, schema_fields=["id"], seed=5)
    assert not reader.snapshot.storage.local
    assert ids(DataLoader(reader, last="uneven")) == ids(load(table, seed=5))


def test_partition_values_come_from_the_log(tmp_path: Path) -> None:
    path = tmp_path / "parts é x"
    data = rows(0, 60).set_column(5, "language", pa.array(["a b/c=d", None, "ž"] * 20))
    write_deltalake(path, data, partition_by=["language"])
    batch = next(iter(load(path, 60, schema_fields=None)))
    expected = dict(zip(data["id"].to_pylist(), data["language"].to_pylist(), strict=True))
    assert dict(zip(batch["id"].tolist(), batch["language"], strict=True)) == expected
    only = ids(load(path.as_uri(), filters=[("language", "=", "a b/c=d")]))
    assert sorted(only) == list(range(0, 60, 3))


def test_columns_added_later_are_null_in_older_files(tmp_path: Path) -> None:
    path = tmp_path / "evolved"
    write_deltalake(path, pa.table({"id": [0, 1]}))
    newer = pa.table({"id": [2], "caption": ["ž"], "n": pa.array([5], pa.int32())})
    write_deltalake(path, newer, mode="append", schema_mode="merge")
    batch = next(iter(load(path, 3, schema_fields=None, shuffle=False)))
    assert batch["caption"] == [None, None, "ž"]
    assert batch["n"].nan_to_num(-1).tolist() == [-1, -1, 5]
    assert ids(load(path, filters=[("caption", "=", "ž")])) == [2]


def test_deleted_and_rewritten_files_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "rewritten"
    write_deltalake(path, rows(0, 100))
    DeltaTable(path).delete("id % 2 = 0")
    assert sorted(ids(load(path))) == list(range(1, 100, 2))
    assert sorted(ids(load(path, version=0))) == list(range(100))
    DeltaTable(path).vacuum(0, dry_run=False, enforce_retention_duration=False)
    with pytest.raises(InputError, match="vacuumed"):
        load(path, version=0)


@pytest.mark.parametrize("damage", ["remove", "truncate", "overwrite"])
def test_a_file_lost_while_reading_is_told_in_one_sentence(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "damaged"
    write_deltalake(path, rows(0, 300))
    loader = load(path, schema_fields=None)
    (file,) = path.glob("*.parquet")
    if damage == "remove":
        file.unlink()
    elif damage == "truncate":
        file.write_bytes(file.read_bytes()[:-500])
    else:
        data = file.read_bytes()
        file.write_bytes(b"PAR1" + bytes(range(256)) * 4 + data[1028:])
    with pytest.raises(InputError, match=r"is gone|not readable as Parquet|is damaged"):
        list(loader)


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("/no/such/table", InputError, "no Delta table"),
        ("main.default.mella", UsageError, "no Spark session"),
    ],
)
def test_tables_that_cannot_be_found(
    name: str, error: type[Exception], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Tests that ran before may have left a session.
    monkeypatch.setattr("pyspark.sql.SparkSession.getActiveSession", lambda: None)
    with pytest.raises(error, match=message):
        make_delta_reader(name)


def test_a_version_that_does_not_exist(table: Path) -> None:
    with pytest.raises(InputError, match="at version 99"):
        make_delta_reader(table, version=99)


def test_unknown_reader_features_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "future"
    write_deltalake(path, rows(0, 3))
    log = path / "_delta_log" / f"{0:020}.json"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    for line in lines:
        if "protocol" in line:
            line["protocol"] = {
                "minReaderVersion": 3,
                "minWriterVersion": 7,
                "readerFeatures": ["typeWidening"],
                "writerFeatures": ["typeWidening"],
            }
    log.write_text("\n".join(map(json.dumps, lines)))
    with pytest.raises(InputError, match="cannot read: typeWidening"):
        make_delta_reader(path)


def test_nested_columns_arrive_as_python_objects(tmp_path: Path) -> None:
    kinds = pa.schema(
        [
            ("id", pa.int64()),
            ("evidence", pa.list_(pa.struct([("kind", pa.string()), ("weight", pa.float64())]))),
            ("when", pa.timestamp("us", "UTC")),
        ]
    )
    evidence = [[{"kind": "gazetteer", "weight": 0.5}], None, []]
    data = pa.table({"id": [0, 1, 2], "evidence": evidence, "when": [0, None, 1]}, schema=kinds)
    write_deltalake(tmp_path / "nested", data)
    batch = next(iter(load(tmp_path / "nested", 3, schema_fields=None, shuffle=False)))
    assert batch["evidence"] == evidence
    assert batch["when"] == pc.cast(data["when"], pa.timestamp("us", "UTC")).to_pylist()
