"""Captions over Arrow batches: every row comes out once, whatever its bytes are."""

from __future__ import annotations

import io
import random

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models_tiny import caption_settings
from PIL import Image
from tiny_vlm import make_vlm

from mella_spark.images.reasons import Rejected
from mella_spark.lake.schemas import arrow_schema
from mella_spark.models import caption_key
from mella_spark.models.prompts import load_prompt
from mella_spark.sample.draw import draw
from mella_spark.sample.scenes import random_scene
from udfs.batches import regroup
from udfs.caption import caption_batches, caption_bytes, open_picture


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
    [alone] = [pa.Table.from_batches(caption_batches(iter([rows(good)]), settings))]
    mixed = [good[0], *BAD.values(), *good[1:]]
    table = pa.Table.from_batches(caption_batches(iter([rows(mixed)]), settings))
    assert table["image_sha256"].to_pylist() == rows(mixed)["image_sha256"].to_pylist()
    errors = table["error"].to_pylist()
    assert [error and error.split(":")[0] for error in errors] == [None, *BAD, *[None] * 4]
    texts = table["text"].to_pylist()
    assert [texts[0], *texts[1 + len(BAD) :]] == alone["text"].to_pylist()
    assert texts[1 : 1 + len(BAD)] == [None] * len(BAD)


def test_the_model_is_loaded_once(settings, monkeypatch):
    import udfs.caption as module

    loaded = []
    load = module.load_captioner
    monkeypatch.setattr(module, "load_captioner", lambda s: loaded.append(s) or load(s))
    module._captioner.cache_clear()
    for _ in range(3):
        list(caption_batches(iter([rows(pictures(1)), rows(pictures(1))]), settings))
    caption_bytes(pictures(1), settings)
    assert len(loaded) == 1


def test_nothing_in_nothing_out(settings):
    assert list(caption_batches(iter([]), settings)) == []
    assert list(caption_batches(iter([rows([])]), settings)) == []


def test_large_pictures_shrink_and_keep_their_shape(settings):
    data = png(Image.new("RGB", (400, 200), "green"))
    shrunk = open_picture(data, settings.model_copy(update={"max_pixels": 5000}))
    assert shrunk.size == (100, 50)
    assert shrunk.getpixel((50, 25)) == (0, 128, 0)
    assert open_picture(data, settings).size == (400, 200)


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

    assert set(udfs.__all__) == {"caption_udf", "translate_udf", "language_udf", "culture_udf"}
    assert callable(udfs.caption_udf)
    assert callable(udfs.translate_udf)
    with pytest.raises(AttributeError, match="no_such_udf"):
        _ = udfs.no_such_udf
