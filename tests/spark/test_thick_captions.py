"""Captions that have seen the native alt stay apart from D_ling, all the way to the samples."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pyarrow as pa
import pytest

from mella_spark.models import caption_key
from mella_spark.stages.assemble import EVENT, descriptions, ling_candidates
from mella_spark.text.profiles import load_languages
from udfs.samples import sample_batches


@pytest.fixture(scope="module")
def keys(settings):
    return {
        prompt: caption_key(settings.caption.model_copy(update={"prompt": prompt}))
        for prompt in ("plain", "grounded", "thick", "Say more than {alt}.")
    }


@pytest.fixture(scope="module")
def lake(spark, keys):
    rows = [
        ("s1", key, "cs", f"text of {prompt}", None, datetime(2025, 8, day + 1, tzinfo=UTC))
        for day, (prompt, key) in enumerate(keys.items())
    ]
    translations = spark.createDataFrame(
        rows,
        "image_sha256 string, caption_key string, language string, text string, error string, "
        "created_at timestamp",
    )
    images = spark.createDataFrame(
        [("s1", "http://a/1.png", bytearray(b"x"))],
        "image_sha256 string, image_url string, bytes binary",
    )
    tables = {"translations": translations, "images": images}
    return SimpleNamespace(read=tables.__getitem__)


def test_their_samples_have_a_source_of_their_own(spark, keys, lake):
    rows = [
        {
            "image_sha256": "s1", "caption_key": key, "language": "cs", "text": prompt,
            "model": "m", "passed": True, "warc_file": "w",
        }
        for prompt, key in keys.items()
    ]  # fmt: skip
    schema = ", ".join(f"{name} {type_}" for name, type_ in EVENT.items())
    events = spark.createDataFrame([{**dict.fromkeys(EVENT), **row} for row in rows], schema)
    made = ling_candidates(events, lake).select("response", "source", "sample_id").collect()
    assert {row.response: row.source for row in made} == {
        "plain": "ling",
        "grounded": "ling",
        "thick": "thick",
        "Say more than {alt}.": "thick",
    }
    assert len({row.sample_id for row in made}) == 4


def test_they_do_not_tell_what_is_seen(lake):
    assert [row.seen for row in descriptions(lake).collect()] == ["text of grounded"]


def test_they_answer_what_native_alts_answer():
    prompts = load_languages()["cs"].prompts
    rows = [
        {"sample_id": "0" * 32, "language": "cs", "source": source, "response": "Trdelník na trhu",
         "hits": None, "seen": None}
        for source in ("know", "ling", "thick")
    ]  # fmt: skip
    schema = pa.schema(
        [(name, pa.string()) for name in ("sample_id", "language", "source", "response")]
        + [("hits", pa.list_(pa.string())), ("seen", pa.string())]
    )
    [made] = sample_batches(iter([pa.RecordBatch.from_pylist(rows, schema)]))
    assert made.column("prompt").to_pylist() == [prompts.know[0], prompts.ling[0], prompts.know[0]]
    assert [words is None for words in made.column("keywords").to_pylist()] == [False, True, True]
