"""Translation models of real architectures with their real tokenizers, tiny and random: tests only.

The tokenizers are trained here on a few captions, so they have the files of the real ones.
"""

from __future__ import annotations

import io
import json
import random
from pathlib import Path
from typing import Any

import sentencepiece
import torch
from models_tiny import byte_tokenizer
from transformers import (
    GenerationConfig,
    M2M100Config,
    M2M100ForConditionalGeneration,
    M2M100Tokenizer,
    MarianConfig,
    MarianMTModel,
    MarianTokenizer,
    MBart50Tokenizer,
    MBartConfig,
    MBartForConditionalGeneration,
    MT5Config,
    MT5ForConditionalGeneration,
    NllbTokenizer,
    Qwen2Config,
    Qwen2ForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
    T5Tokenizer,
)

from mella_spark.sample import grammar
from mella_spark.sample.scenes import random_scene

SEQ2SEQ = {
    "d_model": 16,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 16,
    "decoder_ffn_dim": 16,
    "max_position_embeddings": 64,
}
T5 = {
    "d_model": 16,
    "d_kv": 8,
    "d_ff": 16,
    "num_layers": 1,
    "num_heads": 2,
    "feed_forward_proj": "gated-gelu",
}
CHAT = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def saved(model: torch.nn.Module, tokenizer: Any, folder: Path) -> Path:
    """``model`` saved so that it never generates special tokens by itself, but always text."""
    special = sorted(tokenizer.added_tokens_decoder)
    with torch.no_grad():
        model.get_output_embeddings().weight[special] = 0
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def captions() -> list[str]:
    rng = random.Random(1)
    return [grammar.caption(random_scene(rng), code) for code in ("en", "vi") for _ in range(200)]


def sentencepiece_model(folder: Path, name: str) -> tuple[Path, list[tuple[str, float]]]:
    """A trained SentencePiece file, and its pieces with their scores."""
    folder.mkdir(parents=True, exist_ok=True)
    trained = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(captions()),
        model_writer=trained,
        vocab_size=120,
        hard_vocab_limit=False,
        num_threads=1,
        minloglevel=2,
    )
    path = folder / name
    path.write_bytes(trained.getvalue())
    model = sentencepiece.SentencePieceProcessor(model_proto=trained.getvalue())
    pieces = [(model.id_to_piece(i), model.get_score(i)) for i in range(model.get_piece_size())]
    return path, [piece for piece in pieces if piece[0] not in ("<unk>", "<s>", "</s>")]


def make_m2m100(folder: Path) -> Path:
    spm, pieces = sentencepiece_model(folder / "build", "sentencepiece.bpe.model")
    names = ["<s>", "<pad>", "</s>", "<unk>", *(piece for piece, _ in pieces)]
    vocab = folder / "build" / "vocab.json"
    vocab.write_text(json.dumps({name: i for i, name in enumerate(names)}))
    # As the published checkpoints declare them.
    codes = [f"__{code}__" for code in ("en", "vi", "th", "sr")]
    tokenizer = M2M100Tokenizer(str(vocab), str(spm), additional_special_tokens=codes)
    torch.manual_seed(8)
    config = M2M100Config(vocab_size=len(names) + 108, **SEQ2SEQ)
    return saved(M2M100ForConditionalGeneration(config), tokenizer, folder)


def make_nllb(folder: Path) -> Path:
    letters = sorted({c for text in captions() for c in text.replace(" ", "▁")} | {"▁"})
    names = ["<s>", "<pad>", "</s>", "<unk>", *letters]
    codes = ["eng_Latn", "srp_Cyrl", "tha_Thai", "vie_Latn"]
    tokenizer = NllbTokenizer(
        {name: i for i, name in enumerate(names)}, [], additional_special_tokens=codes
    )
    torch.manual_seed(3)
    return saved(
        M2M100ForConditionalGeneration(M2M100Config(vocab_size=len(tokenizer), **SEQ2SEQ)),
        tokenizer,
        folder,
    )


def make_mbart50(folder: Path) -> Path:
    _, pieces = sentencepiece_model(folder / "build", "sentencepiece.bpe.model")
    names = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *pieces]
    tokenizer = MBart50Tokenizer(names, src_lang="en_XX")
    torch.manual_seed(3)
    return saved(
        MBartForConditionalGeneration(MBartConfig(vocab_size=len(tokenizer), **SEQ2SEQ)),
        tokenizer,
        folder,
    )


def make_madlad(folder: Path) -> Path:
    _, pieces = sentencepiece_model(folder / "build", "spiece.model")
    codes = [("<2vi>", -1.0), ("<2th>", -1.0), ("<2sr>", -1.0), ("<2en>", -1.0)]
    names = [("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0), *codes, *pieces]
    # In the published tokenizer the codes are tokens like any other, declared as added ones.
    tokenizer = T5Tokenizer(
        names, extra_ids=0, pad_token="<s>", additional_special_tokens=[code for code, _ in codes]
    )
    torch.manual_seed(6)
    config = T5Config(
        vocab_size=len(tokenizer),
        decoder_start_token_id=0,
        eos_token_id=2,
        pad_token_id=1,
        tie_word_embeddings=False,
        **T5,
    )
    return saved(T5ForConditionalGeneration(config), tokenizer, folder)


def make_opus(folder: Path, codes: tuple[str, ...] = ()) -> Path:
    """Marian as OPUS-MT publishes it, for one language or, with ``codes``, for several."""
    source, pieces = sentencepiece_model(folder / "build", "source.spm")
    names = ["</s>", "<unk>", *codes, *(piece for piece, _ in pieces), "<pad>"]
    vocab = folder / "build" / "vocab.json"
    vocab.write_text(json.dumps({name: i for i, name in enumerate(names)}))
    tokenizer = MarianTokenizer(str(source), str(source), str(vocab))
    torch.manual_seed(3)
    pad = len(names) - 1
    config = MarianConfig(
        vocab_size=len(names),
        pad_token_id=pad,
        eos_token_id=0,
        decoder_start_token_id=pad,
        forced_eos_token_id=None,
        **SEQ2SEQ,
    )
    return saved(MarianMTModel(config), tokenizer, folder)


def make_chat(folder: Path, template: str | None = CHAT) -> Path:
    """Qwen2: a causal model; with a chat template it can be asked."""
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer = byte_tokenizer(special, pad_token=special[0], eos_token=special[2])
    tokenizer.chat_template = template
    torch.manual_seed(3)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        bos_token_id=None,
        eos_token_id=2,
        pad_token_id=0,
    )
    model = Qwen2ForCausalLM(config)
    # As published chat models have it: sampling is on, and must be overruled.
    model.generation_config = GenerationConfig(
        do_sample=True, temperature=0.7, top_p=0.8, eos_token_id=[2, 0], pad_token_id=0
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_metricx(folder: Path) -> Path:
    """mT5 whose first decoding step has the score at one token; the head is not tied."""
    special = ["<pad>", "</s>", "<unk>", "<extra_id_10>"]
    tokenizer = byte_tokenizer(special, "$A </s>", pad_token="<pad>", eos_token="</s>")
    torch.manual_seed(3)
    model = MT5ForConditionalGeneration(MT5Config(vocab_size=len(tokenizer), **T5))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
