"""Captions by any image-text-to-text model of transformers."""

from __future__ import annotations

import copy
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mella_spark.models.control import control_tokens, guard
from mella_spark.models.image_tokens import image_token_counter
from mella_spark.models.protocols import Answer, FinishReason, Generation, Prepared
from mella_spark.models.recovery import generate

if TYPE_CHECKING:
    from PIL import Image

_UNPROMPTED = frozenset({"blip", "git", "pix2struct", "vision-encoder-decoder"})
"""Types without instructions: a prompt would be taken for the beginning of the caption."""
_EMPTY = "EmptyAnswer: the model answered with an empty text"


class TransformersCaptioner:
    """A loaded model and its processor; see :class:`mella_spark.models.protocols.Captioner`.

    With a chat template the prompt is a user's turn behind the picture. Without one it is the text
    beside the picture, or left out for models that know no instructions. Decoding is deterministic.
    The work is split (:class:`mella_spark.models.protocols.StagedCaptioner`): ``prepare`` uses the
    processor, of which each thread has a copy, as tokenizers must not be shared; ``run`` the model.
    """

    def __init__(
        self, model: Any, processor: Any, batch_size: int, max_new_tokens: int, num_beams: int
    ) -> None:
        self.model, self.processor, self.batch_size = model, processor, batch_size
        self.device = str(model.device)
        self.options = {
            "max_new_tokens": max_new_tokens,
            "num_beams": num_beams,
            "do_sample": False,
        }
        self.tokenizer = getattr(processor, "tokenizer", processor)
        if self.tokenizer.pad_token is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        self.tokenizer.padding_side = "left"
        self.image_tokens = image_token_counter(processor, model.config)
        self._guard = guard(control_tokens(self.tokenizer))
        self._sanitize = True
        self._copies, self._copying = threading.local(), threading.Lock()

    def caption(
        self, images: Sequence[Image.Image], prompts: Sequence[str] | str
    ) -> list[Generation]:
        """One caption for each RGB picture; see the protocol."""
        asked = [prompts] * len(images) if isinstance(prompts, str) else prompts
        return generate(
            list(zip(images, asked, strict=True)),
            lambda batch: self.run(self.prepare([b[0] for b in batch], [b[1] for b in batch])),
            self.batch_size,
            device=self.device,
        )

    def prepare(self, images: Sequence[Image.Image], prompts: Sequence[str]) -> Prepared:
        """Tokens and pixels, in the model's number format, in memory that a GPU can read."""
        inputs = {
            name: self._ready(value)
            for name, value in self._inputs(images, prompts).items()
            if hasattr(value, "to")
        }
        mask = inputs.get("attention_mask")
        return Prepared(
            inputs,
            positions=0 if mask is None else mask.numel(),
            useful=0 if mask is None else int(mask.sum()),
            nbytes=sum(value.numel() * value.element_size() for value in inputs.values()),
        )

    def run(self, prepared: Prepared) -> list[Answer]:
        """One answer for each picture of the batch."""
        import torch

        inputs = {
            name: value.to(self.model.device, non_blocking=True)
            for name, value in prepared.inputs.items()
        }
        with torch.inference_mode():
            output = self.model.generate(**inputs, **self.options)
            made = _new_tokens(inputs.get("input_ids"), output).tolist()
        return [self._answer(ids) for ids in made]

    def _ready(self, value: Any) -> Any:
        if value.is_floating_point():
            value = value.to(self.model.dtype)
        return value.pin_memory() if self.device.startswith("cuda") else value

    def _inputs(self, images: Sequence[Image.Image], prompts: Sequence[str]) -> Any:
        processor = self._own_processor()
        texts = [self._guard(prompt) for prompt in prompts]
        if getattr(processor, "chat_template", None):
            return self._chat_inputs(processor, images, texts)
        prompted = any(texts) and self.model.config.model_type not in _UNPROMPTED
        return processor(
            images=list(images),
            text=texts if prompted else None,
            padding=prompted,
            return_tensors="pt",
        )

    def _chat_inputs(self, processor: Any, images: Sequence[Image.Image], texts: list[str]) -> Any:
        """Tokens and pixels of one dialogue a picture, padded on the left and never truncated.

        Raises ``RuntimeError`` where the processor padded on the right.
        """
        dialogues = [
            [
                {
                    "role": "user",
                    "content": [{"type": "image", "image": image}, {"type": "text", "text": text}],
                }
            ]
            for image, text in zip(images, texts, strict=True)
        ]
        options: dict[str, Any] = {
            "tokenize": True,
            "return_dict": True,
            "return_tensors": "pt",
            "add_generation_prompt": True,
            "processor_kwargs": {"padding": True, "padding_side": "left"},
        }
        if self._sanitize:
            try:
                inputs = processor.apply_chat_template(
                    dialogues, sanitize_control_tokens=True, **options
                )
            except NotImplementedError:  # tokenizers that add tokens of their own; ours are guarded
                self._sanitize = False
        if not self._sanitize:
            inputs = processor.apply_chat_template(dialogues, **options)
        if not bool(inputs["attention_mask"][:, -1].all()):
            raise RuntimeError("the processor padded on the right, where the answer belongs")
        return inputs

    def _own_processor(self) -> Any:
        """This thread's copy: encoding changes a tokenizer's state while it runs."""
        if not hasattr(self._copies, "processor"):
            with self._copying:
                self._copies.processor = copy.deepcopy(self.processor)
        return self._copies.processor

    def _answer(self, ids: list[int]) -> Answer:
        text = self.tokenizer.decode(ids, skip_special_tokens=True).strip()
        config = self.model.generation_config
        tokens, reason = count_tokens(ids, config), finish_reason(ids, config)
        return Answer(text or None, tokens, reason, None if text else _EMPTY)


def _new_tokens(prompt: Any, output: Any) -> Any:
    """What was generated: decoder-only models repeat the prompt in front of it."""
    if prompt is None or output.shape[1] < prompt.shape[1]:
        return output
    length = prompt.shape[1]
    return output[:, length:] if bool((output[:, :length] == prompt).all()) else output


def count_tokens(ids: list[int], config: Any) -> int:
    """Tokens up to the first end token, which counts, leaving out padding in front."""
    first, last, _ = _span(ids, config)
    return last + 1 - first


def finish_reason(ids: list[int], config: Any) -> FinishReason:
    """``stop`` where the model came to an end token, ``length`` where it was cut off before."""
    return "stop" if _span(ids, config)[2] else "length"


def _span(ids: list[int], config: Any) -> tuple[int, int, bool]:
    """First and last position of an answer, and whether it ends with an end token."""
    end = config.eos_token_id
    ends = set(end) if isinstance(end, list) else {end}
    starts = {config.bos_token_id, config.decoder_start_token_id, config.pad_token_id}
    first = next((i for i, token in enumerate(ids) if token not in starts), 0)
    last = next((i for i, token in enumerate(ids) if i >= first and token in ends), None)
    return first, len(ids) - 1 if last is None else last, last is not None
