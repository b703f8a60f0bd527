"""Which device and number format a model gets.

``CUDA_VISIBLE_DEVICES`` stays as it is: Spark hands a task the address of its GPU, and the address
is the device's index among those that are visible.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from mella_spark.errors import MissingDependencyError, SettingsError

if TYPE_CHECKING:
    import torch


def spark_gpu_address() -> str | None:
    """Address of the GPU that Spark gave the running task; None outside Spark or without one."""
    try:
        from pyspark import TaskContext
    except ImportError:
        return None
    context = TaskContext.get()
    gpu = context.resources().get("gpu") if context is not None else None
    return gpu.addresses[0] if gpu is not None and gpu.addresses else None


def spark_partition() -> int | None:
    """Number of the running task's partition; None outside Spark."""
    try:
        from pyspark import TaskContext
    except ImportError:
        return None
    context = TaskContext.get()
    return None if context is None else context.partitionId()


def task_place(setting: str) -> str | None:
    """What the running task's device goes by: tasks whose places differ need a model each.

    Spark keeps its Python processes from task to task, and the next task of one may be on another
    GPU: the address that Spark gave it or, without one, its turn (:func:`choose_device`). None
    where ``setting`` names the device, or where there is no choice.
    """
    if setting != "auto":
        return None
    address = spark_gpu_address()
    if address is not None:
        return address
    partition = spark_partition()
    if partition is None:
        return None
    import torch

    gpus = torch.cuda.device_count()
    return f"turn {partition % gpus}" if gpus > 1 else None


def choose_device(
    setting: str,
    gpu_address: str | None,
    gpus: int,
    partition: int | None = None,
    visible: str | None = None,
) -> str:
    """Device name for ``setting``: ``auto`` or a PyTorch device such as ``cpu`` or ``cuda:1``.

    ``gpus`` is the number of GPUs PyTorch sees, ``visible`` the value of ``CUDA_VISIBLE_DEVICES``.
    Without an address from Spark, tasks take turns by their ``partition``. Raises
    ``MissingDependencyError`` if a GPU is asked for, by the setting or by Spark's address, that
    PyTorch does not see.
    """
    if setting == "auto":
        if gpu_address is not None:
            setting = f"cuda:{_index(gpu_address, visible)}"
        elif gpus < 2 or partition is None:
            return "cuda" if gpus else "cpu"
        else:
            setting = f"cuda:{partition % gpus}"
    kind, _, index = setting.partition(":")
    if kind not in ("cpu", "cuda", "mps", "xpu") or (index and not index.isdigit()):
        raise SettingsError(
            f"Setting device: {setting!r} is no device.", "Use auto, cpu, cuda or cuda:N."
        )
    if kind == "cuda" and int(index or 0) >= gpus:
        raise MissingDependencyError(
            f"The model is to run on {setting}, but PyTorch sees {gpus} GPU(s) here.",
            "Install a CUDA build of PyTorch, or set device to cpu.",
        )
    return setting


def _index(address: str, visible: str | None) -> str:
    """Where PyTorch counts the GPU that Spark calls ``address``: a manager may hide the others."""
    shown = [name.strip() for name in (visible or "").split(",")]
    return str(shown.index(address)) if address in shown else address


def resolve_device(setting: str) -> str:
    """:func:`choose_device` for this process."""
    import torch

    return choose_device(
        setting,
        spark_gpu_address(),
        torch.cuda.device_count(),
        spark_partition(),
        os.environ.get("CUDA_VISIBLE_DEVICES"),
    )


def resolve_dtype(setting: str, device: str) -> torch.dtype | str:
    """Number format of the weights: ``auto`` is float32 on a CPU, else that of the checkpoint."""
    import torch

    if setting == "auto":
        return torch.float32 if device == "cpu" else "auto"
    named: Any = getattr(torch, setting)
    return named
