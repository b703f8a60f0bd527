"""Models of known size and shape, made from a configuration alone: no hub, random weights.

Speed does not depend on what the weights say, as long as every answer has the same length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CONTROL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>",
    "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
_CHAT = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% for part in m['content'] %}"
    "{% if part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_WORDS = "user assistant Describe the picture in one sentence . text page says about"


@dataclass(frozen=True)
class Shape:
    """A Qwen2-VL: widths and depths of its language model and of its vision tower.

    ``pixels`` are the least and most of a picture that the processor makes patches of.
    """

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    intermediate: int
    vocabulary: int
    tied: bool
    vision_depth: int = 32
    vision_width: int = 1280
    vision_heads: int = 16
    pixels: tuple[int, int] = (56 * 56, 28 * 28 * 1280)


# Source of the large ones: the configurations published with Qwen2-VL-2B and Qwen2-VL-7B (which
# has 8.3 billion weights with its vision tower).
SHAPES = {
    "qwen2-vl-tiny": Shape(
        256, 4, 4, 2, 1024, 4096, True, 4, 128, 4, (56 * 56, 28 * 28 * 64)
    ),
    "qwen2-vl-2b": Shape(1536, 28, 12, 2, 8960, 151_936, True),
    "qwen2-vl-7b": Shape(3584, 28, 28, 4, 18_944, 152_064, False),
}  # fmt: skip


def configuration(shape: Shape) -> Any:
    """The configuration of a model; control tokens have the first ids."""
    from transformers import Qwen2VLConfig

    ids = {token: number for number, token in enumerate(CONTROL)}
    half = shape.hidden // shape.heads // 2  # of a head: split into time, height and width
    sections = [half - 2 * (half * 3 // 8), half * 3 // 8, half * 3 // 8]
    return Qwen2VLConfig(
        text_config={
            "vocab_size": shape.vocabulary,
            "hidden_size": shape.hidden,
            "intermediate_size": shape.intermediate,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "num_key_value_heads": shape.kv_heads,
            "max_position_embeddings": 32_768,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 1_000_000.0,
                "mrope_section": sections,
            },
            "tie_word_embeddings": shape.tied,
            "bos_token_id": None,
            "eos_token_id": ids["<|im_end|>"],
            "pad_token_id": ids["<|endoftext|>"],
        },
        vision_config={
            "depth": shape.vision_depth,
            "embed_dim": shape.vision_width,
            "num_heads": shape.vision_heads,
            "hidden_size": shape.hidden,
        },
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=shape.tied,
    )


def tokenizer(size: int) -> Any:
    """Words of our prompts and single bytes, filled up to ``size`` tokens with made-up words."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    known = [*CONTROL, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    words = [mark + word for word in _WORDS.split() for mark in ("", "\u0120")]
    known += [word for word in words if word not in known]
    known += [f"\u0120word{number}" for number in range(len(known), size)]
    vocabulary = {token: number for number, token in enumerate(known[:size])}
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=[], ignore_merges=True))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(token, special=True) for token in CONTROL])
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token=CONTROL[0], eos_token=CONTROL[2], padding_side="left"
    )


def processor(shape: Shape) -> Any:
    """The processor of a model; without torchvision one that knows pictures and no films."""
    import transformers

    size = {"shortest_edge": shape.pixels[0], "longest_edge": shape.pixels[1]}
    words = tokenizer(shape.vocabulary)
    if transformers.utils.is_torchvision_available():
        return transformers.Qwen2VLProcessor(
            transformers.Qwen2VLImageProcessor(size=size),
            words,
            transformers.Qwen2VLVideoProcessor(size=size),
            chat_template=_CHAT,
        )

    class PictureProcessor(transformers.Qwen2VLProcessor):
        def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
            """Any class will do for the films' processor, which is missing."""
            if argument is not None:
                return super().check_argument_for_proper_class(argument_name, argument)

    images = transformers.Qwen2VLImageProcessorPil(size=size)
    return PictureProcessor(images, words, None, chat_template=_CHAT)


def model(shape: Shape, device: str, dtype: Any, seed: int = 0) -> Any:
    """A model with random weights, made where it will run. It never says a control token."""
    import torch
    import transformers

    torch.manual_seed(seed)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            made = transformers.Qwen2VLForConditionalGeneration(configuration(shape))
    finally:
        torch.set_default_dtype(before)
    made.generation_config.suppress_tokens = list(range(len(CONTROL)))
    return made.eval()
