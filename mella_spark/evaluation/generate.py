"""Answers of a vision-language model, batch by batch, the same every time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image

from mella_spark.training.chat import Chat


@torch.inference_mode()
def generate(
    model: Any,
    chat: Chat,
    pictures: Sequence[Image.Image],
    prompts: Sequence[str],
    max_new_tokens: int,
    num_beams: int = 1,
) -> list[str]:
    """One answer a picture and prompt, by greedy or beam search, special tokens removed.

    Prompts are padded on the left, so that every answer starts where its prompt ends.
    """
    inputs = chat.prompts(pictures, prompts)
    if not bool(inputs["attention_mask"][:, -1].all()):
        raise RuntimeError("the processor did not pad on the left")
    inputs = {name: tensor.to(model.device) for name, tensor in inputs.items()}
    made = model.generate(
        **inputs,
        max_new_tokens=max_new_tokens,
        num_beams=num_beams,
        do_sample=False,
        eos_token_id=list(chat.end_ids),
        pad_token_id=chat.tokenizer.pad_token_id,
    )
    answers = made[:, inputs["input_ids"].shape[1] :]
    texts = chat.tokenizer.batch_decode(answers, skip_special_tokens=True)
    return [text.strip() for text in texts]
