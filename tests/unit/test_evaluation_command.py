"""What `mella evaluate` says and writes for a test set, without a table and without Spark."""

import io
import json

import pytest
from PIL import Image
from tiny_vlm import make_vlm

from mella_spark.cli import main


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return make_vlm(tmp_path_factory.mktemp("vlm"))


def write_set(folder):
    image = io.BytesIO()
    Image.new("RGB", (20, 12), "red").save(image, "PNG")
    (folder / "red.png").write_bytes(image.getvalue())
    record = {"image": "red.png", "text": "ngôi sao đỏ", "language": "vi", "keywords": ["sao"]}
    (folder / "own.jsonl").write_text(json.dumps(record) + "\n{broken\n", encoding="utf-8")


def evaluate(folder, model, *more):
    options = (f"model={model}", "max_new_tokens=3", "resamples=5")
    settings = [f"--set=evaluate.{option}" for option in options]
    (folder / "root").mkdir(exist_ok=True)
    root = ["evaluate", "--root", str(folder / "root"), "--out", str(folder / "out")]
    return main([*root, "--json", *settings, *more])


def test_the_base_alone_on_a_test_set(tmp_path, model, capsys):
    write_set(tmp_path)
    assert evaluate(tmp_path, model, "--test-set", str(tmp_path / "own.jsonl")) == 0
    said = capsys.readouterr().out.splitlines()
    assert "the base model is scored alone" in said[0]
    assert any(line.startswith("know   keyword_strict_macro") for line in said)
    assert any(line.startswith("know   chrf++") for line in said)
    assert "evaluation-own.json" in said[-2]
    result = json.loads(said[-1])["evaluation"]
    assert result["test_set"]["rejects"] == {"malformed": 1}
    assert json.loads((tmp_path / "out" / "evaluation-own.json").read_text()) == result


def test_before_and_after_on_a_test_set(tmp_path, model, capsys):
    write_set(tmp_path)
    (tmp_path / "out").mkdir()
    trained = {"version": 3, "path": str(model)}
    (tmp_path / "out" / "train.json").write_text(json.dumps(trained))
    assert evaluate(tmp_path, model, f"--set=evaluate.test_set={tmp_path / 'own.jsonl'}") == 0
    said = capsys.readouterr().out
    assert "+0.00  [+0.00, +0.00]" in said
    assert json.loads(said.splitlines()[-1])["evaluation"]["version"] is None


def test_wrong_test_sets_are_told(tmp_path, model, capsys):
    assert evaluate(tmp_path, model, "--test-set", str(tmp_path / "none")) == 1
    assert "There is no test set" in capsys.readouterr().err
    assert evaluate(tmp_path, model) == 1
    assert "no table mella" in capsys.readouterr().err
