"""How much is measured, with what, and in what order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

Name = TypeVar("Name")


@dataclass(frozen=True)
class Plan:
    """``side`` is the longer side of the median picture in pixels; ``slow_pictures`` are those of
    the programs that take one at a time; ``threads`` are PyTorch's, 0 for as many as it takes."""

    model: str
    device: str
    pictures: int
    slow_pictures: int
    side: int
    batch_size: int
    new_tokens: int
    threads: int
    rounds: int


CPU = Plan("embedded", "cpu", 512, 32, 256, 32, 48, 1, 3)
CUDA = Plan("qwen2-vl-2b", "cuda", 1024, 16, 640, 64, 64, 0, 2)


def plan(device: str, **given: Any) -> Plan:
    """The usual plan for a device, but for what is ``given`` and not None.

    Raises ValueError for a number that makes no sense.
    """
    usual = CUDA if device.startswith("cuda") else CPU
    known = {name: value for name, value in given.items() if value is not None}
    made = replace(usual, device=device, **known)
    made = replace(made, slow_pictures=min(made.slow_pictures, made.pictures))
    least = (made.pictures, made.slow_pictures, made.side, made.batch_size, made.new_tokens)
    if min(*least, made.rounds) < 1 or made.threads < 0:
        raise ValueError("counts must be positive")
    return made


def turns(names: Sequence[Name], number: int) -> list[Name]:
    """The order in round ``number``: another one begins each time, so that none is always first."""
    start = number * 2 % max(1, len(names))
    return [*names[start:], *names[:start]]
