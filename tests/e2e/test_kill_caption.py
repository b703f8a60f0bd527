"""``kill -9`` while the captioner is at work, then the same command: what is asked twice, and what
is never asked again."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from mella_spark.lake.schemas import arrow_schema, spark_schema
from mella_spark.lake.tables import Lake
from mella_spark.lake.transaction import transaction
from mella_spark.sample.draw import draw
from mella_spark.sample.scenes import random_scene

MICRO_BATCHES, PICTURES, TOGETHER = 2, 6, 2
STUCK_AT = 5
"""The call of the first run that never ends: the second one of the second micro-batch."""

# The command line, with every call to the model written down by the pictures it is about. What is
# defined in the main module travels to Spark's workers as it is, so they count as well.
SCRIPT = """
import os, sys

CALLS, STUCK_AT = os.environ["CALLS"], int(os.environ["STUCK_AT"])


def counted(batches, **named):
    import hashlib, time
    from mella_spark.models.captioner import TransformersCaptioner
    from udfs.caption import caption_batches

    run = TransformersCaptioner.run

    def count(self, prepared):
        pixels = prepared.inputs["pixel_values"].numpy()
        with open(CALLS, "a") as file:
            names = [hashlib.sha256(one.tobytes()).hexdigest() for one in pixels]
            file.write(" ".join(names) + "\\n")
        with open(CALLS) as file:
            stuck = len(file.readlines()) == STUCK_AT
        if stuck:
            time.sleep(120)
            os._exit(1)
        return run(self, prepared)

    TransformersCaptioner.run = count
    try:
        yield from caption_batches(batches, **named)
    finally:
        TransformersCaptioner.run = run


if __name__ == "__main__":
    import udfs.caption
    from mella_spark.cli import main

    udfs.caption.caption_batches = counted
    sys.exit(main(sys.argv[1:]))
"""


def png(image: Image.Image) -> bytes:
    packed = io.BytesIO()
    image.save(packed, "PNG")
    return packed.getvalue()


@pytest.fixture
def root(spark, settings, tmp_path: Path) -> Path:  # type: ignore[no-untyped-def]
    """A lake whose table ``images`` has a file for each micro-batch."""
    lake = Lake(spark, str(tmp_path / "lake"), settings.lake.properties)
    lake.create()
    rng = random.Random(8)
    for version in range(MICRO_BATCHES):
        rows = []
        for i in range(PICTURES):
            data = png(draw(random_scene(rng), 96, i))
            row = dict.fromkeys(arrow_schema("images").names)
            row |= {
                "image_sha256": hashlib.sha256(data).hexdigest(),
                "image_url": f"https://site.example/{version}/{i}.png",
                "bytes": bytearray(data),
                "status": "ok",
                "warc_file": "a.warc.gz",
            }
            rows.append(tuple(row.values()))
        with transaction(lake, "test/images", version) as txn:
            txn.append("images", lake.spark.createDataFrame(rows, spark_schema("images")))
    return tmp_path / "lake"


class Runs:
    """The command and its calls to the model, each the list of its pictures."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.file = folder / "calls"
        self.file.touch()
        script = folder / "count.py"
        script.write_text(SCRIPT)
        changes = {
            "caption.batch_size": TOGETHER, "caption.device": "cpu", "lake.files_per_commit": 1,
            "lake.shuffle_partitions": 1,
        }  # fmt: skip
        options = [f"--set={name}={value}" for name, value in changes.items()]
        self.command = [sys.executable, str(script), "caption", "--root", str(root), "--json"]
        self.command += options

    def start(self, stuck_at: int = 0) -> subprocess.Popen[str]:
        beside = str(Path(__file__).resolve().parents[2])
        told = {"CALLS": str(self.file), "STUCK_AT": str(stuck_at), "PYTHONPATH": beside}
        told["OMP_NUM_THREADS"] = "1"  # the model is tiny, and threads that wait for it spin
        return subprocess.Popen(
            self.command,
            env={**os.environ, **told},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )

    def finish(self) -> dict:
        process = self.start()
        output, _ = process.communicate()
        assert process.returncode == 0, output
        return json.loads(output.splitlines()[-1])["stages"]["caption"]

    @property
    def calls(self) -> list[list[str]]:
        return [line.split() for line in self.file.read_text().splitlines()]


@pytest.mark.timeout(900)
def test_what_was_committed_is_never_asked_again(spark, root: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    runs = Runs(root, tmp_path)
    process = runs.start(STUCK_AT)
    try:
        while process.poll() is None and len(runs.calls) < STUCK_AT:
            time.sleep(0.05)
        assert process.poll() is None, "the run ended before it could be killed"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    before = runs.calls
    assert len(before) == STUCK_AT
    assert Lake(spark, str(root)).count("captions") == PICTURES  # the first wave is there

    runs.finish()
    asked = Counter(picture for call in runs.calls for picture in call)
    assert len(asked) == MICRO_BATCHES * PICTURES
    repeated = {picture for picture, times in asked.items() if times > 1}
    assert asked.total() - len(asked) <= PICTURES
    assert repeated == {picture for call in before[PICTURES // TOGETHER :] for picture in call}

    lake = Lake(spark, str(root))
    rows = lake.read("captions").collect()
    pictures = {row.image_sha256 for row in lake.read("images").collect()}
    assert len(rows) == MICRO_BATCHES * PICTURES
    assert {row.image_sha256 for row in rows} == pictures
    assert all(row.error is None and row.text for row in rows)
    ledger = lake.read("ledger").where("stage = 'caption'").groupBy("reason").sum("count")
    assert {row[0]: row[1] for row in ledger.collect()} == {"seen": len(rows), "kept": len(rows)}

    done = runs.calls
    assert runs.finish()["seen"] == 0
    assert runs.calls == done
