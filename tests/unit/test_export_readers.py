"""Exports read back by the libraries they are for."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from exported import EXTENSIONS, FORMATS, Row, make_rows, make_table
from PIL import Image

from mella_spark.export import export_table


def by_id(rows: list[Row]) -> dict[str, Row]:
    return {row["sample_id"]: row for row in rows}


def without(row: Row, *names: str) -> Row:
    return {name: value for name, value in row.items() if name not in names}


# -- webdataset ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Row], Path]:
    folder = tmp_path_factory.mktemp("tars")
    rows = make_rows(120)
    rows[4]["sample_id"], rows[5]["sample_id"] = "a.b/../c", "č d"  # WebDataset would cut these
    table = make_table(folder / "mella", rows)
    export_table(table, folder / "out", "webdataset", shard_bytes=100_000)
    return rows, folder / "out"


def test_webdataset_reads_every_sample(shards: tuple[list[Row], Path]) -> None:
    import webdataset as wds

    rows, out = shards
    wanted = by_id(rows)
    for split in ("train", "validation", "test"):
        files = sorted(str(path) for path in out.glob(f"{split}-*.tar"))
        raw = list(wds.WebDataset(files, shardshuffle=False))
        decoded = list(wds.WebDataset(files, shardshuffle=False).decode("pil"))
        found = Counter(sample["json"]["sample_id"] for sample in decoded)
        assert found == Counter(r["sample_id"] for r in rows if r["split"] == split)
        assert len({sample["__key__"] for sample in raw}) == len(raw)
        for sample, plain in zip(decoded, raw, strict=True):
            row = wanted[sample["json"]["sample_id"]]
            assert sample["json"] == without(row, "image")
            assert sample["txt"] == row["response"]
            (extension,) = set(sample) & set(EXTENSIONS.values())
            assert plain[extension] == row["image"]
            assert isinstance(sample[extension], Image.Image)
            assert sample[extension].size == (20, 10)


def test_webdataset_shards_are_bounded(shards: tuple[list[Row], Path]) -> None:
    _, out = shards
    sizes = {path.name: path.stat().st_size for path in out.glob("train-*.tar")}
    assert sorted(sizes) == [f"train-{number:06d}.tar" for number in range(len(sizes))]
    assert len(sizes) > 2
    assert max(sizes.values()) <= 100_000


def test_a_sample_larger_than_a_shard_has_one_to_itself(tmp_path: Path) -> None:
    rows = [{**row, "image": row["image"] + bytes(30_000)} for row in make_rows(4)]
    table = make_table(tmp_path / "mella", rows)
    result = export_table(table, tmp_path / "out", "webdataset", shard_bytes=20_000)
    assert len(list((tmp_path / "out").glob("*.tar"))) == 4
    assert result["samples"] == 4


# -- datasets ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def parquet(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[list[Row], Path]:
    folder = tmp_path_factory.mktemp("hf")
    rows = make_rows(300)
    table = make_table(folder / "mella", rows)
    export_table(table, folder / "out", "hf", shard_bytes=15_000)
    return rows, folder / "out"


def same(found: Row, row: Row) -> bool:
    image = found["image"]
    return (
        isinstance(image, Image.Image)
        and image.size == (20, 10)
        and without(found, "image") == without(row, "image")
    )


def test_datasets_reads_the_folder(parquet: tuple[list[Row], Path], tmp_path: Path) -> None:
    import datasets

    rows, out = parquet
    wanted = by_id(rows)
    loaded = datasets.load_dataset(str(out), cache_dir=str(tmp_path))
    assert {name: len(part) for name, part in loaded.items()} == Counter(r["split"] for r in rows)
    for part in loaded.values():
        assert isinstance(part.features["image"], datasets.Image)
        assert part.features["width"] == datasets.Value("int32")
        assert part.features["culture_score"] == datasets.Value("float64")
        assert part.features["keywords"] in (
            datasets.List(datasets.Value("string")),
            [datasets.Value("string")],
        )
        assert all(same(found, wanted[found["sample_id"]]) for found in part)


def test_datasets_reads_the_files(parquet: tuple[list[Row], Path], tmp_path: Path) -> None:
    import datasets

    rows, out = parquet
    wanted = by_id(rows)
    files = sorted(str(path) for path in (out / "data").glob("train-*.parquet"))
    assert len(files) > 2
    one = datasets.Dataset.from_parquet(files, cache_dir=str(tmp_path))
    streamed = datasets.load_dataset(
        "parquet", data_files={"train": files}, split="train", streaming=True
    )
    ids = [row["sample_id"] for row in rows if row["split"] == "train"]
    for read in (one, streamed):
        found = list(read)
        assert [row["sample_id"] for row in found] == ids
        assert all(same(row, wanted[row["sample_id"]]) for row in found)
    raw = one.cast_column("image", datasets.Image(decode=False))[0]["image"]
    assert raw["bytes"] == wanted[ids[0]]["image"]
    assert raw["path"] == f"{wanted[ids[0]]['image_sha256']}.png"


# -- conversations -------------------------------------------------------------------------------


def conversations(out: Path, split: str) -> list[dict[str, Any]]:
    if (out / f"{split}.json").exists():
        return json.loads((out / f"{split}.json").read_text(encoding="utf-8"))
    with (out / f"{split}.jsonl").open(encoding="utf-8") as file:
        return [json.loads(line) for line in file.readlines()]


@pytest.mark.parametrize("format_", ["llava", "internvl", "qwen-vl"])
def test_conversations(format_: str, tmp_path: Path) -> None:
    rows = make_rows(40)
    out = tmp_path / "out"
    result = export_table(make_table(tmp_path / "mella", rows), out, format_)
    wanted, seen = by_id(rows), set()
    for split in ("train", "validation", "test"):
        for record in conversations(out, split):
            row = wanted[record["id"]]
            assert row["split"] == split
            human, model = record["conversations"]
            assert human == {"from": "human", "value": f"<image>\n{row['prompt']}"}
            assert model == {"from": "gpt", "value": row["response"]}
            assert not Path(record["image"]).is_absolute()
            assert (out / record["image"]).read_bytes() == row["image"]
            with Image.open(out / record["image"]) as opened:
                assert opened.convert("RGB").size == (20, 10)
            carried = without(row, "sample_id", "image", "width", "height", "prompt", "response")
            assert record["metadata"] == carried
            if format_ == "internvl":
                assert (record["width"], record["height"]) == (20, 10)
            seen.add(record["id"])
    assert len(seen) == result["samples"] == 40
    assert result["texts_changed"] == 0
    pictures = [path for path in (out / "images").rglob("*") if path.is_file()]
    assert len(pictures) == len({row["image_sha256"] for row in rows}) == 20
    assert {path.suffix for path in pictures} == {f".{EXTENSIONS[name]}" for name in FORMATS}


def test_internvl_meta_names_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    export_table(make_table(tmp_path / "mella", make_rows()), out, "internvl")
    monkeypatch.chdir(out)
    (meta,) = json.loads(Path("train.meta.json").read_text()).values()
    lines = Path(meta["annotation"]).read_text(encoding="utf-8").splitlines()
    assert meta["annotation"].endswith("jsonl")
    assert meta["length"] == len(lines) == 12
    assert (meta["data_augment"], meta["repeat_time"]) == (False, 1)
    assert (Path(meta["root"]) / json.loads(lines[0])["image"]).is_file()


@pytest.mark.parametrize("format_", ["llava", "internvl", "qwen-vl"])
def test_texts_cannot_write_control_tokens(format_: str, tmp_path: Path) -> None:
    rows = make_rows(4)
    rows[0]["response"] = "ikona <image> a <|im_end|>\n<|im_start|>user </s> <IMG_CONTEXT>"
    rows[1]["prompt"] = "<image>?"
    rows[2]["response"] = "1 < 2 > 0, <3, <| a |"
    table = make_table(tmp_path / "mella", rows)
    assert export_table(table, tmp_path / "out", format_)["texts_changed"] == 2
    found = {r["id"]: r["conversations"] for r in conversations(tmp_path / "out", "train")}
    human, model = (found[rows[0]["sample_id"]][i]["value"] for i in (0, 1))
    assert human.count("<image>") == 1
    assert model == "ikona ‹image› a ‹|im_end|›\n‹|im_start|›user ‹/s› ‹IMG_CONTEXT›"
    assert found[rows[1]["sample_id"]][0]["value"] == "<image>\n‹image›?"
    assert found[rows[2]["sample_id"]][1]["value"] == rows[2]["response"]


def messages(record: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """A record as the messages that chat templates take: parts around each placeholder."""
    pictures = iter([record["image"]])
    turns = []
    for turn in record["conversations"]:
        parts: list[dict[str, Any]] = []
        if turn["from"] == "human":
            for number, text in enumerate(turn["value"].split("<image>")):
                if number:
                    parts.append({"type": "image", "image": str(folder / next(pictures))})
                if text.strip():
                    parts.append({"type": "text", "text": text.strip()})
        else:
            parts.append({"type": "text", "text": turn["value"]})
        role = {"human": "user", "gpt": "assistant"}[turn["from"]]
        turns.append({"role": role, "content": parts})
    assert next(pictures, None) is None
    return turns


def test_qwen_vl_conversations_go_through_the_processor(tmp_path: Path) -> None:
    """Qwen2-VL's own processor opens the picture and puts its tokens where the placeholder was."""
    from models_tiny import make_qwen
    from transformers import AutoProcessor

    rows = make_rows(4)
    rows[0]["response"] = "ikona <|image_pad|>"
    out = tmp_path / "out"
    export_table(make_table(tmp_path / "mella", rows), out, "qwen-vl")
    processor = AutoProcessor.from_pretrained(make_qwen(tmp_path / "model"))
    for record in conversations(out, "train"):
        encoded = processor.apply_chat_template(
            messages(record, out), tokenize=True, return_dict=True, return_tensors="pt"
        )
        text = processor.tokenizer.decode(encoded["input_ids"][0])
        pads = int(encoded["image_grid_thw"].prod()) // processor.image_processor.merge_size**2
        pictured = f"<|vision_start|>{'<|image_pad|>' * pads}<|vision_end|>"
        prompt, response = (turn["value"] for turn in record["conversations"])
        asked = prompt.removeprefix("<image>\n")
        assert text == (
            f"<|im_start|>user\n{pictured}{asked}<|im_end|>\n"
            f"<|im_start|>assistant\n{response}<|im_end|>\n"
        )
