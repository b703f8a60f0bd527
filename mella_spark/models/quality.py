"""Reference-free quality estimation: how many errors a translation has, judged by a model.

For models of the MetricX kind (Juraska et al., WMT 2023 and 2024): an mT5 fine-tuned so that in the
first decoding step the logit of one unused token is the score, 0 (no errors) to 25 (the worst).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

from mella_spark.models.protocols import Answer
from mella_spark.models.recovery import Room, generate

WORST = 25.0
_SCORE_TOKEN = "<extra_id_10>"
_SCORE_ID = 250_089
"""Where mT5's vocabulary has that token; not all its tokenizers know it by name."""
_MAX_TOKENS = 1024
"""Tokens the models were trained with: 1024 (2023), 1536 (2024)."""


class Estimator(Protocol):
    """Judges translations without a reference."""

    def estimate(self, sources: Sequence[str], translations: Sequence[str]) -> list[float | None]:
        """A score for each translation, 0 (best) to 25; None where it could not be judged."""
        ...


class MetricX:
    """A loaded MetricX model; see :class:`Estimator`.

    Texts beyond 1,024 tokens together have no score: it would be one of their beginning.
    """

    def __init__(self, model: Any, tokenizer: Any, batch_size: int) -> None:
        self.model, self.tokenizer, self.batch_size = model, tokenizer, batch_size
        known = tokenizer.get_vocab().get(_SCORE_TOKEN)
        self.score_id = _SCORE_ID if known is None else known
        self._room = Room()

    def estimate(self, sources: Sequence[str], translations: Sequence[str]) -> list[float | None]:
        """Scores, in order; see the protocol. Sorted by length, so that little is padding."""
        texts = [
            f"source: {source} candidate: {text}"
            for source, text in zip(sources, translations, strict=True)
        ]
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        answers = generate(
            [texts[i] for i in order],
            self._run,
            self.batch_size,
            cost=lambda text: len(text) + 1,
            room=self._room,
        )
        scores: list[float | None] = [None] * len(texts)
        for i, answer in zip(order, answers, strict=True):
            scores[i] = None if answer.text is None else float(answer.text)
        return scores

    def _run(self, texts: Sequence[str]) -> list[Answer]:
        import torch

        rows = self.tokenizer(list(texts), truncation=False)["input_ids"]
        end = self.tokenizer.eos_token_id
        rows = [row[:-1] if row and row[-1] == end else row for row in rows]  # as it was trained
        longest = max(map(len, rows))
        if longest > _MAX_TOKENS:
            raise ValueError(f"{longest} tokens; the model was trained with {_MAX_TOKENS}")
        batch = self.tokenizer.pad({"input_ids": rows}, return_tensors="pt").to(self.model.device)
        start = torch.zeros((len(rows), 1), dtype=torch.long, device=self.model.device)
        with torch.inference_mode():
            logits = self.model(
                input_ids=batch["input_ids"],
                attention_mask=batch["attention_mask"],
                decoder_input_ids=start,
            ).logits
        scores = logits[:, 0, self.score_id].float().tolist()
        if not all(map(math.isfinite, scores)):
            raise ValueError("a score is not a number: choose dtype float32 or bfloat16")
        return [Answer(repr(min(WORST, max(0.0, score))), 0) for score in scores]
