"""The loader in other processes: torch's workers, killed ranks, a process without Spark."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pyarrow as pa
import pytest
import torch
from deltalake import write_deltalake

from mella_spark.loader import DataLoader, make_delta_reader

ROWS = 600


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("delta") / "table"
    for start in range(0, ROWS, 150):
        ids = range(start, start + 150)
        block = pa.table({"id": ids, "image": [bytes([i % 251]) * 2000 for i in ids]})
        write_deltalake(path, block, mode="append")
    return path


def loader_of(table: Path) -> DataLoader:
    return DataLoader(make_delta_reader(table, workers_count=1, seed=4), 25)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_torch_workers_make_the_same_batches(table: Path, method: str) -> None:
    reference = [batch["id"].tolist() for batch in loader_of(table)]
    loader = loader_of(table)
    outer = torch.utils.data.DataLoader(
        loader, batch_size=None, num_workers=2, multiprocessing_context=method
    )
    assert [batch["id"].tolist() for batch in outer] == reference
    resumed = loader_of(table)
    resumed.load_state_dict(loader.state_dict(batches=5))
    assert [batch["id"].tolist() for batch in resumed] == reference[5:]


RANK = textwrap.dedent(
    """
    import json, sys
    from mella_spark.loader import DataLoader, make_delta_reader
    table, rank, ranks, state = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    assert not [name for name in sys.modules if name.startswith("pyspark")]
    reader = make_delta_reader(table, cur_shard=rank, shard_count=ranks, seed=4)
    loader = DataLoader(reader, batch_size=10)
    if state:
        loader.load_state_dict(json.loads(state))
    for batch in loader:
        print(json.dumps({"ids": batch["id"].tolist(), "state": loader.state_dict()}), flush=True)
        sys.stdin.readline()  # the next step
    """
)


def start(table: Path, rank: int, ranks: int, state: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RANK, str(table), str(rank), str(ranks), state],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def test_ranks_killed_mid_epoch_go_on_with_another_count(table: Path) -> None:
    """Two ranks, killed after four steps; one rank finishes without a row lost or doubled."""
    seen: list[int] = []
    ranks = [start(table, rank, 2, "") for rank in range(2)]
    for _ in range(4):
        steps = [json.loads(rank.stdout.readline()) for rank in ranks]  # type: ignore[union-attr]
        seen += steps[0]["ids"] + steps[1]["ids"]
        assert steps[0]["state"] == steps[1]["state"]
        state = json.dumps(steps[0]["state"])
        for rank in ranks:
            rank.stdin.write("\n")  # type: ignore[union-attr]
            rank.stdin.flush()  # type: ignore[union-attr]
    for rank in ranks:
        rank.send_signal(signal.SIGKILL)
        rank.communicate()
    assert len(seen) == 80
    last = start(table, 0, 1, state)
    output, _ = last.communicate("\n" * 100, timeout=300)
    assert last.returncode == 0
    rest = [i for line in output.splitlines() for i in json.loads(line)["ids"]]
    assert sorted(seen + rest) == list(range(ROWS))
