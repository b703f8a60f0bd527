"""Environments of the peers, each of its own."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from benchmarks import environments
from benchmarks.environments import CHECKOUT, HOME

__all__ = ["CHECKOUT", "HERE", "HOME", "NAMES", "prepare", "python_of", "versions"]

HERE = Path(__file__).resolve().parent
NAMES = ("fastwarc", "soup", "cc2dataset")


def python_of(name: str) -> Path:
    """The interpreter of an environment; ``ours`` is the one that runs this."""
    return Path(sys.executable) if name == "ours" else environments.python_of(name)


def prepare(name: str) -> None:
    """Makes the environment, unless it is there and its pins have not changed."""
    environments.prepare(name, HERE / "requirements" / f"{name}.txt")


def versions(name: str, packages: tuple[str, ...]) -> dict[str, str]:
    """The pinned versions of ``packages``."""
    text = (HERE / "requirements" / f"{name}.txt").read_text("utf-8")
    pinned = dict(re.findall(r"(?m)^([\w.-]+)==([\w.]+)", text))
    return {package: pinned[package] for package in packages}
