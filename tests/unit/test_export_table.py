"""What holds for every format: completeness, determinism, refusal, bounded memory."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake
from exported import delete_rows, make_rows, make_table

from mella_spark.cli import build_parser
from mella_spark.errors import InputError, StageError, UsageError
from mella_spark.export import FORMATS, export_table, huggingface
from mella_spark.export.conversations import LlavaWriter
from mella_spark.export.rows import exported_schema, read_samples, safe_name, to_json
from mella_spark.lake.schemas import arrow_schema
from mella_spark.loader.snapshot import open_snapshot
from mella_spark.progress import Progress

ALL = pytest.mark.parametrize("format_", FORMATS)


def ids(folder: Path, format_: str) -> list[str]:
    """Ids of all samples in an export, by plain readers."""
    if format_ == "webdataset":
        import tarfile

        found = []
        for shard in sorted(folder.glob("*.tar")):
            with tarfile.open(shard) as archive:
                found += [n.removesuffix(".json") for n in archive.getnames() if ".json" in n]
        return found
    if format_ == "hf":
        files = sorted((folder / "data").glob("*.parquet"))
        return [i for f in files for i in pq.read_table(f)["sample_id"].to_pylist()]
    if format_ == "llava":
        return [r["id"] for f in folder.glob("*.json") for r in json.loads(f.read_text())]
    return [json.loads(line)["id"] for f in folder.glob("*.jsonl") for line in f.open()]


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@ALL
def test_every_row_once_and_said(format_: str, tmp_path: Path) -> None:
    rows = make_rows()
    table = make_table(tmp_path / "mella", rows)
    result = export_table(table, tmp_path / "out", format_)
    assert sorted(ids(tmp_path / "out", format_)) == sorted(row["sample_id"] for row in rows)
    assert result["samples"] == result["rows"] == len(rows)
    assert result["splits"] == {"test": 2, "train": 12, "validation": 2}
    assert result["languages"] == {"ar": 5, "cs": 6, "th": 5}
    assert result["version"] == 0
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert result["files"] == len(files)
    assert result["bytes"] == sum(path.stat().st_size for path in files)
    assert not (tmp_path / "out" / ".partial").exists()


@ALL
def test_deleted_rows_are_left_out(format_: str, tmp_path: Path) -> None:
    rows = make_rows()
    table = make_table(tmp_path / "mella", rows)
    delete_rows(table, [0, 3, 15])
    kept = [row["sample_id"] for i, row in enumerate(rows) if i not in (0, 3, 15)]
    result = export_table(table, tmp_path / "out", format_)
    assert sorted(ids(tmp_path / "out", format_)) == sorted(kept)
    assert (result["rows"], result["version"]) == (13, 1)
    assert export_table(table, tmp_path / "before", format_, version=0)["rows"] == 16


@ALL
def test_same_version_same_bytes(format_: str, tmp_path: Path) -> None:
    table = make_table(tmp_path / "mella", make_rows())
    export_table(table, tmp_path / "one", format_)
    make_table(tmp_path / "mella", make_rows(2))
    export_table(table, tmp_path / "two", format_, version=0)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


@ALL
def test_one_split(format_: str, tmp_path: Path) -> None:
    rows = make_rows()
    table = make_table(tmp_path / "mella", rows)
    result = export_table(table, tmp_path / "out", format_, split="test")
    assert result["splits"] == {"test": 2}
    assert set(ids(tmp_path / "out", format_)) == {
        row["sample_id"] for row in rows if row["split"] == "test"
    }


@pytest.fixture
def table(tmp_path: Path) -> str:
    return make_table(tmp_path / "mella", make_rows(4))


def test_nothing_is_overwritten(table: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "x").write_text("mine")
    with pytest.raises(InputError, match="is not empty"):
        export_table(table, out, "hf")
    assert [path.name for path in out.iterdir()] == ["x"]
    with pytest.raises(InputError, match="is a file"):
        export_table(table, out / "x", "hf")
    with pytest.raises(InputError, match="Cannot write"):
        export_table(table, out / "x" / "y", "hf")


def test_what_cannot_be_exported_is_said_and_leaves_nothing(table: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(InputError, match="no rows in the split validation"):
        export_table(table, out, "hf", split="validation")
    with pytest.raises(UsageError, match="no format 'xml'"):
        export_table(table, out, "xml")
    write_deltalake(tmp_path / "other", pa.table({"image": [b"x"], "split": ["train"]}))
    with pytest.raises(InputError, match="no column sample_id, image_sha256, prompt, response"):
        export_table(str(tmp_path / "other"), out, "hf")
    blank = make_table(tmp_path / "blank", [*make_rows(2), {**make_rows(1)[0], "image": b""}])
    for format_ in FORMATS:
        with pytest.raises(InputError, match="has no picture"):
            export_table(blank, out, format_)
    assert not out.exists()


def test_a_failure_leaves_the_folder_as_it_was(
    table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(LlavaWriter, "_record", full)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(StageError, match="No space left on device"):
        export_table(table, out, "llava")
    assert list(out.iterdir()) == []


def test_what_a_kill_left_is_replaced(table: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / ".partial").mkdir(parents=True)
    (out / ".partial" / "train.json").write_text("[")
    export_table(table, out, "llava")
    assert sorted(path.name for path in out.iterdir()) == ["README.md", "images", "train.json"]


def test_rows_are_the_tables_own(tmp_path: Path) -> None:
    """Nulls stay nulls and integers integers, also where a column has both; new columns come."""
    rows = make_rows()
    rows[3]["width"] = None
    for row in rows:
        row["later"] = f"column {row['sample_id']}"
    schema = arrow_schema("mella").append(pa.field("later", pa.string()))
    snapshot = open_snapshot(make_table(tmp_path / "mella", rows, schema))
    read = list(read_samples(snapshot, exported_schema(snapshot)))
    assert read == rows
    assert {type(row["width"]) for row in read} == {int, type(None)}


@ALL
def test_memory_does_not_grow_with_the_table(
    format_: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{**row, "image": row["image"] + bytes(1 << 20)} for row in make_rows(64)]
    table = make_table(tmp_path / "mella", rows)
    del rows
    arrow = []
    monkeypatch.setattr(huggingface, "GROUP_BYTES", 4 << 20)
    monkeypatch.setattr(Progress, "update", lambda *_: arrow.append(pa.total_allocated_bytes()))
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    export_table(table, tmp_path / "out", format_)
    python = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert python < 12 << 20
    assert max(arrow) - before < 16 << 20


def test_names_and_json_are_safe() -> None:
    assert safe_name("0aF_-") == "0aF_-"
    for text in ("", "../x", "a.b", "a/b", "č", "a b", "x" * 81):
        assert len(safe_name(text)) == 32
    assert len({safe_name(text) for text in ("a.b", "a/b", "")}) == 3
    odd = {"a": float("nan"), "b": [1.5, float("inf")], "c": b"\x00", "d": "\u2028\n"}
    assert json.loads(to_json(odd)) == {"a": None, "b": [1.5, None], "c": "AA==", "d": "\u2028\n"}
    assert "\n" not in to_json(odd)


def test_the_command_takes_every_format_and_a_version() -> None:
    for format_ in FORMATS:
        options = build_parser().parse_args(
            ["export", "--root", "r", "--format", format_, "--out", "o", "--version", "3"]
        )
        assert (options.format, options.version) == (format_, 3)
