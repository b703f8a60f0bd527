"""The card of an export: what it holds, where it comes from, how it is read."""

from __future__ import annotations

from collections.abc import Mapping

READING = {
    "webdataset": '`webdataset.WebDataset("train-{000000..00000N}.tar").decode("pil")`; a sample'
    " has its picture under its extension, the response under `txt`, all else under `json`.",
    "hf": '`datasets.load_dataset("FOLDER")`, or `load_dataset("parquet", data_files=…)`;'
    " `image` comes as a PIL image.",
    "llava": "`llava/train/train.py --data_path FOLDER/train.json --image_folder FOLDER`.",
    "internvl": "`internvl_chat_finetune.py --meta_path train.meta.json`, started in this folder"
    " (or put its path before `root` and `annotation`).",
    "qwen-vl": "in `qwenvl/data/__init__.py` of qwen-vl-finetune: `annotation_path`"
    " FOLDER/train.jsonl, `data_path` FOLDER.",
}


def card(
    format: str,
    table_id: str,
    version: int,
    splits: Mapping[str, int],
    languages: Mapping[str, int],
) -> str:
    """The text of ``README.md``, with the header the Hugging Face hub reads. ``splits`` and
    ``languages`` count samples; nothing in it depends on when or where the export ran."""
    header = ["---", "license: other"]
    if languages:
        # Quoted: YAML takes a bare no (Norwegian) for false.
        header += ["language:", *(f'- "{language}"' for language in sorted(languages))]
    if format == "hf":
        header += ["configs:", "- config_name: default", "  data_files:"]
        for split in splits:
            header += [f"  - split: {split}", f"    path: data/{split}-*.parquet"]
    lines = [
        *header, "---", "",
        "# Image-text samples of mella-spark", "",
        f"Version {version} of the training table with id `{table_id}`, every row of it that was"
        " asked for.", "",
        "| split | samples |", "|---|---|",
        *(f"| {split} | {count} |" for split, count in splits.items()), "",
        f"To read: {READING[format]}", "",
        "Pictures and texts belong to those who made them. `license_url` is the licence that the"
        " page of a sample links to, empty where it links to none; `optout` the signals by which"
        " that page, or its server, opts out of uses such as training; `page_url`, `image_url` and"
        " `source` say where a sample comes from.",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"
