"""The environment without Spark: what a bare GPU machine would have."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from benchmarks.environments import CHECKOUT, HOME, prepare

__all__ = ["CHECKOUT", "HERE", "HOME", "run_in"]

HERE = Path(__file__).resolve().parent


def run_in(name: str, arguments: list[str]) -> int:
    """This benchmark again, by the interpreter of another environment; its exit status."""
    python = prepare(f"caption-{name}", HERE / "requirements" / f"{name}.txt")
    command = [str(python), "-m", "benchmarks.caption", *arguments]
    environment = {**os.environ, "PYTHONPATH": "", "PYTHONNOUSERSITE": "1"}
    return subprocess.run(command, cwd=CHECKOUT, env=environment, check=False).returncode
