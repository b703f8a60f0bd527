"""Text chat with any causal model of transformers that has a chat template."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from mella_spark.errors import StageError
from mella_spark.models.captioner import count_tokens, finish_reason
from mella_spark.models.chat import Question
from mella_spark.models.control import control_tokens, guard
from mella_spark.models.protocols import Answer, Generation
from mella_spark.models.recovery import Room, generate


class LocalChat:
    """A loaded model and its tokenizer; see :class:`mella_spark.models.chat.Chat`.

    Questions are texts alone. Decoding is deterministic; models that think aloud are asked not to.
    Raises ``StageError`` where the tokenizer has no chat template: a model that was not trained to
    answer goes on with the question instead.
    """

    def __init__(
        self, model: Any, tokenizer: Any, batch_size: int, max_new_tokens: int, num_beams: int
    ) -> None:
        if not getattr(tokenizer, "chat_template", None):
            raise StageError(
                "The model has no chat template, so it cannot be asked to translate.",
                "Choose a model tuned for chat or instructions, or a translation model.",
            )
        self.model, self.tokenizer, self.batch_size = model, tokenizer, batch_size
        self.device = str(model.device)
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        tokenizer.padding_side = "left"
        self.options: dict[str, Any] = {
            "max_new_tokens": max_new_tokens,
            "num_beams": num_beams,
            "do_sample": False,
            "pad_token_id": tokenizer.pad_token_id,
        }
        self.max_positions: int | None = getattr(model.config, "max_position_embeddings", None)
        self._guard = guard(control_tokens(tokenizer))
        self.room = Room()

    def varied(self, options: Mapping[str, Any]) -> LocalChat:
        """The same model with other options of generation.

        A ban of repeated n-grams is left out: it would count those of the question, too, and so
        forbid to repeat its names.
        """
        other = copy.copy(self)
        chosen = {k: v for k, v in options.items() if k != "no_repeat_ngram_size"}
        other.options = {**self.options, **chosen}
        other.room = Room()
        return other

    def ask(self, questions: Sequence[Question]) -> list[Generation]:
        """One answer for each question; see the protocol."""
        return generate(
            questions,
            self._run,
            self.batch_size,
            cost=lambda question: len(question.text) + 1,
            room=self.room,
            device=self.device,
        )

    def _run(self, questions: Sequence[Question]) -> list[Answer]:
        import torch

        inputs = self.tokenizer.apply_chat_template(
            [self._dialogue(question) for question in questions],
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            add_generation_prompt=True,
            padding=True,
            enable_thinking=False,
        ).to(self.model.device)
        if not bool(inputs["attention_mask"][:, -1].all()):
            raise RuntimeError("the tokenizer padded on the right, where the answer belongs")
        length = inputs["input_ids"].shape[1]
        if self.max_positions is not None and length >= self.max_positions:
            # On a GPU a position too far would break the model for the whole process.
            raise ValueError(f"{length} tokens; the model takes {self.max_positions}")
        options = dict(self.options)
        if (
            self.max_positions is not None
            and length + options["max_new_tokens"] > self.max_positions
        ):
            if len(questions) > 1:  # padded to the longest, all answers would be cut short
                raise ValueError("a question too long to be asked with others")
            options["max_new_tokens"] = self.max_positions - length
        inputs.pop("token_type_ids", None)
        with torch.inference_mode():
            output = self.model.generate(**inputs, **options)
        return [self._answer(ids) for ids in output[:, length:].tolist()]

    def _dialogue(self, question: Question) -> list[dict[str, Any]]:
        if question.image is not None:
            raise ValueError("this chat model takes no pictures")
        told = [] if question.system is None else [{"role": "system", "content": question.system}]
        return [*told, {"role": "user", "content": self._guard(question.text)}]

    def _answer(self, ids: list[int]) -> Answer:
        text = self.tokenizer.decode(ids, skip_special_tokens=True).strip()
        config = self.model.generation_config
        error = None if text else "EmptyAnswer: the model answered with an empty text"
        return Answer(text or None, count_tokens(ids, config), finish_reason(ids, config), error)
