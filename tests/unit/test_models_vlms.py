"""Each family of captioners: its real architecture and processor, loaded by name as from a hub."""

from __future__ import annotations

import json
from functools import cache

import pytest
import torch
from hub_cache import HubCache
from hypothesis import given, settings
from hypothesis import strategies as st
from models_tiny import caption_settings
from PIL import Image
from vlms_tiny import FAMILIES

from mella_spark.errors import MissingDependencyError, SettingsError, StageError
from mella_spark.models import caption_key, load_captioner
from mella_spark.models.captioner import TransformersCaptioner
from mella_spark.models.prompts import load_prompt, render, web_text

COMMIT = "5a3f0e9c" * 5
CONTROL = (
    "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|vision_start|>", "<|image_pad|>", "<image>",
    "<img>", "</img>", "<IMG_CONTEXT>", "<video>", "<end_of_utterance>", "<global-img>",
    "<fake_token_around_image>", "<row_1_col_2>", "[INST]", "[/INST]", "<<SYS>>", "<s>", "</s>",
    "<pad>", "[PAD]", "[CLS]", "[SEP]", "[DEC]", "<bos>", "<start_of_turn>", "<|user|>",
)  # fmt: skip


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("families")
    return cache(lambda family: FAMILIES[family](root / family))


@pytest.fixture
def hub(tmp_path, monkeypatch):
    return HubCache(tmp_path / "hub", monkeypatch)


def pictures():
    """Two pictures of different sizes, so that most families' prompts differ in length."""
    return [Image.new("RGB", (64, 40), "red"), Image.linear_gradient("L").convert("RGB")]


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_family_is_loaded_by_name_and_describes_two_pictures(family, folders, hub):
    name = hub.add(f"someone/{family}", folders(family), COMMIT)
    captioner = load_captioner(caption_settings(name, max_new_tokens=6))
    assert isinstance(captioner, TransformersCaptioner)
    prompts = ["Describe the picture.", "What?"]
    answers = captioner.caption(pictures(), prompts)
    assert [a.error for a in answers] == [None, None]
    assert all(a.text and 0 < a.tokens <= 6 and a.batch_size == 2 for a in answers)
    alone = [captioner.caption([p], [q])[0] for p, q in zip(pictures(), prompts, strict=True)]
    assert [a.text for a in alone] == [a.text for a in answers]
    assert not any("escribe" in (a.text or "") for a in answers)


@pytest.mark.parametrize("family", sorted(set(FAMILIES) - {"blip"}))
def test_prompts_are_padded_on_the_left(family, folders):
    captioner = load_captioner(caption_settings(folders(family)))
    assert isinstance(captioner, TransformersCaptioner)
    mask = captioner.prepare(pictures(), ["Describe the picture.", "What?"]).inputs[
        "attention_mask"
    ]
    assert mask[:, -1].all()
    # BLIP-2's own processor puts the picture's tokens in front of the padding.
    assert (mask.diff() >= 0).all() or family == "blip-2"
    assert len(set(mask.sum(1).tolist())) == 2


@pytest.mark.parametrize("family", sorted(FAMILIES))
@pytest.mark.parametrize("backend", ["torchvision", "pil"])
def test_the_image_backend_is_the_one_asked_for(family, backend, folders):
    captioner = load_captioner(caption_settings(folders(family), image_backend=backend))
    assert isinstance(captioner, TransformersCaptioner)
    assert captioner.processor.image_processor.backend == backend
    assert captioner.prepare(pictures(), "ab").nbytes > 0


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_commands_in_web_text_are_read_as_text(family, folders):
    captioner = load_captioner(caption_settings(folders(family)))
    assert isinstance(captioner, TransformersCaptioner)
    special = set(captioner.tokenizer.added_tokens_decoder)
    hostile = f"x {' '.join(CONTROL)} y" + "".join(CONTROL)
    counts = []
    for text in ("a harmless page", hostile):
        prompt = render(load_prompt("thick"), text, text, 2000)
        inputs = captioner.prepare(pictures()[:1], [prompt]).inputs
        ids = inputs["input_ids"][0].tolist() if "input_ids" in inputs else []
        counts.append([i for i in ids if i in special])
    assert counts[0] == counts[1]


FRAGMENTS = st.lists(
    st.sampled_from(
        [*CONTROL, *(part for token in CONTROL for part in (token[:-1], token[1:], token[2:-2]))]
    )
    | st.text(max_size=4)
    | st.sampled_from(["＜", "＞", "｜", "［", "<", "|", ">", "\u200b", "\u0338", " "]),
    max_size=12,
).map("".join)


@settings(max_examples=60)
@given(FRAGMENTS)
def test_no_control_token_comes_out_of_web_text(text):
    for tokenizer in tokenizers():
        ids = tokenizer(web_text(text, 500), add_special_tokens=False)["input_ids"]
        assert not set(ids) & set(tokenizer.added_tokens_decoder)


@cache
def tokenizers():
    """The tokenizers of all families, and how often control tokens come out of raw text."""
    import tempfile
    from pathlib import Path

    from transformers import AutoTokenizer

    root = Path(tempfile.mkdtemp())
    made = [AutoTokenizer.from_pretrained(FAMILIES[name](root / name)) for name in FAMILIES]
    for tokenizer in made:  # each does read its own commands, or the test would show nothing
        raw = tokenizer("".join(CONTROL), add_special_tokens=False)["input_ids"]
        assert set(raw) & set(tokenizer.added_tokens_decoder)
    return made


def test_a_revision_that_is_not_in_the_cache(folders, hub):
    name = hub.add("someone/model", folders("blip"), COMMIT)
    pinned = caption_settings(name, revision=COMMIT)
    assert load_captioner(pinned).device == "cpu"
    assert caption_key(pinned) != caption_key(caption_settings(name))
    with pytest.raises(StageError, match="cannot be reached"):
        load_captioner(caption_settings(name, revision="f" * 40))


@pytest.mark.parametrize(
    ("setting", "dtype"), [("float16", torch.float16), ("bfloat16", torch.bfloat16)]
)
def test_half_precision_is_kept(setting, dtype, folders):
    captioner = load_captioner(caption_settings(folders("qwen2-vl"), dtype=setting))
    assert isinstance(captioner, TransformersCaptioner)
    assert captioner.model.dtype is dtype
    assert [a.error for a in captioner.caption(pictures(), "Describe.")] == [None, None]


@pytest.mark.parametrize("kind", ["int8", "int4"])
def test_quantisation_without_its_package_is_one_sentence(kind, folders, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"bitsandbytes.*mella-spark\[quantised\]"):
        load_captioner(caption_settings(folders("blip"), quantisation=kind))


@pytest.mark.parametrize(("kind", "layer"), [("int8", "Linear8bitLt"), ("int4", "Linear4bit")])
def test_quantised_weights(kind, layer, folders):
    pytest.importorskip("bitsandbytes")
    captioner = load_captioner(caption_settings(folders("smolvlm"), quantisation=kind))
    assert isinstance(captioner, TransformersCaptioner)
    assert layer in {type(module).__name__ for module in captioner.model.modules()}
    assert [a.error for a in captioner.caption(pictures(), "Describe.")] == [None, None]


CODE = """
import torch
from transformers import PretrainedConfig, PreTrainedModel

class TinyConfig(PretrainedConfig):
    model_type = "internvl_chat"
    def __init__(self, force_image_size=8, max_dynamic_patch=4, use_thumbnail=True, **rest):
        super().__init__(**rest)
        self.force_image_size, self.max_dynamic_patch = force_image_size, max_dynamic_patch
        self.use_thumbnail = use_thumbnail

class TinyChat(PreTrainedModel):
    config_class = TinyConfig
    def __init__(self, config):
        super().__init__(config)
        self.one = torch.nn.Parameter(torch.ones(1))
        self.post_init()

    def batch_chat(self, tokenizer, pixel_values, questions, generation_config,
                   num_patches_list=None, history=None, return_history=False,
                   IMG_START_TOKEN="<img>", IMG_END_TOKEN="</img>",
                   IMG_CONTEXT_TOKEN="<IMG_CONTEXT>", verbose=False, image_counts=None):
        assert pixel_values.shape[1:] == (3, 8, 8) and pixel_values.dtype == self.dtype
        assert sum(num_patches_list) == len(pixel_values)
        assert generation_config["max_new_tokens"] > 0 and not generation_config["do_sample"]
        said, start = [], 0
        for question, count in zip(questions, num_patches_list):
            assert question.startswith("<image>\\n") and question.count("<image>") == 1
            mean = pixel_values[start : start + count].float().mean((0, 2, 3))
            colour = ["red", "green", "blue"][int(mean.argmax())]
            said.append(f"{colour} in {count}: {question[8:]}")
            start += count
        return said
"""


def make_remote(folder, **auto_map):
    """A model with code of its own, asked as InternVL 2 is."""
    import sys
    from types import ModuleType

    from vlms_tiny import byte_tokenizer

    folder.mkdir()
    (folder / "tiny_chat.py").write_text(CODE)
    module = ModuleType("tiny_chat")
    sys.modules["tiny_chat"] = module
    try:
        exec(compile(CODE, "tiny_chat.py", "exec"), module.__dict__)
        module.TinyChat(module.TinyConfig()).save_pretrained(folder)
    finally:
        del sys.modules["tiny_chat"]
    special = ["</s>", "<img>", "</img>", "<IMG_CONTEXT>"]
    byte_tokenizer(special, pad_token="</s>", eos_token="</s>").save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {
        "AutoConfig": "tiny_chat.TinyConfig",
        "AutoModel": "tiny_chat.TinyChat",
        **auto_map,
    }
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """Code of models is copied to a folder of the test, not to the user's."""
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "m"))
    monkeypatch.syspath_prepend(str(tmp_path / "m"))


def test_code_of_a_pinned_model_runs_where_it_is_asked_for(tmp_path, hub, modules):
    name = hub.add("someone/internvl2-8b", make_remote(tmp_path / "remote"), COMMIT)
    captioner = load_captioner(caption_settings(name, trust_remote_code=True, revision=COMMIT))
    images = [Image.new("RGB", (8, 8), "red"), Image.new("RGB", (30, 15), "blue")]
    answers = captioner.caption(images, ["What?", "And <image> this </img>?"])
    assert [a.text for a in answers] == ["red in 1: What?", "blue in 3: And ‹image› this ‹/img›?"]
    assert all(a.error is None and a.tokens == len(a.text.encode()) for a in answers)
    assert (answers[0].batch_size, answers[0].device) == (2, "cpu")


@pytest.mark.parametrize("revision", [None, "main", "v1.0", COMMIT[:12], COMMIT.upper()])
def test_code_that_is_not_pinned_is_refused(tmp_path, hub, modules, revision):
    name = hub.add("someone/internvl2-8b", make_remote(tmp_path / "remote"), COMMIT)
    with pytest.raises(SettingsError, match="fixed revision"):
        load_captioner(caption_settings(name, trust_remote_code=True, revision=revision))


def test_code_does_not_run_unasked(tmp_path, hub, modules):
    name = hub.add("someone/internvl2-8b", make_remote(tmp_path / "remote"), COMMIT)
    with pytest.raises(StageError, match="trust_remote_code"):
        load_captioner(caption_settings(name, revision=COMMIT))


def test_code_of_another_repository_is_refused(tmp_path, hub, modules):
    folder = make_remote(tmp_path / "remote", AutoModel="else/where--tiny_chat.TinyChat")
    name = hub.add("someone/internvl2-8b", folder, COMMIT)
    for settings_ in (
        caption_settings(name, trust_remote_code=True, revision=COMMIT),
        caption_settings(folder, trust_remote_code=True),
    ):
        with pytest.raises(SettingsError, match="'else/where'"):
            load_captioner(settings_)


def test_code_in_a_folder_is_the_users_own(tmp_path, modules):
    folder = make_remote(tmp_path / "remote")
    captioner = load_captioner(caption_settings(folder, trust_remote_code=True))
    assert captioner.caption([Image.new("RGB", (8, 8), "red")], "x")[0].text == "red in 1: x"
