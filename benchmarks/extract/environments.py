"""Environments of the peers, each of its own, with pinned versions: ``.bench/environments``."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
HOME = CHECKOUT / ".bench"
NAMES = ("fastwarc", "soup", "cc2dataset")


def python_of(name: str) -> Path:
    """The interpreter of an environment; ``ours`` is the one that runs this."""
    if name == "ours":
        return Path(sys.executable)
    return HOME / "environments" / name / "bin" / "python"


def prepare(name: str) -> None:
    """Makes the environment, unless it is there and its pins have not changed."""
    pins = HERE / "requirements" / f"{name}.txt"
    folder = HOME / "environments" / name
    stamp = folder / "pins"
    wanted = hashlib.sha256(pins.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text("utf-8") == wanted:
        return
    print(f"installing the peers' environment {name}", file=sys.stderr)
    folder.parent.mkdir(parents=True, exist_ok=True)
    uv = _uv()
    make = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)]
    subprocess.run(make, check=True)
    install = [uv, "pip", "install", "--quiet", "--python", str(python_of(name))]
    subprocess.run([*install, "--requirement", str(pins)], check=True)
    stamp.write_text(wanted, "utf-8")


def versions(name: str, packages: tuple[str, ...]) -> dict[str, str]:
    """The pinned versions of ``packages``."""
    text = (HERE / "requirements" / f"{name}.txt").read_text("utf-8")
    pinned = dict(re.findall(r"(?m)^([\w.-]+)==([\w.]+)", text))
    return {package: pinned[package] for package in packages}


def _uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if not found:
        raise SystemExit("uv is missing; make setup installs it.")
    return found
