"""Translations over Arrow batches: every row comes out once, with its checks or its error."""

from __future__ import annotations

import pyarrow as pa
import pytest
from models_tiny import make_m2m, translate_settings

from mella_spark.lake.schemas import arrow_schema
from mella_spark.models import Generation, translator_name
from udfs import translate as module
from udfs.translate import translate_batches


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    folder = make_m2m(tmp_path_factory.mktemp("translator"))
    return translate_settings(folder, max_new_tokens=6, batch_size=2)


def rows(texts: list[str | None], languages: list[str]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(
        {
            "image_sha256": [f"{i:064x}" for i in range(len(texts))],
            "caption_key": ["k"] * len(texts),
            "text": pa.array(texts, pa.string()),
            "language": languages,
            "warc_file": ["a.warc.gz"] * len(texts),
        }
    )


TEXTS = ["a red cup", None, "two fish", "  ", "a star", "a blue house", "a key"]
LANGUAGES = ["vi", "vi", "th", "vi", "th", "hu", "vi"]


def test_rows_keep_their_order_and_their_language(settings):
    table = pa.Table.from_batches(
        translate_batches(iter([rows(TEXTS, LANGUAGES)]), settings), arrow_schema("translations")
    )
    assert table["language"].to_pylist() == LANGUAGES
    assert table["image_sha256"].to_pylist() == rows(TEXTS, LANGUAGES)["image_sha256"].to_pylist()
    errors = table["error"].to_pylist()
    assert errors[1] == errors[3] == "empty: no text to translate"
    assert "does not know the target language 'hu'" in errors[5]
    assert set(table["model"].to_pylist()) == {translator_name(settings)}
    for text, error, checks in zip(
        table["text"].to_pylist(), errors, table["checks"].to_pylist(), strict=True
    ):
        assert (text is None) == (error is not None)
        assert (checks is None) == (text is None)


def test_checks_are_of_the_row_they_stand_in(settings, monkeypatch):
    words = {("a cup", "cs"): "jeden červený hrnek", ("a cup", "th"): "a cup"}

    class Dictionary:
        def translate(self, texts, source, target):
            assert source == "en"
            return [Generation(words[text, target], None, 1, 1.0) for text in texts]

    monkeypatch.setattr(module, "_translator", lambda settings: Dictionary())
    batches = translate_batches(iter([rows(["a cup", "a cup"], ["th", "cs"])]), settings)
    thai, czech = pa.Table.from_batches(batches)["checks"].to_pylist()
    assert thai["copied"]
    assert not thai["passed"]
    assert thai["script_share"] == 0
    assert czech["language"] == "cs"
    assert czech["passed"]
    assert czech["length_ratio"] == pytest.approx(19 / 5)
