"""Training tables made without Spark, for tests of the exports."""

from __future__ import annotations

import hashlib
import io
import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake
from PIL import Image

from mella_spark.lake.schemas import TABLES, arrow_schema

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
EXTENSIONS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp", "GIF": "gif"}

Row = dict[str, Any]


def picture(shade: int, format_: str) -> bytes:
    """A picture of 20 × 10 pixels."""
    out = io.BytesIO()
    Image.new("RGB", (20, 10), (shade, 0, 255 - shade)).save(out, format_)
    return out.getvalue()


def make_rows(count: int = 16) -> list[Row]:
    """Two samples a picture, one of each source; texts in several scripts, many nulls."""
    rows = []
    for i in range(count):
        number = i // 2
        image = picture(number * 3 % 256, FORMATS[number % 4])
        row: Row = dict.fromkeys(arrow_schema("mella").names)
        row |= {
            "sample_id": hashlib.sha256(b"%d" % i).hexdigest()[:32],
            "image_sha256": hashlib.sha256(image).hexdigest(),
            "image": image,
            "width": 20,
            "height": 10,
            "language": ("cs", "th", "ar")[i % 3],
            "source": "know" if i % 2 else "ling",
            "prompt": "Co je na obrázku?\nKrátce.",
            "response": f"Kraslice „č. {i}“ ไข่อีสเตอร์ بيضة",
            "keywords": ["kraslice", "ไข่"] if i % 2 else None,
            "culture_score": 0.5 if i % 2 else None,
            "page_url": "https://a.example/č" if i % 2 else None,
            "image_url": f"https://a.example/{number}.png",
            "license_url": "https://creativecommons.org/licenses/by/4.0/" if i % 4 == 1 else None,
            "optout": [["robots:noai"], []][i % 4 == 1] if i % 2 else None,
            "split": ("train", "train", "train", "test", "validation")[number % 5],
            "cluster_id": f"p{number}",
            "warc_file": "f.warc.gz",
        }
        rows.append(row)
    return rows


def make_table(path: Path, rows: Sequence[Row], schema: pa.Schema | None = None) -> str:
    """A Delta table of these rows in one file, with the transaction column that stages write."""
    schema = (schema or arrow_schema("mella")).append(pa.field("txn", pa.string()))
    assert schema.names[-1] == TABLES["mella"].column_names[-1]
    table = pa.Table.from_pylist([{**row, "txn": "t/1"} for row in rows], schema=schema)
    write_deltalake(path, table, mode="append")
    return str(path)


def delete_rows(table: str, places: Sequence[int]) -> None:
    """Delete rows of the table's only file by a deletion vector inside the log, written by hand
    after the protocol of Delta (a Roaring bitmap in Z85)."""
    log = Path(table) / "_delta_log"
    (first,) = sorted(log.glob("*.json"))
    actions = [json.loads(line) for line in first.read_text().splitlines()]
    (add,) = [action["add"] for action in actions if "add" in action]
    bitmap = struct.pack(f"<IIHHI{len(places)}H", 12346, 1, 0, len(places) - 1, 16, *sorted(places))
    data = struct.pack("<iqi", 1681511377, 1, 0) + bitmap
    vector = {
        "storageType": "i",
        "pathOrInlineDv": z85(data + bytes(-len(data) % 4)),
        "sizeInBytes": len(data),
        "cardinality": len(places),
    }
    protocol = {
        "minReaderVersion": 3,
        "minWriterVersion": 7,
        "readerFeatures": ["deletionVectors"],
        "writerFeatures": ["deletionVectors"],
    }
    remove = {"path": add["path"], "deletionTimestamp": 1, "dataChange": True}
    lines = [
        {"protocol": protocol},
        {"remove": remove},
        {"add": {**add, "deletionVector": vector}},
    ]
    text = "\n".join(json.dumps(line) for line in lines)
    (log / "00000000000000000001.json").write_text(text + "\n")


_Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


def z85(data: bytes) -> str:
    """Four bytes as five digits of base 85 (ZeroMQ RFC 32)."""
    digits = []
    for (word,) in struct.iter_unpack(">I", data):
        digits += [_Z85[word // 85**power % 85] for power in (4, 3, 2, 1, 0)]
    return "".join(digits)
