"""GPUs handed out by a real cluster manager, on one machine and with GPUs that do not exist."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pyspark
import pytest

SCRIPT = """
import json, sys
from functools import partial
from mella_spark.scheduling import place
from mella_spark.session import get_session
from mella_spark.settings import load_settings

SCHEMA = ("address string, device string, visible string, begin double, end double, "
          "held string, process int")


def held(settings):
    # The device of the captioner that this process has for this task; loading takes no time.
    from types import SimpleNamespace
    import udfs.caption as captions
    from mella_spark.models.devices import choose_device, spark_gpu_address
    from mella_spark.models.work import Work
    captions.load_captioner = lambda settings: SimpleNamespace(
        device=choose_device(settings.device, spark_gpu_address(), 2))
    with captions._captioner(settings, Work()) as captioner:
        return captioner.device


def task(batches, seconds, settings):
    import os, time
    import pyarrow as pa
    from mella_spark.models.devices import choose_device, spark_gpu_address, spark_partition
    list(batches)
    begin, address = time.time(), spark_gpu_address()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    device = choose_device("auto", address, 2, spark_partition(), visible) if address else None
    time.sleep(seconds)
    row = {"address": address, "device": device, "visible": visible, "begin": begin,
           "end": time.time(), "held": held(settings) if address else None,
           "process": os.getpid()}
    yield pa.RecordBatch.from_pylist([row], pa.schema(
        [("address", pa.string()), ("device", pa.string()), ("visible", pa.string()),
         ("begin", pa.float64()), ("end", pa.float64()), ("held", pa.string()),
         ("process", pa.int32())]))


if __name__ == "__main__":
    finder = sys.argv[1]
    settings = load_settings(environment={}, overrides=["caption.device=auto"])
    settings = settings.model_copy(update={"spark": {
        "spark.master": "local-cluster[1,4,2048]",
        "spark.driver.memory": "1g",
        "spark.executor.memory": "1g",
        "spark.executor.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
        "spark.worker.resource.gpu.amount": "2",
        "spark.worker.resource.gpu.discoveryScript": finder,
        "spark.executor.resource.gpu.amount": "2",
        "spark.executor.resource.gpu.discoveryScript": finder}})
    spark = get_session(settings, "gpus")
    placement = place(spark, settings.caption, 12)
    rows = spark.range(0, 60, 1, placement.partitions)
    made = {}
    for name, options in (("plain", {}), ("model", {"profile": placement.profile})):
        ask = partial(task, seconds=0.4, settings=settings.caption)
        made[name] = [row.asDict() for row in rows.mapInArrow(ask, SCHEMA, **options).collect()]
    print(json.dumps(made))
    spark.stop()
"""


def spark_home(folder: Path) -> Path:
    """Spark as installed, in a folder of its own: workers leave their files below it."""
    folder.mkdir()
    for entry in Path(pyspark.__file__).parent.iterdir():
        (folder / entry.name).symlink_to(entry)
    return folder


@pytest.fixture(scope="module")
def tasks(tmp_path_factory) -> dict[str, list[dict]]:
    folder = tmp_path_factory.mktemp("gpus")
    finder = folder / "gpus.sh"
    finder.write_text('#!/bin/sh\necho \'{"name": "gpu", "addresses": ["0", "1"]}\'\n')
    finder.chmod(0o755)
    script = folder / "gpus.py"
    script.write_text(SCRIPT)
    environment = {
        **{name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"},
        "SPARK_HOME": str(spark_home(folder / "spark")),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, str(script), str(finder)],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=540,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.timeout(600)
def test_each_task_with_a_model_has_a_gpu_to_itself(tasks):
    model = tasks["model"]
    assert len(model) == 12
    assert {row["address"] for row in model} == {"0", "1"}
    for one, other in combinations(model, 2):
        apart = one["end"] <= other["begin"] or other["end"] <= one["begin"]
        assert apart or one["address"] != other["address"]


@pytest.mark.timeout(600)
def test_the_device_is_the_address_and_the_environment_is_left_alone(tasks):
    for row in tasks["model"]:
        assert row["device"] == f"cuda:{row['address']}"
        assert row["visible"] is None


@pytest.mark.timeout(600)
def test_other_tasks_wait_for_no_gpu(tasks):
    assert [row["address"] for row in tasks["plain"]] == [None] * 12


@pytest.mark.timeout(600)
def test_a_process_that_served_another_gpu_does_not_stay_there(tasks):
    """Spark's Python processes outlive their tasks, and what they hold is of one device."""
    model = tasks["model"]
    assert len({row["process"] for row in model}) < len(model)
    assert [row["held"] for row in model] == [f"cuda:{row['address']}" for row in model]
