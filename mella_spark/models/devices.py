"""Which device and number format a model gets.

``CUDA_VISIBLE_DEVICES`` stays as it is: Spark hands a task the address of its GPU, and the address
is the device's index.
"""

from __future__ import annotations

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


def choose_device(setting: str, gpu_address: str | None, gpus: int) -> str:
    """Device name for ``setting``: ``auto`` or a PyTorch device such as ``cpu`` or ``cuda:1``.

    ``gpus`` is the number of GPUs PyTorch sees. Raises ``MissingDependencyError`` if a GPU is asked
    for, by the setting or by Spark's address, that PyTorch does not see.
    """
    if setting == "auto":
        if gpu_address is None:
            return "cuda" if gpus else "cpu"
        setting = f"cuda:{gpu_address}"
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


def resolve_device(setting: str) -> str:
    """:func:`choose_device` for this process."""
    import torch

    return choose_device(setting, spark_gpu_address(), torch.cuda.device_count())


def resolve_dtype(setting: str, device: str) -> torch.dtype | str:
    """Number format of the weights: ``auto`` is float32 on a CPU, else that of the checkpoint."""
    import torch

    if setting == "auto":
        return torch.float32 if device == "cpu" else "auto"
    named: Any = getattr(torch, setting)
    return named
