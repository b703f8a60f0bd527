"""The captioner: a LLaVA of a convolutional FocalNet and a small Llama, trained from scratch.

It speaks the pivot language only. Its tokenizer and embeddings cover all nine languages, so that
fine-tuning can teach the others.
"""

import copy
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken
from torch import Tensor
from torch.nn import functional
from transformers import (
    CLIPImageProcessor,
    FocalNetConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
)

from mella_spark.models.recipe import tokens
from mella_spark.models.recipe.pictures import SIZE, loader
from mella_spark.models.recipe.schedule import Progress, learn, low_precision, optimiser
from mella_spark.models.recipe.sight import SightHead
from mella_spark.sample import grammar

PAD, END, USER, ASSISTANT, IMAGE = "<|pad|>", "<|end|>", "<|user|>", "<|assistant|>", "<image>"
TEMPLATE = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' }}"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% elif part['type'] == 'text' %}{{ part['text'] }}"
    "{% endif %}{% endfor %}{% endif %}"
    "<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
PROMPTS = (
    "Describe the picture in one sentence.",
    "Describe the image in one sentence.",
    "Describe this image.",
    "What is in the picture?",
    "What do you see?",
    "Write a caption.",
    "Caption this picture briefly.",
)
"""The first is the default of the settings and is used half of the time."""

VOCABULARY = 4096
WIDTH = 192
"""Of the features and of the hidden states."""
STRIDE = 16
"""Pixels of the input that one image token stands for, in each direction."""
SIDE = SIZE // STRIDE
GRID = SIDE**2
_MEAN = (0.5, 0.5, 0.5)
_SCALE = (0.25, 0.25, 0.25)


def build_processor(seed: int) -> LlavaProcessor:
    """Image processor, tokenizer and chat template."""

    def texts():
        yield from tokens.captions(seed, 6000)
        yield from tokens.native_alts(seed, 6000)
        yield from PROMPTS * 50

    special = [PAD, END, USER, ASSISTANT, IMAGE]
    trained = tokens.train(texts(), VOCABULARY, special)
    trained.add_special_tokens([AddedToken(token, special=True) for token in special])
    tokenizer = tokens.wrap(trained, pad_token=PAD, eos_token=END, padding_side="left")
    image_processor = CLIPImageProcessor(
        size={"height": SIZE, "width": SIZE},
        do_center_crop=False,
        image_mean=list(_MEAN),
        image_std=list(_SCALE),
    )
    return LlavaProcessor(
        image_processor,
        tokenizer,
        patch_size=STRIDE,
        vision_feature_select_strategy="full",
        image_token=IMAGE,
        chat_template=TEMPLATE,
    )


def build_model(tokenizer) -> LlavaForConditionalGeneration:
    """The untrained model, 3.5 million parameters."""
    width: dict[str, Any] = {"hidden_size": WIDTH}
    vision = FocalNetConfig(
        image_size=SIZE,
        patch_size=4,
        embed_dim=48,
        hidden_sizes=[48, 96, WIDTH],
        depths=[0, 2, 3],
        focal_levels=[1, 1, 1],
        focal_windows=[3, 3, 3],
        mlp_ratio=2.0,
        use_conv_embed=True,
        drop_path_rate=0.0,
        **width,
    )
    text = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        intermediate_size=512,
        num_hidden_layers=3,
        num_attention_heads=6,
        num_key_value_heads=6,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.convert_tokens_to_ids(END),
        pad_token_id=tokenizer.convert_tokens_to_ids(PAD),
    )
    padding: dict[str, Any] = {"pad_token_id": tokenizer.convert_tokens_to_ids(PAD)}
    return LlavaForConditionalGeneration(
        LlavaConfig(
            vision_config=vision,
            text_config=text,
            image_token_index=tokenizer.convert_tokens_to_ids(IMAGE),
            image_seq_length=GRID,
            vision_feature_layer=-1,
            vision_feature_select_strategy="full",
            tie_word_embeddings=True,
            **padding,
        )
    )


def pixels(batch: Tensor) -> Tensor:
    """uint8 pictures as the processor would hand them to the model."""
    mean, scale = (torch.tensor(v).view(1, 3, 1, 1) for v in (_MEAN, _SCALE))
    return (batch.float() / 255 - mean) / scale


def learn_to_see(
    model: LlavaForConditionalGeneration, head: SightHead, seed: int, steps: int, size: int
) -> None:
    """First phase: the vision tower alone."""
    tower = model.model.vision_tower
    optimizer = optimiser([(tower, 3e-3), (head, 3e-3)])
    progress = Progress("see", steps)
    for number, (batch, scenes, cells) in enumerate(loader(seed, steps, size, SIDE)):
        with low_precision():
            features = tower(pixels(batch), output_hidden_states=True).hidden_states[-1]
        loss, right = head.loss(features.float(), scenes, cells)
        learn(optimizer, loss, number / steps, floor=0.3)
        progress.show(number, loss=loss.item(), right=right)


def learn_to_speak(
    model: LlavaForConditionalGeneration,
    head: SightHead,
    processor: LlavaProcessor,
    seed: int,
    steps: int,
    size: int,
) -> None:
    """Second phase: the whole model puts pictures in words while it goes on learning to see."""
    rng = random.Random(seed)
    projector, speaker = model.model.multi_modal_projector, model.model.language_model
    tower = model.model.vision_tower
    optimizer = optimiser([(tower, 1.5e-3), (head, 1.5e-3), (projector, 3e-3), (speaker, 3e-3)])
    progress = Progress("speak", steps)
    for number, (batch, scenes, cells) in enumerate(loader(seed, steps, size, SIDE)):
        prompt = PROMPTS[0] if rng.random() < 0.5 else rng.choice(PROMPTS)
        inputs, labels = encode(processor, prompt, [grammar.caption(s, "en") for s in scenes])
        asked = labels[0].eq(-100).int().argmin().item()
        with low_precision():
            seen = tower(pixels(batch), output_hidden_states=True)
            features = seen.hidden_states[-1]
            shown = projector(features)
            embedded = model.get_input_embeddings()(inputs)
            at = inputs[0].eq(model.config.image_token_index).int().argmax().item()
            embedded = torch.cat([embedded[:, :at], shown, embedded[:, at + GRID :]], dim=1)
            hidden = speaker(inputs_embeds=embedded, use_cache=False).last_hidden_state
            said = labels[:, asked:] != -100
            scores = model.lm_head(hidden[:, asked - 1 : -1][said])
        words = functional.cross_entropy(scores.float(), labels[:, asked:][said])
        sight, right = head.loss(features.float(), scenes, cells)
        learn(optimizer, 4 * words + 0.25 * sight, number / steps)
        progress.show(number, words=words.item(), sight=sight.item(), right=right)


def encode(processor: LlavaProcessor, prompt: str, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Token ids and labels (-100 where nothing is learnt), both (batch, length), right-padded.

    The dialogue is that of the chat template; only the answer and its end are learnt. Padding
    stands behind the answer, where a causal model cannot see it.
    """
    content = [{"type": "image"}, {"type": "text", "text": prompt}]
    ask: Any = [{"role": "user", "content": content}]
    question = processor.apply_chat_template(ask, add_generation_prompt=True)
    tokenizer = processor.tokenizer
    start = tokenizer(question.replace(IMAGE, IMAGE * GRID)).input_ids
    answers = [tokenizer(text + END).input_ids for text in texts]
    length = max(map(len, answers))
    pad = tokenizer.pad_token_id
    inputs = [start + ids + [pad] * (length - len(ids)) for ids in answers]
    labels = [[-100] * len(start) + ids + [-100] * (length - len(ids)) for ids in answers]
    return torch.tensor(inputs), torch.tensor(labels)


def train(out: Path, seed: int = 0, see: int = 3600, speak: int = 2600, size: int = 32) -> None:
    """Train from scratch and save weights (fp16), processor and chat template to ``out``."""
    torch.manual_seed(seed)
    processor = build_processor(seed)
    model = build_model(processor.tokenizer)
    head = SightHead(WIDTH, SIDE)
    learn_to_see(model, head, seed + 1, see, size)
    learn_to_speak(model, head, processor, seed + 2, speak, size)
    save(model, processor, out)


def save(model: LlavaForConditionalGeneration, processor: LlavaProcessor, out: Path) -> None:
    """Weights in fp16, processor and chat template."""
    model.generation_config.update(max_new_tokens=64, do_sample=False)
    copy.deepcopy(model).half().save_pretrained(out)
    processor.save_pretrained(out)
