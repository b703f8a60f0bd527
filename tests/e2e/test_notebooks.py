"""The notebooks run, cell by cell, on the sample web's lake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_runs(notebook: Path, root: Path, monkeypatch, capsys) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("MELLA_ROOT", str(root))
    content = json.loads(notebook.read_text(encoding="utf-8"))
    cells = ["".join(c["source"]) for c in content["cells"] if c["cell_type"] == "code"]
    assert not any(cell.get("outputs") for cell in content["cells"])
    names: dict[str, object] = {"__name__": "__main__"}
    for number, cell in enumerate(cells):
        exec(compile(cell, f"{notebook.name}[{number}]", "exec"), names)
    shown = capsys.readouterr().out
    assert "assemble" in shown
    assert "know" in shown
