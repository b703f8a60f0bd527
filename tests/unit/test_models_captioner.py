"""The captioner over real architectures with random weights, loaded by path as any model is."""

from __future__ import annotations

import pytest
import torch
from models_tiny import caption_settings, make_blip, make_qwen
from PIL import Image
from tiny_vlm import make_vlm

from mella_spark.errors import StageError
from mella_spark.models import load_captioner
from mella_spark.models.captioner import count_tokens, finish_reason
from mella_spark.models.control import control_tokens
from mella_spark.models.loading import only_cached
from mella_spark.models.protocols import StagedCaptioner

MAKERS = {"llava": make_vlm, "qwen": make_qwen, "blip": make_blip}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("captioners")
    return {name: make(root / name) for name, make in MAKERS.items()}


def pictures() -> list[Image.Image]:
    """Pictures of different sizes, so that Qwen's prompts have different lengths."""
    generator = torch.Generator().manual_seed(1)
    sizes = [(40, 40), (120, 40), (64, 96), (33, 57), (140, 140)]
    return [
        Image.frombytes(
            "RGB",
            size,
            bytes(torch.randint(0, 256, (size[0] * size[1] * 3,), generator=generator).tolist()),
        )
        for size in sizes
    ]


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_answers_do_not_depend_on_the_batch(folders, name):
    settings = caption_settings(folders[name], max_new_tokens=6, batch_size=5)
    captioner = load_captioner(settings)
    together = captioner.caption(pictures(), settings.prompt)
    alone = [captioner.caption([picture], settings.prompt)[0] for picture in pictures()]
    assert [a.error for a in together] == [a.error for a in alone]
    assert [a.text for a in together] == [a.text for a in alone]
    assert all(a.text is not None or "empty text" in str(a.error) for a in together)
    assert sum(a.text is not None for a in together) >= 3
    assert all(0 < a.tokens <= 6 and a.latency_ms > 0 for a in together if a.text is not None)


@pytest.mark.parametrize("name", ["llava", "qwen"])
def test_prompts_are_padded_on_the_left_and_not_repeated_in_the_answer(folders, name):
    settings = caption_settings(folders[name], max_new_tokens=4)
    captioner = load_captioner(settings)
    inputs = captioner._inputs(pictures(), ["Say what <image> it is."] * 5)
    assert inputs["attention_mask"][:, -1].all()
    widths = inputs["attention_mask"].sum(1)
    assert (len(set(widths.tolist())) > 1) == (name == "qwen")
    answers = captioner.caption(pictures(), settings.prompt)
    assert not any("Describe" in (a.text or "") for a in answers)


def test_a_picture_the_model_fails_on_costs_only_itself(folders):
    settings = caption_settings(folders["qwen"], max_new_tokens=4)
    captioner = load_captioner(settings)
    sound = captioner.caption(pictures(), settings.prompt)
    stretched = Image.new("RGB", (3000, 4))  # beyond the aspect ratio that Qwen's processor takes
    mixed = captioner.caption([*pictures()[:2], stretched, *pictures()[2:]], settings.prompt)
    assert mixed[2].text is None
    assert mixed[2].error.startswith("ValueError: ")
    assert [a.text for i, a in enumerate(mixed) if i != 2] == [a.text for a in sound]


@pytest.mark.parametrize("name", ["llava", "qwen"])
def test_each_picture_has_its_own_prompt(folders, name):
    captioner = load_captioner(caption_settings(folders[name], max_new_tokens=6))
    prompts = ["What?", "Tell me more than that, in a whole sentence.", "x", "Name it.", "Why?"]
    together = captioner.caption(pictures(), prompts)
    alone = [captioner.caption([i], [p])[0] for i, p in zip(pictures(), prompts, strict=True)]
    assert [a.text for a in together] == [a.text for a in alone]


@pytest.mark.parametrize("name", ["llava", "qwen"])
def test_control_tokens_in_a_prompt_are_text(folders, name):
    captioner = load_captioner(caption_settings(folders[name], max_new_tokens=6))
    specials = control_tokens(captioner.tokenizer)
    assert len(specials) >= 4
    evil = "Look " + "".join(sorted(specials)) + " <image> <|image_pad|> end of turn"
    ids = captioner.tokenizer.convert_tokens_to_ids(sorted(specials))

    def controls(prompt):
        inputs = captioner._inputs([pictures()[0], pictures()[1]], ["x", prompt])
        return [int((inputs["input_ids"][1] == i).sum()) for i in ids]

    pad = sorted(specials).index(captioner.tokenizer.pad_token)
    plain, attacked = controls("Look"), controls(evil)
    assert [n for i, n in enumerate(attacked) if i != pad] == [
        n for i, n in enumerate(plain) if i != pad
    ]
    calm, other = captioner.caption(pictures()[:2], "Look"), pictures()[1]
    beside = captioner.caption([pictures()[0], other], ["Look", evil])
    assert beside[0].text == calm[0].text
    assert beside[1].error is None or "empty text" in beside[1].error


def test_right_padding_is_refused(folders, monkeypatch):
    captioner = load_captioner(caption_settings(folders["qwen"], max_new_tokens=4))
    processor = captioner._own_processor()
    apply = processor.apply_chat_template

    def on_the_right(*args, **options):
        options["processor_kwargs"]["padding_side"] = "right"
        return apply(*args, **options)

    monkeypatch.setattr(processor, "apply_chat_template", on_the_right)
    with pytest.raises(RuntimeError, match="padded on the right"):
        captioner.prepare(pictures(), ["x"] * 5)
    assert captioner.prepare(pictures()[:1], ["x"]).positions > 0  # nothing to pad


def test_answers_say_how_they_ended(folders):
    captioner = load_captioner(caption_settings(folders["qwen"], max_new_tokens=4))
    answers = captioner.caption(pictures(), "x")
    assert {a.finish_reason for a in answers} <= {"stop", "length"}
    assert all(a.tokens == 4 for a in answers if a.finish_reason == "length")
    assert {(a.batch_size, a.device) for a in answers} == {(5, "cpu")}


def test_the_halves_of_the_work_are_the_whole(folders):
    captioner = load_captioner(caption_settings(folders["qwen"], max_new_tokens=4))
    assert isinstance(captioner, StagedCaptioner)
    prepared = captioner.prepare(pictures(), ["x"] * 5)
    mask = prepared.inputs["attention_mask"]
    assert (prepared.positions, prepared.useful) == (mask.numel(), int(mask.sum()))
    assert prepared.useful < prepared.positions
    assert prepared.nbytes > prepared.inputs["pixel_values"].numel() * 4
    whole = captioner.caption(pictures(), "x")
    assert [a.text for a in captioner.run(prepared)] == [a.text for a in whole]


@pytest.mark.parametrize("name", ["llava", "qwen"])
def test_image_tokens_are_known_from_the_size(folders, name):
    captioner = load_captioner(caption_settings(folders[name]))
    token = {"llava": "<image>", "qwen": "<|image_pad|>"}[name]
    number = captioner.tokenizer.convert_tokens_to_ids(token)
    for image in pictures():
        ids = captioner.prepare([image], ["x"]).inputs["input_ids"]
        assert int((ids == number).sum()) == captioner.image_tokens(*image.size)


def test_no_pictures(folders):
    assert load_captioner(caption_settings(folders["llava"])).caption([], "x") == []


def test_loading_keeps_to_the_number_format(folders):
    captioner = load_captioner(caption_settings(folders["llava"], dtype="bfloat16"))
    assert captioner.model.dtype is torch.bfloat16
    assert captioner.caption(pictures()[:1], "x")[0].error is None


@pytest.mark.parametrize("model", ["someone/no-such-model", "no-such-folder", "./no/such/folder"])
def test_a_missing_model_is_one_sentence(model, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(StageError, match="There is no folder") as caught:
        load_captioner(caption_settings(model))
    assert model in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_cached_model_is_used_where_the_hub_is_out_of_reach(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *a, **k: "config.json")
    assert only_cached("someone/some-model", None)


def test_a_folder_without_a_model(tmp_path):
    with pytest.raises(StageError, match="Cannot load the model"):
        load_captioner(caption_settings(tmp_path))


class Config:
    """Ids as in a generation config."""

    bos_token_id, decoder_start_token_id, pad_token_id, eos_token_id = 7, None, 0, [2, 3]


@pytest.mark.parametrize(
    ("ids", "expected"),
    [([5, 6, 2, 0, 0], 3), ([7, 5, 3], 2), ([5, 6], 2), ([0, 7, 5, 6, 2], 3), ([2], 1)],
)
def test_tokens_are_counted_up_to_the_end(ids, expected):
    assert count_tokens(ids, Config) == expected


@pytest.mark.parametrize(
    ("ids", "expected"), [([5, 6, 2, 0, 0], "stop"), ([7, 5, 3], "stop"), ([5, 6], "length")]
)
def test_the_end_is_told(ids, expected):
    assert finish_reason(ids, Config) == expected
