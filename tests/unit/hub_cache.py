"""A hub that cannot be reached, and what was downloaded from it before: for tests only."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


class HubCache:
    """A cache as ``huggingface_hub`` lays it out; no request leaves this machine."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder))
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)

    def add(self, name: str, files: Path, commit: str = "0" * 40) -> str:
        """The model in ``files`` as if downloaded under ``name`` at its newest ``commit``."""
        place = self.folder / f"models--{name.replace('/', '--')}"
        shutil.copytree(files, place / "snapshots" / commit)
        (place / "refs").mkdir(exist_ok=True)
        (place / "refs" / "main").write_text(commit)
        return name
