"""Our side of the contract with vLLM.

vLLM itself needs a GPU and is not installed here: a small stand-in has the parts of its documented
interface that we use, and refuses any other argument. What it does says nothing about vLLM.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType, SimpleNamespace
from typing import ClassVar

import pytest
from models_tiny import caption_settings, translate_settings
from PIL import Image

from mella_spark.errors import MellaError, MissingDependencyError, SettingsError, StageError
from mella_spark.models import load_captioner
from mella_spark.models.chat import Question
from mella_spark.models.loading import load_chat
from mella_spark.models.vllm import show_one_gpu


class SamplingParams:
    def __init__(self, *, temperature, max_tokens):
        self.temperature, self.max_tokens = temperature, max_tokens


class LLM:
    """Answers with the question's text; one question of a kind fails a whole call."""

    made: ClassVar[list[dict]] = []

    def __init__(
        self, *, model, revision, tokenizer_revision, dtype, trust_remote_code, max_model_len,
        gpu_memory_utilization, seed, code_revision=None, limit_mm_per_prompt=None,
        quantization=None,
    ):  # fmt: skip
        if model == "too/large":
            raise RuntimeError("Engine core initialization failed.\nSee root cause above.")
        type(self).made.append({k: v for k, v in locals().items() if k != "self"})

    def chat(self, messages, sampling_params=None, use_tqdm=True):
        assert not use_tqdm
        said = [self.read(dialogue) for dialogue in messages]
        if any("too long" in text for text in said):
            raise ValueError("The prompt is longer than the maximum model length")
        if any("dead" in text for text in said):
            raise type("EngineDeadError", (Exception,), {})("EngineCore encountered an issue.")
        return [self.output(text, sampling_params.max_tokens) for text in said]

    @staticmethod
    def output(text, most):
        made = SimpleNamespace(
            text=f" {text} ",
            token_ids=[1] * min(len(text), most),
            finish_reason="length" if len(text) > most else "stop",
        )
        return SimpleNamespace(outputs=[made])

    @staticmethod
    def read(dialogue):
        content = dialogue[-1]["content"]
        if isinstance(content, str):
            return content
        assert [part["type"] for part in content] == ["image_pil", "text"]
        assert content[0]["image_pil"].width * content[0]["image_pil"].height <= 100
        return content[1]["text"]


@pytest.fixture
def vllm(monkeypatch):
    module = ModuleType("vllm")
    module.LLM, module.SamplingParams = LLM, SamplingParams
    LLM.made = []
    monkeypatch.setitem(sys.modules, "vllm", module)
    monkeypatch.setattr("mella_spark.models.vllm.spark_gpu_address", lambda: None)
    return module


def settings(**changes):
    base = {"backend": "vllm", "device": "auto", "max_new_tokens": 4, "max_pixels": 100}
    return caption_settings("some/vlm", **{**base, **changes})


def test_captions(vllm):
    captioner = load_captioner(settings(revision="abc", dtype="bfloat16", quantisation="int4"))
    pictures = [Image.new("RGB", (50, 20)), Image.new("RGB", (5, 5))]
    answers = captioner.caption(pictures, ["one", "three and more"])
    assert [(a.text, a.tokens, a.finish_reason) for a in answers] == [
        ("one", 3, "stop"),
        ("three and more", 4, "length"),
    ]
    assert {(a.error, a.batch_size, a.device) for a in answers} == {(None, 2, "cuda:0")}
    [made] = LLM.made
    assert made["model"] == "some/vlm"
    assert made["revision"] == made["tokenizer_revision"] == "abc"
    assert made["dtype"] == "bfloat16"
    assert made["quantization"] == "bitsandbytes"
    assert made["limit_mm_per_prompt"] == {"image": 1}
    assert made["gpu_memory_utilization"] == 0.9
    assert (made["trust_remote_code"], made["max_model_len"]) == (False, None)


def test_texts_alone(vllm):
    chat = load_chat(translate_settings("some/llm", backend="vllm", device="cuda:0"))
    assert chat.ask([Question("a", system="You translate.")])[0].text == "a"
    assert chat.ask([]) == []
    assert LLM.made[0]["limit_mm_per_prompt"] is None


def test_a_question_that_fails_costs_only_itself(vllm):
    chat = load_chat(settings())
    answers = chat.ask([Question(t) for t in ("a", "b", "too long", "c", "")])
    assert [a.text for a in answers] == ["a", "b", None, "c", None]
    assert answers[2].error.startswith("ValueError: The prompt is longer")
    assert answers[4].error.startswith("EmptyAnswer")


def test_an_engine_that_died_ends_the_task(vllm):
    with pytest.raises(Exception, match="EngineCore"):
        load_chat(settings()).ask([Question("a"), Question("dead")])


def test_a_model_that_does_not_load_is_one_sentence(vllm):
    with pytest.raises(StageError, match="cannot load the model 'too/large'") as caught:
        load_captioner(settings(model="too/large"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "embedded"}, "embedded models run on transformers"),
        ({"num_beams": 2}, "num_beams"),
        ({"quantisation": "int8"}, "not of 8"),
        ({"device": "cpu"}, "runs on a GPU"),
        ({"trust_remote_code": True}, "fixed revision"),
    ],
)
def test_settings_that_do_not_fit(vllm, changes, words):
    with pytest.raises(SettingsError, match=words):
        load_captioner(settings(**changes))
    assert LLM.made == []


def test_without_vllm(monkeypatch):
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(MissingDependencyError, match=r"Install mella-spark\[vllm\]"):
        load_captioner(settings())


@pytest.mark.parametrize(
    ("setting", "address", "device", "visible"),
    [
        ("auto", None, "cuda:0", None),
        ("cuda", None, "cuda:0", None),
        ("auto", "3", "cuda:3", "3"),
        ("cuda:1", "3", "cuda:1", "1"),
    ],
)
def test_the_one_gpu_it_sees(monkeypatch, setting, address, device, visible):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "x")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert show_one_gpu(setting, address) == device
    assert os.environ.get("CUDA_VISIBLE_DEVICES") == visible
    assert show_one_gpu(setting, address) == device  # asked again, it is so already


def test_too_late_for_another_gpu(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setattr("torch.cuda.is_initialized", lambda: True)
    with pytest.raises(MellaError, match="uses CUDA already"):
        show_one_gpu("auto", "1")
