"""The translator over real architectures with random weights: the right language is asked for."""

from __future__ import annotations

import pytest
from models_tiny import make_m2m, make_marian, translate_settings

from mella_spark.errors import StageError
from mella_spark.models import load_translator

TEXTS = ["a red cup", "two green cars to the left of a star", "a", "three fish above a boat"]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("translators")


def load(folder, **changes):
    return load_translator(translate_settings(folder, max_new_tokens=8, **changes))


def test_answers_do_not_depend_on_the_batch(root):
    translator = load(make_m2m(root / "m2m"), batch_size=4)
    together = translator.translate(TEXTS, "en", "vi")
    alone = [translator.translate([text], "en", "vi")[0] for text in TEXTS]
    assert [(a.text, a.error) for a in together] == [(a.text, a.error) for a in alone]
    assert sum(a.text is not None for a in together) >= 2
    assert all(a.tokens > 0 for a in together if a.text is not None)


@pytest.mark.parametrize(
    "codes",
    [
        ("__en__", "__vi__", "__th__"),
        ("en", "vi", "th"),
        ("eng_Latn", "vie_Latn", "tha_Thai"),
        ("en_XX", "vi_VN", "th_TH"),
    ],
)
def test_the_language_is_forced_by_its_token(root, codes, monkeypatch):
    translator = load(make_m2m(root / codes[1], codes))
    forced = []
    original = translator.model.generate

    def generate(**inputs):
        forced.append(inputs["forced_bos_token_id"])
        output = original(**inputs)
        assert (output[:, 1] == inputs["forced_bos_token_id"]).all()
        return output

    monkeypatch.setattr(translator.model, "generate", generate)
    translator.translate(TEXTS, "en", "vi")
    translator.translate(TEXTS, "en", "th")
    assert translator.tokenizer.convert_ids_to_tokens(forced) == [codes[1], codes[2]]


def test_a_language_the_model_does_not_know(root):
    translator = load(make_m2m(root / "few", ("__en__", "__vi__")))
    with pytest.raises(StageError, match="does not know the target language 'hu'"):
        translator.translate(TEXTS, "en", "hu")


def test_multilingual_marian_names_the_language_in_front(root, monkeypatch):
    translator = load(make_marian(root / "many", (">>vie<<", ">>tha<<")))
    seen = []
    monkeypatch.setattr(
        translator, "_run", lambda texts, forced: seen.extend(texts) or _none(texts)
    )
    translator.translate(["a cup"], "en", "vi")
    translator.translate(["a cup"], "en", "th")
    assert seen == [">>vie<< a cup", ">>tha<< a cup"]
    with pytest.raises(StageError, match="does not know the target language 'hu'"):
        translator.translate(["a cup"], "en", "hu")


def _none(texts):
    return [("x", 1)] * len(texts)


def test_marian_for_one_language_takes_the_text_as_it_is(root):
    translator = load(make_marian(root / "one"))
    answers = translator.translate(TEXTS, "en", "cs")
    assert len(answers) == len(TEXTS)
    assert sum(a.text is not None for a in answers) >= 2


def test_a_missing_model_is_one_sentence(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(StageError, match="no-such-translator"):
        load("someone/no-such-translator")
