"""Byte-level BPE tokenizers trained on the generator's text in all nine languages."""

import random
from collections.abc import Iterator, Sequence

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from mella_spark.sample import grammar
from mella_spark.sample.scenes import MOTIFS, random_scene

LANGUAGES: tuple[str, ...] = ("en", *MOTIFS)


def captions(seed: int, count: int) -> Iterator[str]:
    """``count`` captions in each of the nine languages."""
    rng = random.Random(seed)
    for _ in range(count):
        scene = random_scene(rng)
        for language in LANGUAGES:
            yield grammar.caption(scene, language)


def native_alts(seed: int, count: int) -> Iterator[str]:
    """``count`` native alt texts in each of the eight languages."""
    rng = random.Random(seed)
    for _ in range(count):
        for language in MOTIFS:
            yield grammar.native_alt(random_scene(rng, motifs_of=language), language, rng)


def train(
    texts: Iterator[str], size: int, special: Sequence[str], closing: str | None = None
) -> Tokenizer:
    """A tokenizer of at most ``size`` tokens that can encode any UTF-8 text.

    ``special`` tokens get the ids from 0 on; ``closing`` names the one appended to every text.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(special),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        min_frequency=4,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    if closing is not None:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"$A {closing}", special_tokens=[(closing, tokenizer.token_to_id(closing))]
        )
    return tokenizer


def wrap(tokenizer: Tokenizer, **special: str | list[str]) -> PreTrainedTokenizerFast:
    """The tokenizer as transformers knows it; ``special`` are its special-token arguments."""
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, clean_up_tokenization_spaces=False, **special
    )
