"""petastorm's own readers and adapters on current pyarrow and numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mella_spark.loader  # noqa: F401 - makes petastorm importable
from mella_spark.loader import compat


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """300 rows in three files of several row groups."""
    folder = tmp_path_factory.mktemp("parquet")
    for part in range(3):
        ids = np.arange(100 * part, 100 * part + 100)
        table = pa.table(
            {
                "id": ids,
                "ratio": (ids / 3).astype(np.float32),
                "text": [f"số {i}" for i in ids],
                "vector": [[float(i), 1.0] for i in ids],
            }
        )
        pq.write_table(table, folder / f"{part}.parquet", row_group_size=30)
    return folder.as_uri()


def ids(batches: Any) -> list[int]:
    return sorted(int(i) for batch in batches for i in batch["id"])


def test_make_batch_reader_reads_every_row_and_value(store: str) -> None:
    from petastorm import make_batch_reader

    with make_batch_reader(store, workers_count=2, num_epochs=2) as reader:
        rows = [
            row for group in reader for row in zip(group.id, group.text, group.ratio, strict=True)
        ]
    assert sorted(int(i) for i, _, _ in rows) == sorted([*range(300), *range(300)])
    assert all(text == f"số {i}" and ratio == np.float32(i / 3) for i, text, ratio in rows)


@pytest.mark.filterwarnings("ignore:The given NumPy array is not writable")
@pytest.mark.parametrize("name", ["DataLoader", "BatchedDataLoader"])
@pytest.mark.parametrize("shuffling", [0, 64])
def test_torch_adapters(store: str, name: str, shuffling: int) -> None:
    from petastorm import make_batch_reader, pytorch

    reader = make_batch_reader(store, schema_fields=["id", "ratio", "vector"], workers_count=2)
    with getattr(pytorch, name)(
        reader, batch_size=16, shuffling_queue_capacity=shuffling
    ) as loader:
        batches = list(loader)
    assert ids(batches) == list(range(300))
    assert all((batch["vector"][:, 0] == batch["id"]).all() for batch in batches)


def test_transform_predicate_and_shards(store: str) -> None:
    from petastorm import TransformSpec, make_batch_reader
    from petastorm.predicates import in_lambda

    def double(frame: Any) -> Any:
        frame["twice"] = frame["id"] * 2
        return frame

    spec = TransformSpec(
        double, edit_fields=[("twice", np.int64, (), False)], removed_fields=["vector", "text"]
    )
    seen = []
    for shard in range(2):
        with make_batch_reader(
            store, transform_spec=spec, cur_shard=shard, shard_count=2, workers_count=1
        ) as reader:
            for group in reader:
                assert (group.twice == group.id * 2).all()
                seen += group.id.tolist()
    assert sorted(seen) == list(range(300))
    predicate = in_lambda(["id"], lambda column: column % 10 == 0)
    with make_batch_reader(store, schema_fields=["id"], predicate=predicate) as reader:
        assert sorted(int(i) for group in reader for i in group.id) == list(range(0, 300, 10))


def test_folders_of_partitions(tmp_path: Path) -> None:
    from petastorm import make_batch_reader

    for year in (2023, 2024):
        for language in ("cs", "a b"):
            folder = tmp_path / f"year={year}" / f"language={language.replace(' ', '%20')}"
            folder.mkdir(parents=True)
            pq.write_table(pa.table({"id": [year]}), folder / "x.parquet")
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / "_delta_log").mkdir()
    (tmp_path / "_delta_log" / "0.checkpoint.parquet").write_bytes(b"not data")
    filters = [("language", "=", "a b"), ("year", ">", 2023)]
    with make_batch_reader(tmp_path.as_uri()) as reader:
        rows = sorted((int(g.id[0]), int(g.year[0]), str(g.language[0])) for g in reader)
    assert rows == [(year, year, language) for year in (2023, 2024) for language in ("a b", "cs")]
    with make_batch_reader(tmp_path.as_uri(), filters=filters) as reader:
        assert [int(group.id[0]) for group in reader] == [2024]


def test_pyarrow_itself_is_left_as_it_is() -> None:
    assert pq.ParquetDataset.__module__.startswith("pyarrow.")
    compat.install()
    assert pq.ParquetDataset.__module__.startswith("pyarrow.")
    assert np.bytes_ is np.string_  # type: ignore[attr-defined]
