"""Rows of the table to tensors: prompts and pictures in, labels on the answer only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mella_spark.images.decode import Limits, decode
from mella_spark.images.reasons import Rejected
from mella_spark.training.chat import Chat
from mella_spark.training.mixing import Weights

IGNORED = -100
"""Label of tokens that are not learnt (PyTorch's ignore_index)."""


@dataclass(frozen=True)
class Batch:
    """A batch for the model.

    ``inputs`` are the model's arguments; ``labels`` (b, t) are the answers' tokens and ``IGNORED``
    elsewhere; ``weights`` (b,) is each sample's weight in the loss; ``tail`` is how many positions
    from the end hold everything that is predicted; ``skipped`` counts pictures not decodable.
    """

    inputs: dict[str, Tensor]
    labels: Tensor
    weights: Tensor
    tail: int
    skipped: int

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def tokens(self) -> int:
        """Tokens that are learnt."""
        return int((self.labels != IGNORED).sum())

    @property
    def weight(self) -> float:
        """Sum of the weights of all tokens that are learnt."""
        return float(((self.labels != IGNORED).sum(1) * self.weights).sum())

    def to(self, device: torch.device) -> Batch:
        """The batch on ``device``."""
        inputs = {k: v.to(device, non_blocking=True) for k, v in self.inputs.items()}
        labels, weights = self.labels.to(device), self.weights.to(device)
        return Batch(inputs, labels, weights, self.tail, self.skipped)


class Collator:
    """Columns ``image``, ``prompt``, ``response``, ``source``, ``language`` to a :class:`Batch`.

    Answers longer than ``max_answer_tokens`` are cut, and then have no end to learn; prompts and
    pictures never are. A picture that does not decode is skipped and counted.
    """

    def __init__(self, chat: Chat, max_answer_tokens: int, weights: Weights | None = None):
        self.chat = chat
        self.max_answer_tokens = max_answer_tokens
        self.weights = weights or Weights()

    def __call__(self, rows: Mapping[str, Any]) -> Batch | None:
        """None where no picture of the batch decodes."""
        pictures, kept = [], []
        for place, data in enumerate(rows["image"]):
            try:
                pictures.append(decode(bytes(data), Limits()).image)
                kept.append(place)
            except Rejected:
                continue
        if not kept:
            return None
        prompts = self.chat.prompts(pictures, [rows["prompt"][i] for i in kept])
        answers = [self.chat.answer(rows["response"][i])[: self.max_answer_tokens] for i in kept]
        weights = [self.weights(rows["source"][i], rows["language"][i]) for i in kept]
        inputs, labels, tail = join(prompts, answers, self.chat.tokenizer.pad_token_id)
        skipped = len(rows["image"]) - len(kept)
        return Batch(inputs, labels, torch.tensor(weights), tail, skipped)


def join(
    prompts: Mapping[str, Tensor], answers: Sequence[Sequence[int]], pad: int
) -> tuple[dict[str, Tensor], Tensor, int]:
    """Left-padded prompts and answers as one right-padded batch; inputs, labels and tail.

    Every input of the prompts' token shape (attention mask, token types) is carried along, with 0
    for the answer's tokens except in the attention mask.
    """
    ids, mask = prompts["input_ids"], prompts["attention_mask"].bool()
    per_token = [name for name, tensor in prompts.items() if tensor.shape == ids.shape]
    lengths = [int(m.sum()) for m in mask]
    width = max(n + len(answer) for n, answer in zip(lengths, answers, strict=True))
    inputs = {name: tensor for name, tensor in prompts.items() if name not in per_token}
    for name in per_token:
        fill = pad if name == "input_ids" else 0
        inputs[name] = ids.new_full((len(ids), width), fill, dtype=prompts[name].dtype)
    labels = ids.new_full((len(ids), width), IGNORED)
    for row, (n, answer) in enumerate(zip(lengths, answers, strict=True)):
        end = n + len(answer)
        for name in per_token:
            inputs[name][row, :n] = prompts[name][row][mask[row]]
        inputs["input_ids"][row, n:end] = labels[row, n:end] = torch.tensor(answer)
        inputs["attention_mask"][row, n:end] = 1
    return inputs, labels, width - min(lengths) + 1
