"""Where tasks with a model run, and the profiles and properties that say so to Spark."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from models_tiny import caption_settings

from mella_spark import scheduling
from mella_spark.scheduling import Placement, is_local, local_gpus, place
from mella_spark.session import local_configuration
from mella_spark.settings import conf_dir, load_settings

GPUS = {"spark.executor.resource.gpu.amount": "2"}
CLUSTERS = ("kubernetes", "standalone", "yarn")


def session(master: str, **configuration: str):
    values = {"spark.master": master, **configuration}
    return SimpleNamespace(conf=SimpleNamespace(get=lambda key, default: values.get(key, default)))


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.delenv("DATABRICKS_RUNTIME_VERSION", raising=False)
    monkeypatch.setattr(scheduling, "one_gpu", lambda: "one gpu")


@pytest.mark.parametrize(
    ("gpus", "device", "partitions"),
    [(0, "auto", 8), (2, "auto", 2), (2, "cuda", 2), (2, "cuda:1", 1), (2, "cpu", 8),
     (16, "auto", 8)],
)  # fmt: skip
def test_one_machine_has_a_task_for_each_gpu(monkeypatch, gpus, device, partitions):
    monkeypatch.setattr(scheduling, "local_gpus", lambda: gpus)
    settings = caption_settings("x", device=device)
    assert place(session("local[*]", **GPUS), settings, 8) == Placement(partitions)


@pytest.mark.parametrize("master", ["yarn", "spark://h:7077", "k8s://h", "local-cluster[1,4,2048]"])
def test_a_cluster_gives_a_gpu_to_each_task_with_a_model(master):
    settings = caption_settings("x", device="auto")
    assert place(session(master, **GPUS), settings, 8) == Placement(8, "one gpu")
    vllm = caption_settings("x", device="auto", backend="vllm")
    assert place(session(master, **GPUS), vllm, 8) == Placement(8, "one gpu")


@pytest.mark.parametrize(
    ("configuration", "changes"),
    [
        ({}, {}),
        ({"spark.executor.resource.gpu.amount": "0"}, {}),
        ({**GPUS, "spark.task.resource.gpu.amount": "0.5"}, {}),
        (GPUS, {"device": "cpu"}),
        (GPUS, {"backend": "openai"}),
    ],
)
def test_where_no_gpu_is_asked_for(configuration, changes):
    settings = caption_settings("x", **{"device": "auto", **changes})
    assert place(session("yarn", **configuration), settings, 8) == Placement(8)


def test_databricks_hands_out_gpus_by_itself(monkeypatch):
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "19.0")
    settings = caption_settings("x", device="auto")
    assert place(session("spark://h", **GPUS), settings, 8) == Placement(8)


def test_gpus_of_this_machine(tmp_path):
    for name in ("nvidia0", "nvidia1", "nvidia10", "nvidiactl", "nvidia-uvm", "null"):
        (tmp_path / name).touch()
    assert local_gpus(tmp_path.glob) == 3


@pytest.mark.parametrize(
    ("master", "local"),
    [("local", True), ("local[*]", True), ("local[2,3]", True), ("local-cluster[1,2,3]", False),
     ("yarn", False), ("", False)],
)  # fmt: skip
def test_local_masters(master, local):
    assert is_local(master) == local


@pytest.mark.parametrize(("master", "kept"), [("local[2]", False), ("local-cluster[1,4,9]", True)])
def test_gpu_requests_are_dropped_where_they_would_hang(master, kept):
    settings = load_settings(environment={})
    settings = settings.model_copy(update={"spark": {"spark.master": master, **GPUS}})
    assert (set(GPUS) <= set(local_configuration(settings))) == kept


def properties(name: str) -> dict[str, str]:
    lines = (conf_dir() / f"{name}.conf").read_text(encoding="utf-8").splitlines()
    pairs = [line.split(None, 1) for line in lines if line and not line.startswith("#")]
    assert len({key for key, _ in pairs}) == len(pairs)
    return dict(pairs)


@pytest.mark.parametrize("name", CLUSTERS)
def test_profiles_and_properties_say_the_same(name):
    spark = load_settings(profile=name, environment={}).spark
    assert properties(f"spark-{name}") == {**properties("spark-defaults"), **spark}
    assert spark["spark.executor.resource.gpu.amount"] == "1"
    assert "spark.task.resource.gpu.amount" not in spark


def test_cluster_profiles_differ_in_nothing_but_spark():
    folder = conf_dir() / "profiles"
    read = {name: yaml.safe_load((folder / f"{name}.yaml").read_text()) for name in CLUSTERS}
    for content in read.values():
        content.pop("spark")
    assert len({json.dumps(content) for content in read.values()}) == 1


@pytest.mark.parametrize(
    ("said", "addresses"),
    [("0", ["0"]), ("0\\n1\\n", ["0", "1"]), (" 0 \\r\\n12\\r\\n", ["0", "12"])],
)
def test_the_script_that_finds_gpus(tmp_path, said, addresses):
    done = find_gpus(tmp_path, f"printf '{said}'")
    assert json.loads(done.stdout) == {"name": "gpu", "addresses": addresses}


@pytest.mark.parametrize("does", ["exit 9", "true"])
def test_a_machine_without_gpus_fails_early(tmp_path, does):
    done = find_gpus(tmp_path, does)
    assert done.returncode != 0
    assert done.stdout == ""


def find_gpus(folder: Path, does: str) -> subprocess.CompletedProcess:
    smi = folder / "nvidia-smi"
    smi.write_text(f"#!/bin/sh\n{does}\n")
    smi.chmod(0o755)
    script = conf_dir() / "gpus.sh"
    assert os.access(script, os.X_OK)
    environment = {"PATH": f"{folder}:{os.environ['PATH']}"}
    return subprocess.run(
        [script], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
