"""Where tasks that hold a model run: one of them a GPU, and all cores for everything else.

On a cluster Spark hands out GPUs. It could be told so for all tasks (``spark.task.resource.gpu
.amount``), but then a node of 32 cores and one GPU would also parse its crawl files one by one. So
only the stages with models ask, by a resource profile of their tasks. On one machine Spark cannot
schedule GPUs (requests hang in local mode, and profiles raise), so there are as many tasks as GPUs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mella_spark.settings import AnswerSettings

if TYPE_CHECKING:
    from pyspark.resource import ResourceProfile
    from pyspark.sql import SparkSession

EXECUTOR_GPUS = "spark.executor.resource.gpu.amount"
TASK_GPUS = "spark.task.resource.gpu.amount"


@dataclass(frozen=True)
class Placement:
    """Tasks of a stage at most, and what each needs: ``profile`` of ``mapInArrow``, or None."""

    partitions: int
    profile: ResourceProfile | None = None


def place(session: SparkSession, settings: AnswerSettings, partitions: int) -> Placement:
    """How a stage that loads the model of ``settings`` is to be run; ``partitions`` without GPUs.

    On a cluster whose executors have GPUs each task gets one, unless the cluster gives every task
    its share already (as Databricks does). Models on a CPU or behind a server need none.
    """
    from mella_spark.session import on_databricks

    kind = settings.device.partition(":")[0]
    if settings.backend == "openai" or kind not in ("auto", "cuda"):
        return Placement(partitions)
    if is_local(_setting(session, "spark.master")):
        tasks = 1 if ":" in settings.device else local_gpus()
        return Placement(min(partitions, tasks) if tasks else partitions)
    given = on_databricks() or _positive(_setting(session, TASK_GPUS))
    if given or not _positive(_setting(session, EXECUTOR_GPUS)):
        return Placement(partitions)
    return Placement(partitions, one_gpu())


def one_gpu() -> ResourceProfile:
    """A task's needs: a core and a GPU, of executors as they are."""
    from pyspark.resource import ResourceProfileBuilder, TaskResourceRequests

    requests = TaskResourceRequests().cpus(1).resource("gpu", 1)
    return ResourceProfileBuilder().require(requests).build


def is_local(master: str) -> bool:
    """Whether driver and tasks are one process; ``local-cluster`` is a cluster on one machine."""
    return master == "local" or master.startswith("local[")


def local_gpus(devices: Callable[[str], object] = Path("/dev").glob) -> int:
    """GPUs of this machine, told from their device files: PyTorch takes seconds to be asked."""
    return len(list(devices("nvidia[0-9]*")))  # type: ignore[call-overload]


def _setting(session: SparkSession, name: str) -> str:
    return session.conf.get(name, "") or ""


def _positive(amount: str) -> bool:
    try:
        return float(amount) > 0
    except ValueError:
        return False
