"""Devices and number formats, decided without a GPU."""

from __future__ import annotations

import pytest
import torch

from mella_spark.errors import MissingDependencyError, SettingsError
from mella_spark.models import devices
from mella_spark.models.devices import choose_device, resolve_dtype, spark_gpu_address


@pytest.mark.parametrize(
    ("setting", "address", "gpus", "expected"),
    [
        ("auto", None, 0, "cpu"),
        ("auto", None, 2, "cuda"),
        ("auto", "1", 2, "cuda:1"),
        ("cpu", "1", 2, "cpu"),
        ("cuda", None, 1, "cuda"),
        ("cuda:0", "1", 2, "cuda:0"),
    ],
)
def test_choose(setting, address, gpus, expected):
    assert choose_device(setting, address, gpus) == expected


@pytest.mark.parametrize(
    ("partition", "gpus", "expected"),
    [(0, 2, "cuda:0"), (5, 2, "cuda:1"), (5, 1, "cuda"), (5, 0, "cpu"), (None, 4, "cuda")],
)
def test_tasks_take_turns_where_spark_hands_out_no_gpus(partition, gpus, expected):
    assert choose_device("auto", None, gpus, partition) == expected


@pytest.mark.parametrize(
    ("address", "visible", "expected"),
    [
        ("1", None, "cuda:1"),
        ("1", "", "cuda:1"),
        ("1", "0,1", "cuda:1"),
        ("5", "4,5", "cuda:1"),
        ("GPU-5a", "GPU-5a", "cuda:0"),
        ("0", "4,5", "cuda:0"),
    ],
)
def test_a_manager_that_hides_gpus(address, visible, expected):
    assert choose_device("auto", address, 2, 7, visible) == expected


@pytest.mark.parametrize(
    ("setting", "address", "gpus"),
    [("auto", "0", 0), ("auto", "3", 2), ("cuda", None, 0), ("cuda:2", None, 2)],
)
def test_a_gpu_that_is_not_there(setting, address, gpus):
    with pytest.raises(MissingDependencyError, match=r"PyTorch sees \d GPU"):
        choose_device(setting, address, gpus)


@pytest.mark.parametrize(
    ("setting", "address", "partition", "gpus", "place"),
    [
        ("auto", "1", 5, 4, "1"),
        ("auto", None, 5, 4, "turn 1"),
        ("auto", None, 5, 1, None),
        ("auto", None, 5, 0, None),
        ("auto", None, None, 4, None),
        ("cuda:0", "1", 5, 4, None),
        ("cpu", "1", 5, 4, None),
    ],
)
def test_tasks_of_one_process_that_need_a_model_each(
    setting, address, partition, gpus, place, monkeypatch
):
    monkeypatch.setattr(devices, "spark_gpu_address", lambda: address)
    monkeypatch.setattr(devices, "spark_partition", lambda: partition)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    assert devices.task_place(setting) == place


@pytest.mark.parametrize("setting", ["gpu", "cuda:x", ""])
def test_no_device(setting):
    with pytest.raises(SettingsError, match="is no device"):
        choose_device(setting, None, 1)


def test_no_address_outside_of_spark():
    assert spark_gpu_address() is None


def test_dtype():
    assert resolve_dtype("auto", "cpu") is torch.float32
    assert resolve_dtype("auto", "cuda:0") == "auto"
    assert resolve_dtype("bfloat16", "cpu") is torch.bfloat16
