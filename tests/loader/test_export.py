"""Exports, read back with nothing of ours."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake
from PIL import Image

from mella_spark.errors import InputError
from mella_spark.export import export_table
from mella_spark.lake.schemas import arrow_schema


def picture(shade: int, format_: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (20, 10), (shade, 0, 255 - shade)).save(out, format_)
    return out.getvalue()


@pytest.fixture
def rows() -> list[dict[str, object]]:
    made = []
    for i in range(10):
        row: dict[str, object] = dict.fromkeys(arrow_schema("mella").names)
        row |= {
            "sample_id": f"s{i}",
            "image_sha256": f"p{i // 2}",  # two samples a picture
            "image": picture(i // 2 * 20, "PNG" if i % 4 < 2 else "JPEG"),
            "width": 20,
            "height": 10,
            "language": "cs",
            "source": "know" if i % 2 else "ling",
            "prompt": "Co je na obrázku?",
            "response": f"Kraslice č. {i}",
            "keywords": ["kraslice"] if i % 2 else None,
            "culture_score": 0.5 if i % 2 else None,
            "split": "test" if i >= 8 else "train",
            "cluster_id": f"p{i // 2}",
            "warc_file": "f",
        }
        made.append(row)
    return made


@pytest.fixture
def table(tmp_path: Path, rows: list[dict[str, object]]) -> str:
    write_deltalake(tmp_path / "mella", pa.Table.from_pylist(rows, schema=arrow_schema("mella")))
    return str(tmp_path / "mella")


def test_webdataset(table: str, rows: list[dict[str, object]], tmp_path: Path) -> None:
    assert export_table(table, tmp_path / "out", "webdataset")["samples"] == 10
    with tarfile.open(tmp_path / "out" / "mella-000000.tar") as archive:
        files = {m.name: archive.extractfile(m).read() for m in archive.getmembers()}  # type: ignore[union-attr]
    for row in rows:
        rest = json.loads(files[f"{row['sample_id']}.json"])
        assert rest == {k: v for k, v in row.items() if k != "image"}
        found = [
            v
            for k, v in files.items()
            if k in (f"{row['sample_id']}.{e}" for e in ("png", "jpg", "jpeg"))
        ]
        assert found == [row["image"]]


def test_hugging_face(table: str, rows: list[dict[str, object]], tmp_path: Path) -> None:
    result = export_table(table, tmp_path / "out", "hf", split="train")
    assert result["samples"] == 8
    read = pq.read_table(tmp_path / "out" / "mella-00000.parquet")
    features = json.loads(read.schema.metadata[b"huggingface"])["info"]["features"]
    assert features["image"] == {"_type": "Image"}
    assert features["width"]["dtype"] == "int32"
    by_id = {row["sample_id"]: row for row in read.to_pylist()}
    for row in rows[:8]:
        found = by_id[row["sample_id"]]
        assert found.pop("image") == {"bytes": row["image"], "path": None}
        assert found == {k: v for k, v in row.items() if k != "image"}


def test_llava(table: str, rows: list[dict[str, object]], tmp_path: Path) -> None:
    result = export_table(table, tmp_path / "out", "llava")
    assert result == {
        "format": "llava",
        "out": str(tmp_path / "out"),
        "samples": 10,
        "files": 6,
    }
    records = json.loads((tmp_path / "out" / "llava.json").read_text(encoding="utf-8"))
    by_id = {record["id"]: record for record in records}
    for row in rows:
        human, model = by_id[row["sample_id"]]["conversations"]
        assert human == {"from": "human", "value": f"<image>\n{row['prompt']}"}
        assert model == {"from": "gpt", "value": row["response"]}
        with Image.open(tmp_path / "out" / by_id[row["sample_id"]]["image"]) as opened:
            assert opened.size == (20, 10)


def test_nothing_is_overwritten_and_emptiness_is_said(table: str, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    with pytest.raises(InputError, match="not empty"):
        export_table(table, tmp_path / "full", "hf")
    with pytest.raises(InputError, match="no rows"):
        export_table(table, tmp_path / "out", "hf", split="validation")
