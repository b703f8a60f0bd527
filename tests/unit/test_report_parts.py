"""Parts of the report: charts, thumbnails, what a model folder holds, settings without secrets."""

from __future__ import annotations

import io
import json
import os
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyarrow as pa
import pytest
import report_data
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from markupsafe import Markup
from PIL import Image

from mella_spark.culture.evidence import WEIGHTS
from mella_spark.culture.score import REJECT_REASONS
from mella_spark.errors import InputError
from mella_spark.evaluation.metrics import Output
from mella_spark.evaluation.metrics import score as score_outputs
from mella_spark.images.reasons import REASONS
from mella_spark.report import charts, write_report
from mella_spark.report.data import Bin, Comparison, Score
from mella_spark.report.meanings import EVIDENCE_MEANINGS, METRIC_NAMES, meaning
from mella_spark.report.redact import REDACTED, flatten, without_credentials
from mella_spark.report.runs import read_evaluation, read_training
from mella_spark.report.thumbnails import thumbnail
from mella_spark.settings import Settings
from udfs.thumbnails import thumbnail_batches


def rects(svg: Markup) -> list[dict[str, str]]:
    return [dict(e.attrib) for e in ElementTree.fromstring(svg).iter("rect")]


def test_tags_escape_children_and_attributes() -> None:
    made = charts.tag("text", "<b>&", charts.tag("i"), class_='a" b', data_x=None, font_size=1.50)
    assert made == '<text class="a&#34; b" font-size="1.5">&lt;b&gt;&amp;<i></i></text>'


@hypothesis(deadline=None)
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=8))
def test_bar_parts_touch_and_fill_their_share(amounts: list[int]) -> None:
    total = sum(amounts)
    parts = rects(charts.bar([("kept", amount) for amount in amounts], total))
    at = 0.0
    for part in parts:
        assert float(part["x"]) == pytest.approx(at, abs=0.02)
        at = float(part["x"]) + float(part["width"])
    assert at == pytest.approx(100 if total else 0, abs=0.02)


@hypothesis(deadline=None)
@given(st.floats(1e-6, 1e12), st.integers(1, 10), st.booleans())
def test_ticks_reach_from_zero_past_the_top_in_even_steps(
    high: float, count: int, whole: bool
) -> None:
    ticks = charts.nice_ticks(high, count, whole)
    step = ticks[1]
    assert ticks[0] == 0
    assert high * (1 - 1e-8) <= ticks[-1] < high + step
    assert 2 <= len(ticks) <= count + 2
    assert all(b - a == pytest.approx(step) for a, b in pairwise(ticks))
    assert step >= 1 or not whole


@hypothesis(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.floats(0, 100)), max_size=900))
def test_thinning_keeps_the_mean_weight_and_the_limit(points: list[tuple[int, float]]) -> None:
    few = charts.thin(points, 100)
    assert len(few) <= 100
    if len(points) <= 100:
        assert few == [(x, y) for x, y in points]
    elif few:
        assert min(y for _, y in points) - 1e-6 <= few[0][1] <= max(y for _, y in points) + 1e-6


def test_the_curve_puts_losses_where_they_belong() -> None:
    svg = charts.loss_curve([(0, 4.0), (100, 2.0)], [(0, 4.0), (100, 1.0)])
    tree = ElementTree.fromstring(svg)
    dots = [(float(e.attrib["cx"]), float(e.attrib["cy"])) for e in tree.iter("circle")]
    (x0, y0), (x1, y1) = dots
    assert x0 < x1
    assert y0 < y1  # SVG's y grows downwards: a smaller loss lies lower
    assert "train loss from 4.000 to 2.000" in tree.attrib["aria-label"]
    paths = [e.attrib["d"] for e in tree.iter("path")]
    assert len(paths) == 2
    assert paths[0].startswith(f"M{x0:g} ")
    for empty in (charts.loss_curve([], []), charts.loss_curve([(1, 0.0)], [])):
        assert ElementTree.fromstring(empty).attrib["role"] == "img"


def test_the_histogram_stacks_kept_on_rejected() -> None:
    svg = charts.histogram([Bin(0, 0, 10), Bin(12, 30, 10)], 0.1)
    columns = rects(svg)
    assert [c["class"] for c in columns] == ["reject-1", "reject-1", "kept"]
    low, rejected, kept = columns
    assert float(low["height"]) == pytest.approx(float(rejected["height"]), abs=0.02)
    assert float(kept["height"]) == pytest.approx(3 * float(rejected["height"]), abs=0.05)
    bottom = float(kept["y"]) + float(kept["height"])
    assert bottom == pytest.approx(float(rejected["y"]), abs=0.02)
    assert ElementTree.fromstring(charts.histogram([], 0.5)).attrib["role"] == "img"


def test_comparison_bars_show_scores_and_intervals() -> None:
    before, after = Score(10, 5, 20, 3, "s"), Score(60, 50, 75, 3, "s")
    marks = {m["class"]: m for m in rects(charts.comparison_bars(Comparison(before, after)))}
    assert marks["before"]["width"] == "10"
    assert marks["after"]["width"] == "60"
    assert (marks["interval"]["x"], marks["interval"]["width"]) == ("50", "25")
    assert len(rects(charts.comparison_bars(Comparison(before, None)))) == 3


def png(width: int, height: int, noise: bool = False) -> bytes:
    image = Image.frombytes("RGB", (width, height), os.urandom(width * height * 3)) if noise else (
        Image.new("RGB", (width, height), "teal")
    )  # fmt: skip
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(("size", "fitted"), [((640, 320), (200, 100)), ((30, 60), (30, 60))])
def test_thumbnails_keep_the_shape_and_never_grow(
    size: tuple[int, int], fitted: tuple[int, int]
) -> None:
    small = thumbnail(png(*size), 200, 30_000)
    assert small is not None
    assert (small.width, small.height) == fitted
    with Image.open(io.BytesIO(small.webp)) as image:
        assert (image.format, image.size) == ("WEBP", fitted)


def test_thumbnails_stay_below_their_bytes() -> None:
    noisy = png(400, 400, noise=True)
    small = thumbnail(noisy, 320, 6_000)
    assert small is not None
    assert len(small.webp) <= 6_000
    tiny = thumbnail(noisy, 320, 1)
    assert tiny is not None
    assert (tiny.width, tiny.height) == (32, 32)
    assert thumbnail(b"<html>", 320, 6_000) is None


def test_thumbnail_batches_leave_out_what_does_not_decode() -> None:
    rows = [{"image_sha256": "a", "image": png(64, 32)}, {"image_sha256": "b", "image": b"no"}]
    schema = pa.schema([("image_sha256", pa.string()), ("image", pa.binary())])
    made = list(thumbnail_batches(iter([pa.RecordBatch.from_pylist(rows, schema)]), 32, 5_000))
    (row,) = made[0].to_pylist()
    assert (row["image_sha256"], row["width"], row["height"]) == ("a", 32, 16)


def test_settings_are_shown_without_secrets(settings: Settings) -> None:
    shown = dict(flatten(settings.model_dump(mode="json")))
    assert shown["report.gallery_size"] == str(settings.report.gallery_size)
    assert shown["caption.max_new_tokens"] == str(settings.caption.max_new_tokens)
    assert shown["evaluate.bleu_tokeniser"] == "null"
    assert shown["spark"] == "{}"
    assert REDACTED not in shown.values()
    spark = {
        "spark.hadoop.fs.s3a.secret.key": "s1",
        "spark.hadoop.fs.s3a.access.key": "s2",
        "spark.hadoop.fs.azure.account.key.x.dfs.core.windows.net": "s3",
        "spark.hadoop.fs.azure.sas.c.x.blob.core.windows.net": "s4",
        "spark.databricks.token": "s5",
        "spark.executor.extraJavaOptions": "-Djavax.net.ssl.trustStorePassword=s6",
        "spark.sql.catalog.uri": "jdbc:postgresql://s7:s8@db.example/x",
        "spark.hadoop.google.cloud.auth.service.account.private.key": "s9",
        "spark.executor.memory": "4g",
    }
    rows = dict(flatten({"spark": spark, "caption": {"prompt": "Describe the secret garden."}}))
    assert not [value for value in rows.values() if any(f"s{i}" in value for i in range(1, 10))]
    assert rows["spark.spark.executor.memory"] == "4g"
    assert rows["caption.prompt"] == "Describe the secret garden."


def test_addresses_lose_credentials_and_queries() -> None:
    text = "see s3://key:secret@bucket/x?X-Amz-Signature=1#f and /a?b"
    assert without_credentials(text) == "see s3://bucket/x#f and /a?b"


def test_the_file_is_replaced_as_a_whole_or_one_sentence_says_why(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mella_spark.report.collect.collect", lambda *_: report_data.empty())
    lake: Any = None
    page = write_report(lake, tmp_path / "new" / "report.html", settings, None)
    assert page.read_text(encoding="utf-8").endswith("</html>")
    assert [path.name for path in page.parent.iterdir()] == ["report.html"]
    with pytest.raises(InputError, match="Cannot write the report"):
        write_report(lake, page / "below" / "a-file.html", settings, None)


TRAIN = {
    "path": "p", "method": "lora", "model": "embedded", "table": "t", "version": 3, "steps": 20,
    "epochs": 1.5, "samples": 10, "tokens": 99, "skipped": 1, "counts": {},
    "losses": {"train_first": 5.0, "train_last": 1.25, "validation_first": None,
               "validation_best": None, "validation_last": None},
    "parameters": 1000, "trained_parameters": 10, "stopped_early": True, "resumed_at": [4, 9],
    "seconds": 61.0, "seed": 7, "settings": {},
}  # fmt: skip


def write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def test_a_training_is_read_from_its_first_point_on(tmp_path: Path) -> None:
    assert read_training(tmp_path) is None
    write(tmp_path / "run.json", {"table": "t", "version": 3, "settings": "x"})
    points = [
        {"kind": "validation", "step": 0, "loss": 6.0},
        {"kind": "train", "step": 1, "loss": 5.0, "rate": 0.1},
        {"kind": "train", "step": 10, "loss": float("nan")},
    ]
    lines = "".join(json.dumps(point) + "\n" for point in points) + '{"kind": "tr'
    (tmp_path / "curve.jsonl").write_text(lines, encoding="utf-8")
    running = read_training(tmp_path)
    assert running is not None
    assert (running.train, running.validation) == (((1, 5.0),), ((0, 6.0),))
    assert (running.finished, running.facts["Table version"]) == (False, "3")
    write(tmp_path / "train.json", TRAIN)
    done = read_training(tmp_path)
    assert done is not None
    assert done.finished
    assert done.facts["Train loss"] == "5.000 → 1.250"
    assert done.facts["Validation loss"] == "none → none"
    assert done.facts["Resumed at step"] == "4, 9"


def evaluation(after: bool) -> dict[str, Any]:
    figure = {"value": 1.0, "low": 0.5, "high": 2.0, "n": 4, "signature": "bleu|x"}
    figures = {"ling": {"vi": {"bleu": figure}, "macro": {"bleu": figure}}}
    example = {
        "sample_id": "1",
        "source": "ling",
        "language": "vi",
        "prompt": "?",
        "reference": "r",
        "keywords": [],
        "before": "b",
        "after": "a" if after else None,
    }
    return {
        "table": "t", "version": 3, "split": "test", "samples": {"ling": {"vi": 4}},
        "model": "embedded", "adapter": "a" if after else None, "before": figures,
        "after": figures if after else None, "examples": [example, {**example, "sample_id": "2"}],
        "unreadable": 0, "seconds": {}, "settings": {"confidence": 0.95, "resamples": 1000},
    }  # fmt: skip


@pytest.mark.parametrize("after", [True, False])
def test_an_evaluation_is_read(tmp_path: Path, after: bool) -> None:
    assert read_evaluation(tmp_path, 1) is None
    write(tmp_path / "evaluation.json", evaluation(after))
    read = read_evaluation(tmp_path, 1)
    assert read is not None
    assert [e.sample_id for e in read.examples] == ["1"]
    assert (read.figures["ling"]["vi"]["bleu"].after is not None) == after
    assert read.facts["After"] == ("a" if after else "not scored")
    assert read.facts["Samples"] == "4"


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"before": 3}'])
def test_a_strange_file_is_one_clear_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "evaluation.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"evaluation\.json"):
        read_evaluation(tmp_path, 1)
    (tmp_path / "train.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError):
        read_training(tmp_path)


def test_every_reason_and_metric_the_stages_write_is_explained() -> None:
    assert all(meaning("filter", reason) for reason in REJECT_REASONS)
    assert all(meaning("fetch", reason) for reason in REASONS)
    assert meaning("fetch", "http_418") == "the server answered with status 418"
    assert set(WEIGHTS) == set(EVIDENCE_MEANINGS)
    outputs = [Output("a", ("a",), "cs", "know", ("a",))]
    figures = score_outputs(outputs, speaks=lambda text, language: True)
    # spBLEU is there where its model is.
    assert set(figures["know"]["cs"]) | {"spbleu"} == set(METRIC_NAMES)
