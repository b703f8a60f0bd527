"""Captioners of real architectures with their real processors, tiny and random: for tests only.

Each is saved to a folder as on the hub, with a byte-level tokenizer that has the family's control
tokens, and with a chat template of our own in the family's manner.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from models_tiny import byte_tokenizer, make_blip, make_qwen
from transformers import (
    Blip2Config,
    Blip2ForConditionalGeneration,
    Blip2Processor,
    BlipImageProcessor,
    GotOcr2ImageProcessor,
    InternVLConfig,
    InternVLForConditionalGeneration,
    InternVLProcessor,
    InternVLVideoProcessor,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    Qwen2VLImageProcessor,
    Qwen2VLVideoProcessor,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
    SmolVLMImageProcessor,
    SmolVLMProcessor,
    SmolVLMVideoProcessor,
)

QWEN_TOKENS = [
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>",
    "<|image_pad|>", "<|video_pad|>",
]  # fmt: skip
TEXT: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2048,
}


def chatml(image: str, start: str = "<|im_start|>", end: str = "<|im_end|>\n") -> str:
    """A chat template: turns between ``start`` and ``end``, a picture written as ``image``."""
    return (
        f"{{% for m in messages %}}{start}{{{{ m['role'] }}}}\n{{% for part in m['content'] %}}"
        f"{{% if part['type'] == 'image' %}}{image}{{% else %}}{{{{ part['text'] }}}}{{% endif %}}"
        f"{{% endfor %}}{end}{{% endfor %}}"
        f"{{% if add_generation_prompt %}}{start}assistant\n{{% endif %}}"
    )


QWEN_CHAT = chatml("<|vision_start|><|image_pad|><|vision_end|>")


def make_qwen25(folder: Path) -> Path:
    """Qwen2.5-VL: attention in windows, RMS norms in the vision tower."""
    tokenizer = byte_tokenizer(QWEN_TOKENS, pad_token=QWEN_TOKENS[0], eos_token=QWEN_TOKENS[2])
    size = {"shortest_edge": 28 * 28 * 2, "longest_edge": 28 * 28 * 16}
    processor = Qwen2_5_VLProcessor(
        Qwen2VLImageProcessor(size=size),
        tokenizer,
        Qwen2VLVideoProcessor(size=size),
        chat_template=QWEN_CHAT,
    )
    config = Qwen2_5_VLConfig(
        text_config={
            **TEXT,
            "vocab_size": len(tokenizer),
            "rope_parameters": {
                "rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3],
            },
            "bos_token_id": None, "eos_token_id": 2, "pad_token_id": 0,
        },
        vision_config={
            "depth": 2, "hidden_size": 32, "intermediate_size": 32, "num_heads": 2,
            "out_hidden_size": 32, "window_size": 56, "fullatt_block_indexes": [1],
        },
        image_token_id=5, video_token_id=6, vision_start_token_id=3, vision_end_token_id=4,
    )  # fmt: skip
    return save(folder, Qwen2_5_VLForConditionalGeneration, config, processor)


def make_qwen3(folder: Path) -> Path:
    """Qwen3-VL: patches of 16 pixels, features of several layers of the vision tower."""
    tokenizer = byte_tokenizer(QWEN_TOKENS, pad_token=QWEN_TOKENS[0], eos_token=QWEN_TOKENS[2])
    size = {"shortest_edge": 32 * 32 * 2, "longest_edge": 32 * 32 * 16}
    processor = Qwen3VLProcessor(
        Qwen2VLImageProcessor(size=size, patch_size=16),
        tokenizer,
        Qwen3VLVideoProcessor(size=size),
        chat_template=QWEN_CHAT,
    )
    config = Qwen3VLConfig(
        text_config={
            **TEXT,
            "head_dim": 16,
            "vocab_size": len(tokenizer),
            "rope_parameters": {
                "rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 2, 2],
                "mrope_interleaved": True,
            },
            "bos_token_id": None, "eos_token_id": 2, "pad_token_id": 0,
        },
        vision_config={
            "depth": 2, "hidden_size": 32, "intermediate_size": 32, "num_heads": 2,
            "out_hidden_size": 32, "num_position_embeddings": 64, "deepstack_visual_indexes": [0],
        },
        image_token_id=5, video_token_id=6, vision_start_token_id=3, vision_end_token_id=4,
    )  # fmt: skip
    return save(folder, Qwen3VLForConditionalGeneration, config, processor)


def make_internvl(folder: Path) -> Path:
    """InternVL 3: tiles of one size, more for larger pictures."""
    special = [
        "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<img>", "</img>", "<IMG_CONTEXT>",
        "<video>",
    ]  # fmt: skip
    tokenizer = byte_tokenizer(
        special,
        pad_token=special[0],
        eos_token=special[2],
        extra_special_tokens={
            "start_image_token": "<img>",
            "end_image_token": "</img>",
            "context_image_token": "<IMG_CONTEXT>",
            "video_token": "<video>",
        },
    )
    size = {"height": 28, "width": 28}
    processor = InternVLProcessor(
        GotOcr2ImageProcessor(size=size, crop_to_patches=True, min_patches=1, max_patches=4),
        tokenizer,
        InternVLVideoProcessor(size=size),
        image_seq_length=1,
        chat_template=chatml("<IMG_CONTEXT>\n"),
    )
    config = InternVLConfig(
        text_config={
            **TEXT, "model_type": "qwen2", "vocab_size": len(tokenizer),
            "bos_token_id": None, "eos_token_id": 2, "pad_token_id": 0,
        },
        vision_config={
            "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1,
            "num_attention_heads": 2, "image_size": [28, 28], "patch_size": [14, 14],
        },
        image_token_id=5, image_seq_length=1, tie_word_embeddings=False,
    )  # fmt: skip
    return save(folder, InternVLForConditionalGeneration, config, processor)


def make_smolvlm(folder: Path) -> Path:
    """SmolVLM: a picture in the whole and cut into rows and columns, each with its own token.

    64 wide, as weights of four bits come in blocks of 64.
    """
    grid = [f"<row_{r}_col_{c}>" for r in range(1, 4) for c in range(1, 4)]
    special = [
        "<|endoftext|>", "<|im_start|>", "<end_of_utterance>", "<fake_token_around_image>",
        "<image>", "<global-img>", *grid,
    ]  # fmt: skip
    tokenizer = byte_tokenizer(special, pad_token=special[0], eos_token=special[2])
    sizes = {"size": {"longest_edge": 64}, "max_image_size": {"longest_edge": 32}}
    processor = SmolVLMProcessor(
        SmolVLMImageProcessor(**sizes),
        tokenizer,
        SmolVLMVideoProcessor(**sizes),
        image_seq_len=4,
        chat_template=chatml("<image>", end="<end_of_utterance>\n"),
    )
    config = SmolVLMConfig(
        text_config={
            **TEXT, "hidden_size": 64, "intermediate_size": 64,
            "model_type": "llama", "vocab_size": len(tokenizer),
            "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0,
        },
        vision_config={
            "hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 1,
            "num_attention_heads": 2, "image_size": 32, "patch_size": 8,
        },
        image_token_id=4, scale_factor=2, pad_token_id=0,
    )  # fmt: skip
    return save(folder, SmolVLMForConditionalGeneration, config, processor)


def make_blip2(folder: Path) -> Path:
    """BLIP-2: queries between an encoder and a language model; a prompt, but no dialogue."""
    special = ["<pad>", "<s>", "</s>"]
    tokenizer = byte_tokenizer(special, pad_token="<pad>", bos_token="<s>", eos_token="</s>")
    size = {"height": 28, "width": 28}
    # The processor adds its own token for pictures, behind the vocabulary.
    processor = Blip2Processor(BlipImageProcessor(size=size), tokenizer, num_query_tokens=4)
    config = Blip2Config(
        vision_config={
            "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1,
            "num_attention_heads": 2, "image_size": 28, "patch_size": 14,
        },
        qformer_config={
            "vocab_size": 30, "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1,
            "num_attention_heads": 2, "encoder_hidden_size": 32,
        },
        text_config={
            "model_type": "opt", "vocab_size": len(tokenizer), "hidden_size": 32, "ffn_dim": 32,
            "num_hidden_layers": 1, "num_attention_heads": 2, "word_embed_proj_dim": 32,
            "max_position_embeddings": 256, "bos_token_id": 1, "eos_token_id": 2,
            "pad_token_id": 0,
        },
        num_query_tokens=4, image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )  # fmt: skip
    return save(folder, Blip2ForConditionalGeneration, config, processor)


def save(folder: Path, architecture: Any, config: Any, processor: Any) -> Path:
    """A random model of ``architecture``, and its processor, in ``folder``.

    It never says a control token, as random weights would do too often.
    """
    torch.manual_seed(3)
    model = architecture(config)
    model.generation_config.suppress_tokens = sorted(processor.tokenizer.added_tokens_decoder)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


FAMILIES = {
    "qwen2-vl": make_qwen,
    "qwen2.5-vl": make_qwen25,
    "qwen3-vl": make_qwen3,
    "internvl": make_internvl,
    "smolvlm": make_smolvlm,
    "blip": make_blip,
    "blip-2": make_blip2,
}
