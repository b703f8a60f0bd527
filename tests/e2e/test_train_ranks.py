"""Two ranks make the same steps as one process with batches twice as large."""

import multiprocessing
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit"))
from tiny_vlm import make_vlm, rows, write_table

from mella_spark.settings import load_settings
from mella_spark.training.sft import train


def train_rank(rank, meeting, table, out, settings):
    torch.distributed.init_process_group(
        "gloo",
        init_method=f"file://{meeting}",
        rank=rank,
        world_size=2,
        timeout=timedelta(minutes=5),
    )
    train(table, out, settings, version=0, rank=rank, world_size=2)
    torch.distributed.destroy_process_group()


@pytest.mark.timeout(600)
def test_two_ranks_equal_one(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    settings = load_settings(environment={}).train.model_copy(
        update={
            "model": str(make_vlm(tmp_path / "vlm")),
            "max_steps": 6,
            "batch_size": 8,
            "lora_rank": 4,
            "learning_rate": 0.01,
            "log_steps": 2,
            "validation_samples": 8,
            "validation_steps": 3,
            "checkpoint_steps": 3,
            "source_weights": {"know": 2.0, "ling": 1.0},
            "tensorboard": False,
        }
    )
    table = write_table(tmp_path / "mella", rows(100))
    one = train(table, tmp_path / "one", settings, version=0)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mella_spark.training.sft"])
    half = settings.model_copy(update={"batch_size": 4})
    ranks = [
        context.Process(
            target=train_rank, args=(rank, tmp_path / "meeting", table, tmp_path / "two", half)
        )
        for rank in range(2)
    ]
    for process in ranks:
        process.start()
    for process in ranks:
        process.join(300)
    assert [process.exitcode for process in ranks] == [0, 0]
    weights = [
        load_file(tmp_path / n / "adapter/adapter_model.safetensors") for n in ("one", "two")
    ]
    for name, tensor in weights[0].items():
        assert torch.allclose(tensor, weights[1][name], atol=1e-3), name
    again = train(table, tmp_path / "two", half, version=0)
    assert again.tokens == one.tokens
    for name, loss in one.losses.items():
        assert again.losses[name] == pytest.approx(loss, abs=1e-3)
