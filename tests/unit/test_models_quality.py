"""Quality estimation: the score is read where MetricX has it, and no row is lost."""

from __future__ import annotations

import json

import pytest
import torch
from models_tiny import translate_settings
from safetensors.torch import load_file, save_file
from translators_tiny import make_metricx

from mella_spark.errors import StageError
from mella_spark.models.loading import load_estimator

SOURCES = ["a red cup", "two fish above a boat", "a star"]
TEXTS = ["jeden červený hrnek", "dvě ryby nad lodí", "hvězda a hvězda"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = make_metricx(tmp_path_factory.mktemp("metricx"))
    # As published: a head of its own, which has learnt the score.
    weights = load_file(folder / "model.safetensors")
    generator = torch.Generator().manual_seed(5)
    weights["lm_head.weight"] = torch.randn(weights["shared.weight"].shape, generator=generator)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "tie_word_embeddings": False}))
    return folder


def estimator(folder, **changes):
    changes = {"quality_model": str(folder), "quality_batch_size": 2, **changes}
    return load_estimator(translate_settings("embedded", **changes))


def test_none_unless_it_is_asked_for():
    assert load_estimator(translate_settings("embedded")) is None


def test_scores_are_the_logit_of_one_token_in_the_first_step(folder):
    judge = estimator(folder)
    scores = judge.estimate(SOURCES, TEXTS)
    weights = load_file(folder / "model.safetensors")
    assert torch.equal(judge.model.lm_head.weight, weights["lm_head.weight"])
    for source, text, score in zip(SOURCES, TEXTS, scores, strict=True):
        ids = judge.tokenizer(f"source: {source} candidate: {text}").input_ids
        assert ids[-1] == judge.tokenizer.eos_token_id
        with torch.inference_mode():
            states = judge.model.encoder(torch.tensor([ids[:-1]])).last_hidden_state
            made = judge.model.decoder(torch.tensor([[0]]), encoder_hidden_states=states)
        logit = float(made.last_hidden_state[0, 0] @ weights["lm_head.weight"][judge.score_id])
        assert score == pytest.approx(min(25.0, max(0.0, logit)), abs=1e-4)
    assert judge.tokenizer.convert_ids_to_tokens(judge.score_id) == "<extra_id_10>"


def test_scores_do_not_depend_on_the_batch_and_stay_in_range(folder):
    judge = estimator(folder)
    together = judge.estimate(SOURCES, TEXTS)
    alone = [judge.estimate([s], [t])[0] for s, t in zip(SOURCES, TEXTS, strict=True)]
    assert together == pytest.approx(alone, abs=1e-4)
    with torch.inference_mode():
        judge.model.lm_head.weight.mul_(1e4)
    assert set(judge.estimate(SOURCES, TEXTS)) <= {0.0, 25.0}
    assert judge.estimate([], []) == []


def test_a_text_too_long_has_no_score_and_the_others_do(folder):
    judge = estimator(folder)
    scores = judge.estimate([*SOURCES, "x" * 2000], [*TEXTS, "y"])
    assert scores[3] is None
    assert scores[:3] == pytest.approx(judge.estimate(SOURCES, TEXTS), abs=1e-4)


def test_a_tokenizer_from_elsewhere(folder, tmp_path):
    (tmp_path / "model").mkdir()
    for name in ("config.json", "model.safetensors"):
        (tmp_path / "model" / name).write_bytes((folder / name).read_bytes())
    judge = estimator(tmp_path / "model", quality_tokenizer=str(folder))
    assert judge.estimate(SOURCES, TEXTS) == estimator(folder).estimate(SOURCES, TEXTS)


def test_a_missing_model_is_one_sentence(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(StageError, match="Cannot load the model"):
        estimator(tmp_path / "empty")
