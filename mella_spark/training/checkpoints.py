"""Checkpoints: everything the next step depends on, whole or not there.

A checkpoint is a folder ``step-00000200`` with the trained weights, the optimiser and, as JSON, the
loader's state and the counters of the training loop. Learning rate and randomness are functions of
(seed, step), so they have no state.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from mella_spark.training.files import remove_folder, write_folder_atomically

Loop = dict[str, Any]
"""JSON-serialisable state of the training loop: ``step``, ``loader``, counters."""


def save(
    folder: Path,
    loop: Loop,
    model: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
    keep: int,
) -> Path:
    """Writes ``folder/step-…`` for ``loop["step"]`` and removes all but the ``keep`` newest."""

    def fill(path: Path) -> None:
        save_file(trained_weights(model), path / "weights.safetensors")
        state = {"optimiser": optimiser.state_dict(), "scaler": scaler.state_dict()}
        torch.save(state, path / "state.pt")
        (path / "loop.json").write_text(json.dumps(loop), encoding="utf-8")

    path = folder / f"step-{loop['step']:08d}"
    write_folder_atomically(path, fill)
    for old in _all(folder)[:-keep]:
        remove_folder(old)
    return path


def newest(folder: Path) -> Path | None:
    """The newest checkpoint in ``folder``, None where there is none."""
    return next(reversed(_all(folder)), None)


def load(
    path: Path,
    model: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
) -> Loop:
    """Puts model and optimiser back as they were; the loop's state."""
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, weight in load_file(path / "weights.safetensors").items():
            parameters[name].copy_(weight)
    state = torch.load(path / "state.pt", map_location="cpu", weights_only=True)
    optimiser.load_state_dict(state["optimiser"])
    scaler.load_state_dict(state["scaler"])
    return json.loads((path / "loop.json").read_text(encoding="utf-8"))


def trained_weights(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The weights that training changes, by name; shared ones once."""
    return {
        name: parameter.detach().contiguous().cpu()
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }


def _all(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*"))
