"""What both training scripts share: optimiser, learning rate and a line of progress."""

import math
import time
from collections.abc import Iterable

import torch
from torch import Tensor, nn


def optimiser(groups: Iterable[tuple[nn.Module, float]], decay: float = 0.02) -> torch.optim.AdamW:
    """AdamW over (module, peak learning rate) groups."""
    return torch.optim.AdamW(
        [{"params": list(m.parameters()), "lr": lr, "peak": lr} for m, lr in groups],
        weight_decay=decay,
        betas=(0.9, 0.98),
    )


def learn(
    optimizer: torch.optim.AdamW, loss: Tensor, done: float, warm: float = 0.03, floor: float = 0.01
) -> None:
    """One step; the rate rises to its peak in the share ``warm`` and falls as a cosine after it.

    ``done`` is the share of the training that lies behind, 0 to 1.
    """
    if done < warm:
        share = (done + 1e-4) / warm
    else:
        share = floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * (done - warm) / (1 - warm)))
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * min(1.0, share)
    optimizer.zero_grad()
    loss.backward()
    for group in optimizer.param_groups:
        nn.utils.clip_grad_norm_(group["params"], 1.0)
    optimizer.step()


def low_precision() -> torch.autocast:
    """bfloat16 where it is safe: several times the speed on processors that know the format."""
    return torch.autocast("cpu", torch.bfloat16)


class Progress:
    """Prints running means every so many steps, with the rate and the time left."""

    def __init__(self, name: str, steps: int, every: int = 100) -> None:
        self.name, self.steps, self.every = name, steps, every
        self.start, self.mean = time.monotonic(), dict[str, float]()

    def show(self, number: int, **values: float) -> None:
        """Count step ``number`` (from 0)."""
        for key, value in values.items():
            self.mean[key] = 0.95 * self.mean.get(key, value) + 0.05 * value
        if (number + 1) % self.every == 0 or number + 1 == self.steps:
            rate = (number + 1) / (time.monotonic() - self.start)
            left = (self.steps - number - 1) / rate
            shown = " ".join(f"{key} {value:.4f}" for key, value in self.mean.items())
            print(
                f"{self.name} {number + 1}/{self.steps} {shown} {rate:.2f}/s, {left:.0f} s left",
                flush=True,
            )
