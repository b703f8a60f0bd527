"""What a benchmark ran on: the machine and the commit, in words."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

from benchmarks.environments import CHECKOUT


def machine(cores: int) -> str:
    """Processor, the ``cores`` of it that are used, and memory."""
    model = platform.processor() or platform.machine()
    virtual = False
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        model = next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), model)
        virtual = any(" hypervisor" in line for line in lines if line.startswith("flags"))
    size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    kind = " (virtual machine)" if virtual else ""
    return f"{cores} cores of {model}{kind}, {size:.0f} GiB of memory"


def commit() -> str:
    """The commit that is checked out, and whether it was changed."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()
