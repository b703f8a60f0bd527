"""Captions over Arrow batches: every row comes out once, whatever its bytes are."""

from __future__ import annotations

import io
import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models_tiny import caption_settings
from PIL import Image
from tiny_vlm import make_vlm

from mella_spark.images.decode import Limits, decode
from mella_spark.images.reasons import Rejected
from mella_spark.lake.schemas import arrow_schema
from mella_spark.models import caption_key, devices, resident
from mella_spark.models.pictures import downscale, open_picture, picture_size
from mella_spark.models.prompts import load_prompt
from mella_spark.models.work import Work
from mella_spark.sample.draw import draw
from mella_spark.sample.scenes import random_scene
from udfs.batches import regroup
from udfs.caption import caption_batches, caption_bytes


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    folder = make_vlm(tmp_path_factory.mktemp("captioner"))
    return caption_settings(folder, max_new_tokens=4, batch_size=3, refuse_pixels=250_000)


def png(image: Image.Image) -> bytes:
    packed = io.BytesIO()
    image.save(packed, "PNG")
    return packed.getvalue()


def pictures(count: int) -> list[bytes]:
    rng = random.Random(2)
    return [png(draw(random_scene(rng), 64, i)) for i in range(count)]


def rows(contents: list[bytes | None]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(
        {
            "image_sha256": [f"{i:064x}" for i in range(len(contents))],
            "bytes": pa.array(contents, pa.binary()),
            "warc_file": ["a.warc.gz"] * len(contents),
        }
    )


BAD = {
    "corrupt": png(Image.new("RGB", (64, 64), "red"))[:60] + b"\0" * 40 + b"IEND\xaeB`\x82",
    "truncated": png(Image.effect_noise((64, 64), 50))[:300],
    "not_image": b"<html>404</html>",
    "empty": None,
    "too_many_pixels": png(Image.new("1", (600, 600))),
    "extreme_aspect": png(Image.new("RGB", (2, 400))),
}


def test_the_columns_are_those_of_the_table(settings):
    [batch] = caption_batches(iter([rows(pictures(2))]), settings, language="en")
    assert batch.schema == arrow_schema("captions")
    row = batch.to_pylist()[0]
    assert row["caption_key"] == caption_key(settings)
    assert row["prompt_sha256"] == load_prompt(settings.prompt).sha256
    assert row["language"] == "en"
    assert row["warc_file"] == "a.warc.gz"
    assert row["tokens"] > 0
    assert row["latency_ms"] > 0
    assert row["created_at"].tzinfo is not None


def test_bad_pictures_are_errors_and_their_neighbours_are_as_without_them(settings):
    good = pictures(5)
    alone = pa.Table.from_batches(caption_batches(iter([rows(good)]), settings))
    mixed = [good[0], *BAD.values(), *good[1:]]
    table = pa.Table.from_batches(caption_batches(iter([rows(mixed)]), settings))
    assert table["image_sha256"].to_pylist() == rows(mixed)["image_sha256"].to_pylist()
    errors = table["error"].to_pylist()
    assert [error and error.split(":")[0] for error in errors] == [None, *BAD, *[None] * 4]
    texts = table["text"].to_pylist()
    assert [texts[0], *texts[1 + len(BAD) :]] == alone["text"].to_pylist()
    assert texts[1 : 1 + len(BAD)] == [None] * len(BAD)


def test_the_model_is_loaded_once_and_leaves(settings, monkeypatch):
    import udfs.caption as module

    loaded = []
    load = module.load_captioner
    monkeypatch.setattr(module, "load_captioner", lambda s: loaded.append(s) or load(s))
    resident.release("caption")
    for _ in range(3):
        list(caption_batches(iter([rows(pictures(1)), rows(pictures(1))]), settings))
    caption_bytes(pictures(1), settings)
    assert len(loaded) == 1
    assert resident.loaded("caption")
    caption_bytes(pictures(1), settings.model_copy(update={"idle_seconds": 0.0}))
    assert len(loaded) == 2
    assert not resident.loaded("caption")


def test_a_task_on_another_gpu_does_not_use_the_first_ones_model(settings, monkeypatch):
    import udfs.caption as module

    loaded = []
    load = module.load_captioner

    def load_here(asked):
        loaded.append(devices.spark_gpu_address())
        return load(settings)

    monkeypatch.setattr(module, "load_captioner", load_here)
    resident.release("caption")
    free = settings.model_copy(update={"device": "auto"})
    for address in ("0", "0", "1", "1", "0"):
        monkeypatch.setattr(devices, "spark_gpu_address", lambda address=address: address)
        caption_bytes(pictures(1), free)
    assert loaded == ["0", "1", "0"]
    caption_bytes(pictures(1), settings)  # a device that is set is the same wherever the task is
    monkeypatch.setattr(devices, "spark_gpu_address", lambda: "1")
    caption_bytes(pictures(1), settings)
    assert len(loaded) == 4
    resident.release("caption")


def test_fields_of_the_prompt_come_from_columns(settings, monkeypatch):
    import udfs.caption as module

    asked = []
    answers = module.answers

    def watched(questions, captioner, settings, work):
        seen = list(questions)
        asked.extend(question.prompt for question in seen)
        return answers(iter(seen), captioner, settings, work)

    monkeypatch.setattr(module, "answers", watched)
    grounded = settings.model_copy(update={"prompt": "grounded"})
    batch = rows(pictures(3)).append_column(
        "context", pa.array(["Market in <|im_end|> Pécs", None, " "])
    )
    made = pa.Table.from_batches(caption_batches(iter([batch]), grounded))
    assert made["error"].to_pylist() == [None] * 3
    assert "Market in ‹¦im_end¦› Pécs" in asked[0]
    assert asked[1] == asked[2]
    assert "web page" not in asked[1]
    assert set(made["prompt"].to_pylist()) == {"grounded"}


def test_work_travels_with_the_rows(settings):
    made = list(caption_batches(iter([rows(pictures(7))]), settings, with_work=True))
    sums = Work()
    for batch in made:
        assert batch.schema.names == [*arrow_schema("captions").names, "work"]
        column = batch.column("work").to_pylist()
        assert column[1:] == [None] * (len(column) - 1)
        sums.add(Work.of(column[0]))
    assert sums.inputs == 7
    assert sums.calls == len(made) >= 3
    assert sums.tokens == sum(sum(batch.column("tokens").to_pylist()) for batch in made)
    assert 0 < sums.busy_s <= sums.wall_s


def test_nothing_in_nothing_out(settings):
    assert list(caption_batches(iter([]), settings)) == []
    assert list(caption_batches(iter([rows([])]), settings)) == []


def test_large_pictures_shrink_and_keep_their_shape(settings):
    data = png(Image.new("RGB", (400, 200), "green"))
    shrunk = open_picture(data, settings.model_copy(update={"max_pixels": 5000}))
    assert shrunk.size == (100, 50)
    assert shrunk.getpixel((50, 25)) == (0, 128, 0)
    assert open_picture(data, settings).size == (400, 200)


def test_a_large_jpeg_is_decoded_at_a_fraction_of_its_size(settings):
    rng = np.random.default_rng(1)
    coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8))
    large = coarse.resize((1600, 1200), Image.Resampling.BICUBIC)
    packed = io.BytesIO()
    large.save(packed, "JPEG", quality=95)
    few = settings.model_copy(update={"max_pixels": 30_000, "refuse_pixels": 10**7})
    quick = open_picture(packed.getvalue(), few)
    whole = downscale(decode(packed.getvalue()).image, 30_000)
    assert quick.size == whole.size == (200, 150)
    assert decode(packed.getvalue(), Limits(enough=30_000)).image.size == (200, 150)
    assert decode(packed.getvalue(), Limits(enough=31_000)).image.size == (400, 300)
    difference = np.asarray(quick).astype(int) - np.asarray(whole)
    assert np.abs(difference).mean() < 2
    with pytest.raises(Rejected, match="truncated"):
        open_picture(packed.getvalue()[:20_000], few)


def test_limits_are_checked_before_a_pixel_is_decoded(settings):
    whole = png(Image.new("1", (600, 600)))
    with pytest.raises(Rejected, match="too_many_pixels: 600x600"):
        picture_size(whole[:60], settings)
    with pytest.raises(Rejected, match="extreme_aspect"):
        picture_size(png(Image.new("RGB", (2, 1000)))[:60], settings)
    assert picture_size(png(Image.new("RGB", (30, 20)))[:60], settings) == (30, 20)


def test_a_shape_at_the_limit_is_taken(settings):
    data = png(Image.new("RGB", (100, 2)))
    assert open_picture(data, settings).size == (100, 2)
    with pytest.raises(Rejected, match="extreme_aspect: 101x2"):
        open_picture(png(Image.new("RGB", (101, 2))), settings)


@given(lengths=st.lists(st.integers(0, 9), max_size=8), size=st.integers(1, 7))
def test_regroup_keeps_rows_in_order(lengths, size):
    numbers = iter(range(100))
    batches = [
        pa.RecordBatch.from_pydict({"n": pa.array([next(numbers) for _ in range(n)], pa.int64())})
        for n in lengths
    ]
    regrouped = list(regroup(iter(batches), size))
    assert [n for batch in regrouped for n in batch["n"].to_pylist()] == list(range(sum(lengths)))
    assert all(batch.num_rows == size for batch in regrouped[:-1])
    assert all(0 < batch.num_rows <= size for batch in regrouped[-1:])


def test_udfs_are_imported_when_asked_for():
    import udfs

    made = {name for name in udfs.__all__ if name.endswith("_udf")}
    assert made == {"caption_udf", "translate_udf", "language_udf", "culture_udf"}
    assert callable(udfs.caption_udf)
    assert callable(udfs.translate_udf)
    with pytest.raises(AttributeError, match="no_such_udf"):
        _ = udfs.no_such_udf
