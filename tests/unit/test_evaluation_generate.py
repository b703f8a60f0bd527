"""Batch generation and the scoring of a model."""

import pytest
from PIL import Image
from tiny_vlm import make_vlm, rows

from mella_spark.evaluation.evaluate import evaluate_model
from mella_spark.evaluation.generate import generate
from mella_spark.evaluation.samples import Sample
from mella_spark.settings import load_settings
from mella_spark.training import backbone
from mella_spark.training.chat import Chat, end_tokens

SETTINGS = load_settings(environment={}).evaluate.model_copy(
    update={"max_new_tokens": 6, "batch_size": 2, "resamples": 5}
)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    return backbone.load(str(make_vlm(tmp_path_factory.mktemp("vlm"))))


def samples(count=5):
    return [
        Sample(
            r["sample_id"],
            r["image"],
            "?" * (1 + i),
            (r["response"],),
            r["source"],
            r["language"],
            tuple(r["keywords"]),
        )
        for i, r in enumerate(rows(count))
    ]


def test_a_batch_says_what_each_would_say_alone(loaded):
    """Prompts of different length are padded on the left, so none changes another's answer."""
    model, processor = loaded
    chat = Chat(processor, end_tokens(model))
    pictures = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue", "white")]
    prompts = ["?", "Что на этом снимке?", "ảnh gì"]
    together = generate(model, chat, pictures, prompts, 8)
    alone = [generate(model, chat, [i], [p], 8)[0] for i, p in zip(pictures, prompts, strict=True)]
    assert together == alone
    assert len(set(together)) > 1


def test_padding_on_the_right_is_refused(loaded):
    model, processor = loaded
    chat = Chat(processor, end_tokens(model))
    proper = chat.prompts

    def flipped(pictures, prompts):
        return {k: v.flip(1) if v.ndim == 2 else v for k, v in proper(pictures, prompts).items()}

    chat.prompts = flipped
    with pytest.raises(RuntimeError, match="left"):
        generate(model, chat, [Image.new("RGB", (16, 16))] * 2, ["?", "longer"], 2)


def test_answers_end_at_the_end_token(loaded):
    """With every token an end, each answer is over at once."""
    model, processor = loaded
    chat = Chat(processor, range(len(processor.tokenizer)))
    assert generate(model, chat, [Image.new("RGB", (16, 16))], ["?"], 50)[0] in (
        "",
        *processor.tokenizer.batch_decode([[i] for i in range(len(processor.tokenizer))]),
    )


def test_unreadable_pictures_count_as_empty_answers(loaded):
    broken = samples()
    broken[3] = Sample("broken", b"no picture", "?", ("x",), "know", "cs", ("x",))
    result = evaluate_model(*loaded, broken, SETTINGS)
    assert result.unreadable == 1
    assert result.answers["broken"] == ""
    assert list(result.answers) == [s.sample_id for s in broken]
    assert sum(result.figures[s]["micro"]["meteor"].n for s in result.figures) == 5
    assert "fidelity" in result.figures["know"]["macro"]
    again = evaluate_model(*loaded, broken, SETTINGS)
    assert again.answers == result.answers
    assert again.figures == result.figures
