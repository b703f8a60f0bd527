"""The captioning stage on real Delta tables: never twice, every row an answer, work told."""

from __future__ import annotations

import hashlib
import io
import random
import socket
from pathlib import Path

import pytest
from PIL import Image

from mella_spark.errors import StageError
from mella_spark.lake.schemas import arrow_schema, spark_schema
from mella_spark.lake.tables import Lake
from mella_spark.lake.transaction import transaction
from mella_spark.models import caption_key
from mella_spark.models.work import from_history
from mella_spark.sample.draw import draw
from mella_spark.sample.scenes import random_scene
from mella_spark.settings import Settings
from mella_spark.stages.caption import STAGE
from mella_spark.stages.stream import StageResult, run_stage

pytestmark = pytest.mark.timeout(1500)  # a dozen micro-batches, and workers that import torch


def png(image: Image.Image) -> bytes:
    packed = io.BytesIO()
    image.save(packed, "PNG")
    return packed.getvalue()


def pictures(count: int, seed: int) -> list[bytes]:
    rng = random.Random(seed)
    return [png(draw(random_scene(rng), 96, i)) for i in range(count)]


def add_images(lake: Lake, version: int, contents: list[bytes]) -> None:
    """One file of the table ``images``; every picture under two addresses, stored once."""
    rows = []
    for i, data in enumerate(contents):
        digest = hashlib.sha256(data).hexdigest()
        for copy, held in (("a", bytearray(data)), ("b", None)):
            row = dict.fromkeys(arrow_schema("images").names)
            row |= {
                "image_sha256": digest,
                "image_url": f"https://site.example/{version}/{i}{copy}.png",
                "bytes": held,
                "status": "ok",
                "warc_file": "a.warc.gz",
            }
            rows.append(tuple(row.values()))
    with transaction(lake, "test/images", version) as txn:
        txn.append("images", lake.spark.createDataFrame(rows, spark_schema("images")))


def changed(settings: Settings, **changes: object) -> Settings:
    caption = settings.caption.model_copy(update={"batch_size": 4, "device": "cpu", **changes})
    lake = settings.lake.model_copy(update={"files_per_commit": 1, "shuffle_partitions": 1})
    return settings.model_copy(update={"caption": caption, "lake": lake})


def told(lake: Lake) -> list[dict]:
    """What the table's history says of the work behind its commits, the oldest first."""
    history = lake.spark.sql(f"DESCRIBE HISTORY {lake.reference('captions')}").collect()
    found = [from_history(row["userMetadata"]) for row in reversed(history)]
    return [work for work in found if work]


def run(lake: Lake, settings: Settings) -> tuple[StageResult, list[dict]]:
    before = len(told(lake))
    result = run_stage(STAGE, lake, settings)
    return result, told(lake)[before:]


@pytest.fixture(scope="module")
def lake(spark, settings, tmp_path_factory: pytest.TempPathFactory) -> Lake:  # type: ignore[no-untyped-def]
    made = Lake(spark, str(tmp_path_factory.mktemp("captions")), settings.lake.properties)
    made.create()
    add_images(made, 0, [*pictures(6, 1), png(Image.new("RGB", (2, 600)))])
    add_images(made, 1, pictures(5, 2))
    return made


def test_every_picture_once_and_never_again(lake: Lake, settings: Settings) -> None:
    mine = changed(settings)
    result, work = run(lake, mine)
    rows = lake.read("captions").collect()
    assert len(rows) == len({row.image_sha256 for row in rows}) == 12
    assert result.counts == {"seen": 12, "kept": 11, "extreme_aspect": 1}
    assert all((row.text is None) == (row.error is not None) for row in rows)
    assert {row.caption_key for row in rows} == {caption_key(mine.caption)}
    sound = [row for row in rows if row.error is None]
    assert all(row.tokens > 0 and row.latency_ms > 0 and row.batch_size > 0 for row in sound)
    assert {(row.finish_reason, row.device, row.prompt) for row in sound} == {
        ("stop", "cpu", "plain")
    }
    assert [w["inputs"] for w in work] == [7, 5]  # a commit for each micro-batch
    assert sum(w["errors"] for w in work) == 1
    assert sum(w["tokens"] for w in work) == sum(row.tokens for row in rows)
    assert all(w["calls"] > 0 and 0 < w["busy_s"] <= w["wall_s"] for w in work)
    assert all(0 < w["busy_share"] <= 1 and w["inputs_per_second"] > 0 for w in work)

    _, work = run(lake, mine)
    assert sum(w["calls"] for w in work) == 0
    # The same pictures from a stream that starts over: they are known, and no model is asked.
    again = mine.model_copy(
        update={"lake": mine.lake.model_copy(update={"checkpoints": f"{lake.root.path}/other"})}
    )
    _, work = run(lake, again)
    assert [(w["inputs"], w["calls"], w["load_s"]) for w in work] == [(0, 0, 0.0)] * 2
    assert lake.count("captions") == 12


def test_another_prompt_makes_new_rows_and_keeps_the_old(lake: Lake, settings: Settings) -> None:
    before = {tuple(row) for row in lake.read("captions").collect()}
    other = changed(settings, prompt="What is this?")
    run(lake, other)
    after = {tuple(row) for row in lake.read("captions").collect()}
    assert before < after
    added = lake.read("captions").where(f"caption_key = '{caption_key(other.caption)}'").collect()
    assert len(added) == len(after) - len(before) == 12
    assert {row.prompt for row in added} == {"custom"}


def test_the_prompt_may_draw_on_the_page(lake: Lake, settings: Settings) -> None:
    rows = []
    for pair, context in (("b", "later"), ("a", "A market in Pécs")):
        row = dict.fromkeys(arrow_schema("native_pairs").names)
        row |= {
            "pair_id": pair,
            "page_url": "https://site.example/",
            "image_url": "https://site.example/0/0a.png",
            "alt": "alt",
            "context": context,
            "warc_file": "a.warc.gz",
            "warc_offset": 0,
            "kept": True,
        }
        rows.append(tuple(row.values()))
    with transaction(lake, "test/pairs", 0) as txn:
        txn.append("native_pairs", lake.spark.createDataFrame(rows, spark_schema("native_pairs")))
    grounded = changed(settings, prompt="grounded")
    run(lake, grounded)
    made = lake.read("captions").where("prompt = 'grounded'").collect()
    assert len(made) == 12
    assert sum(row.error is None for row in made) == 11


def test_a_failing_micro_batch_costs_only_itself(lake: Lake, settings: Settings) -> None:
    """The first micro-batch has 1 error in 7 rows; the next 4 in 5, which is too many."""
    add_images(
        lake, 2, [pictures(1, 9)[0], *[png(Image.new("RGB", (2, 700 + i))) for i in range(4)]]
    )
    strict = changed(settings, prompt="Say it.", max_error_rate=0.2)
    before = len(told(lake))
    with pytest.raises(StageError, match=r"caption: 5 of 17 rows failed: 5 × extreme_aspect"):
        run_stage(STAGE, lake, strict)
    assert [w["inputs"] for w in told(lake)[before:]] == [7, 5]
    _, work = run(lake, changed(settings, prompt="Say it.", max_error_rate=0.9))
    assert [w["inputs"] for w in work] == [5]


def test_rows_that_a_dead_server_was_not_asked_stay_unanswered(
    lake: Lake, settings: Settings
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    dead = changed(
        settings, backend="openai", model="m", server_url=f"http://127.0.0.1:{port}/v1",
        server_attempts=1, server_failures=2, server_concurrency=1, idle_seconds=0.0,
        max_error_rate=1.0,
    )  # fmt: skip
    with pytest.raises(StageError, match=r"of 7 rows were not asked: ServerDown.*Connection"):
        run_stage(STAGE, lake, dead)
    assert lake.read("captions").where(f"caption_key = '{caption_key(dead.caption)}'").isEmpty()


def test_few_new_rows_do_not_decide_alone(tmp_path: Path, spark, settings: Settings) -> None:  # type: ignore[no-untyped-def]
    lake = Lake(spark, str(tmp_path), settings.lake.properties)
    lake.create()
    add_images(lake, 0, pictures(4, 3))
    run(lake, changed(settings))
    add_images(lake, 1, [png(Image.new("RGB", (2, 600)))])
    result, _ = run(lake, changed(settings))
    assert result.counts == {"seen": 1, "extreme_aspect": 1}
