"""Translations over Arrow batches: every row comes out once, with its checks or its error."""

from __future__ import annotations

from contextlib import contextmanager

import pyarrow as pa
import pytest
from models_tiny import make_m2m, translate_settings

from mella_spark.errors import StageError
from mella_spark.lake.schemas import arrow_schema
from mella_spark.models import Generation, devices, resident, translator_name
from mella_spark.models.work import COLUMN, Work
from udfs import translate as module
from udfs.translate import translate_batches, translate_texts


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    folder = make_m2m(tmp_path_factory.mktemp("translator"))
    return translate_settings(folder, max_new_tokens=6, batch_size=2)


@pytest.fixture(autouse=True)
def _no_models_are_left():
    yield
    for kind in ("translate", "quality"):
        resident.release(kind)


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
    # Random weights pass no check: all that can be asked again were.
    assert table["attempts"].to_pylist() == [2, 0, 2, 0, 2, 1, 2]
    assert set(table["device"].to_pylist()) == {"cpu", None}
    together = table["batch_size"].to_pylist()
    assert [size > 0 for size in together] == [
        attempts > 0 and i != 5 for i, attempts in enumerate(table["attempts"].to_pylist())
    ]
    assert max(together) == 2
    assert table["quality"].null_count == len(TEXTS)


class Dictionary:
    """Knows a few translations, and counts the texts it is asked for."""

    device = "shelf"

    def __init__(self, words):
        self.words, self.asked = words, 0

    def translate(self, texts, source, target):
        assert source == "en"
        self.asked += len(texts)
        return [Generation(self.words[text, target], None, 1, 1.0) for text in texts]


@pytest.fixture
def dictionary(monkeypatch):
    words = Dictionary({("a cup", "cs"): "jeden červený hrnek", ("a cup", "th"): "a cup"})

    @contextmanager
    def models(settings, work):
        yield words, None

    monkeypatch.setattr(module, "_models", models)
    return words


def test_checks_are_of_the_row_they_stand_in(settings, dictionary):
    batches = translate_batches(iter([rows(["a cup", "a cup"], ["th", "cs"])]), settings)
    thai, czech = pa.Table.from_batches(batches)["checks"].to_pylist()
    assert thai["copied"]
    assert not thai["passed"]
    assert thai["script_share"] == 0
    assert czech["language"] == "cs"
    assert czech["passed"]
    assert czech["length_ratio"] == pytest.approx(19 / 5)


def test_equal_texts_are_asked_for_once_in_a_batch(settings, dictionary):
    batch = rows(["a cup"] * 6, ["cs"] * 6)
    wide = settings.model_copy(update={"batch_size": 8})
    table = pa.Table.from_batches(translate_batches(iter([batch]), wide))
    assert dictionary.asked == 1
    assert table["text"].to_pylist() == ["jeden červený hrnek"] * 6


@pytest.mark.parametrize("batches", [[], [rows([], [])], [rows([None, " "], ["cs", "cs"])]])
def test_nothing_to_translate_loads_no_model(settings, monkeypatch, batches):
    def load(settings):
        raise AssertionError("a model was loaded")

    monkeypatch.setattr(module, "load_translator", load)
    made = list(translate_batches(iter(batches), settings))
    assert sum(batch.num_rows for batch in made) == sum(batch.num_rows for batch in batches)


def test_what_it_cost_comes_along(settings):
    schema = [*arrow_schema("translations").names, COLUMN]
    batch = rows(TEXTS * 3, LANGUAGES * 3)
    table = pa.Table.from_batches(translate_batches(iter([batch]), settings, with_work=True))
    assert table.schema.names == schema
    total = Work()
    for told in table[COLUMN].to_pylist():
        total.add(Work.of(told or {}))
    assert total.inputs == table.num_rows
    assert total.errors == sum(error is not None for error in table["error"].to_pylist())
    # A sentence that several rows share counts once.
    assert 0 < total.tokens <= sum(table["tokens"].to_pylist())
    assert 0 < total.useful <= total.positions
    assert total.calls > 0
    assert total.load_s > 0
    assert 0 < total.busy_s <= total.wall_s


def test_the_model_stays_and_is_judged_by_another(settings, monkeypatch):
    loads = []

    class Judge:
        def estimate(self, sources, translations):
            return [3.5] * len(sources)

    original = module.load_translator
    monkeypatch.setattr(
        module, "load_translator", lambda settings: loads.append(1) or original(settings)
    )
    monkeypatch.setattr(module, "load_estimator", lambda settings: Judge())
    for _ in range(2):
        made = translate_texts(["a red cup"], ["vi"], settings)
    assert loads == [1]
    assert made[0].quality == (None if made[0].text is None else 3.5)


def test_quality_is_a_column(settings, monkeypatch):
    class Judge:
        def estimate(self, sources, translations):
            return [len(source) / 10 for source in sources]

    monkeypatch.setattr(module, "load_estimator", lambda settings: Judge())
    table = pa.Table.from_batches(translate_batches(iter([rows(TEXTS, LANGUAGES)]), settings))
    assert table.schema.field("quality").type == pa.float64()
    expected = [
        None if text is None else len(origin or "") / 10
        for text, origin in zip(table["text"].to_pylist(), TEXTS, strict=True)
    ]
    assert table["quality"].to_pylist() == expected
    assert sum(score is not None for score in expected) >= 3


def test_a_task_on_another_gpu_does_not_use_the_first_ones_model(settings, monkeypatch):
    loads = []
    original = module.load_translator

    def load_here(asked):
        loads.append(devices.spark_gpu_address())
        return original(settings)

    monkeypatch.setattr(module, "load_translator", load_here)
    free = settings.model_copy(update={"device": "auto"})
    for address in ("0", "0", "1", "1", "0"):
        monkeypatch.setattr(devices, "spark_gpu_address", lambda address=address: address)
        translate_texts(["a red cup"], ["vi"], free)
    assert loads == ["0", "1", "0"]


def test_a_model_that_cannot_be_loaded_fails_the_job(settings, tmp_path):
    (tmp_path / "none").mkdir()
    broken = settings.model_copy(update={"model": str(tmp_path / "none")})
    with pytest.raises(StageError, match="Cannot load the model"):
        list(translate_batches(iter([rows(["a cup"], ["vi"])]), broken))
