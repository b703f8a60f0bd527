"""The training table in formats that other trainers read: WebDataset, Hugging Face, LLaVA."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mella_spark.errors import InputError
from mella_spark.images.sniff import sniff
from mella_spark.lake.schemas import arrow_schema
from mella_spark.loader import DataLoader, make_delta_reader

SHARD_SAMPLES = 5_000
"""Samples of a shard; at 100 KB a picture about half a gigabyte."""

Sample = dict[str, Any]


def export_table(table: str, out: Path, format: str, split: str | None = None) -> dict[str, Any]:
    """Writes the table (or one split of it) under ``out``.

    ``format`` is ``webdataset`` (tar shards: picture, ``.json`` with the rest), ``hf`` (Parquet
    with an Image feature, as the ``datasets`` library reads it) or ``llava`` (``images/`` and
    ``llava.json`` with conversations). Returns how many samples and files were written. Raises
    ``InputError`` where ``out`` holds something already or no row is left to write.
    """
    if out.exists() and any(out.iterdir()):
        raise InputError(f"{out} is not empty.", "Give an empty or new folder with --out.")
    out.mkdir(parents=True, exist_ok=True)
    write = {"webdataset": _webdataset, "hf": _hugging_face, "llava": _llava}[format]
    samples, files = write(_samples(table, split), out)
    return {"format": format, "out": str(out), "samples": samples, "files": files}


def _samples(table: str, split: str | None) -> Iterator[Sample]:
    filters = [("split", "=", split)] if split else None
    fields = arrow_schema("mella").names
    with make_delta_reader(table, schema_fields=fields, filters=filters, shuffle=False) as reader:
        for batch in DataLoader(reader, batch_size=64, last="uneven", collate_fn=list):
            for sample in batch:
                # The loader's numbers have no null, only NaN.
                yield {k: None if v != v else v for k, v in sample.items()}


def _extension(picture: bytes) -> str:
    mime = sniff(picture) or "application/octet-stream"
    return {"image/jpeg": "jpg", "image/svg+xml": "svg"}.get(mime, mime.rpartition("/")[2])


def _shards(samples: Iterator[Sample]) -> Iterator[list[Sample]]:
    while shard := list(islice(samples, SHARD_SAMPLES)):
        yield shard


def _webdataset(samples: Iterator[Sample], out: Path) -> tuple[int, int]:
    count = number = 0
    for number, shard in enumerate(_shards(samples), start=1):
        with tarfile.open(out / f"mella-{number - 1:06d}.tar", "w") as archive:
            for sample in shard:
                rest = {name: value for name, value in sample.items() if name != "image"}
                text = json.dumps(rest, ensure_ascii=False).encode()
                name, picture = sample["sample_id"], sample["image"]
                _add(archive, f"{name}.{_extension(picture)}", picture)
                _add(archive, f"{name}.json", text)
        count += len(shard)
    return count, number


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def _hugging_face(samples: Iterator[Sample], out: Path) -> tuple[int, int]:
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    fields = [
        pa.field(field.name, image if field.name == "image" else field.type)
        for field in arrow_schema("mella")
    ]
    described = {"info": {"features": {field.name: _feature(field) for field in fields}}}
    schema = pa.schema(fields, metadata={"huggingface": json.dumps(described)})
    count = number = 0
    for number, shard in enumerate(_shards(samples), start=1):
        rows = [{**sample, "image": {"bytes": sample["image"], "path": None}} for sample in shard]
        table = pa.Table.from_pylist(rows, schema=schema)
        pq.write_table(table, out / f"mella-{number - 1:05d}.parquet", row_group_size=100)
        count += len(shard)
    return count, number


def _feature(field: pa.Field) -> dict[str, Any]:
    if field.name == "image":
        return {"_type": "Image"}
    if pa.types.is_list(field.type):
        return {"_type": "List", "feature": {"dtype": "string", "_type": "Value"}}
    dtype = {"double": "float64"}.get(str(field.type), str(field.type))
    return {"dtype": dtype, "_type": "Value"}


def _llava(samples: Iterator[Sample], out: Path) -> tuple[int, int]:
    (out / "images").mkdir()
    written: set[str] = set()
    count = 0
    with (out / "llava.json").open("w", encoding="utf-8") as file:
        file.write("[")
        for count, sample in enumerate(samples, start=1):
            name = f"images/{sample['image_sha256']}.{_extension(sample['image'])}"
            if name not in written:
                (out / name).write_bytes(sample["image"])
                written.add(name)
            record = {
                "id": sample["sample_id"],
                "image": name,
                "conversations": [
                    {"from": "human", "value": f"<image>\n{sample['prompt']}"},
                    {"from": "gpt", "value": sample["response"]},
                ],
            }
            file.write(",\n" if count > 1 else "\n")
            file.write(json.dumps(record, ensure_ascii=False))
        file.write("\n]\n")
    return count, len(written) + 1
