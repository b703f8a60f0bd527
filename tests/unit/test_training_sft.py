"""Whole trainings of a tiny model, and its evaluation."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tiny_vlm import make_vlm, rows, write_table

from mella_spark.errors import InputError, UsageError
from mella_spark.evaluation.evaluate import evaluate
from mella_spark.settings import load_settings
from mella_spark.training import backbone, checkpoints, data, lora
from mella_spark.training.curve import read_curve
from mella_spark.training.data import SAMPLE_COLUMNS
from mella_spark.training.sft import train
from mella_spark.training.trainer import Trainer

QUICK = {
    "lora_rank": 4,
    "batch_size": 8,
    "max_steps": 40,
    "learning_rate": 0.02,
    "validation_steps": 20,
    "checkpoint_steps": 20,
    "tensorboard": False,
    "source_weights": {"know": 1.0, "ling": 1.0},
    "frozen_modules": "",  # random eyes must learn too
}
FROZEN = load_settings(environment={}).train.frozen_modules


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sft")
    make_vlm(folder / "vlm")
    write_table(folder / "mella", rows(120))
    return folder


def settings(place, **changes):
    train_settings = load_settings(environment={}).train
    return train_settings.model_copy(update={"model": str(place / "vlm"), **QUICK, **changes})


@pytest.fixture(scope="module")
def trained(place):
    return train(str(place / "mella"), place / "out", settings(place))


def test_it_learns(trained, place):
    losses = trained.losses
    assert losses["train_last"] < 0.5 * losses["train_first"]
    assert losses["validation_best"] < 0.5 * losses["validation_first"]
    assert trained.counts == {"know": {"cs": 24, "vi": 24}, "ling": {"cs": 24, "vi": 24}}
    assert trained.samples == 96
    assert trained.epochs == pytest.approx(40 * 8 / 96)
    assert trained.resumed_at == []
    assert 0 < trained.trained_parameters < trained.parameters
    points = read_curve(place / "out" / "curve.jsonl")
    assert [p["step"] for p in points if p["kind"] == "validation"] == [0, 20, 40]
    assert [p["step"] for p in points if p["kind"] == "train"] == [1, 10, 20, 30, 40]


def test_called_again_it_returns_the_result(trained, place):
    assert train(str(place / "mella"), place / "out", settings(place)) == trained
    assert json.loads((place / "out" / "train.json").read_text())["steps"] == 40


def test_other_settings_need_another_folder(trained, place):
    with pytest.raises(UsageError, match="another table"):
        train(str(place / "mella"), place / "out", settings(place, seed=8))
    with pytest.raises(UsageError):
        train(str(place / "mella"), place / "out", settings(place), version=7)
    # what has no effect on the weights may change
    assert train(str(place / "mella"), place / "out", settings(place, log_steps=5)) == trained


def test_evaluation_before_and_after(trained, place):
    quick = {"model": str(place / "vlm"), "max_new_tokens": 8, "resamples": 20, "examples": 1}
    chosen = load_settings(environment={}).evaluate.model_copy(update=quick)
    result = evaluate(str(place / "mella"), place / "out" / "adapter", chosen, out=place / "out")
    assert result["samples"] == {"know": {"cs": 3, "vi": 3}, "ling": {"cs": 3, "vi": 3}}
    before, after = (result[k]["ling"]["macro"]["chrf++"]["value"] for k in ("before", "after"))
    assert after > before + 5
    assert result["after"]["know"]["vi"]["keyword_any"]["n"] == 3
    assert len(result["examples"]) == 4
    assert json.loads((place / "out" / "evaluation.json").read_text()) == result
    again = evaluate(str(place / "mella"), place / "out" / "adapter", chosen)
    assert {**again, "seconds": 0} == {**result, "seconds": 0}


def test_evaluation_chooses_samples_by_seed(place):
    from mella_spark.evaluation.samples import choose

    table = str(place / "mella")
    few = choose(table, 0, "train", 5, seed=1)
    more = choose(table, 0, "train", 9, seed=1)
    assert len(few) == 20
    assert {s.sample_id for s in few} < {s.sample_id for s in more}
    assert {s.sample_id for s in few} != {s.sample_id for s in choose(table, 0, "train", 5, 2)}
    with pytest.raises(InputError, match="empty"):
        choose(table, 0, "nothing", 5, 1)


def test_full_tuning_pins_the_version_and_stops_early(place, tmp_path):
    """Full tuning at rate 0 never gets better, so patience ends it; the table grows meanwhile."""
    table = write_table(tmp_path / "mella", rows(80))
    still = settings(
        place,
        method="full",
        frozen_modules=FROZEN,
        learning_rate=1e-12,
        patience=2,
        validation_steps=5,
        max_steps=500,
    )
    first = Trainer(table, 0, tmp_path / "unused", still)
    first.close()
    write_table(tmp_path / "mella", rows(40, seed=9), mode="append")
    result = train(table, tmp_path / "out", still, version=0)
    assert result.stopped_early
    assert result.steps < 500
    assert result.version == 0
    assert result.samples == 64
    assert 0.5 * result.parameters < result.trained_parameters < result.parameters
    tower = [load_file(path / "model.safetensors") for path in (place / "vlm", Path(result.path))]
    for name in (name for name in tower[0] if "vision_tower" in name):
        assert torch.equal(tower[0][name], tower[1][name]), name
    assert (tmp_path / "out" / "model" / "config.json").is_file()


@pytest.mark.parametrize("tied", [False, True])
def test_a_saved_adapter_is_the_trained_model(place, tmp_path, tied):
    """Also where input and output embeddings are one matrix: they still are after loading."""
    model = str(make_vlm(tmp_path / "vlm", tied=tied))
    chosen = settings(place, model=model, max_steps=3, validation_samples=0, frozen_modules=FROZEN)
    trainer = Trainer(str(place / "mella"), 0, tmp_path / "out", chosen)
    trainer.run()
    trainer.close()
    lora.save(trainer.model, trainer.processor, tmp_path / "adapter")
    loaded = lora.load_adapter(backbone.load(model)[0], tmp_path / "adapter")
    batch = trainer.collate(next(data.batches(str(place / "mella"), 0, "test", SAMPLE_COLUMNS, 4)))
    with torch.inference_mode():
        ours = trainer.model.eval()(**batch.inputs).logits
        theirs = loaded(**batch.inputs).logits
        base = backbone.load(model)[0](**batch.inputs).logits
    assert torch.equal(ours, theirs)
    assert not torch.allclose(ours, base, atol=1e-2)
    embeddings = [loaded.get_input_embeddings().weight, loaded.get_output_embeddings().weight]
    assert torch.equal(*embeddings) is tied
    assert not any("vision_tower" in name for name in checkpoints.trained_weights(trainer.model))


def test_accumulated_steps_equal_large_batches(place, tmp_path):
    """Two batches of 4 make the step that one of 8 makes."""
    table, weights = str(place / "mella"), []
    for name, batch, accumulation in (("one", 8, 1), ("two", 4, 2)):
        chosen = settings(
            place,
            batch_size=batch,
            accumulation=accumulation,
            max_steps=3,
            validation_samples=0,
            source_weights={"know": 3.0, "ling": 1.0},
        )
        train(table, tmp_path / name, chosen)
        weights.append(load_file(tmp_path / name / "adapter" / "adapter_model.safetensors"))
    for name, one in weights[0].items():
        assert torch.allclose(one, weights[1][name], atol=2e-4), name


def test_a_source_of_weight_zero_is_left_out(place, tmp_path):
    chosen = settings(place, source_weights={"know": 0.0, "ling": 1.0}, max_steps=1)
    result = train(str(place / "mella"), tmp_path, chosen)
    assert result.counts == {"ling": {"cs": 24, "vi": 24}}
    assert result.samples == 48


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"model": str(Path(__file__).parent)}, "Cannot load the vision-language model"),
        ({"batch_size": 500}, "has 96 samples"),
        ({"modules_to_save": ("no_such_module",)}, "no module named no_such_module"),
        ({"target_modules": ("no_such_layer",)}, "Adapters do not fit"),
    ],
)
def test_foreseeable_trouble_is_a_sentence(place, tmp_path, changes, sentence):
    with pytest.raises((InputError, UsageError), match=sentence):
        train(str(place / "mella"), tmp_path, settings(place, **changes))
