"""A random LLaVA of a few thousand weights, and a training table for it: for tests only."""

from __future__ import annotations

import hashlib
import io
import random
from pathlib import Path

import pyarrow as pa
import torch
from deltalake import write_deltalake
from PIL import Image
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

from mella_spark.lake.schemas import arrow_schema

SPECIAL = ["<pad>", "<end>", "<user>", "<assistant>", "<image>"]
TEMPLATE = (
    "{% for m in messages %}<{{ m['role'] }}>{% for part in m['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}<end>\n{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
)


def make_vlm(folder: Path, seed: int = 0, tied: bool = False) -> Path:
    """Saves a byte-level LLaVA with random weights to ``folder``; ``tied``: input and output
    embeddings are one."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate([*SPECIAL, *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<end>", padding_side="left"
    )
    size = {"height": 16, "width": 16}
    processor = LlavaProcessor(
        CLIPImageProcessor(size=size, crop_size=size),
        fast,
        patch_size=8,
        vision_feature_select_strategy="full",
        num_additional_image_tokens=1,
        image_token="<image>",
        chat_template=TEMPLATE,
    )
    torch.manual_seed(seed)
    width = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2}
    model = LlavaForConditionalGeneration(
        LlavaConfig(
            vision_config=CLIPVisionConfig(
                image_size=16, patch_size=8, num_hidden_layers=1, **width
            ),
            text_config=LlamaConfig(
                vocab_size=len(vocabulary),
                num_hidden_layers=2,
                max_position_embeddings=512,
                pad_token_id=0,
                eos_token_id=1,
                bos_token_id=None,
                tie_word_embeddings=tied,
                **width,
            ),
            image_token_index=4,
            image_seq_length=5,
            vision_feature_select_strategy="full",
            vision_feature_layer=-1,
            pad_token_id=0,
            tie_word_embeddings=tied,
        )
    )
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def rows(count: int = 48, seed: int = 0) -> list[dict]:
    """Samples whose answer follows from the picture's colour: two languages, two sources."""
    rng = random.Random(seed)
    colours = {"red": "đỏ", "blue": "xanh", "yellow": "vàng"}
    made = []
    for i in range(count):
        name, word = rng.choice(sorted(colours.items()))
        language, source = ("vi", "cs")[i % 2], ("know", "ling")[i // 2 % 2]
        image = io.BytesIO()
        Image.new("RGB", (20, 12), name).save(image, "PNG")
        split = ("train",) * 8 + ("validation", "test")
        made.append(
            {
                "sample_id": hashlib.md5(str(i).encode()).hexdigest(),
                "image_sha256": hashlib.sha256(image.getvalue()).hexdigest(),
                "image": image.getvalue(),
                "width": 20,
                "height": 12,
                "language": language,
                "source": source,
                "prompt": "?",
                "response": word,
                "keywords": [word] if source == "know" else [],
                "split": split[i // 4 % 10],
                "cluster_id": str(i),
                "warc_file": "x.warc.gz",
            }
        )
    return made


def write_table(path: Path, samples: list[dict], mode: str = "overwrite") -> str:
    """A ``mella`` table of ``samples``; its path as a string."""
    write_deltalake(str(path), pa.Table.from_pylist(samples, arrow_schema("mella")), mode=mode)
    return str(path)
