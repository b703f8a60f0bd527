"""Environments with pinned versions of their own, kept in ``.bench/environments``."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
HOME = CHECKOUT / ".bench"


def python_of(name: str) -> Path:
    """The interpreter of an environment."""
    return HOME / "environments" / name / "bin" / "python"


def prepare(name: str, pins: Path) -> Path:
    """The interpreter of an environment, made unless it is there and its pins have not changed."""
    python = python_of(name)
    folder = python.parents[1]
    stamp = folder / "pins"
    wanted = hashlib.sha256(pins.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text("utf-8") == wanted:
        return python
    print(f"installing the environment {name}", file=sys.stderr)
    folder.parent.mkdir(parents=True, exist_ok=True)
    uv = _uv()
    make = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)]
    subprocess.run(make, check=True)
    install = [uv, "pip", "install", "--quiet", "--python", str(python)]
    subprocess.run([*install, "--requirement", str(pins)], check=True)
    stamp.write_text(wanted, "utf-8")
    return python


def _uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if not found:
        raise SystemExit("uv is missing; make setup installs it.")
    return found
