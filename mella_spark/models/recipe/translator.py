"""The translator: a small M2M100, the class that NLLB models have, from English to the eight."""

import random
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import M2M100Config, M2M100ForConditionalGeneration, PreTrainedTokenizerFast

from mella_spark.models.recipe import tokens
from mella_spark.models.recipe.schedule import Progress, learn, optimiser
from mella_spark.sample import grammar
from mella_spark.sample.scenes import MOTIFS, random_scene

START, PAD, END, UNKNOWN = "<s>", "<pad>", "</s>", "<unk>"
TARGETS: tuple[str, ...] = tuple(MOTIFS)
VOCABULARY = 3072
BATCH = 64


def build_tokenizer(seed: int) -> PreTrainedTokenizerFast:
    """Byte-level BPE with one token a language, as ``en`` or ``vi``."""
    codes = [f"__{code}__" for code in tokens.LANGUAGES]
    special = [START, PAD, END, UNKNOWN, *codes]
    trained = tokens.train(tokens.captions(seed, 8000), VOCABULARY, special, closing=END)
    return tokens.wrap(
        trained,
        bos_token=START,
        pad_token=PAD,
        eos_token=END,
        unk_token=UNKNOWN,
        additional_special_tokens=codes,
    )


def build_model(vocabulary: int) -> M2M100ForConditionalGeneration:
    """The untrained model."""
    return M2M100ForConditionalGeneration(
        M2M100Config(
            vocab_size=vocabulary,
            d_model=128,
            encoder_layers=2,
            decoder_layers=2,
            encoder_attention_heads=4,
            decoder_attention_heads=4,
            encoder_ffn_dim=384,
            decoder_ffn_dim=384,
            max_position_embeddings=256,
            dropout=0.0,
            attention_dropout=0.0,
            activation_dropout=0.0,
            encoder_layerdrop=0.0,
            decoder_layerdrop=0.0,
            scale_embedding=True,
        )
    )


def batches(
    tokenizer: PreTrainedTokenizerFast, rng: random.Random, pool: int = 8
) -> Iterator[dict[str, Tensor]]:
    """Endless batches of captions, each with its translation into a language drawn at random.

    ``pool`` batches are drawn at once and sorted by length, so that little padding is computed.
    """
    while True:
        pairs = []
        for _ in range(pool * BATCH):
            scene, language = random_scene(rng), rng.choice(TARGETS)
            target = f"__{language}__{grammar.caption(scene, language)}"
            pairs.append((grammar.caption(scene, "en"), tokenizer(target).input_ids))
        pairs.sort(key=lambda pair: len(pair[1]))
        parts = [pairs[i : i + BATCH] for i in range(0, len(pairs), BATCH)]
        rng.shuffle(parts)
        for part in parts:
            encoded = tokenizer([text for text, _ in part], padding=True, return_tensors="pt")
            labels = [torch.tensor(ids) for _, ids in part]
            yield {
                "input_ids": encoded.input_ids,
                "attention_mask": encoded.attention_mask,
                "labels": pad_sequence(labels, batch_first=True, padding_value=-100),
            }


def train(out: Path, seed: int = 0, steps: int = 1600) -> None:
    """Train from scratch and save weights (fp16) and tokenizer to ``out``."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    tokenizer = build_tokenizer(seed)
    model = build_model(len(tokenizer))
    optimizer = optimiser([(model, 2.5e-3)], decay=0.01)
    progress = Progress("translator", steps)
    model.train()
    for number, batch in zip(range(steps), batches(tokenizer, rng), strict=False):
        loss = model(**batch).loss
        learn(optimizer, loss, number / steps)
        progress.show(number, loss=loss.item())
    model.generation_config.update(max_length=None, max_new_tokens=128, num_beams=1)
    model.half().save_pretrained(out)
    tokenizer.save_pretrained(out)
