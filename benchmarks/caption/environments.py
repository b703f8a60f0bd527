"""The environment without Spark, in ``.bench/environments``: what a bare GPU machine would have."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
HOME = CHECKOUT / ".bench"


def prepare(name: str) -> Path:
    """The interpreter of an environment, made unless it is there and its pins have not changed."""
    pins = HERE / "requirements" / f"{name}.txt"
    folder = HOME / "environments" / f"caption-{name}"
    python, stamp = folder / "bin" / "python", folder / "pins"
    wanted = hashlib.sha256(pins.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text("utf-8") == wanted:
        return python
    print(f"installing the environment caption-{name}", file=sys.stderr)
    folder.parent.mkdir(parents=True, exist_ok=True)
    uv = _uv()
    make = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)]
    subprocess.run(make, check=True)
    install = [uv, "pip", "install", "--quiet", "--python", str(python)]
    subprocess.run([*install, "--requirement", str(pins)], check=True)
    stamp.write_text(wanted, "utf-8")
    return python


def run_in(name: str, arguments: list[str]) -> int:
    """This benchmark again, by the interpreter of another environment; its exit status."""
    command = [str(prepare(name)), "-m", "benchmarks.caption", *arguments]
    environment = {**os.environ, "PYTHONPATH": "", "PYTHONNOUSERSITE": "1"}
    return subprocess.run(command, cwd=CHECKOUT, env=environment, check=False).returncode


def _uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if not found:
        raise SystemExit("uv is missing; make setup installs it.")
    return found
