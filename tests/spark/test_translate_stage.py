"""The translation stage on real Delta tables: never twice, every row an answer, work told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mella_spark.errors import StageError
from mella_spark.lake.schemas import arrow_schema, spark_schema
from mella_spark.lake.tables import Lake
from mella_spark.lake.transaction import transaction
from mella_spark.models.work import from_history
from mella_spark.settings import Settings
from mella_spark.stages import translate
from mella_spark.stages.stream import run_stage

CAPTIONS = ["a red cup", "two blue boats. a red cup", "a star", None]
TARGETS = ("cs", "sr", "th")


def add_captions(lake: Lake, version: int, texts: list[str | None]) -> None:
    rows = []
    for i, text in enumerate(texts):
        row = dict.fromkeys(arrow_schema("captions").names)
        row |= {
            "image_sha256": f"{version * 100 + i:064x}",
            "caption_key": "k",
            "language": "en",
            "text": text,
            "error": "E: none" if text is None else None,
            "warc_file": "a.warc.gz",
        }
        rows.append(tuple(row.values()))
    with transaction(lake, "test/captions", version) as txn:
        txn.append("captions", lake.spark.createDataFrame(rows, spark_schema("captions")))


def counting(monkeypatch: pytest.MonkeyPatch, calls: Path) -> None:
    """Every call to the translation model, in whatever worker process, adds a line to a file."""
    import udfs.translate as module

    original = module.translate_batches

    def count_calls(batches, **named):  # type: ignore[no-untyped-def]
        from mella_spark.models import translator

        run = translator.TransformersTranslator._run

        def counted(self, texts, forced):  # type: ignore[no-untyped-def]
            with calls.open("a") as file:
                file.write(f"{len(texts)}\n")
            return run(self, texts, forced)

        translator.TransformersTranslator._run = counted  # type: ignore[method-assign]
        try:
            yield from original(batches, **named)
        finally:
            translator.TransformersTranslator._run = run  # type: ignore[method-assign]

    monkeypatch.setattr(module, "translate_batches", count_calls)


@pytest.fixture
def mine(settings: Settings) -> Settings:
    changes = {"device": "cpu", "idle_seconds": 0.0, "retry": False}
    chosen = settings.translate.model_copy(update=changes)
    targets = settings.languages.model_copy(update={"targets": list(TARGETS)})
    lake = settings.lake.model_copy(update={"files_per_commit": 1, "shuffle_partitions": 2})
    return settings.model_copy(update={"translate": chosen, "languages": targets, "lake": lake})


def test_never_twice(spark, mine, tmp_path, monkeypatch):  # type: ignore[no-untyped-def]
    lake = Lake(spark, str(tmp_path / "lake"), mine.lake.properties)
    lake.create()
    calls = tmp_path / "calls"
    counting(monkeypatch, calls)
    add_captions(lake, 0, CAPTIONS)

    first = run_stage(translate.STAGE, lake, mine)
    rows = lake.read("translations").collect()
    assert first.counts == {"seen": 9, "kept": 9}
    assert sorted((row.image_sha256[-1], row.language) for row in rows) == sorted(
        (str(i), language) for i in range(3) for language in TARGETS
    )
    assert all(row.error is None and row.checks is not None for row in rows)
    assert all(
        row.attempts == 1 and row.device == "cpu" and row.tokens * row.batch_size > 0
        for row in rows
    )
    two = next(r for r in rows if r.image_sha256.endswith("1") and r.language == "cs")
    assert (two.checks.sentences_source, two.checks.finished) == (1, True)
    assert sum(map(int, calls.read_text().split())) >= 9
    history = lake.spark.sql(f"DESCRIBE HISTORY {lake.reference('translations')}").collect()
    [work] = [told for row in history if (told := from_history(row["userMetadata"]))]
    assert (work["stage"], work["inputs"], work["errors"]) == ("translate", 9, 0)

    calls.unlink()
    shutil.rmtree(tmp_path / "lake" / "_checkpoints")
    add_captions(lake, 1, ["a key"])
    again = run_stage(translate.STAGE, lake, mine)
    assert again.counts == {"seen": 3, "kept": 3}  # all was seen again, and only what is new asked
    assert sum(map(int, calls.read_text().split())) == 3
    assert lake.read("translations").count() == 12

    calls.unlink()
    assert run_stage(translate.STAGE, lake, mine).counts == {}
    assert not calls.exists()


def test_too_many_errors_fail_the_stage(spark, mine, tmp_path):  # type: ignore[no-untyped-def]
    lake = Lake(spark, str(tmp_path / "lake"), mine.lake.properties)
    lake.create()
    add_captions(lake, 0, ["a red cup"])
    targets = mine.languages.model_copy(update={"targets": ["cs", "de"]})
    strict = mine.translate.model_copy(update={"max_error_rate": 0.4})
    wrong = mine.model_copy(update={"languages": targets, "translate": strict})
    with pytest.raises(StageError, match=r"1 of 2 rows failed.*does not know"):
        run_stage(translate.STAGE, lake, wrong)
    assert lake.read("translations").count() == 0
    loose = wrong.translate.model_copy(update={"max_error_rate": 0.6})
    result = run_stage(translate.STAGE, lake, wrong.model_copy(update={"translate": loose}))
    assert (result.counts["seen"], result.counts["kept"]) == (2, 1)
