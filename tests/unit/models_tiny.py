"""Real architectures with a few thousand random weights, saved to a folder: for tests only."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import (
    BlipConfig,
    BlipForConditionalGeneration,
    BlipImageProcessor,
    BlipProcessor,
    M2M100Config,
    M2M100ForConditionalGeneration,
    MarianConfig,
    MarianMTModel,
    PreTrainedTokenizerFast,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen2VLImageProcessor,
    Qwen2VLProcessor,
    Qwen2VLVideoProcessor,
)

from mella_spark.settings import CaptionSettings, TranslateSettings, load_settings

_CHAT = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% for part in m['content'] %}"
    "{% if part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def caption_settings(folder: Path | str, **changes: object) -> CaptionSettings:
    """The defaults with the model of ``folder``, on the CPU."""
    return load_settings(environment={}).caption.model_copy(
        update={"model": str(folder), "device": "cpu", **changes}
    )


def translate_settings(folder: Path | str, **changes: object) -> TranslateSettings:
    """The defaults with the model of ``folder``, on the CPU."""
    return load_settings(environment={}).translate.model_copy(
        update={"model": str(folder), "device": "cpu", **changes}
    )


def byte_tokenizer(special: list[str], template: str | None = None, **names: str):
    """A tokenizer of single bytes; ``special`` get the first ids, ``template`` is what to add."""
    vocabulary = {
        t: i for i, t in enumerate([*special, *sorted(pre_tokenizers.ByteLevel.alphabet())])
    }
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in special])
    if template is not None:
        used = [(token, vocabulary[token]) for token in special if token in template.split()]
        tokenizer.post_processor = processors.TemplateProcessing(
            single=template, special_tokens=used
        )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)


def make_qwen(folder: Path) -> Path:
    """Qwen2-VL: pictures of any size, so every picture has its own number of tokens."""
    special = [
        "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>",
        "<|image_pad|>", "<|video_pad|>",
    ]  # fmt: skip
    tokenizer = byte_tokenizer(special, pad_token=special[0], eos_token=special[2])
    pixels = {"size": {"shortest_edge": 28 * 28 * 2, "longest_edge": 28 * 28 * 16}}
    processor = Qwen2VLProcessor(
        Qwen2VLImageProcessor(**pixels), tokenizer, Qwen2VLVideoProcessor(**pixels), _CHAT
    )
    torch.manual_seed(3)
    config = Qwen2VLConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10000.0,
                "mrope_section": [2, 3, 3],
            },
            "bos_token_id": None,
            "eos_token_id": 2,
            "pad_token_id": 0,
        },
        vision_config={"depth": 1, "embed_dim": 32, "hidden_size": 32, "num_heads": 2},
        image_token_id=5,
        video_token_id=6,
        vision_start_token_id=3,
        vision_end_token_id=4,
    )
    Qwen2VLForConditionalGeneration(config).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def make_blip(folder: Path) -> Path:
    """BLIP: no chat template, a caption needs no prompt."""
    special = ["[PAD]", "[CLS]", "[SEP]", "[DEC]"]
    tokenizer = byte_tokenizer(
        special, "[CLS] $A [SEP]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]"
    )
    size = {"height": 32, "width": 32}
    torch.manual_seed(3)
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 16,
        "encoder_hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "bos_token_id": 3,
        "eos_token_id": 2,
        "sep_token_id": 2,
        "pad_token_id": 0,
    }
    vision = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 32,
    }
    config = BlipConfig(text_config=text, vision_config=vision, projection_dim=8)
    BlipForConditionalGeneration(config).save_pretrained(folder)
    BlipProcessor(BlipImageProcessor(size=size), tokenizer).save_pretrained(folder)
    return folder


_SEQ2SEQ = {
    "d_model": 16,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 16,
    "decoder_ffn_dim": 16,
    "max_position_embeddings": 128,
}


def make_m2m(folder: Path, codes: tuple[str, ...] = ("__en__", "__vi__", "__th__")) -> Path:
    """M2M100: one token a language, forced at the start of the output."""
    special = ["<s>", "<pad>", "</s>", "<unk>", *codes]
    tokenizer = byte_tokenizer(special, "$A </s>", pad_token="<pad>", eos_token="</s>")
    torch.manual_seed(3)
    M2M100ForConditionalGeneration(
        M2M100Config(vocab_size=len(tokenizer), **_SEQ2SEQ)
    ).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_marian(folder: Path, codes: tuple[str, ...] = ()) -> Path:
    """Marian: the language in front of the source, or none where it knows only one."""
    special = ["<pad>", "</s>", *codes]
    tokenizer = byte_tokenizer(special, "$A </s>", pad_token="<pad>", eos_token="</s>")
    torch.manual_seed(3)
    config = MarianConfig(
        vocab_size=len(tokenizer),
        pad_token_id=0,
        eos_token_id=1,
        decoder_start_token_id=0,
        forced_eos_token_id=None,
        **_SEQ2SEQ,
    )
    MarianMTModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
