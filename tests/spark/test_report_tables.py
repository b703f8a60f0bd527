"""What the report collects from real tables, against counts made by hand."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mella_spark.errors import InputError
from mella_spark.lake.schemas import TABLES, spark_schema
from mella_spark.lake.tables import Lake
from mella_spark.lake.transaction import transaction
from mella_spark.models.work import Work, to_history
from mella_spark.report.collect import collect
from mella_spark.report.data import Bin, CategoryCount, EvidenceCount, PairCount, ReportData, Term
from mella_spark.report.gallery import TEXT_CHARS
from mella_spark.settings import Settings

NOW = datetime(2025, 1, 1, tzinfo=UTC)


def png(shade: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (640, 320), (shade, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


def fill(lake: Lake, name: str, *rows: dict[str, Any]) -> None:
    """Appends rows, columns that are not given null."""
    columns = TABLES[name].column_names[:-1]
    values = [tuple(row.get(column) for column in columns) for row in rows]
    frame = lake.spark.createDataFrame(values, spark_schema(name))
    frame.write.format("delta").mode("append").save(lake.location(name))


def pair(number: int, language: str | None, reason: str | None, **more: Any) -> dict[str, Any]:
    return {
        "pair_id": f"{number}", "page_url": f"https://a.example/{number}",
        "image_url": f"https://a.example/{number}.png", "alt": f"alt {number}", "warc_file": "w",
        "language": language, "kept": reason is None, "reject_reason": reason,
        "culture_score": 0.0, **more,
    }  # fmt: skip


def sample(number: int, picture: str, language: str, source: str, **more: Any) -> dict[str, Any]:
    return {
        "sample_id": f"{source}{number}", "image_sha256": picture, "image": png(ord(picture[0])),
        "language": language, "source": source, "prompt": "?", "response": f"alt {number}",
        "image_url": f"https://a.example/{number}.png", "split": "train", "cluster_id": picture,
        "warc_file": "w", **more,
    }  # fmt: skip


@pytest.fixture(scope="module")
def lake(spark, settings: Settings, tmp_path_factory) -> Lake:  # type: ignore[no-untyped-def]
    made = Lake(spark, str(tmp_path_factory.mktemp("report")), settings.lake.properties)
    made.create()
    term = ("gazetteer", "nón lá", 0.5)
    fill(
        made, "native_pairs",
        pair(1, "vi", None, culture_score=0.52, category="clothing",
             culture_evidence=[("alt_language", "vi", 0.3), term, ("gazetteer", "áo dài", 0.5)]),
        pair(2, "vi", None, culture_score=1.0, culture_evidence=[term, term]),
        pair(3, "vi", "boilerplate", culture_evidence=[("boilerplate", "x", -0.9), term]),
        pair(4, None, "no_language"),
        pair(5, "en", "language_not_target", culture_evidence=[("alt_language", "en", 0.3)]),
    )  # fmt: skip
    fill(
        made, "mella",
        sample(1, "a", "vi", "know", keywords=["nón lá"], culture_score=0.52),
        sample(1, "a", "vi", "ling", response="x" * 2_000),
        sample(1, "a", "vi", "thick", response="y" * 2_000),
        sample(2, "b", "vi", "ling", cluster_id="a"),
        sample(3, "c", "ar", "ling", split="test", image=b"no picture"),
    )  # fmt: skip
    caption = {"caption_key": "k", "language": "en", "warc_file": "w"}
    fill(
        made, "captions",
        {"image_sha256": "a", "text": "old", "created_at": NOW, **caption},
        {"image_sha256": "a", "text": "new", "created_at": NOW.replace(year=2026), **caption},
        {"image_sha256": "a", "text": "thick", "created_at": NOW.replace(year=2027), **caption,
         "caption_key": "thick-k"},
        {"image_sha256": "c", "error": "E: x", **caption},
    )  # fmt: skip
    checks = ("vi", 1.0, 1.0, 1.0, 0.0, False, True, 1.0, 1, 1, True)
    translation = {"image_sha256": "a", "caption_key": "k", "warc_file": "w"}
    work = Work(inputs=3, tokens=30, busy_s=1.0, wall_s=2.0)
    for i in range(2):  # commits of two micro-batches that wrote nothing
        empty = made.read("captions").limit(0).drop("txn")
        with transaction(made, "test/work", i) as txn:
            txn.append("captions", empty, to_history("caption", "k", "m", 1.5, work))
    fill(
        made, "translations",
        {"language": "vi", "text": "x", "checks": checks, **translation},
        {"language": "vi", "text": "y", "checks": (*checks[:6], False, *checks[7:]), **translation},
        {"language": "vi", "error": "E: x", **translation},
    )  # fmt: skip
    fill(
        made, "ledger",
        *({"file": file, "stage": "filter", "reason": reason, "count": count}
          for file in "uv" for reason, count in (("seen", 5), ("kept", 2), ("boilerplate", 3))),
    )  # fmt: skip
    return made


@pytest.fixture(scope="module")
def data(lake: Lake, settings: Settings, tmp_path_factory) -> ReportData:  # type: ignore[no-untyped-def]
    """The report's data, with an evaluation one of whose samples was taken out of the table."""
    folder = tmp_path_factory.mktemp("model")
    figure = {"value": 1.0, "low": 0.5, "high": 2.0, "n": 4, "signature": "bleu|x"}
    figures = {"ling": {"vi": {"bleu": figure}}}
    example = {"source": "ling", "prompt": "?", "reference": "r", "keywords": [], "before": "b",
               "after": "a"}  # fmt: skip
    evaluation = {
        "table": "t", "version": 3, "split": "test", "samples": {"ling": {"vi": 4}},
        "model": "embedded", "adapter": "a", "before": figures, "after": figures,
        "examples": [{**example, "language": "vi", "sample_id": "ling2"},
                     {**example, "language": "ar", "sample_id": "taken out"}],
        "unreadable": 0, "settings": {"confidence": 0.95, "resamples": 1000},
    }  # fmt: skip
    (folder / "evaluation.json").write_text(json.dumps(evaluation), encoding="utf-8")
    return collect(lake, settings, folder)


def test_all_counts_are_those_of_the_tables(data: ReportData) -> None:
    assert data.pairs == (PairCount("vi", 3, 2), PairCount("en", 1, 0), PairCount("und", 1, 0))
    assert data.evidence == (
        EvidenceCount("gazetteer", 3, 2),
        EvidenceCount("alt_language", 2, 1),
        EvidenceCount("boilerplate", 1, 0),
    )
    assert data.terms == (Term("vi", "nón lá", 2), Term("vi", "áo dài", 1))
    assert data.categories == (CategoryCount("clothing", 1),)
    assert data.bins == (Bin(0, 0, 3), Bin(10, 1, 0), Bin(19, 1, 0))
    (translated,) = data.translations
    assert (translated.rows, translated.passed, translated.errors) == (3, 1, 1)
    assert {(s.language, s.source, s.split): (s.samples, s.characters) for s in data.samples} == {
        ("vi", "know", "train"): (1, 5),
        ("vi", "ling", "train"): (2, 2_005),
        ("ar", "ling", "test"): (1, 5),
    }
    assert {(s.language, s.source): (s.samples, s.characters) for s in data.thick} == {
        ("vi", "thick"): (1, 2_000)
    }
    assert (data.count(), data.count("vi"), data.count("vi", "thick")) == (4, 3, 1)
    assert data.sample_pictures == 3
    (run,) = data.work
    assert (run.stage, run.model, run.seconds, run.work.inputs) == ("caption", "m", 3.0, 6)
    assert run.rate(run.work.tokens) == 20.0
    assert run.work.busy_share == 0.5
    (stage,) = data.funnel
    assert (stage.seen, stage.kept, stage.rejects) == (10, 4, {"boilerplate": 6})
    assert {t.name: t.rows for t in data.tables} == {
        **dict.fromkeys(TABLES, 0),
        "native_pairs": 5, "mella": 5, "captions": 4, "translations": 3, "ledger": 6,
    }  # fmt: skip


def test_the_gallery_joins_both_texts_and_skips_near_duplicates(data: ReportData) -> None:
    arabic, vietnamese = data.gallery
    assert (vietnamese.know, vietnamese.pivot) == ("alt 1", "new")
    assert vietnamese.ling == "x" * TEXT_CHARS
    assert (vietnamese.thick, arabic.thick) == ("y" * TEXT_CHARS, None)
    assert vietnamese.keywords == ("nón lá",)
    assert vietnamese.category == "clothing"
    assert vietnamese.evidence[0][0] == "gazetteer"
    assert vietnamese.evidence[-1] == ("alt_language", "vi")
    assert vietnamese.thumbnail is not None
    assert (vietnamese.thumbnail.width, vietnamese.thumbnail.height) == (320, 160)
    assert (arabic.know, arabic.ling, arabic.thumbnail) == (None, "alt 3", None)


def test_examples_have_pictures_while_their_samples_are_in_the_table(data: ReportData) -> None:
    assert data.evaluation is not None
    (example,) = data.evaluation.examples
    assert example.sample_id == "ling2"
    assert example.thumbnail is not None
    assert data.evaluation.hidden_examples == 1


def test_a_root_without_tables_is_one_clear_sentence(
    lake: Lake, settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="no tables"):
        collect(Lake(lake.spark, str(tmp_path)), settings, None)
